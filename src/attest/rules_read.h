// How members of the rules' JSON become members of structs: a table for each object, a reader for
// each kind of value.
#pragma once

#include "attest/rules.h"
#include "evidence/json.h"

struct vch_rules_source {
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

struct vch_rules_member;

// Where a value stands, for what it is and for what to say about it.
struct vch_rules_at {
    const struct vch_rules_source *source;
    const char *object; // "snp.guest"
    const struct vch_rules_member *member;
};

typedef vch_status vch_rules_reader(const struct vch_rules_at *at,
                                    const struct vch_json_value *value, void *out);

struct vch_rules_member {
    const char *key;
    vch_rules_reader *read;
    size_t offset; // of what it is read into
    bool is_needed;
    uint64_t limit;     // the reader says of what
    const void *detail; // likewise
};

struct vch_rules_object {
    const char *name;
    const struct vch_rules_member *members; // up to one without a key
};

struct vch_rules_list {
    const void *items;
    size_t count;
};

// A list of values, or the word for all of them.
struct vch_rules_choice {
    bool is_any;
    struct vch_rules_list list;
};

// Names of bits, up to one without a text.
struct vch_rules_name {
    const char *text;
    uint64_t bits;
};

// Exactly the members of the table: one that is not there, and one that it does not have, is
// MALFORMED. `out` starts as zeroes, and what is absent stays so.
vch_status vch_rules_read_object(const struct vch_rules_source *source,
                                 const struct vch_rules_object *object,
                                 const struct vch_json_value *value, void *out);

// MALFORMED, with the member's name.
vch_status vch_rules_read_expected(const struct vch_rules_at *at, const char *what);
// Zeroed objects; NULL, with a complaint.
void *vch_rules_read_room(const struct vch_rules_at *at, size_t count, size_t size);

vch_rules_reader vch_rules_read_bool;   // bool
vch_rules_reader vch_rules_read_never;  // nothing: only false may be written there
vch_rules_reader vch_rules_read_u8;     // uint8_t
vch_rules_reader vch_rules_read_u32;    // uint32_t, at most `limit`
vch_rules_reader vch_rules_read_u64;    // uint64_t
vch_rules_reader vch_rules_read_mask;   // uint64_t, as 16 hexadecimal digits
vch_rules_reader vch_rules_read_time;   // int64_t
vch_rules_reader vch_rules_read_text;   // const char *
vch_rules_reader vch_rules_read_texts;  // struct vch_rules_list of const char *
vch_rules_reader vch_rules_read_bytes;  // const uint8_t *: `limit` bytes
vch_rules_reader vch_rules_read_blob;   // struct vch_certificate_bytes of 1 to `limit` bytes
vch_rules_reader vch_rules_read_blobs;  // struct vch_rules_list of them
vch_rules_reader vch_rules_read_values; // struct vch_rules_list of bytes: `limit` each
vch_rules_reader vch_rules_read_choice; // struct vch_rules_choice of them; `detail`: the word
vch_rules_reader vch_rules_read_name;   // uint64_t: the bits of one name of `detail`
vch_rules_reader vch_rules_read_names;  // uint64_t: the bits of a list of names
vch_rules_reader vch_rules_read_bits;   // uint32_t: bit i for each number i, at most `limit`
vch_rules_reader vch_rules_read_inside; // an object of the table `detail`
// struct vch_rules_list of objects of the table `detail`, `limit` bytes each.
vch_rules_reader vch_rules_read_objects;

// struct vch_rules_list of bytes to pointers into it, `size` each; NULL: no memory.
const uint8_t *const *vch_rules_read_pointers(const struct vch_rules_source *source,
                                              const struct vch_rules_list *list, size_t size);

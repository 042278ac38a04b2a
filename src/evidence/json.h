// JSON as vendors sign it, read strictly: the bytes of every value stay at hand, because signatures
// are over bytes.
//
// A subset of RFC 8259: strings are printable ASCII without escapes, numbers are whole and not
// negative, keys of an object differ, nesting is bounded, nothing follows the document but white
// space. Whatever is outside of it is MALFORMED: two readers of one text must see the same things.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"

#define VCH_JSON_SIZE_MAX (256u << 10)
#define VCH_JSON_DEPTH_MAX 8u     // objects and arrays around a value, itself included
#define VCH_JSON_MEMBERS_MAX 256u // of one object

enum vch_json_kind {
    VCH_JSON_OBJECT,
    VCH_JSON_ARRAY,
    VCH_JSON_STRING,
    VCH_JSON_NUMBER,
    VCH_JSON_TRUE,
    VCH_JSON_FALSE,
    VCH_JSON_NULL,
};

// Values lie in the order of the text: the first inside of one follows it, and its next sibling is
// `skip` values further. Text is borrowed.
struct vch_json_value {
    const char *key;  // of a member of an object, else NULL
    const char *text; // the value's own bytes: quotes and brackets included
    uint32_t key_size, text_size;
    uint32_t count; // members or elements
    uint32_t skip;
    enum vch_json_kind kind;
};

vch_status vch_json_decode(const struct vch_json_value **root, struct vch_arena *arena,
                           const void *text, size_t size, struct vch_complaint *complaint);

// NULL where `object` is NULL, is no object, or has no such member.
const struct vch_json_value *vch_json_member(const struct vch_json_value *object, const char *key);

// The first member or element, and the one after; whoever walks counts up to `count`.
static inline const struct vch_json_value *vch_json_first(const struct vch_json_value *value)
{
    return value + 1;
}
static inline const struct vch_json_value *vch_json_next(const struct vch_json_value *value)
{
    return value + value->skip;
}

// Readers of one value; false where it is NULL, of another kind, or does not fit.
bool vch_json_is(const struct vch_json_value *value, enum vch_json_kind kind);
bool vch_json_u64(const struct vch_json_value *value, uint64_t max, uint64_t *out);
bool vch_json_string(const struct vch_json_value *value, const char **text, size_t *size);
bool vch_json_is_string(const struct vch_json_value *value, const char *text);
bool vch_json_hex(const struct vch_json_value *value, void *out, size_t size);

// "2025-06-19T10:56:11Z", in the Gregorian calendar from 1970 on, as seconds since then.
bool vch_json_time(const struct vch_json_value *value, int64_t *out);

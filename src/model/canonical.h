// A cursor over a protobuf message in canonical form, read in the order of its fields.
//
// Canonical bytes are those of a writer that writes known fields once, in the order of their
// numbers, without defaults, repeated numbers packed and varints as short as they can be. So
// whoever asks for each field in that order finds it at the cursor or not at all, and whatever is
// written differently is left over: it makes the cursor bad, which it stays.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vch_canonical {
    const uint8_t *at, *end; // borrowed
    bool *is_bad;            // shared with the cursors of messages inside
};

struct vch_canonical vch_canonical_start(const uint8_t *bytes, size_t size, bool *is_bad);

// The field's value, or 0 where it is not written.
uint64_t vch_canonical_u64(struct vch_canonical *cursor, uint32_t field);
uint32_t vch_canonical_u32(struct vch_canonical *cursor, uint32_t field);
int64_t vch_canonical_s64(struct vch_canonical *cursor, uint32_t field);
bool vch_canonical_bool(struct vch_canonical *cursor, uint32_t field);
uint64_t vch_canonical_fixed64(struct vch_canonical *cursor, uint32_t field);

// A message or an item of repeated strings, which may be empty; false where there is none (more).
bool vch_canonical_inside(struct vch_canonical *out, struct vch_canonical *cursor, uint32_t field);

// Bytes, text or packed numbers, which are not written when empty: then false and an empty cursor.
bool vch_canonical_bytes(struct vch_canonical *out, struct vch_canonical *cursor, uint32_t field);

// Inside packed numbers: how many there are, and the next.
size_t vch_canonical_count(const struct vch_canonical *cursor);
uint32_t vch_canonical_next_u32(struct vch_canonical *cursor);
int32_t vch_canonical_next_s32(struct vch_canonical *cursor);

// How many fields of this number follow one another here.
size_t vch_canonical_repeats(struct vch_canonical cursor, uint32_t field);

// Nothing may be left.
void vch_canonical_end(const struct vch_canonical *cursor);

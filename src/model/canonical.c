#include "model/canonical.h"

#include "base/bytes.h"

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2 };

struct vch_canonical vch_canonical_start(const uint8_t *bytes, size_t size, bool *is_bad)
{
    *is_bad = false;
    return (struct vch_canonical){bytes, bytes + size, is_bad};
}

static size_t left(const struct vch_canonical *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

// Seven bits a byte, the lowest first; a last byte of 0 would be one too many.
static uint64_t varint(struct vch_canonical *cursor)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && left(cursor) > 0; shift += 7) {
        const uint8_t byte = *cursor->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte >= 0x80) continue;
        if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1)) break;
        return value;
    }
    *cursor->is_bad = true;
    return 0;
}

static uint32_t varint32(struct vch_canonical *cursor)
{
    const uint64_t value = varint(cursor);

    if (value > UINT32_MAX) *cursor->is_bad = true;
    return (uint32_t)value;
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

// Passes the tag of this field, if that is what comes next.
static bool is_next(struct vch_canonical *cursor, uint32_t field, uint32_t kind)
{
    struct vch_canonical after = *cursor;

    if (left(cursor) == 0 || *cursor->is_bad) return false;
    const uint64_t tag = varint(&after);
    if (*cursor->is_bad || tag != (field << 3 | kind)) return false;
    *cursor = after;
    return true;
}

uint64_t vch_canonical_u64(struct vch_canonical *cursor, uint32_t field)
{
    if (!is_next(cursor, field, VARINT)) return 0;
    const uint64_t value = varint(cursor);
    if (value == 0) *cursor->is_bad = true; // a default, written
    return value;
}

uint32_t vch_canonical_u32(struct vch_canonical *cursor, uint32_t field)
{
    const uint64_t value = vch_canonical_u64(cursor, field);

    if (value > UINT32_MAX) *cursor->is_bad = true;
    return (uint32_t)value;
}

int64_t vch_canonical_s64(struct vch_canonical *cursor, uint32_t field)
{
    return unzigzag(vch_canonical_u64(cursor, field));
}

bool vch_canonical_bool(struct vch_canonical *cursor, uint32_t field)
{
    const uint64_t value = vch_canonical_u64(cursor, field);

    if (value > 1) *cursor->is_bad = true;
    return value == 1;
}

uint64_t vch_canonical_fixed64(struct vch_canonical *cursor, uint32_t field)
{
    uint64_t value = 0;

    if (!is_next(cursor, field, FIXED64)) return 0;
    if (left(cursor) >= 8) {
        value = vch_get_u64le(cursor->at);
        cursor->at += 8;
    }
    if (value == 0) *cursor->is_bad = true;
    return value;
}

bool vch_canonical_inside(struct vch_canonical *out, struct vch_canonical *cursor, uint32_t field)
{
    *out = (struct vch_canonical){cursor->at, cursor->at, cursor->is_bad};
    if (!is_next(cursor, field, LENGTH)) return false;
    const uint64_t size = varint(cursor);
    if (*cursor->is_bad || size > left(cursor)) {
        *cursor->is_bad = true;
        return false;
    }
    *out = (struct vch_canonical){cursor->at, cursor->at + size, cursor->is_bad};
    cursor->at += size;
    return true;
}

bool vch_canonical_bytes(struct vch_canonical *out, struct vch_canonical *cursor, uint32_t field)
{
    if (!vch_canonical_inside(out, cursor, field)) return false;
    if (left(out) == 0) *cursor->is_bad = true;
    return left(out) > 0;
}

size_t vch_canonical_count(const struct vch_canonical *cursor)
{
    size_t count = 0;

    for (const uint8_t *at = cursor->at; at < cursor->end; at++)
        count += *at < 0x80; // the last byte of each
    return count;
}

uint32_t vch_canonical_next_u32(struct vch_canonical *cursor)
{
    return varint32(cursor);
}

int32_t vch_canonical_next_s32(struct vch_canonical *cursor)
{
    return (int32_t)unzigzag(varint32(cursor));
}

size_t vch_canonical_repeats(struct vch_canonical cursor, uint32_t field)
{
    struct vch_canonical item;
    size_t count = 0;

    while (vch_canonical_inside(&item, &cursor, field))
        count++;
    return count;
}

void vch_canonical_end(const struct vch_canonical *cursor)
{
    if (left(cursor) > 0) *cursor->is_bad = true;
}

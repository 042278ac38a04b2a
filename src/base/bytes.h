// Small things one does to bytes: wipe, compare, hexadecimal, integers of either byte order.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"

// Overwrites secrets; never optimised away.
void vch_wipe(void *bytes, size_t size);

// Equality in time that depends on `size` alone.
bool vch_is_equal(const void *a, const void *b, size_t size);
bool vch_is_zero(const void *bytes, size_t size);

// Lower-case hexadecimal of `size` bytes into out[2 * size + 1], NUL-terminated.
void vch_hex_encode(char *out, const void *bytes, size_t size);

// Exactly 2 * size digits of either case; MALFORMED otherwise, with `out` untouched.
vch_status vch_hex_decode(void *out, size_t size, const char *text);

// What puts something returns the place behind it.
static inline uint8_t *vch_put_u32le(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
    return out + 4;
}

static inline uint8_t *vch_put_u64le(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
    return out + 8;
}

// `bytes` may be NULL where there are none.
static inline uint8_t *vch_put_bytes(uint8_t *out, const void *bytes, size_t size)
{
    if (size > 0) memcpy(out, bytes, size);
    return out + size;
}

static inline uint32_t vch_get_u32le(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static inline uint64_t vch_get_u64le(const uint8_t *in)
{
    return (uint64_t)vch_get_u32le(in) | (uint64_t)vch_get_u32le(in + 4) << 32;
}

// Of formats that are not ours.
static inline uint8_t *vch_put_u32be(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
    return out + 4;
}

static inline uint8_t *vch_put_u64be(uint8_t *out, uint64_t value)
{
    return vch_put_u32be(vch_put_u32be(out, (uint32_t)(value >> 32)), (uint32_t)value);
}

static inline uint32_t vch_get_u32be(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | (uint32_t)in[3];
}

static inline uint64_t vch_get_u64be(const uint8_t *in)
{
    return (uint64_t)vch_get_u32be(in) << 32 | vch_get_u32be(in + 4);
}

// Quotes and what belongs to them, made here: of the right form, signed by nobody.
#pragma once

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

struct dcap_form {
    unsigned version, tee, body_type; // the latter in version 5
    size_t body_size;
};

static const struct dcap_form dcap_forms[] = {
    {3, 0, 0, 384}, {4, 0, 0, 384},    {4, 0x81, 0, 584},
    {5, 0, 1, 384}, {5, 0x81, 2, 584}, {5, 0x81, 3, 648},
};

static inline uint8_t *dcap_u16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

static inline uint8_t *dcap_u32(uint8_t *at, size_t value)
{
    vch_put_u32le(at, (uint32_t)value);
    return at + 4;
}

static inline uint8_t *dcap_fill(uint8_t *at, uint8_t value, size_t size)
{
    memset(at, value, size);
    return at + size;
}

// Returns its size. Each part is filled with a byte of its own.
static inline size_t dcap_quote(uint8_t *out, const struct dcap_form *form, const char *chain,
                                size_t chain_size)
{
    size_t inner = 384 + 64 + 2 + 32 + 6 + chain_size;
    size_t data = 128 + inner + (form->version > 3 ? 6 : 0);
    uint8_t *at = dcap_u16(out, form->version);

    at = dcap_u32(dcap_u16(at, 2), form->tee);
    at = dcap_fill(at, form->version == 3 ? 9 : 0, 4);
    at = dcap_fill(dcap_fill(at, 0x93, 16), 0, 20);
    if (form->version == 5) at = dcap_u32(dcap_u16(at, form->body_type), form->body_size);
    at = dcap_u32(dcap_fill(at, 0xb0, form->body_size), data);
    at = dcap_fill(dcap_fill(at, 0x51, 64), 0x4b, 64);
    if (form->version > 3) at = dcap_u32(dcap_u16(at, 6), inner);
    at = dcap_fill(dcap_fill(at, 0xe0, 384), 0x52, 64);
    at = dcap_fill(dcap_u16(at, 32), 0xa0, 32);
    at = dcap_u32(dcap_u16(at, 5), chain_size);
    memcpy(at, chain, chain_size);
    return (size_t)(at + chain_size - out);
}

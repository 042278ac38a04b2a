// Quotes and what belongs to them, made here: of the right form, signed by nobody.
#pragma once

#include <stdbool.h>
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

// A PCK's extension in DER: lengths are patched in when what they are of is there.
enum { DCAP_PCK_CONFIGURATION_SIZE = 14 + 2 + 18 };

static inline uint8_t *dcap_der_open(uint8_t *at)
{
    *at = 0x30;
    return at + 4; // room for the longest form
}

static inline uint8_t *dcap_der_close(uint8_t *start, uint8_t *end)
{
    size_t size = (size_t)(end - start - 4), head = size > 255 ? 4 : size > 127 ? 3 : 2;

    memmove(start + head, start + 4, size);
    if (head == 4) start[1] = 0x82;
    if (head == 3) start[1] = 0x81;
    if (head == 4) start[2] = (uint8_t)(size >> 8);
    start[head - 1] = (uint8_t)size;
    return start + head + size;
}

static inline uint8_t *dcap_der_oid(uint8_t *at, unsigned parent, unsigned name)
{
    static const uint8_t arc[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

    *at++ = 6;
    *at++ = (uint8_t)(sizeof arc + (parent > 0) + 1);
    memcpy(at, arc, sizeof arc);
    at += sizeof arc;
    if (parent > 0) *at++ = (uint8_t)parent;
    *at++ = (uint8_t)name;
    return at;
}

// SEQUENCE { name, value }
static inline uint8_t *dcap_der_field(uint8_t *at, unsigned parent, unsigned name, unsigned tag,
                                      const uint8_t *value, size_t size)
{
    uint8_t *start = at;

    at = dcap_der_oid(dcap_der_open(at), parent, name);
    *at++ = (uint8_t)tag;
    *at++ = (uint8_t)size;
    memcpy(at, value, size);
    return dcap_der_close(start, at + size);
}

// Components 1, 0, ..., 0, 200; PCESVN 11; FMSPC f0 to f5; PCEID 0. Returns its size.
static inline size_t dcap_pck(uint8_t *out)
{
    static const uint8_t fmspc[6] = {0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5};
    uint8_t filled[16], *at = dcap_der_open(out), *tcb, *list;

    memset(filled, 0x99, sizeof filled);
    at = dcap_der_field(at, 0, 1, 4, filled, 16);
    tcb = at;
    list = dcap_der_oid(dcap_der_open(tcb), 0, 2);
    at = dcap_der_open(list);
    for (unsigned i = 1; i <= 17; i++) {
        const uint8_t numbers[] = {0, (uint8_t)(i == 1 ? 1 : i == 16 ? 200 : i == 17 ? 11 : 0)};
        bool is_wide = numbers[1] > 127;
        at = dcap_der_field(at, 2, i, 2, is_wide ? numbers : numbers + 1, is_wide ? 2 : 1);
    }
    memset(filled, 0x55, sizeof filled);
    at = dcap_der_field(at, 2, 18, 4, filled, 16);
    at = dcap_der_close(tcb, dcap_der_close(list, at));
    at = dcap_der_field(at, 0, 3, 4, (const uint8_t[2]){0}, 2);
    at = dcap_der_field(at, 0, 4, 4, fmspc, sizeof fmspc);
    at = dcap_der_field(at, 0, 5, 10, (const uint8_t[]){1}, 1);
    memset(filled, 0x77, sizeof filled);
    at = dcap_der_field(at, 0, 6, 4, filled, 16);
    tcb = at;
    list = dcap_der_oid(dcap_der_open(tcb), 0, 7);
    at = dcap_der_field(dcap_der_open(list), 7, 1, 1, (const uint8_t[]){0xff}, 1);
    at = dcap_der_close(tcb, dcap_der_close(list, at));
    return (size_t)(dcap_der_close(out, at) - out);
}

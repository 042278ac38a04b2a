// Collections of conceptual messages (RFC 9999): pieces of evidence or of endorsements, each with a
// label, a type, its bytes and what it is for (specs/attest.md, section 2).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "evidence/cbor.h"

#define VCH_CMW_ITEMS_MAX 16
#define VCH_CMW_SIZE_MAX 262144u // check: 256 << 10
#define VCH_CMW_LABEL_MAX 32
#define VCH_CMW_TYPE_MIN 3
#define VCH_CMW_TYPE_MAX 128
#define VCH_CMW_FORMAT_MAX 65535u

enum vch_cmw_purpose { // bits of an indicator
    VCH_CMW_REFERENCE_VALUES = 1,
    VCH_CMW_ENDORSEMENTS = 2,
    VCH_CMW_EVIDENCE = 4,
    VCH_CMW_RESULTS = 8,
    VCH_CMW_POLICY = 16,
};

struct vch_cmw_item {
    const char *label; // all borrowed, without a NUL
    size_t label_size;
    const char *type; // a media type; NULL: `format` says
    size_t type_size;
    uint32_t format; // CoAP's number of one
    const uint8_t *bytes;
    size_t size;
    uint32_t purposes; // 0: it does not say
};

struct vch_cmw {
    struct vch_cmw_item items[VCH_CMW_ITEMS_MAX];
    size_t count;
};

// The collection at the cursor, of bytes that vch_cbor_check took. MALFORMED, UNSUPPORTED
// (collections in collections) or LIMIT.
vch_status vch_cmw_read(struct vch_cmw *out, struct vch_cbor_reader *reader,
                        struct vch_complaint *complaint);

// Bytes that are one collection and nothing else; checks all of it.
vch_status vch_cmw_decode(struct vch_cmw *out, const void *bytes, size_t size,
                          struct vch_complaint *complaint);

// Items may come in any order. USAGE: there are none or too many, or one that would not be read.
vch_status vch_cmw_write(struct vch_cbor_writer *writer, const struct vch_cmw *collection);

// NULL: there is none of that label.
const struct vch_cmw_item *vch_cmw_find(const struct vch_cmw *collection, const char *label);

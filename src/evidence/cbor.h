// CBOR (RFC 8949) in one form: definite lengths, shortest numbers, keys of maps ascending as bytes,
// no floats (specs/attest.md, section 1). A cursor to read it with, and one to write it.
//
// Whoever reads bytes from outside calls vch_cbor_check first, which looks at all of them once;
// what it took can be walked with the readers below, each of which takes one item or says why not.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

#define VCH_CBOR_DEPTH_MAX 4 // arrays, maps and tags within each other

// Exactly one item in that form. TRUNCATED, MALFORMED, UNSUPPORTED (floats, other simple values) or
// LIMIT (depth).
vch_status vch_cbor_check(const void *bytes, size_t size, struct vch_complaint *complaint);

struct vch_cbor_reader {
    const uint8_t *bytes; // borrowed; what is read points into them
    size_t size;
    size_t offset;
};

enum vch_cbor_type {
    VCH_CBOR_UINT,
    VCH_CBOR_NEGATIVE,
    VCH_CBOR_BYTES,
    VCH_CBOR_TEXT,
    VCH_CBOR_ARRAY,
    VCH_CBOR_MAP,
    VCH_CBOR_TAG,
    VCH_CBOR_SIMPLE,
    VCH_CBOR_END, // no bytes are left
};

// Of the next item, which stays.
enum vch_cbor_type vch_cbor_type(const struct vch_cbor_reader *reader);

// The next item, which has to be of that type: else MALFORMED, or TRUNCATED.
vch_status vch_cbor_read_uint(struct vch_cbor_reader *reader, uint64_t *out);
vch_status vch_cbor_read_bytes(struct vch_cbor_reader *reader, const uint8_t **out, size_t *size);
vch_status vch_cbor_read_text(struct vch_cbor_reader *reader, const char **out, size_t *size);
vch_status vch_cbor_read_bool(struct vch_cbor_reader *reader, bool *out);
vch_status vch_cbor_read_array(struct vch_cbor_reader *reader, size_t *items); // which follow
vch_status vch_cbor_read_map(struct vch_cbor_reader *reader, size_t *pairs);   // which follow

// A byte string of exactly that size, copied.
vch_status vch_cbor_read_exactly(struct vch_cbor_reader *reader, uint8_t *out, size_t size);

// VCH_OK when nothing follows.
vch_status vch_cbor_read_end(const struct vch_cbor_reader *reader);

struct vch_cbor_writer {
    uint8_t *bytes;
    size_t room;
    size_t size; // what would have been written with room enough
};

// The writer's part of the one form is lengths and numbers; keys are the caller's to put in order.
void vch_cbor_write_uint(struct vch_cbor_writer *writer, uint64_t value);
void vch_cbor_write_bytes(struct vch_cbor_writer *writer, const void *bytes, size_t size);
void vch_cbor_write_text(struct vch_cbor_writer *writer, const char *text, size_t size);
void vch_cbor_write_bool(struct vch_cbor_writer *writer, bool value);
void vch_cbor_write_array(struct vch_cbor_writer *writer, size_t items);
void vch_cbor_write_map(struct vch_cbor_writer *writer, size_t pairs);

// LIMIT when there was too little room for all of it.
vch_status vch_cbor_write_end(const struct vch_cbor_writer *writer, size_t *size);

// A cursor over bytes that came from outside. Every read is bounds-checked; nothing is copied.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct vch_reader {
    const uint8_t *bytes; // borrowed; must outlive the reader and all slices taken from it
    size_t size;
    size_t offset; // always <= size
};

vch_status vch_reader_u16le(struct vch_reader *reader, uint16_t *out);
vch_status vch_reader_u32le(struct vch_reader *reader, uint32_t *out);
vch_status vch_reader_u64le(struct vch_reader *reader, uint64_t *out);

// A slice of the next `size` bytes, borrowed from the reader's buffer.
vch_status vch_reader_bytes(struct vch_reader *reader, size_t size, const uint8_t **out);

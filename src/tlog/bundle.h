// Entry bundles (C2SP tlog-tiles): the entries of one tile, each after its size as two bytes,
// big-endian.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/status.h"

#define VCH_BUNDLE_ENTRY_MAX 65535u // check: 2**16 - 1

// Writes the prefix of an entry of `size` bytes, at most VCH_BUNDLE_ENTRY_MAX.
void vch_bundle_encode_size(uint8_t out[static 2], size_t size);

// The next entry, borrowed; TRUNCATED when the bundle ends within it, and the reader stays where it
// was. The bundle is at its end when reader->offset == reader->size.
vch_status vch_bundle_read(struct vch_reader *reader, const uint8_t **entry, size_t *size);

// Exactly `count` entries, and nothing after them: TRUNCATED or MALFORMED.
vch_status vch_bundle_check(const uint8_t *bytes, size_t size, unsigned count);

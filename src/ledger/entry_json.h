// An entry as JSON, for pages and people.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "entry/entry.h"

// {"position", "time_ms", "kind", "writer", and what its kind has}; digests and keys are
// hexadecimal. NULL: no memory.
json_t *vch_entry_json(uint64_t position, const struct vch_entry *entry);
// A JSON string of the hexadecimal digits of `size` bytes, at most 80.
json_t *vch_entry_json_hex(const void *bytes, size_t size);

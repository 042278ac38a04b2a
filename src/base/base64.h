// Standard base64 (RFC 4648, section 4) in its one canonical form: padded, without spaces, and with
// the bits that carry nothing zero.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

// Characters that encode `size` bytes, without a NUL.
#define VCH_BASE64_SIZE(size) (((size_t)(size) + 2) / 3 * 4)

// Writes VCH_BASE64_SIZE(size) characters and a NUL; returns how many characters.
size_t vch_base64_encode(char *out, const void *bytes, size_t size);

// Decodes `text_size` characters into at most `size_max` bytes. MALFORMED for anything that encode
// would not write, LIMIT when it is longer; `out` may then have been written to.
vch_status vch_base64_decode(uint8_t *out, size_t *size, size_t size_max, const char *text,
                             size_t text_size);

// Exactly `size` bytes; MALFORMED otherwise.
vch_status vch_base64_decode_exactly(uint8_t *out, size_t size, const char *text, size_t text_size);

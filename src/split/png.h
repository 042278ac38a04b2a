// Pictures: 8-bit RGB as PNG (ISO/IEC 15948), through zlib.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

#define VCH_PNG_SIDE_MAX 16384u

// `pixels` are rows of `width` triples. The file is in the arena. LIMIT where a side is 0 or above
// VCH_PNG_SIDE_MAX.
vch_status vch_png_encode(uint8_t **out, size_t *size, const uint8_t *pixels, uint32_t width,
                          uint32_t height, struct vch_arena *arena);

// The picture sheet of a measurement on images: where its rows are, and its pixels.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "split/leak.h"

struct vch_leak_sheet_row {
    const struct vch_leak_cut *cut;     // NULL: originals, or the blind guess
    const struct vch_leak_guess *guess; // NULL: originals
    const char *text;                   // "original", "blind guess", "linear", "convolutional"
    uint32_t top;                       // pixels
};

struct vch_leak_sheet {
    uint32_t width, height, tile_height; // pixels
    uint32_t row_count;
    struct vch_leak_sheet_row *rows;
    uint8_t *pixels; // RGB
};

// In the arena. NO_MEMORY only.
vch_status vch_leak_sheet_make(struct vch_leak_sheet *out, const struct vch_leak *leak,
                               struct vch_arena *arena);

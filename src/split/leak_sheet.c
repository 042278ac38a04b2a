#include "split/leak_sheet.h"

#include <math.h>
#include <string.h>

enum {
    GAP = 4,        // pixels between images
    GROUP_GAP = 10, // and before a cut's first row
    TILE_MIN = 48,  // a smaller image is enlarged to at least this
    BACKGROUND = 0xff,
};

static void add_row(struct vch_leak_sheet *sheet, struct vch_leak_sheet_row row, bool is_first)
{
    row.top = sheet->height + (is_first ? GROUP_GAP : GAP);
    sheet->height = row.top + sheet->tile_height;
    sheet->rows[sheet->row_count++] = row;
}

static vch_status list_rows(struct vch_leak_sheet *sheet, const struct vch_leak *leak,
                            struct vch_arena *arena)
{
    sheet->rows = VCH_ARENA_NEW(arena, struct vch_leak_sheet_row, 2 + 2 * (size_t)leak->cut_count);
    if (sheet->rows == NULL) return VCH_FAIL(NO_MEMORY);
    add_row(sheet, (struct vch_leak_sheet_row){.text = "original"}, false);
    add_row(sheet, (struct vch_leak_sheet_row){.guess = &leak->blind, .text = "blind guess"},
            false);
    for (uint32_t i = 0; i < leak->cut_count; i++) {
        const struct vch_leak_cut *cut = &leak->cuts[i];
        if (cut->same_as != VCH_NONE) continue;
        add_row(sheet, (struct vch_leak_sheet_row){cut, &cut->linear, "linear", 0}, true);
        if (cut->convolution.is_made)
            add_row(sheet, (struct vch_leak_sheet_row){cut, &cut->convolution, "convolutional", 0},
                    false);
    }
    sheet->height += GAP;
    return VCH_OK;
}

static uint8_t shade(const struct vch_leak *leak, float value)
{
    double part = ((double)value - leak->low) / leak->range;

    if (!(part > 0)) return 0; // held-out originals may lie outside the training images' range
    return part < 1 ? (uint8_t)lround(part * 255) : 255;
}

static void draw_image(uint8_t *at, size_t row_size, const float *image,
                       const struct vch_leak *leak, uint32_t zoom)
{
    const struct vch_image_shape *shape = &leak->image;
    size_t plane = (size_t)shape->height * shape->width;

    for (uint32_t y = 0; y < shape->height * zoom; y++)
        for (uint32_t x = 0; x < shape->width * zoom; x++)
            for (uint32_t c = 0; c < 3; c++) {
                size_t from = c < shape->channels && shape->channels >= 3 ? c * plane : 0;
                at[y * row_size + 3 * (size_t)x + c] =
                    shade(leak, image[from + (size_t)(y / zoom) * shape->width + x / zoom]);
            }
}

vch_status vch_leak_sheet_make(struct vch_leak_sheet *out, const struct vch_leak *leak,
                               struct vch_arena *arena)
{
    const struct vch_image_shape *shape = &leak->image;
    uint32_t zoom = (TILE_MIN + shape->width - 1) / shape->width;
    uint32_t pitch = shape->width * zoom + GAP;

    *out = (struct vch_leak_sheet){.tile_height = shape->height * zoom,
                                   .width = GAP + leak->shown_count * pitch};
    VCH_TRY(list_rows(out, leak, arena));
    size_t row_size = 3 * (size_t)out->width;
    out->pixels = vch_arena_alloc(arena, out->height, row_size);
    if (out->pixels == NULL) return VCH_FAIL(NO_MEMORY);
    memset(out->pixels, BACKGROUND, out->height * row_size);
    for (uint32_t r = 0; r < out->row_count; r++) {
        const struct vch_leak_sheet_row *row = &out->rows[r];
        const float *images = row->guess == NULL ? leak->originals : row->guess->shown;
        for (uint32_t s = 0; s < leak->shown_count; s++)
            draw_image(out->pixels + row->top * row_size + 3 * (GAP + (size_t)s * pitch), row_size,
                       images + (size_t)s * leak->target_count, leak, zoom);
    }
    return VCH_OK;
}

#include "split/leak_picture.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "split/leak_sheet.h"
#include "split/png.h"

enum {
    LABELS = 310, // pixels for labels left of what they label
    LINE = 18,
    CELL = 44,   // of a table's map
    NAMES = 150, // above the cells, at a slant
    MARGIN = 10,
    TEXT_SIZE = 400 // bytes of one element, names cut to fit
};

// A text that grows inside room that was sized for it.
struct drawing {
    char *text;
    size_t size, room;
};

static void draw(struct drawing *drawing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void draw(struct drawing *drawing, const char *format, ...)
{
    size_t room = drawing->room - drawing->size;
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(drawing->text + drawing->size, room, format, arguments);
    va_end(arguments);
    if (size > 0) drawing->size += (size_t)size < room ? (size_t)size : room - 1;
}

// A name from outside as XML text: no markup, nothing unprintable.
static const char *harmless(char out[64], const char *name)
{
    (void)snprintf(out, 64, "%.40s", name);
    for (char *c = out; *c != '\0'; c++)
        if (*c < ' ' || *c > '~' || strchr("<>&\"'", *c) != NULL) *c = '?';
    return out;
}

static void draw_head(struct drawing *drawing, uint32_t width, uint32_t height)
{
    draw(drawing,
         "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
         "font-family=\"sans-serif\" font-size=\"12\">\n"
         "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
         width, height);
}

static void draw_foot(struct drawing *drawing, const struct vch_leak *leak, uint32_t top)
{
    draw(drawing,
         "<text x=\"%d\" y=\"%u\">%u samples learnt from, %u chosen by, %u held out. R2: share of "
         "variance explained;</text>\n<text x=\"%d\" y=\"%u\">leak: the best R2 here or at a later "
         "cut. A stronger attacker recovers more.</text>\n</svg>\n",
         MARGIN, top + LINE, leak->training, leak->validation, leak->test, MARGIN, top + 2 * LINE);
}

static size_t base64_size(size_t size)
{
    return (size + 2) / 3 * 4;
}

// RFC 4648, section 4.
static void draw_base64(struct drawing *drawing, const uint8_t *bytes, size_t size)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

    for (size_t i = 0; i < size; i += 3) {
        size_t have = size - i < 3 ? size - i : 3;
        uint32_t word = (uint32_t)bytes[i] << 16;
        if (have > 1) word |= (uint32_t)bytes[i + 1] << 8;
        if (have > 2) word |= bytes[i + 2];
        for (size_t k = 0; k < 4; k++)
            drawing->text[drawing->size++] = digits[k <= have ? word >> (18 - 6 * k) & 63 : 64];
    }
}

static vch_status start(struct drawing *out, size_t room, struct vch_arena *arena)
{
    *out = (struct drawing){.text = vch_arena_alloc(arena, room, 1), .room = room};
    return out->text == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static void draw_label(struct drawing *drawing, const struct vch_leak_sheet *sheet,
                       const struct vch_leak_sheet_row *row, const struct vch_graph *graph)
{
    uint32_t middle = row->top + sheet->tile_height / 2;
    char name[64];

    if (row->guess == NULL) {
        draw(drawing, "<text x=\"%d\" y=\"%u\">%s</text>\n", MARGIN, middle, row->text);
        return;
    }
    if (row->cut != NULL && row->guess == &row->cut->linear) {
        draw(drawing,
             "<text x=\"%d\" y=\"%u\" font-weight=\"bold\">cut %u, leak %.3f</text>\n"
             "<text x=\"%d\" y=\"%u\" fill=\"#666\">before %s</text>\n",
             MARGIN, middle - LINE, row->cut->position, row->cut->leak, MARGIN, middle,
             row->cut->position < graph->operator_count
                 ? harmless(name, graph->operators[row->cut->position].name)
                 : "the end");
        middle += LINE;
    }
    draw(drawing, "<text x=\"%d\" y=\"%u\">%s: R2 %.3f, %.1f dB, SSIM %.3f</text>\n", MARGIN,
         middle, row->text, row->guess->r2, row->guess->psnr_db, row->guess->ssim);
}

static vch_status draw_images(struct drawing *drawing, const struct vch_leak *leak,
                              const struct vch_graph *graph, struct vch_arena *arena)
{
    struct vch_leak_sheet sheet;
    uint8_t *png = NULL;
    size_t size = 0;

    VCH_TRY(vch_leak_sheet_make(&sheet, leak, arena));
    VCH_TRY(vch_png_encode(&png, &size, sheet.pixels, sheet.width, sheet.height, arena));
    VCH_TRY(
        start(drawing, base64_size(size) + (size_t)(sheet.row_count + 4) * 3 * TEXT_SIZE, arena));
    draw_head(drawing, LABELS + sheet.width, sheet.height + 3 * LINE);
    draw(drawing,
         "<image x=\"%d\" y=\"0\" width=\"%u\" height=\"%u\" "
         "href=\"data:image/png;base64,",
         LABELS, sheet.width, sheet.height);
    draw_base64(drawing, png, size);
    draw(drawing, "\"/>\n");
    for (uint32_t r = 0; r < sheet.row_count; r++)
        draw_label(drawing, &sheet, &sheet.rows[r], graph);
    draw_foot(drawing, leak, sheet.height);
    return VCH_OK;
}

// From white at 0 to deep red at 1.
static void draw_cell(struct drawing *drawing, uint32_t x, uint32_t y, double r2)
{
    double part = r2 > 0 ? (r2 < 1 ? r2 : 1) : 0; // also for NAN
    unsigned paler = (unsigned)(255 - 215 * part);

    draw(drawing, "<rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" fill=\"rgb(%u,%u,%u)\"/>", x,
         y, CELL - 2, LINE + 4, (unsigned)(255 - 75 * part), paler, paler);
    if (isnan(r2)) return; // a column that never varies
    draw(drawing, "<text x=\"%u\" y=\"%u\" text-anchor=\"middle\" fill=\"%s\">%.2f</text>\n",
         x + CELL / 2, y + LINE - 2, part > 0.6 ? "white" : "black", r2);
}

static vch_status draw_table(struct drawing *drawing, const struct vch_leak *leak,
                             const struct vch_graph *graph, const char *const *columns,
                             struct vch_arena *arena)
{
    const uint32_t pitch = LINE + 6, top = NAMES + MARGIN;
    uint32_t height = top + leak->cut_count * pitch;
    char name[64];

    VCH_TRY(start(drawing,
                  (size_t)(leak->cut_count + 1) * (leak->target_count + 1) * TEXT_SIZE +
                      (size_t)8 * TEXT_SIZE,
                  arena));
    draw_head(drawing, LABELS + leak->target_count * CELL + NAMES / 2, height + 3 * LINE);
    for (uint32_t t = 0; t < leak->target_count; t++) {
        (void)snprintf(name, sizeof name, "column %u", t);
        draw(drawing, "<text transform=\"translate(%u,%u) rotate(-60)\">%s</text>\n",
             LABELS + t * CELL + CELL / 2, top - 6,
             columns == NULL ? name : harmless(name, columns[t]));
    }
    for (uint32_t i = 0; i < leak->cut_count; i++) {
        const struct vch_leak_cut *cut = &leak->cuts[i];
        uint32_t y = top + i * pitch;
        draw(drawing, "<text x=\"%d\" y=\"%u\">cut %u, leak %.3f, before %s</text>\n", MARGIN,
             y + LINE - 2, cut->position, cut->leak,
             cut->position < graph->operator_count
                 ? harmless(name, graph->operators[cut->position].name)
                 : "the end");
        for (uint32_t t = 0; t < leak->target_count; t++)
            draw_cell(drawing, LABELS + t * CELL, y, cut->linear.column_r2[t]);
    }
    draw_foot(drawing, leak, height);
    return VCH_OK;
}

vch_status vch_leak_picture_png(uint8_t **out, size_t *size, const struct vch_leak *leak,
                                struct vch_arena *arena)
{
    struct vch_leak_sheet sheet;

    VCH_TRY(vch_leak_sheet_make(&sheet, leak, arena));
    return vch_png_encode(out, size, sheet.pixels, sheet.width, sheet.height, arena);
}

vch_status vch_leak_picture_svg(uint8_t **out, size_t *size, const struct vch_leak *leak,
                                const struct vch_graph *graph, const char *const *columns,
                                struct vch_arena *arena)
{
    struct drawing drawing;

    if (leak->is_image)
        VCH_TRY(draw_images(&drawing, leak, graph, arena));
    else
        VCH_TRY(draw_table(&drawing, leak, graph, columns, arena));
    *out = (uint8_t *)drawing.text;
    *size = drawing.size;
    return VCH_OK;
}

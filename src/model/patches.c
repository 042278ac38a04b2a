#include "model/patches.h"

#include <string.h>

// Pieces side by side in one row of places, all reading the same row of one channel: where the
// first one goes, and how far apart they lie on both sides.
struct pieces {
    uint8_t *out;
    const uint8_t *in;
    size_t out_stride, in_stride, size, count;
};

// memcpy of a few bytes whose number the compiler knows is a move or two; else it is a call.
#define COPY_PIECES(known_size) \
    for (size_t i = 0; i < p->count; i++) \
    memcpy(p->out + i * p->out_stride, p->in + i * p->in_stride, known_size)

static void copy_pieces(const struct pieces *p)
{
    switch (p->size) {
    case 1: COPY_PIECES(1); return;
    case 2: COPY_PIECES(2); return;
    case 3: COPY_PIECES(3); return;
    case 4: COPY_PIECES(4); return;
    case 5: COPY_PIECES(5); return;
    case 6: COPY_PIECES(6); return;
    case 7: COPY_PIECES(7); return;
    case 10: COPY_PIECES(10); return;
    case 14: COPY_PIECES(14); return;
    default: COPY_PIECES(p->size); return;
    }
}

static size_t element_size(const struct vch_patches *p)
{
    return vch_tensor_type_size(p->type);
}

// One piece that reaches over the row's edge, or has gaps: element by element, zero outside.
static void copy_ragged(const struct vch_patches *p, uint8_t *out, const uint8_t *row, int64_t x)
{
    const size_t size = element_size(p);

    for (size_t k = 0; k < p->window->kernel[1]; k++, out += size, x += p->window->dilation[1]) {
        if (x < 0 || x >= (int64_t)p->width)
            memset(out, 0, size);
        else
            memcpy(out, row + (size_t)x * size, size);
    }
}

// The pieces of `count` places from column `ox` on, from one row of the image. Those in the
// middle, which lie inside the row, are plain copies.
static void gather_row(const struct vch_patches *p, uint8_t *out, const uint8_t *row, size_t ox,
                       size_t count)
{
    const struct vch_window *w = p->window;
    const size_t size = element_size(p), out_stride = p->depth * size;
    const int64_t stride = w->stride[1], room = (int64_t)p->width - (int64_t)w->kernel[1];
    const int64_t x0 = (int64_t)(ox * w->stride[1]) - w->pad_begin[1];
    size_t i = 0, end = 0;

    if (w->dilation[1] == 1 && room >= 0) {
        while (i < count && x0 + (int64_t)i * stride < 0)
            i++;
        end = count;
        while (end > i && x0 + (int64_t)(end - 1) * stride > room)
            end--;
    }
    for (size_t k = 0; k < i; k++)
        copy_ragged(p, out + k * out_stride, row, x0 + (int64_t)k * stride);
    if (end > i)
        copy_pieces(&(struct pieces){
            .out = out + i * out_stride,
            .in = row + (size_t)(x0 + (int64_t)i * stride) * size,
            .out_stride = out_stride,
            .in_stride = (size_t)stride * size,
            .size = w->kernel[1] * size,
            .count = end - i,
        });
    for (size_t k = end > i ? end : i; k < count; k++)
        copy_ragged(p, out + k * out_stride, row, x0 + (int64_t)k * stride);
}

static void clear_row(const struct vch_patches *p, uint8_t *out, size_t count)
{
    for (size_t k = 0; k < count; k++)
        memset(out + k * p->depth * element_size(p), 0, p->window->kernel[1] * element_size(p));
}

// The patches of `count` places of one row, from column `ox` on.
static void gather_run(const struct vch_patches *p, uint8_t *out, const uint8_t *image, size_t oy,
                       size_t ox, size_t count)
{
    const struct vch_window *w = p->window;
    const size_t row_size = p->width * element_size(p), piece = w->kernel[1] * element_size(p);
    const int64_t y0 = (int64_t)(oy * w->stride[0]) - w->pad_begin[0];

    for (size_t channel = 0; channel < p->channels; channel++) {
        const uint8_t *plane = image + channel * p->height * row_size;
        for (size_t k = 0; k < w->kernel[0]; k++, out += piece) {
            int64_t y = y0 + (int64_t)(k * w->dilation[0]);
            if (y < 0 || y >= (int64_t)p->height)
                clear_row(p, out, count);
            else
                gather_row(p, out, plane + (size_t)y * row_size, ox, count);
        }
    }
}

static void gather(const struct vch_patches *p, uint8_t *out, const uint8_t *image, size_t first,
                   size_t count)
{
    while (count > 0) {
        size_t ox = first % p->out_width;
        size_t run = p->out_width - ox < count ? p->out_width - ox : count;
        gather_run(p, out, image, first / p->out_width, ox, run);
        out += run * p->depth * element_size(p);
        first += run;
        count -= run;
    }
}

// int8 patches in the lower half of their room become int16 patches, from the last to the first.
static void widen(void *patches, size_t count)
{
    const int8_t *from = patches;
    int16_t *to = patches;

    for (size_t i = count; i > 0; i--)
        to[i - 1] = from[i - 1]; // NOLINT(bugprone-signed-char-misuse,cert-str34-c): numbers
}

// Kernels of one tap at stride 1: the patches are the image, turned.
#define TURN(name, type) \
    static void name(type *out, const type *image, const struct vch_patches *p, size_t first, \
                     size_t count) \
    { \
        for (size_t channel = 0; channel < p->depth; channel++) { \
            const type *row = image + channel * p->height * p->width + first; \
            for (size_t i = 0; i < count; i++) \
                out[i * p->depth + channel] = row[i]; \
        } \
    }

TURN(turn_i8, int8_t)
TURN(turn_i16, int16_t)

static bool is_turned(const struct vch_patches *p)
{
    const struct vch_window *w = p->window;

    return w->kernel[0] == 1 && w->kernel[1] == 1 && w->stride[0] == 1 && w->stride[1] == 1 &&
           w->pad_begin[0] == 0 && w->pad_begin[1] == 0 && w->pad_end[0] == 0 && w->pad_end[1] == 0;
}

void vch_patches_lay_out(const struct vch_patches *patches, void *out, const void *image,
                         size_t first, size_t count)
{
    if (!is_turned(patches))
        gather(patches, out, image, first, count);
    else if (patches->type == VCH_TYPE_I16)
        turn_i16(out, image, patches, first, count);
    else
        turn_i8(out, image, patches, first, count);
    if (patches->is_wide && patches->type == VCH_TYPE_I8) widen(out, count * patches->depth);
}

#include "model/bands.h"

#include <string.h>

#include "kernels/packing.h"

enum { BAND_SIZE = 16 << 10, BAND_SIZE_MAX = 1 << 20, LINE = 64 };

struct vch_bands_image vch_bands_image(const struct vch_value *value, bool is_channel_last)
{
    const uint32_t *dims = value->shape.dims + value->shape.rank - 3;

    return (struct vch_bands_image){
        .type = value->type,
        .is_channel_last = is_channel_last,
        .channels = dims[is_channel_last ? 2 : 0],
        .height = dims[is_channel_last ? 0 : 1],
        .width = dims[is_channel_last ? 1 : 2],
    };
}

static size_t rows_seen(const struct vch_bands *b, size_t rows)
{
    const struct vch_window *w = b->window;
    return (rows - 1) * w->stride[0] + (size_t)(w->kernel[0] - 1) * w->dilation[0] + 1;
}

bool vch_bands_plan(struct vch_bands *b, size_t least_places)
{
    const struct vch_window *w = b->window;
    const size_t pixel = b->channels * b->copies * b->element_size;

    b->width = (b->out_width - 1) * w->stride[1] + (size_t)(w->kernel[1] - 1) * w->dilation[1] + 1;
    b->row_size = b->width * pixel; // 2^28 outputs and operands: below 2^62
    b->rows = 1;
    if (b->row_size > BAND_SIZE_MAX || rows_seen(b, 1) > BAND_SIZE_MAX / b->row_size) return false;
    while (b->rows < b->out_height && b->rows * b->out_width < least_places &&
           rows_seen(b, b->rows + 1) * b->row_size <= BAND_SIZE)
        b->rows++;
    b->count = (b->out_height + b->rows - 1) / b->rows;
    b->rows = (b->out_height + b->count - 1) / b->count; // alike, so that none is a mere rest
    b->count = (b->out_height + b->rows - 1) / b->rows;
    b->size = (rows_seen(b, b->rows) * b->row_size + VCH_PACKING_SLACK + LINE - 1) / LINE * LINE;
    b->spare_size = (b->image.width * b->channels * 2 + LINE - 1) / LINE * LINE;
    return true;
}

// One row of the image, `count` places from column `x` on, channel-last and otherwise as it is.
static const void *gather_row(const struct vch_bands *b, size_t first_channel, void *spare,
                              const uint8_t *image, size_t y, size_t x, size_t count)
{
    const struct vch_bands_image *i = &b->image;
    const size_t size = vch_tensor_type_size(i->type), plane = i->height * i->width;

    if (i->is_channel_last) {
        const uint8_t *row = image + ((y * i->width + x) * i->channels + first_channel) * size;
        if (b->channels == i->channels) return row;
        for (size_t k = 0; k < count; k++)
            memcpy((uint8_t *)spare + k * b->channels * size, row + k * i->channels * size,
                   b->channels * size);
        return spare;
    }
    const uint8_t *row = image + (first_channel * plane + y * i->width + x) * size;
    if (b->channels == 1) return row;
    if (size == 1)
        b->kernels->transpose_i8(spare, b->channels, (const int8_t *)row, plane, b->channels,
                                 count);
    else
        b->kernels->transpose_i16(spare, b->channels, (const int16_t *)(const void *)row, plane,
                                  b->channels, count);
    return spare;
}

static void copy_elements(void *out, const void *from, size_t size, size_t count, size_t copies)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < copies; k++)
            memcpy((uint8_t *)out + (i * copies + k) * size, (const uint8_t *)from + i * size,
                   size);
}

// Are int8 elements laid out as panels_i8 wants them?
static bool is_laid(const struct vch_bands *b)
{
    return b->image.type == VCH_TYPE_I8 && !b->is_raw &&
           b->element_size == b->kernels->packing_i8.input_size;
}

static void lay_elements(const struct vch_bands *b, void *out, const void *from, size_t count)
{
    const int8_t *bytes = from;

    if (b->copies > 1) // depthwise alone, which takes elements as they are
        copy_elements(out, from, b->element_size, count, b->copies);
    else if (is_laid(b))
        b->kernels->lay_i8(out, from, count);
    else if (b->image.type == VCH_TYPE_I8 && b->element_size == sizeof(int16_t))
        for (size_t i = 0; i < count; i++)
            ((int16_t *)out)[i] = bytes[i]; // NOLINT(bugprone-signed-char-misuse,cert-str34-c)
    else
        memcpy(out, from, count * b->element_size);
}

// What a window sees outside the image: 0, as the level lays it out.
static void lay_zeros(const struct vch_bands *b, uint8_t *out, size_t places)
{
    const size_t size = places * b->channels * b->copies * b->element_size;

    memset(out, is_laid(b) ? (int)b->kernels->packing_i8.input_flip : 0, size);
}

static void lay_row(const struct vch_bands *b, size_t first_channel, uint8_t *out, void *spare,
                    const void *image, int64_t y)
{
    const size_t pixel = b->channels * b->copies * b->element_size;
    const size_t before = b->window->pad_begin[1] < b->width ? b->window->pad_begin[1] : b->width;
    const size_t room = b->width - before;
    const size_t count = room < b->image.width ? room : b->image.width;

    if (y < 0 || y >= (int64_t)b->image.height) {
        lay_zeros(b, out, b->width);
        return;
    }
    lay_zeros(b, out, before);
    if (count > 0)
        lay_elements(b, out + before * pixel,
                     gather_row(b, first_channel, spare, image, (size_t)y, 0, count),
                     count * b->channels);
    lay_zeros(b, out + (before + count) * pixel, room - count);
}

size_t vch_bands_lay_out(const struct vch_bands *b, size_t first_channel, void *out, void *spare,
                         const void *image, size_t index)
{
    const size_t first = index * b->rows;
    const size_t rows = b->out_height - first < b->rows ? b->out_height - first : b->rows;
    const int64_t y = (int64_t)(first * b->window->stride[0]) - b->window->pad_begin[0];

    for (size_t i = 0; i < rows_seen(b, rows); i++)
        lay_row(b, first_channel, (uint8_t *)out + i * b->row_size, spare, image, y + (int64_t)i);
    return rows;
}

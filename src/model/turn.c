#include "model/turn.h"

#include <string.h>

// Wider elements are rare: keys, sums and scores.
static void turn_wide(uint8_t *out, const uint8_t *x, size_t rows, size_t columns, size_t size)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            memcpy(out + (j * rows + i) * size, x + (i * columns + j) * size, size);
}

static void turn_one(const struct vch_kernels *kernels, enum vch_type type, void *out,
                     const void *x, size_t rows, size_t columns)
{
    if (rows == 1 || columns == 1)
        memcpy(out, x, rows * columns * vch_tensor_type_size(type));
    else if (type == VCH_TYPE_I8)
        kernels->transpose_i8(out, rows, x, columns, rows, columns);
    else if (type == VCH_TYPE_I16)
        kernels->transpose_i16(out, rows, x, columns, rows, columns);
    else
        turn_wide(out, x, rows, columns, vch_tensor_type_size(type));
}

void vch_turn(const struct vch_kernels *kernels, enum vch_type type, void *out, const void *x,
              size_t rows, size_t columns, size_t count)
{
    const size_t size = rows * columns * vch_tensor_type_size(type);

    for (size_t i = 0; i < count; i++)
        turn_one(kernels, type, (uint8_t *)out + i * size, (const uint8_t *)x + i * size, rows,
                 columns);
}

void vch_turn_image(const struct vch_kernels *kernels, enum vch_type type,
                    const struct vch_shape *row_major, void *out, const void *x, size_t samples,
                    bool to_channel_last)
{
    const size_t channels = row_major->dims[row_major->rank - 3];
    const size_t places = vch_tensor_shape_count(row_major) / channels;

    vch_turn(kernels, type, out, x, to_channel_last ? channels : places,
             to_channel_last ? places : channels, samples);
}

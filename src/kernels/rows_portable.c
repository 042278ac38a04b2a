// Kernels over rows of elements: laying out, turning, pooling, adding.
#include <string.h>

#include "kernels/variants.h"

void vch_lay_i8_portable(void *out, const int8_t *x, size_t count)
{
    memcpy(out, x, count);
}

#define TRANSPOSE(name, type) \
    void vch_transpose_##name##_portable(type *out, size_t out_stride, const type *x, \
                                         size_t x_stride, size_t rows, size_t columns) \
    { \
        for (size_t i = 0; i < rows; i++) \
            for (size_t j = 0; j < columns; j++) \
                out[j * out_stride + i] = x[i * x_stride + j]; \
    }

TRANSPOSE(i8, int8_t)
TRANSPOSE(i16, int16_t)

#define MAX_POOL(name, type) \
    void vch_max_pool_##name##_portable(type *out, const type *x, const uint32_t *places, \
                                        size_t count, const uint32_t *taps, size_t tap_count, \
                                        size_t channels) \
    { \
        for (size_t i = 0; i < count; i++, out += channels) { \
            const type *place = x + places[i]; \
            memcpy(out, place + taps[0], channels * sizeof *out); \
            for (size_t t = 1; t < tap_count; t++) \
                for (size_t c = 0; c < channels; c++) \
                    if (place[taps[t] + c] > out[c]) out[c] = place[taps[t] + c]; \
        } \
    }

MAX_POOL(i8, int8_t)
MAX_POOL(i16, int16_t)

#define SUM_TAPS(name, type) \
    void vch_sum_taps_##name##_portable(int32_t *sums, const type *x, const uint32_t *taps, \
                                        size_t tap_count, size_t channels) \
    { \
        memset(sums, 0, channels * sizeof *sums); \
        for (size_t t = 0; t < tap_count; t++) \
            for (size_t c = 0; c < channels; c++) \
                sums[c] += x[taps[t] + c]; \
    }

SUM_TAPS(i8, int8_t)
SUM_TAPS(i16, int16_t)

#define ADD(name, type) \
    void vch_add_##name##_portable(type *out, const type *a, const type *b, size_t count, \
                                   const struct vch_add *how) \
    { \
        const int32_t half = (int32_t)1 << (how->shift - 1); \
        for (size_t i = 0; i < count; i++) { \
            int32_t sum = a[i] * how->multipliers[0] + b[i] * how->multipliers[1] + half; \
            int32_t value = sum >> how->shift; \
            out[i] = (type)(value < how->lo ? how->lo : value > how->hi ? how->hi : value); \
        } \
    }

ADD(i8, int8_t)
ADD(i16, int16_t)

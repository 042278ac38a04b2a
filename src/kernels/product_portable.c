#include "base/check.h"
#include "kernels/variants.h"

void vch_product_i8_portable(int32_t *out, size_t out_stride, const int8_t *a, size_t rows,
                             const int8_t *b, size_t columns, size_t depth)
{
    VCH_ASSERT(depth <= VCH_DOT_I8_COUNT_MAX);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            const int8_t *x = a + i * depth, *y = b + j * depth;
            int32_t sum = 0;
            for (size_t k = 0; k < depth; k++)
                sum += x[k] * y[k];
            out[i * out_stride + j] = sum;
        }
    }
}

void vch_product_i16_portable(int64_t *out, size_t out_stride, const int16_t *a, size_t rows,
                              const int8_t *b, size_t columns, size_t depth)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            const int16_t *x = a + i * depth;
            const int8_t *y = b + j * depth;
            int64_t sum = 0;
            for (size_t k = 0; k < depth; k++)
                sum += (int32_t)x[k] * y[k];
            out[i * out_stride + j] = sum;
        }
    }
}

#include "kernels/field_variants.h"

#define COMBINE(name, type) \
    void vch_combine_##name##_portable(struct vch_planes out, const struct vch_ext *coefficients, \
                                       const type *w, size_t stride, size_t rows, size_t columns) \
    { \
        for (size_t k = 0; k < columns; k++) \
            out.c0[k] = out.c1[k] = 0; \
        for (size_t o = 0; o < rows; o++, w += stride) \
            for (size_t k = 0; k < columns; k++) { \
                const uint64_t weight = vch_fp_from_i64(w[k]); \
                out.c0[k] = vch_fp_add(out.c0[k], vch_fp_mul(coefficients[o].c[0], weight)); \
                out.c1[k] = vch_fp_add(out.c1[k], vch_fp_mul(coefficients[o].c[1], weight)); \
            } \
    }

COMBINE(i8, int8_t)
COMBINE(i16, int16_t)

// Blocks of 16 x 16 bytes or 8 x 8 words, turned by unpacking; what is left at the edges one by
// one.
#include <immintrin.h>

#include "kernels/variants.h"

// Interleaving register i with register i + half, four (three) times over, turns the block.
#define TURN(name, side, unpack_low, unpack_high) \
    static void name(__m128i rows[side]) \
    { \
        __m128i next[side]; \
        for (int size = 1; size < (side); size *= 2) { \
            for (int i = 0; i < (side) / 2; i++) { \
                next[2 * i] = unpack_low(rows[i], rows[i + (side) / 2]); \
                next[2 * i + 1] = unpack_high(rows[i], rows[i + (side) / 2]); \
            } \
            for (int i = 0; i < (side); i++) \
                rows[i] = next[i]; \
        } \
    }

TURN(turn_i8, 16, _mm_unpacklo_epi8, _mm_unpackhi_epi8)
TURN(turn_i16, 8, _mm_unpacklo_epi16, _mm_unpackhi_epi16)

#define TRANSPOSE(name, type, side) \
    void vch_transpose_##name##_avx2(type *out, size_t out_stride, const type *x, size_t x_stride, \
                                     size_t rows, size_t columns) \
    { \
        const size_t whole_rows = rows - rows % (side), whole = columns - columns % (side); \
        for (size_t i = 0; i < whole_rows; i += (side)) { \
            for (size_t j = 0; j < whole; j += (side)) { \
                __m128i block[side]; \
                for (size_t k = 0; k < (side); k++) \
                    block[k] = _mm_loadu_si128((const __m128i *)(x + (i + k) * x_stride + j)); \
                turn_##name(block); \
                for (size_t k = 0; k < (side); k++) \
                    _mm_storeu_si128((__m128i *)(out + (j + k) * out_stride + i), block[k]); \
            } \
        } \
        vch_transpose_##name##_portable(out + whole * out_stride, out_stride, x + whole, x_stride, \
                                        whole_rows, columns - whole); \
        vch_transpose_##name##_portable(out + whole_rows, out_stride, x + whole_rows * x_stride, \
                                        x_stride, rows - whole_rows, columns); \
    }

TRANSPOSE(i8, int8_t, 16)
TRANSPOSE(i16, int16_t, 8)

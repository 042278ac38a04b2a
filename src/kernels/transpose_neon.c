// Blocks of 16 x 16 bytes or 8 x 8 words, turned by interleaving; what is left at the edges one by
// one.
#include <arm_neon.h>

#include "kernels/variants.h"

// Interleaving register i with register i + half, four (three) times over, turns the block.
#define TURN(name, vector, side, zip_low, zip_high) \
    static void name(vector rows[side]) \
    { \
        vector next[side]; \
        for (int size = 1; size < (side); size *= 2) { \
            for (int i = 0; i < (side) / 2; i++) { \
                next[2 * i] = zip_low(rows[i], rows[i + (side) / 2]); \
                next[2 * i + 1] = zip_high(rows[i], rows[i + (side) / 2]); \
            } \
            for (int i = 0; i < (side); i++) \
                rows[i] = next[i]; \
        } \
    }

TURN(turn_i8, int8x16_t, 16, vzip1q_s8, vzip2q_s8)
TURN(turn_i16, int16x8_t, 8, vzip1q_s16, vzip2q_s16)

#define TRANSPOSE(name, type, vector, side, load, put) \
    void vch_transpose_##name##_neon(type *out, size_t out_stride, const type *x, size_t x_stride, \
                                     size_t rows, size_t columns) \
    { \
        const size_t whole_rows = rows - rows % (side), whole = columns - columns % (side); \
        for (size_t i = 0; i < whole_rows; i += (side)) { \
            for (size_t j = 0; j < whole; j += (side)) { \
                vector block[side]; \
                for (size_t k = 0; k < (side); k++) \
                    block[k] = load(x + (i + k) * x_stride + j); \
                turn_##name(block); \
                for (size_t k = 0; k < (side); k++) \
                    put(out + (j + k) * out_stride + i, block[k]); \
            } \
        } \
        vch_transpose_##name##_portable(out + whole * out_stride, out_stride, x + whole, x_stride, \
                                        whole_rows, columns - whole); \
        vch_transpose_##name##_portable(out + whole_rows, out_stride, x + whole_rows * x_stride, \
                                        x_stride, rows - whole_rows, columns); \
    }

TRANSPOSE(i8, int8_t, int8x16_t, 16, vld1q_s8, vst1q_s8)
TRANSPOSE(i16, int16_t, int16x8_t, 8, vld1q_s16, vst1q_s16)

#include <arm_neon.h>
#include <string.h>

#include "kernels/field_variants.h"

// As in combine_avx512vnni.c, with products of words, which widen as they are added: digits of
// coefficients may have more bits where weights are bytes.
enum {
    ROWS = 256, // of a block
    COLUMNS = 8,
    DIGITS_MAX = 8, // of an element of F
};

struct shape { // 256 products of a digit and a weight are below 2^31
    size_t digits;
    unsigned bits;
};

static const struct shape bytes_shape = {5, 13}, words_shape = {8, 8};

struct block {
    int16_t digits[2][ROWS][DIGITS_MAX];
    int16x8_t weights[ROWS];
};

static void cut_digits(struct block *b, const struct shape *s, const struct vch_ext *coefficients,
                       size_t rows)
{
    for (size_t plane = 0; plane < 2; plane++)
        for (size_t o = 0; o < rows; o++) {
            uint64_t rest = coefficients[o].c[plane];
            for (size_t d = 0; d < s->digits; d++, rest >>= s->bits)
                b->digits[plane][o][d] = (int16_t)(rest & ((1u << s->bits) - 1));
        }
}

static inline int16x8_t load_bytes(const int8_t *w, size_t columns)
{
    int8_t some[COLUMNS] = {0};

    if (columns < COLUMNS) w = memcpy(some, w, columns);
    return vmovl_s8(vld1_s8(w));
}

static inline int16x8_t load_words(const int16_t *w, size_t columns)
{
    int16_t some[COLUMNS] = {0};

    if (columns < COLUMNS) w = memcpy(some, w, columns * sizeof *w);
    return vld1q_s16(w);
}

// The digits' sums, each 2^bits times the one before it: below 2^63 together, and as an element.
static uint64_t join_digits(const int32_t (*digits)[COLUMNS], size_t column, size_t count,
                            unsigned bits)
{
    int64_t sum = 0;

    for (size_t d = count; d-- > 0;)
        sum = sum * ((int64_t)1 << bits) + digits[d][column];
    return vch_fp_from_i64(sum);
}

static inline __attribute__((always_inline)) void sum_plane(uint64_t *out, const struct block *b,
                                                            size_t rows, size_t columns,
                                                            size_t plane, const struct shape s)
{
    const size_t low = (s.digits + 1) / 2;
    int32x4_t sums[DIGITS_MAX][2];
    int32_t digits[DIGITS_MAX][COLUMNS];

    for (size_t d = 0; d < s.digits; d++)
        sums[d][0] = sums[d][1] = vdupq_n_s32(0);
    for (size_t o = 0; o < rows; o++) {
        const int16x8_t w = b->weights[o];
        for (size_t d = 0; d < s.digits; d++) {
            const int16_t digit = b->digits[plane][o][d];
            sums[d][0] = vmlal_n_s16(sums[d][0], vget_low_s16(w), digit);
            sums[d][1] = vmlal_n_s16(sums[d][1], vget_high_s16(w), digit);
        }
    }
    for (size_t d = 0; d < s.digits; d++) {
        vst1q_s32(digits[d], sums[d][0]);
        vst1q_s32(digits[d] + 4, sums[d][1]);
    }
    for (size_t k = 0; k < columns; k++) {
        const uint64_t upper = join_digits(digits + low, k, s.digits - low, s.bits);
        const uint64_t lower = join_digits(digits, k, low, s.bits);
        const uint64_t moved = vch_fp_mul(upper, 1ull << s.bits * low);
        out[k] = vch_fp_add(out[k], vch_fp_add(moved, lower));
    }
}

#define COMBINE(name, type, kind) \
    void vch_combine_##name##_neon(struct vch_planes out, const struct vch_ext *coefficients, \
                                   const type *w, size_t stride, size_t rows, size_t columns) \
    { \
        struct block b; \
        memset(out.c0, 0, columns * sizeof *out.c0); \
        memset(out.c1, 0, columns * sizeof *out.c1); \
        for (size_t o = 0; o < rows; o += ROWS) { \
            const size_t some = rows - o < ROWS ? rows - o : ROWS; \
            cut_digits(&b, &kind##_shape, coefficients + o, some); \
            for (size_t k = 0; k < columns; k += COLUMNS) { \
                const size_t left = columns - k < COLUMNS ? columns - k : COLUMNS; \
                for (size_t i = 0; i < some; i++) \
                    b.weights[i] = load_##kind(w + (o + i) * stride + k, left); \
                sum_plane(out.c0 + k, &b, some, left, 0, kind##_shape); \
                sum_plane(out.c1 + k, &b, some, left, 1, kind##_shape); \
            } \
        } \
    }

COMBINE(i8, int8_t, bytes)
COMBINE(i16, int16_t, words)

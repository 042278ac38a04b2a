#include "kernels/lanes_avx512vnni.h"

#include <stdbool.h>
#include <string.h>

#include "kernels/lanes.h"

// Coefficients are cut into digits of a byte, sixteen for an element of K. Dot products of bytes
// (or of words) sum digit by weight over a block of rows, exactly in int32, for sixteen columns at
// a time; only then do the sixteen sums become an element.
//
// A lane of these products takes a *group* of four rows of bytes, or two of words, so that rows are
// woven into each other: once, for all digits.
enum {
    ROWS = 256, // of a block: 256 * 255 * 2^15 < 2^31
    DIGITS = 16,
    GROUPS = ROWS / 2,
    VECTORS = ROWS * 64 / 64, // of woven weights: 64 bytes a row
    COLUMNS = 64,             // at most, of a block
};

struct shape {
    size_t rows_each, vectors_each; // of a group
    bool is_wide;
};

static const struct shape bytes_shape = {4, 4, false}, words_shape = {2, 2, true};

struct block {
    __m512i woven[VECTORS];          // group by group
    uint32_t digits[GROUPS][DIGITS]; // those of a group's rows in a lane
    uint64_t sums[2][COLUMNS];
};

static void cut_digits(struct block *b, const struct shape *s, const struct vch_ext *coefficients,
                       size_t rows)
{
    const unsigned width = s->is_wide ? 16 : 8;

    memset(b->digits, 0, (rows + s->rows_each - 1) / s->rows_each * sizeof b->digits[0]);
    for (size_t o = 0; o < rows; o++)
        for (size_t d = 0; d < DIGITS; d++) {
            const uint64_t digit = coefficients[o].c[d / 8] >> d % 8 * 8 & 0xff;
            b->digits[o / s->rows_each][d] |= (uint32_t)digit << o % s->rows_each * width;
        }
}

// Lane 4i + j of vector v has column 16i + 4v + j of four rows.
static void weave_bytes(struct block *b, const int8_t *w, size_t stride, size_t rows,
                        size_t columns)
{
    const __mmask64 mask = columns >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << columns) - 1;

    for (size_t o = 0; o < rows; o += 4) {
        __m512i row[4], pair[4];
        for (size_t i = 0; i < 4; i++)
            row[i] = _mm512_maskz_loadu_epi8(o + i < rows ? mask : 0, w + (o + i) * stride);
        for (size_t i = 0; i < 2; i++) {
            pair[i] = _mm512_unpacklo_epi8(row[2 * i], row[2 * i + 1]);
            pair[i + 2] = _mm512_unpackhi_epi8(row[2 * i], row[2 * i + 1]);
        }
        for (size_t i = 0; i < 2; i++) {
            b->woven[o + 2 * i] = _mm512_unpacklo_epi16(pair[2 * i], pair[2 * i + 1]);
            b->woven[o + 2 * i + 1] = _mm512_unpackhi_epi16(pair[2 * i], pair[2 * i + 1]);
        }
    }
}

// Lane 4i + j of vector v has column 8i + 4v + j of two rows.
static void weave_words(struct block *b, const int16_t *w, size_t stride, size_t rows,
                        size_t columns)
{
    const __mmask32 mask = columns >= 32 ? ~(__mmask32)0 : ((__mmask32)1 << columns) - 1;

    for (size_t o = 0; o < rows; o += 2) {
        const __m512i row = _mm512_maskz_loadu_epi16(mask, w + o * stride);
        const __m512i next =
            _mm512_maskz_loadu_epi16(o + 1 < rows ? mask : 0, w + (o + 1) * stride);
        b->woven[o] = _mm512_unpacklo_epi16(row, next);
        b->woven[o + 1] = _mm512_unpackhi_epi16(row, next);
    }
}

// Four int32 digits' sums, each 2^8 times the one before it, in int64 and then as an element.
static inline __m512i join_four(const __m256i digits[4])
{
    __m512i sum = _mm512_cvtepi32_epi64(digits[3]);

    for (size_t d = 3; d-- > 0;)
        sum = _mm512_add_epi64(_mm512_slli_epi64(sum, 8), _mm512_cvtepi32_epi64(digits[d]));
    return _mm512_mask_add_epi64(sum, _mm512_cmplt_epi64_mask(sum, _mm512_setzero_si512()), sum,
                                 all(VCH_FP_P));
}

// Eight sums of digits make eight elements of F.
static inline __m512i join_eight(const __m256i digits[8])
{
    return add(shift(join_four(digits + 4), 32), join_four(digits));
}

static inline __attribute__((always_inline)) void
sum_vector(struct block *b, size_t vector, size_t groups, const size_t each, const bool is_wide)
{
    __m512i sums[DIGITS];

    for (size_t d = 0; d < DIGITS; d++)
        sums[d] = _mm512_setzero_si512();
    for (size_t g = 0; g < groups; g++) {
        const __m512i w = b->woven[g * each + vector];
#pragma GCC unroll 16
        for (size_t d = 0; d < DIGITS; d++) {
            const __m512i digit = _mm512_set1_epi32((int32_t)b->digits[g][d]);
            sums[d] = is_wide ? _mm512_dpwssd_epi32(sums[d], w, digit)
                              : _mm512_dpbusd_epi32(sums[d], digit, w);
        }
    }
    for (size_t plane = 0; plane < 2; plane++)
        for (size_t half = 0; half < 2; half++) {
            __m256i digits[8];
            for (size_t d = 0; d < 8; d++)
                digits[d] = half == 0 ? _mm512_castsi512_si256(sums[8 * plane + d])
                                      : _mm512_extracti64x4_epi64(sums[8 * plane + d], 1);
            const __m512i joined = join_eight(digits);
            uint64_t *to = b->sums[plane] + 8 * each * half + 4 * vector;
            _mm256_storeu_si256((__m256i *)(void *)to, _mm512_castsi512_si256(joined));
            _mm256_storeu_si256((__m256i *)(void *)(to + 4 * each),
                                _mm512_extracti64x4_epi64(joined, 1));
        }
}

static void sum_block(struct block *b, const struct shape *s, size_t rows)
{
    const size_t groups = (rows + s->rows_each - 1) / s->rows_each;

    for (size_t v = 0; v < s->vectors_each; v++)
        if (s->is_wide)
            sum_vector(b, v, groups, 2, true);
        else
            sum_vector(b, v, groups, 4, false);
}

static void add_sums(struct vch_planes out, const struct block *b, size_t columns)
{
    const struct vch_const_planes sums = {b->sums[0], b->sums[1]};

    for (size_t k = 0; k < columns; k += LANES) {
        const __mmask8 mask = first_lanes(columns - k);
        const struct lanes before = load_lanes(vch_planes_const(out), k, mask);
        store_lanes(out, k, mask, add_lanes(before, load_lanes(sums, k, mask)));
    }
}

#define COMBINE(name, type, weave, shape, block_columns) \
    void vch_combine_##name##_avx512vnni(struct vch_planes out, \
                                         const struct vch_ext *coefficients, const type *w, \
                                         size_t stride, size_t rows, size_t columns) \
    { \
        struct block b; \
        memset(out.c0, 0, columns * sizeof *out.c0); \
        memset(out.c1, 0, columns * sizeof *out.c1); \
        for (size_t o = 0; o < rows; o += ROWS) { \
            const size_t some = rows - o < ROWS ? rows - o : ROWS; \
            cut_digits(&b, &(shape), coefficients + o, some); \
            for (size_t k = 0; k < columns; k += (block_columns)) { \
                const size_t left = columns - k; \
                weave(&b, w + o * stride + k, stride, some, left); \
                sum_block(&b, &(shape), some); \
                add_sums(vch_planes_at(out, k), &b, \
                         left < (block_columns) ? left : (block_columns)); \
            } \
        } \
    }

COMBINE(i8, int8_t, weave_bytes, bytes_shape, 64)
COMBINE(i16, int16_t, weave_words, words_shape, 32)

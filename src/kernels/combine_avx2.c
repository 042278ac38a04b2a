#include "kernels/lanes_avx2.h"

#include <stdbool.h>
#include <string.h>

#include "kernels/lanes.h"

// As in combine_avx512vnni.c, with products of words, which take two rows: so that digits of
// coefficients may have more bits where weights are bytes.
enum {
    ROWS = 256, // of a block
    COLUMNS = 16,
    GROUPS = ROWS / 2,
    DIGITS_MAX = 8, // of an element of F
};

struct shape { // 256 products of a digit and a weight are below 2^31
    size_t digits;
    unsigned bits;
};

static const struct shape bytes_shape = {5, 13}, words_shape = {8, 8};

struct block {
    vec woven[GROUPS][2]; // lane 4i + j of vector v has column 8i + 4v + j of two rows
    uint32_t digits[GROUPS][2][DIGITS_MAX];
    uint64_t sums[2][COLUMNS];
};

static void cut_digits(struct block *b, const struct shape *s, const struct vch_ext *coefficients,
                       size_t rows)
{
    memset(b->digits, 0, sizeof b->digits);
    for (size_t o = 0; o < rows; o++)
        for (size_t plane = 0; plane < 2; plane++) {
            uint64_t rest = coefficients[o].c[plane];
            for (size_t d = 0; d < s->digits; d++, rest >>= s->bits) {
                const uint32_t digit = (uint32_t)rest & ((1u << s->bits) - 1);
                b->digits[o / 2][plane][d] |= digit << 16 * (o % 2);
            }
        }
}

static inline vec load_bytes(const int8_t *w, size_t columns)
{
    int8_t some[COLUMNS] = {0};

    if (columns < COLUMNS) w = memcpy(some, w, columns);
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w));
}

static inline vec load_words(const int16_t *w, size_t columns)
{
    int16_t some[COLUMNS] = {0};

    if (columns < COLUMNS) w = memcpy(some, w, columns * sizeof *w);
    return _mm256_loadu_si256((const __m256i *)(const void *)w);
}

// The digits' sums, each 2^bits times the one before it: below 2^63 together, and as an element.
static inline vec join_digits(const __m128i *digits, size_t count, unsigned bits)
{
    vec sum = _mm256_cvtepi32_epi64(digits[count - 1]);

    for (size_t d = count - 1; d-- > 0;)
        sum = vec_add(vec_left(sum, bits), _mm256_cvtepi32_epi64(digits[d]));
    return vec_add(sum, vec_and(_mm256_cmpgt_epi64(vec_zero(), sum), all(VCH_FP_P)));
}

static inline __attribute__((always_inline)) void
sum_plane(struct block *b, size_t groups, size_t vector, size_t plane, const struct shape s)
{
    vec sums[DIGITS_MAX];

    for (size_t d = 0; d < s.digits; d++)
        sums[d] = vec_zero();
    for (size_t g = 0; g < groups; g++)
#pragma GCC unroll 8
        for (size_t d = 0; d < s.digits; d++) {
            const vec digit = _mm256_set1_epi32((int32_t)b->digits[g][plane][d]);
            sums[d] = _mm256_add_epi32(sums[d], _mm256_madd_epi16(b->woven[g][vector], digit));
        }
    for (size_t half = 0; half < 2; half++) {
        const size_t low = (s.digits + 1) / 2;
        __m128i digits[DIGITS_MAX];
        for (size_t d = 0; d < s.digits; d++)
            digits[d] =
                half == 0 ? _mm256_castsi256_si128(sums[d]) : _mm256_extracti128_si256(sums[d], 1);
        const vec upper_part = join_digits(digits + low, s.digits - low, s.bits);
        const vec lower_part = join_digits(digits, low, s.bits);
        vec_store(b->sums[plane] + 8 * half + 4 * vector,
                  add(shift(upper_part, s.bits * (unsigned)low), lower_part));
    }
}

static void add_sums(struct vch_planes out, const struct block *b, size_t columns)
{
    const struct vch_const_planes sums = {b->sums[0], b->sums[1]};

    for (size_t k = 0; k < columns; k += LANES) {
        const lane_mask mask = first_lanes(columns - k);
        const struct lanes before = load_lanes(vch_planes_const(out), k, mask);
        store_lanes(out, k, mask, add_lanes(before, load_lanes(sums, k, mask)));
    }
}

#define COMBINE(name, type, kind) \
    static void weave_##kind(struct block *b, const type *w, size_t stride, size_t rows, \
                             size_t columns) \
    { \
        for (size_t o = 0; o < rows; o += 2) { \
            const vec row = load_##kind(w + o * stride, columns); \
            const vec next = \
                o + 1 < rows ? load_##kind(w + (o + 1) * stride, columns) : vec_zero(); \
            b->woven[o / 2][0] = _mm256_unpacklo_epi16(row, next); \
            b->woven[o / 2][1] = _mm256_unpackhi_epi16(row, next); \
        } \
    } \
    void vch_combine_##name##_avx2(struct vch_planes out, const struct vch_ext *coefficients, \
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
                weave_##kind(&b, w + o * stride + k, stride, some, left); \
                for (size_t i = 0; i < 4; i++) \
                    sum_plane(&b, (some + 1) / 2, i / 2, i % 2, kind##_shape); \
                add_sums(vch_planes_at(out, k), &b, left); \
            } \
        } \
    }

COMBINE(i8, int8_t, bytes)
COMBINE(i16, int16_t, words)

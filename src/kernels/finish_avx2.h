// How sums of 8 channels leave the registers. Private to the AVX2 kernels.
#pragma once

#include <immintrin.h>
#include <string.h>

#include "kernels/kernels.h"

#define ALWAYS static inline __attribute__((always_inline))

enum { PANEL = 8 };

// What the sums of one panel are finished with: even and odd channels, as 64-bit lanes. AVX2 has
// no arithmetic shift of 64 bits, so values are moved to the unsigned range, by 2^63 in the
// addends, and back, by 2^63 / 2^shift.
struct finish {
    __m256i multipliers, odd_multipliers;
    __m256i addends[2], shifts[2], backs[2];
    __m256i lo, hi;
    size_t count; // channels that there are, at most PANEL
    uint32_t out_size;
    bool is_narrow;
};

ALWAYS struct finish finish_of(const struct vch_panels *p, size_t channel, size_t last)
{
    const __m256i offset = _mm256_set1_epi64x(INT64_MIN);
    const __m256i low = _mm256_loadu_si256((const __m256i *)(p->addends + channel));
    const __m256i high = _mm256_loadu_si256((const __m256i *)(p->addends + channel + 4));
    const __m256i even =
        _mm256_permute4x64_epi64(_mm256_unpacklo_epi64(low, high), _MM_SHUFFLE(3, 1, 2, 0));
    const __m256i odd =
        _mm256_permute4x64_epi64(_mm256_unpackhi_epi64(low, high), _MM_SHUFFLE(3, 1, 2, 0));
    const __m256i multipliers =
        _mm256_loadu_si256((const __m256i *)(const void *)(p->multipliers + channel));
    const __m256i shifts = _mm256_loadu_si256((const __m256i *)(const void *)(p->shifts + channel));
    struct finish f = {
        .multipliers = multipliers,
        .odd_multipliers = _mm256_srli_epi64(multipliers, 32),
        .addends = {_mm256_xor_si256(even, offset), _mm256_xor_si256(odd, offset)},
        .shifts = {_mm256_and_si256(shifts, _mm256_set1_epi64x(UINT32_MAX)),
                   _mm256_srli_epi64(shifts, 32)},
        .lo = _mm256_set1_epi32(p->lo),
        .hi = _mm256_set1_epi32(p->hi),
        .count = last - channel < PANEL ? last - channel : PANEL,
        .out_size = p->out_size,
        .is_narrow = p->is_narrow,
    };

    for (int i = 0; i < 2; i++)
        f.backs[i] = _mm256_srlv_epi64(offset, f.shifts[i]);
    return f;
}

ALWAYS __m256i clamp_to_i32(__m256i value)
{
    const __m256i least = _mm256_set1_epi64x(INT32_MIN), most = _mm256_set1_epi64x(INT32_MAX);

    value = _mm256_blendv_epi8(value, least, _mm256_cmpgt_epi64(least, value));
    return _mm256_blendv_epi8(value, most, _mm256_cmpgt_epi64(value, most));
}

ALWAYS __m256i shift(const struct finish *f, __m256i products, const int odd)
{
    const __m256i sums = _mm256_add_epi64(products, f->addends[odd]); // the offset flips the sign
    const __m256i value = _mm256_sub_epi64(_mm256_srlv_epi64(sums, f->shifts[odd]), f->backs[odd]);

    return f->is_narrow ? value : clamp_to_i32(value);
}

// From products to outputs. The low halves of results that fit int32 are all there is to know;
// others are clamped to it first.
ALWAYS __m256i scale(const struct finish *f, __m256i even, __m256i odd)
{
    const __m256i low = shift(f, even, 0);
    const __m256i high = _mm256_slli_epi64(shift(f, odd, 1), 32);

    return _mm256_min_epi32(_mm256_max_epi32(_mm256_blend_epi32(low, high, 0xaa), f->lo), f->hi);
}

ALWAYS __m256i finish_narrow(const struct finish *f, __m256i sums)
{
    return scale(f, _mm256_mul_epi32(sums, f->multipliers),
                 _mm256_mul_epi32(_mm256_srli_epi64(sums, 32), f->odd_multipliers));
}

// sum * multiplier from halves modulo 2^64, which is exact because the true product fits. The low
// half is taken for signed, so the high one is rounded; of it 32 bits count.
ALWAYS __m256i multiply_wide(__m256i sum, __m256i multiplier)
{
    const __m256i high =
        _mm256_srli_epi64(_mm256_add_epi64(sum, _mm256_set1_epi64x(1LL << 31)), 32);

    return _mm256_add_epi64(_mm256_mul_epi32(sum, multiplier),
                            _mm256_slli_epi64(_mm256_mul_epi32(high, multiplier), 32));
}

ALWAYS __m256i finish_wide(const struct finish *f, __m256i even, __m256i odd)
{
    return scale(f, multiply_wide(even, f->multipliers), multiply_wide(odd, f->odd_multipliers));
}

// `out` is the place's; the first of the outputs goes to `channel`.
ALWAYS void store(const struct finish *f, uint8_t *out, size_t channel, __m256i value)
{
    const size_t size = f->out_size;
    uint8_t bytes[32];

    if (size < 4) // within range already, so that packing changes nothing
        value = _mm256_permute4x64_epi64(_mm256_packs_epi32(value, value), _MM_SHUFFLE(3, 1, 2, 0));
    if (size < 2) value = _mm256_packs_epi16(value, value);
    out += channel * size;
    if (f->count == PANEL && size == 1)
        _mm_storel_epi64((__m128i *)(void *)out, _mm256_castsi256_si128(value));
    else if (f->count == PANEL && size == 2)
        _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(value));
    else if (f->count == PANEL)
        _mm256_storeu_si256((__m256i *)(void *)out, value);
    else {
        _mm256_storeu_si256((__m256i *)(void *)bytes, value);
        memcpy(out, bytes, f->count * size);
    }
}

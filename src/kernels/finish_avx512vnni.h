// How sums of 16 channels leave the registers. Private to the AVX-512 kernels.
#pragma once

#include <immintrin.h>

#include "kernels/kernels.h"

#define ALWAYS static inline __attribute__((always_inline))

enum { PANEL = 16 };

// What the sums of one panel are finished with: even and odd channels, as 64-bit lanes.
struct finish {
    __m512i multipliers, odd_multipliers;
    __m512i addends[2], shifts[2];
    __m512i lo, hi;
    __m128i lo_bytes, hi_bytes; // of int8 outputs
    __mmask16 mask;             // of the channels that there are
    uint32_t out_size;
    bool is_narrow;
};

ALWAYS struct finish finish_of(const struct vch_panels *p, size_t channel, size_t last)
{
    const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
    const __m512i odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
    const __m512i low = _mm512_loadu_si512(p->addends + channel);
    const __m512i high = _mm512_loadu_si512(p->addends + channel + 8);
    const __m512i shifts = _mm512_loadu_si512(p->shifts + channel);
    const __m512i multipliers = _mm512_loadu_si512(p->multipliers + channel);
    const size_t count = last - channel;

    return (struct finish){
        .multipliers = multipliers,
        .odd_multipliers = _mm512_srli_epi64(multipliers, 32),
        .addends = {_mm512_permutex2var_epi64(low, even, high),
                    _mm512_permutex2var_epi64(low, odd, high)},
        .shifts = {_mm512_and_si512(shifts, _mm512_set1_epi64(UINT32_MAX)),
                   _mm512_srli_epi64(shifts, 32)},
        .lo = _mm512_set1_epi32(p->lo),
        .hi = _mm512_set1_epi32(p->hi),
        .lo_bytes = _mm_set1_epi8((int8_t)p->lo),
        .hi_bytes = _mm_set1_epi8((int8_t)p->hi),
        .mask = count >= PANEL ? 0xffff : (__mmask16)((1u << count) - 1),
        .out_size = p->out_size,
        .is_narrow = p->is_narrow,
    };
}

// Even lanes into the low halves, odd lanes into the high ones.
ALWAYS __m512i join(__m512i even, __m512i odd)
{
    return _mm512_mask_shuffle_epi32(even, 0xaaaa, odd, _MM_PERM_CCAA);
}

// From products to results. The low halves of those that fit int32 are all there is to know; others
// are clamped to it.
ALWAYS __m512i scale(const struct finish *f, __m512i even, __m512i odd)
{
    even = _mm512_srav_epi64(_mm512_add_epi64(even, f->addends[0]), f->shifts[0]);
    odd = _mm512_srav_epi64(_mm512_add_epi64(odd, f->addends[1]), f->shifts[1]);
    if (!f->is_narrow) {
        const __m512i least = _mm512_set1_epi64(INT32_MIN), most = _mm512_set1_epi64(INT32_MAX);
        even = _mm512_min_epi64(_mm512_max_epi64(even, least), most);
        odd = _mm512_min_epi64(_mm512_max_epi64(odd, least), most);
    }
    return join(even, odd);
}

ALWAYS __m512i finish_narrow(const struct finish *f, __m512i sums)
{
    return scale(f, _mm512_mul_epi32(sums, f->multipliers),
                 _mm512_mul_epi32(_mm512_srli_epi64(sums, 32), f->odd_multipliers));
}

// sum * multiplier from halves modulo 2^64, which is exact because the true product fits. The low
// half is taken for signed, so the high one is rounded.
ALWAYS __m512i multiply_wide(__m512i sum, __m512i multiplier)
{
    const __m512i high = _mm512_srai_epi64(_mm512_add_epi64(sum, _mm512_set1_epi64(1LL << 31)), 32);

    return _mm512_add_epi64(_mm512_mul_epi32(sum, multiplier),
                            _mm512_slli_epi64(_mm512_mul_epi32(high, multiplier), 32));
}

ALWAYS __m512i finish_wide(const struct finish *f, __m512i even, __m512i odd)
{
    return scale(f, multiply_wide(even, f->multipliers), multiply_wide(odd, f->odd_multipliers));
}

ALWAYS __m512i clamp(const struct finish *f, __m512i value)
{
    return _mm512_min_epi32(_mm512_max_epi32(value, f->lo), f->hi);
}

// `out` is the place's; the first of the results, clamped, goes to `channel`. Saturating to int8
// before a clamp inside it is the clamp alone.
ALWAYS void store(const struct finish *f, uint8_t *out, size_t channel, __m512i value)
{
    if (f->out_size == 1) {
        const __m128i bytes =
            _mm_min_epi8(_mm_max_epi8(_mm512_cvtsepi32_epi8(value), f->lo_bytes), f->hi_bytes);
        if (f->mask == 0xffff)
            _mm_storeu_si128((__m128i *)(void *)(out + channel), bytes);
        else
            _mm_mask_storeu_epi8(out + channel, f->mask, bytes);
    } else if (f->out_size == 2)
        _mm256_mask_storeu_epi16(out + 2 * channel, f->mask,
                                 _mm512_cvtepi32_epi16(clamp(f, value)));
    else
        _mm512_mask_storeu_epi32(out + 4 * channel, f->mask, clamp(f, value));
}

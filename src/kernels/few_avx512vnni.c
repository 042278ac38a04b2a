// Half a panel in half registers: as wide as the sums are, twice as many instructions go through.
#include "kernels/few_avx512vnni.h"

#include <immintrin.h>
#include <string.h>

enum { PLACES = 8, PANEL = 16, STEP = PANEL * 4 };

#define ALWAYS static inline __attribute__((always_inline))

// As struct finish of finish_avx512vnni.h, for 8 channels: even and odd ones, as 64-bit lanes.
struct finish {
    __m256i multipliers, odd_multipliers;
    __m256i addends[2], shifts[2];
    __m128i lo, hi;
    __mmask16 mask;
};

static struct finish finish_of(const struct vch_panels *p, size_t first, size_t channels)
{
    const __m512i split = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    const __m512i addends = _mm512_permutexvar_epi64(split, _mm512_loadu_si512(p->addends + first));
    const __m256i shifts = _mm256_loadu_si256((const __m256i *)(const void *)(p->shifts + first));
    const __m256i multipliers =
        _mm256_loadu_si256((const __m256i *)(const void *)(p->multipliers + first));

    return (struct finish){
        .multipliers = multipliers,
        .odd_multipliers = _mm256_srli_epi64(multipliers, 32),
        .addends = {_mm512_castsi512_si256(addends), _mm512_extracti64x4_epi64(addends, 1)},
        .shifts = {_mm256_and_si256(shifts, _mm256_set1_epi64x(UINT32_MAX)),
                   _mm256_srli_epi64(shifts, 32)},
        .lo = _mm_set1_epi8((int8_t)p->lo),
        .hi = _mm_set1_epi8((int8_t)p->hi),
        .mask = (__mmask16)((1u << channels) - 1),
    };
}

// Results fit int32, and what int8 saturates to is clamped to lo..hi inside it: the clamp alone.
ALWAYS __m128i finish(const struct finish *f, __m256i sums)
{
    __m256i even = _mm256_mul_epi32(sums, f->multipliers);
    __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(sums, 32), f->odd_multipliers);

    even = _mm256_srav_epi64(_mm256_add_epi64(even, f->addends[0]), f->shifts[0]);
    odd = _mm256_srav_epi64(_mm256_add_epi64(odd, f->addends[1]), f->shifts[1]);
    const __m256i both = _mm256_mask_shuffle_epi32(even, 0xaa, odd, _MM_PERM_CCAA);
    return _mm_min_epi8(_mm_max_epi8(_mm256_cvtsepi32_epi8(both), f->lo), f->hi);
}

struct job {
    const struct vch_panels *panels;
    const uint8_t *weights;
    const struct finish *finish;
    size_t first, out_stride;
};

ALWAYS void tile(const struct job *job, int8_t *out, const uint8_t *const *x, const size_t places)
{
    const struct vch_panels *p = job->panels;
    const uint8_t *weights = job->weights;
    const __m256i start =
        _mm256_loadu_si256((const __m256i *)(const void *)(p->starts + job->first));
    __m256i acc[PLACES];

    for (size_t i = 0; i < places; i++)
        acc[i] = start;
    for (uint32_t r = 0; r < p->run_count; r++) {
        const size_t end = p->runs[r] + 4 * (size_t)p->run_steps;
        for (size_t offset = p->runs[r]; offset < end; offset += 4, weights += STEP) {
            const __m256i w = _mm256_loadu_si256((const __m256i *)(const void *)weights);
            for (size_t i = 0; i < places; i++) {
                int32_t terms;
                memcpy(&terms, x[i] + offset, sizeof terms);
                acc[i] = _mm256_dpbusd_epi32(acc[i], _mm256_set1_epi32(terms), w);
            }
        }
    }
    for (size_t i = 0; i < places; i++)
        _mm_mask_storeu_epi8(out + i * job->out_stride, job->finish->mask,
                             finish(job->finish, acc[i]));
}

void vch_few_i8_avx512vnni(int8_t *out, size_t out_stride, const void *x, const uint32_t *places,
                           size_t count, const struct vch_panels *panels, size_t first,
                           size_t channels)
{
    const struct finish f = finish_of(panels, first, channels);
    const size_t panel_size = (size_t)panels->run_count * panels->run_steps * STEP;
    const struct job job = {
        .panels = panels,
        .weights = (const uint8_t *)panels->weights + first / PANEL * panel_size,
        .finish = &f,
        .first = first,
        .out_stride = out_stride,
    };

    out += first;
    for (size_t i = 0, now = 0; i < count; i += now) {
        const uint8_t *at[PLACES];
        now = count - i >= PLACES ? PLACES : count - i >= 4 ? 4 : 1;
        for (size_t k = 0; k < now; k++)
            at[k] = (const uint8_t *)x + places[i + k];
        if (now == PLACES)
            tile(&job, out + i * out_stride, at, PLACES);
        else if (now == 4)
            tile(&job, out + i * out_stride, at, 4);
        else
            tile(&job, out + i * out_stride, at, 1);
    }
}

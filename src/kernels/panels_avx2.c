// Tiles of places by panels, held in registers. Both int8 and int16 activations meet weights
// widened to 16 bits: vpmaddubsw on bytes would saturate. A pair of products is below 2^23; as many
// runs as the caller found to fit are summed up in int32, then the lanes are widened.
#include <immintrin.h>
#include <string.h>

#include "base/check.h"
#include "kernels/finish_avx2.h"
#include "kernels/variants.h"

enum { PLACES = 4, PANELS = 2, STEP = PANEL * 2 * 2 }; // a step: two terms of two bytes

struct job {
    const struct vch_panels *panels;
    const uint8_t *weights; // of the tile's first panel
    size_t panel_size;      // bytes
    size_t channel;         // the tile's first
    size_t last;            // past the job's last channel
    uint8_t *out;           // of the tile's first place, channel 0
    size_t out_stride;      // bytes
};

typedef __m256i sums[PLACES][PANELS];
typedef __m256i wide_sums[PLACES][PANELS][2]; // even and odd channels apart

ALWAYS __m256i pair(const uint8_t *x)
{
    int32_t bits;
    memcpy(&bits, x, sizeof bits);
    return _mm256_set1_epi32(bits);
}

// One run of a tile; `weights` are those of its first step in the first panel.
ALWAYS void run(const struct job *job, sums acc, const uint8_t *const *x, size_t offset,
                const uint8_t *weights, const size_t places, const size_t panels)
{
    const size_t end = offset + 4 * (size_t)job->panels->run_steps;

    for (; offset < end; offset += 4, weights += STEP) {
        __m256i w[PANELS];
        for (size_t j = 0; j < panels; j++)
            w[j] =
                _mm256_loadu_si256((const __m256i *)(const void *)(weights + j * job->panel_size));
        for (size_t i = 0; i < places; i++) {
            const __m256i terms = pair(x[i] + offset);
            for (size_t j = 0; j < panels; j++)
                acc[i][j] = _mm256_add_epi32(acc[i][j], _mm256_madd_epi16(terms, w[j]));
        }
    }
}

ALWAYS void widen(wide_sums wide, sums acc, const size_t places, const size_t panels)
{
    for (size_t i = 0; i < places; i++) {
        for (size_t j = 0; j < panels; j++) {
            const __m256i low = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(acc[i][j]));
            const __m256i high = _mm256_cvtepi32_epi64(_mm256_extracti128_si256(acc[i][j], 1));
            wide[i][j][0] = _mm256_add_epi64(wide[i][j][0], low);
            wide[i][j][1] = _mm256_add_epi64(wide[i][j][1], high);
            acc[i][j] = _mm256_setzero_si256();
        }
    }
}

// In channel order while summed up; even and odd apart to be finished.
ALWAYS __m256i wide_value(const struct finish *f, const __m256i halves[2])
{
    const __m256i even = _mm256_unpacklo_epi64(halves[0], halves[1]);
    const __m256i odd = _mm256_unpackhi_epi64(halves[0], halves[1]);

    return finish_wide(f, _mm256_permute4x64_epi64(even, _MM_SHUFFLE(3, 1, 2, 0)),
                       _mm256_permute4x64_epi64(odd, _MM_SHUFFLE(3, 1, 2, 0)));
}

ALWAYS void finish_tile(const struct job *job, sums acc, wide_sums wide, const size_t places,
                        const size_t panels)
{
    for (size_t j = 0; j < panels; j++) {
        const size_t channel = job->channel + j * PANEL;
        const struct finish f = finish_of(job->panels, channel, job->last);
        for (size_t i = 0; i < places; i++)
            store(&f, job->out + i * job->out_stride, channel,
                  wide == NULL ? finish_narrow(&f, acc[i][j]) : wide_value(&f, wide[i][j]));
    }
}

ALWAYS void tile(const struct job *job, const uint8_t *const *x, const size_t places,
                 const size_t panels)
{
    const struct vch_panels *p = job->panels;
    const size_t run_size = (size_t)p->run_steps * STEP;
    const bool is_wide = p->block_runs < p->run_count;
    wide_sums wide;
    sums acc;

    for (size_t i = 0; i < places; i++)
        for (size_t j = 0; j < panels; j++)
            wide[i][j][0] = wide[i][j][1] = acc[i][j] = _mm256_setzero_si256();
    for (uint32_t r = 0; r < p->run_count; r++) {
        run(job, acc, x, p->runs[r], job->weights + r * run_size, places, panels);
        if (is_wide && (r + 1) % p->block_runs == 0) widen(wide, acc, places, panels);
    }
    if (is_wide) widen(wide, acc, places, panels);
    finish_tile(job, acc, is_wide ? wide : NULL, places, panels);
}

static void tiles(struct job *job, const uint8_t *const *x, size_t places, size_t panels)
{
    switch (places * 4 + panels) {
    case 1 * 4 + 1: tile(job, x, 1, 1); return;
    case 1 * 4 + 2: tile(job, x, 1, 2); return;
    case 2 * 4 + 1: tile(job, x, 2, 1); return;
    case 2 * 4 + 2: tile(job, x, 2, 2); return;
    case 4 * 4 + 1: tile(job, x, 4, 1); return;
    case 4 * 4 + 2: tile(job, x, 4, 2); return;
    default: VCH_ASSERT(false);
    }
}

void vch_panels_i16_avx2(void *out, size_t out_stride, const void *x, const uint32_t *places,
                         size_t count, const struct vch_panels *panels, size_t first, size_t last)
{
    struct job job = {
        .panels = panels,
        .panel_size = (size_t)panels->run_count * panels->run_steps * STEP,
        .last = last,
        .out_stride = out_stride * panels->out_size,
    };

    for (size_t i = 0, now = 0; i < count; i += now) {
        const uint8_t *at[PLACES];
        now = count - i >= 4 ? 4 : count - i >= 2 ? 2 : 1;
        for (size_t k = 0; k < now; k++)
            at[k] = (const uint8_t *)x + places[i + k];
        job.out = (uint8_t *)out + i * job.out_stride;
        for (size_t n = first, wide = 0; n < last; n += wide * PANEL) {
            wide = last - n > PANEL ? 2 : 1;
            job.channel = n;
            job.weights = (const uint8_t *)panels->weights + n / PANEL * job.panel_size;
            tiles(&job, at, now, wide);
        }
    }
}

void vch_panels_i8_avx2(void *out, size_t out_stride, const void *x, const uint32_t *places,
                        size_t count, const struct vch_panels *panels, size_t first, size_t last)
{
    vch_panels_i16_avx2(out, out_stride, x, places, count, panels, first, last);
}

// Tiles of places by panels, held in registers.
//
// int8: vpdpbusd multiplies unsigned by signed bytes. Activations are laid out with 128 added, and
// a channel's sum starts at -128 times the sum of its weights; it does not saturate, and what
// wraps modulo 2^32 on the way wraps back. int16: vpdpwssd, which does not saturate either, sums
// up as many runs as the caller found to fit; then the lanes are widened.
#include <immintrin.h>
#include <string.h>

#include "base/check.h"
#include "kernels/few_avx512vnni.h"
#include "kernels/finish_avx512vnni.h"
#include "kernels/variants.h"

enum { PLACES = 8, PANELS = 4, STEP_I8 = PANEL * 4, STEP_I16 = PANEL * 2 };

struct job {
    const struct vch_panels *panels;
    const uint8_t *weights; // of the tile's first panel
    size_t panel_size;      // bytes
    size_t channel;         // the tile's first
    size_t last;            // past the job's last channel
    uint8_t *out;           // of the tile's first place, channel 0
    size_t out_stride;      // bytes
};

ALWAYS void finish_tile(const struct job *job, __m512i acc[PLACES][PANELS], const size_t places,
                        const size_t panels)
{
    for (size_t j = 0; j < panels; j++) {
        const size_t channel = job->channel + j * PANEL;
        const struct finish f = finish_of(job->panels, channel, job->last);
        for (size_t i = 0; i < places; i++)
            store(&f, job->out + i * job->out_stride, channel, finish_narrow(&f, acc[i][j]));
    }
}

ALWAYS void start_tile(const struct job *job, __m512i acc[PLACES][PANELS], const size_t places,
                       const size_t panels)
{
    for (size_t j = 0; j < panels; j++) {
        const __m512i start = _mm512_loadu_si512(job->panels->starts + job->channel + j * PANEL);
        for (size_t i = 0; i < places; i++)
            acc[i][j] = start;
    }
}

ALWAYS __m512i pair_or_four(const uint8_t *x)
{
    int32_t bits;
    memcpy(&bits, x, sizeof bits);
    return _mm512_set1_epi32(bits);
}

// One run of a tile; `weights` are those of its first step in the first panel.
ALWAYS void run_i8(const struct job *job, __m512i acc[PLACES][PANELS], const uint8_t *const *x,
                   size_t offset, const uint8_t *weights, const size_t places, const size_t panels)
{
    const size_t end = offset + 4 * (size_t)job->panels->run_steps;

    for (; offset < end; offset += 4, weights += STEP_I8) {
        __m512i w[PANELS];
        for (size_t j = 0; j < panels; j++)
            w[j] = _mm512_loadu_si512(weights + j * job->panel_size);
        for (size_t i = 0; i < places; i++) {
            const __m512i terms = pair_or_four(x[i] + offset);
            for (size_t j = 0; j < panels; j++)
                acc[i][j] = _mm512_dpbusd_epi32(acc[i][j], terms, w[j]);
        }
    }
}

ALWAYS void tile_i8(const struct job *job, const uint8_t *const *x, const size_t places,
                    const size_t panels)
{
    const struct vch_panels *p = job->panels;
    const uint8_t *weights = job->weights;
    __m512i acc[PLACES][PANELS];

    start_tile(job, acc, places, panels);
    for (uint32_t r = 0; r < p->run_count; r++, weights += (size_t)p->run_steps * STEP_I8)
        run_i8(job, acc, x, p->runs[r], weights, places, panels);
    finish_tile(job, acc, places, panels);
}

ALWAYS void run_i16(const struct job *job, __m512i acc[PLACES][PANELS], const uint8_t *const *x,
                    size_t offset, const uint8_t *weights, const size_t places, const size_t panels)
{
    const size_t end = offset + 4 * (size_t)job->panels->run_steps;

    for (; offset < end; offset += 4, weights += STEP_I16) {
        __m512i w[PANELS];
        for (size_t j = 0; j < panels; j++)
            w[j] = _mm512_cvtepi8_epi16(
                _mm256_loadu_si256((const __m256i *)(const void *)(weights + j * job->panel_size)));
        for (size_t i = 0; i < places; i++) {
            const __m512i terms = pair_or_four(x[i] + offset);
            for (size_t j = 0; j < panels; j++)
                acc[i][j] = _mm512_dpwssd_epi32(acc[i][j], terms, w[j]);
        }
    }
}

// Sums of 64 bits, even and odd channels apart.
typedef __m512i wide_sums[PLACES][PANELS][2];

ALWAYS void widen_tile(wide_sums wide, __m512i acc[PLACES][PANELS], const size_t places,
                       const size_t panels)
{
    for (size_t i = 0; i < places; i++) {
        for (size_t j = 0; j < panels; j++) {
            const __m512i even = _mm512_srai_epi64(_mm512_slli_epi64(acc[i][j], 32), 32);
            const __m512i odd = _mm512_srai_epi64(acc[i][j], 32);
            wide[i][j][0] = _mm512_add_epi64(wide[i][j][0], even);
            wide[i][j][1] = _mm512_add_epi64(wide[i][j][1], odd);
            acc[i][j] = _mm512_setzero_si512();
        }
    }
}

ALWAYS void finish_wide_tile(const struct job *job, wide_sums wide, const size_t places,
                             const size_t panels)
{
    for (size_t j = 0; j < panels; j++) {
        const size_t channel = job->channel + j * PANEL;
        const struct finish f = finish_of(job->panels, channel, job->last);
        for (size_t i = 0; i < places; i++)
            store(&f, job->out + i * job->out_stride, channel,
                  finish_wide(&f, wide[i][j][0], wide[i][j][1]));
    }
}

ALWAYS void tile_i16(const struct job *job, const uint8_t *const *x, const size_t places,
                     const size_t panels)
{
    const struct vch_panels *p = job->panels;
    const size_t run_size = (size_t)p->run_steps * STEP_I16;
    __m512i acc[PLACES][PANELS];

    start_tile(job, acc, places, panels);
    if (p->block_runs >= p->run_count) {
        for (uint32_t r = 0; r < p->run_count; r++)
            run_i16(job, acc, x, p->runs[r], job->weights + r * run_size, places, panels);
        finish_tile(job, acc, places, panels);
        return;
    }
    wide_sums wide = {0};
    for (uint32_t r = 0; r < p->run_count; r++) {
        run_i16(job, acc, x, p->runs[r], job->weights + r * run_size, places, panels);
        if ((r + 1) % p->block_runs == 0) widen_tile(wide, acc, places, panels);
    }
    widen_tile(wide, acc, places, panels);
    finish_wide_tile(job, wide, places, panels);
}

// Few places take more panels, so that enough sums are under way.
#define TILES(name) \
    static void tiles_##name(struct job *job, const uint8_t *const *x, size_t places, \
                             size_t panels) \
    { \
        switch (places * 8 + panels) { \
        case 1 * 8 + 1: tile_##name(job, x, 1, 1); return; \
        case 1 * 8 + 2: tile_##name(job, x, 1, 2); return; \
        case 1 * 8 + 4: tile_##name(job, x, 1, 4); return; \
        case 2 * 8 + 1: tile_##name(job, x, 2, 1); return; \
        case 2 * 8 + 2: tile_##name(job, x, 2, 2); return; \
        case 2 * 8 + 4: tile_##name(job, x, 2, 4); return; \
        case 4 * 8 + 1: tile_##name(job, x, 4, 1); return; \
        case 4 * 8 + 2: tile_##name(job, x, 4, 2); return; \
        case 8 * 8 + 1: tile_##name(job, x, 8, 1); return; \
        case 8 * 8 + 2: tile_##name(job, x, 8, 2); return; \
        default: VCH_ASSERT(false); \
        } \
    }

TILES(i8)
TILES(i16)

// The largest of the sizes that tiles come in.
static size_t tile_places(size_t count)
{
    return count >= 8 ? 8 : count >= 4 ? 4 : count >= 2 ? 2 : 1;
}

static size_t tile_panels(size_t count, size_t places)
{
    if (count >= 4 && places <= 2) return 4;
    return count >= 2 ? 2 : 1;
}

#define PANELS_KERNEL(name, step) \
    static void panels_##name(void *out, size_t out_stride, const void *x, const uint32_t *places, \
                              size_t count, const struct vch_panels *panels, size_t first, \
                              size_t last) \
    { \
        const size_t panel_size = (size_t)panels->run_count * panels->run_steps * (step); \
        struct job job = {.panels = panels, \
                          .panel_size = panel_size, \
                          .last = last, \
                          .out_stride = out_stride * panels->out_size}; \
        for (size_t i = 0, now = 0; i < count; i += now) { \
            const uint8_t *at[PLACES]; \
            now = tile_places(count - i); \
            for (size_t k = 0; k < now; k++) \
                at[k] = (const uint8_t *)x + places[i + k]; \
            job.out = (uint8_t *)out + i * job.out_stride; \
            for (size_t n = first, wide = 0; n < last; n += wide * PANEL) { \
                wide = tile_panels((last - n + PANEL - 1) / PANEL, now); \
                job.channel = n; \
                job.weights = (const uint8_t *)panels->weights + n / PANEL * panel_size; \
                tiles_##name(&job, at, now, wide); \
            } \
        } \
    }

PANELS_KERNEL(i8, STEP_I8)
PANELS_KERNEL(i16, STEP_I16)

void vch_panels_i8_avx512vnni(void *out, size_t out_stride, const void *x, const uint32_t *places,
                              size_t count, const struct vch_panels *panels, size_t first,
                              size_t last)
{
    const size_t rest = (last - first) % PANEL;
    const bool is_few = rest > 0 && rest <= FEW && panels->is_narrow && panels->out_size == 1;

    panels_i8(out, out_stride, x, places, count, panels, first, is_few ? last - rest : last);
    if (is_few) vch_few_i8_avx512vnni(out, out_stride, x, places, count, panels, last - rest, rest);
}

void vch_panels_i16_avx512vnni(void *out, size_t out_stride, const void *x, const uint32_t *places,
                               size_t count, const struct vch_panels *panels, size_t first,
                               size_t last)
{
    panels_i16(out, out_stride, x, places, count, panels, first, last);
}

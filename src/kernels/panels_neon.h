// Tiles of places by panels, held in registers: what NEON's levels share. Whoever includes this
// defines `run`.
#pragma once

#include <arm_neon.h>

#include "base/check.h"
#include "kernels/finish_neon.h"
#include "kernels/variants.h"

enum { PLACES = 4, PANELS = 2 };

struct job {
    const struct vch_panels *panels;
    const uint8_t *weights;      // of the tile's first panel
    size_t run_size, panel_size; // bytes of weights
    size_t channel;              // the tile's first
    size_t last;                 // past the job's last channel
    uint8_t *out;                // of the tile's first place, channel 0
    size_t out_stride;           // bytes
};

typedef int32x4_t sums[PLACES][PANELS][2]; // four channels each
typedef int64x2_t wide_sums[PLACES][PANELS][4];

// One run of a tile, added up exactly; `weights` are those of its first step in the first panel,
// and x[i] + offset is where the run begins for place i.
ALWAYS void run(const struct job *job, sums acc, const uint8_t *const *x, size_t offset,
                const uint8_t *weights, size_t places, size_t panels);

ALWAYS void widen(wide_sums wide, sums acc, const size_t places, const size_t panels)
{
    for (size_t i = 0; i < places; i++)
        for (size_t j = 0; j < panels; j++)
            for (size_t k = 0; k < 2; k++) {
                const int32x4_t four = acc[i][j][k];
                wide[i][j][2 * k] = vaddw_s32(wide[i][j][2 * k], vget_low_s32(four));
                wide[i][j][2 * k + 1] = vaddw_high_s32(wide[i][j][2 * k + 1], four);
                acc[i][j][k] = vdupq_n_s32(0);
            }
}

ALWAYS void finish_tile(const struct job *job, sums acc, wide_sums wide, const size_t places,
                        const size_t panels)
{
    for (size_t j = 0; j < panels; j++) {
        const size_t channel = job->channel + j * PANEL;
        const struct finish f = finish_of(job->panels, channel, job->last);
        for (size_t i = 0; i < places; i++) {
            int32x4_t value[2];
            for (size_t k = 0; k < 2; k++)
                value[k] = wide == NULL
                               ? finish_narrow(&f, k, acc[i][j][k])
                               : finish_wide(&f, k, wide[i][j][2 * k], wide[i][j][2 * k + 1]);
            store(&f, job->out + i * job->out_stride, channel, value[0], value[1]);
        }
    }
}

ALWAYS void tile(const struct job *job, const uint8_t *const *x, const size_t places,
                 const size_t panels)
{
    const struct vch_panels *p = job->panels;
    const bool is_wide = p->block_runs < p->run_count;
    wide_sums wide;
    sums acc;

    for (size_t i = 0; i < places; i++)
        for (size_t j = 0; j < panels; j++)
            for (size_t k = 0; k < 2; k++) {
                acc[i][j][k] = vdupq_n_s32(0);
                wide[i][j][2 * k] = wide[i][j][2 * k + 1] = vdupq_n_s64(0);
            }
    for (uint32_t r = 0; r < p->run_count; r++) {
        run(job, acc, x, p->runs[r], job->weights + r * job->run_size, places, panels);
        if (is_wide && (r + 1) % p->block_runs == 0) widen(wide, acc, places, panels);
    }
    if (is_wide) widen(wide, acc, places, panels);
    finish_tile(job, acc, is_wide ? wide : NULL, places, panels);
}

static void tiles(const struct job *job, const uint8_t *const *x, size_t places, size_t panels)
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

// `step` is the bytes of a panel's weights that one step of a run meets.
ALWAYS void all_tiles(void *out, size_t out_stride, const void *x, const uint32_t *places,
                      size_t count, const struct vch_panels *panels, size_t first, size_t last,
                      const size_t step)
{
    struct job job = {
        .panels = panels,
        .run_size = panels->run_steps * step,
        .panel_size = panels->run_count * (panels->run_steps * step),
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

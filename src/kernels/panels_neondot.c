// Four terms a step: sdot sums four products of signed bytes into int32, without saturating.
#include "kernels/panels_neon.h"

enum { GROUP = 4, STEP = GROUP * PANEL };

ALWAYS void run(const struct job *job, sums acc, const uint8_t *const *x, size_t offset,
                const uint8_t *weights, const size_t places, const size_t panels)
{
    const size_t end = offset + GROUP * (size_t)job->panels->run_steps;

    for (; offset < end; offset += GROUP, weights += STEP) {
        int8x16_t w[PANELS][2];
        for (size_t j = 0; j < panels; j++)
            for (size_t k = 0; k < 2; k++)
                w[j][k] = vreinterpretq_s8_u8(vld1q_u8(weights + j * job->panel_size + 16 * k));
        for (size_t i = 0; i < places; i++) {
            uint32_t four;
            memcpy(&four, x[i] + offset, sizeof four);
            const int8x16_t terms = vreinterpretq_s8_u32(vdupq_n_u32(four));
            for (size_t j = 0; j < panels; j++)
                for (size_t k = 0; k < 2; k++)
                    acc[i][j][k] = vdotq_s32(acc[i][j][k], w[j][k], terms);
        }
    }
}

void vch_panels_i8_neondot(void *out, size_t out_stride, const void *x, const uint32_t *places,
                           size_t count, const struct vch_panels *panels, size_t first, size_t last)
{
    all_tiles(out, out_stride, x, places, count, panels, first, last, STEP);
}

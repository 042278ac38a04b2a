// One term a step: activations of 16 bits, laid out so where they have 8, by weights that are
// widened as they are loaded. A product is at most 2^22; as many runs as the caller found to fit
// are summed up in int32, then the lanes are widened.
#include "kernels/panels_neon.h"

ALWAYS void run(const struct job *job, sums acc, const uint8_t *const *x, size_t offset,
                const uint8_t *weights, const size_t places, const size_t panels)
{
    const size_t end = offset + sizeof(int16_t) * job->panels->run_steps;

    for (; offset < end; offset += sizeof(int16_t), weights += PANEL) {
        int16x8_t w[PANELS];
        for (size_t j = 0; j < panels; j++)
            w[j] = vmovl_s8(vreinterpret_s8_u8(vld1_u8(weights + j * job->panel_size)));
        for (size_t i = 0; i < places; i++) {
            const int16x8_t term = vld1q_dup_s16((const int16_t *)(const void *)(x[i] + offset));
            for (size_t j = 0; j < panels; j++) {
                acc[i][j][0] = vmlal_s16(acc[i][j][0], vget_low_s16(term), vget_low_s16(w[j]));
                acc[i][j][1] = vmlal_high_s16(acc[i][j][1], term, w[j]);
            }
        }
    }
}

void vch_panels_i16_neon(void *out, size_t out_stride, const void *x, const uint32_t *places,
                         size_t count, const struct vch_panels *panels, size_t first, size_t last)
{
    all_tiles(out, out_stride, x, places, count, panels, first, last, PANEL);
}

void vch_panels_i8_neon(void *out, size_t out_stride, const void *x, const uint32_t *places,
                        size_t count, const struct vch_panels *panels, size_t first, size_t last)
{
    vch_panels_i16_neon(out, out_stride, x, places, count, panels, first, last);
}

#include "kernels/finish_neon.h"
#include "kernels/variants.h"

void vch_rescale_i32_neon(void *out, size_t out_stride, const int32_t *sums, size_t count,
                          const struct vch_panels *panels)
{
    for (size_t n = 0; n < panels->channels; n += PANEL) {
        const struct finish f = finish_of(panels, n, panels->channels);
        for (size_t i = 0; i < count; i++) {
            const int32_t *from = sums + i * panels->channels + n;
            int32_t some[PANEL] = {0}; // none are read that are not there
            if (f.count < PANEL) from = memcpy(some, from, f.count * sizeof *from);
            store(&f, (uint8_t *)out + i * out_stride * panels->out_size, n,
                  finish_narrow(&f, 0, vld1q_s32(from)), finish_narrow(&f, 1, vld1q_s32(from + 4)));
        }
    }
}

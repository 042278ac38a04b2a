#include <immintrin.h>

#include "kernels/finish_avx512vnni.h"
#include "kernels/variants.h"

void vch_rescale_i32_avx512vnni(void *out, size_t out_stride, const int32_t *sums, size_t count,
                                const struct vch_panels *panels)
{
    for (size_t n = 0; n < panels->channels; n += PANEL) {
        const struct finish f = finish_of(panels, n, panels->channels);
        for (size_t i = 0; i < count; i++) {
            const __m512i sum = _mm512_maskz_loadu_epi32(f.mask, sums + i * panels->channels + n);
            store(&f, (uint8_t *)out + i * out_stride * panels->out_size, n,
                  finish_narrow(&f, sum));
        }
    }
}

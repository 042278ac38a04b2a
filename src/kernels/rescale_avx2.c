#include <immintrin.h>

#include "kernels/finish_avx2.h"
#include "kernels/variants.h"

// The sums of one panel; none are read that are not there.
ALWAYS __m256i load(const int32_t *sums, size_t count)
{
    int32_t some[PANEL] = {0};

    if (count == PANEL) return _mm256_loadu_si256((const __m256i *)(const void *)sums);
    memcpy(some, sums, count * sizeof *sums);
    return _mm256_loadu_si256((const __m256i *)(const void *)some);
}

void vch_rescale_i32_avx2(void *out, size_t out_stride, const int32_t *sums, size_t count,
                          const struct vch_panels *panels)
{
    for (size_t n = 0; n < panels->channels; n += PANEL) {
        const struct finish f = finish_of(panels, n, panels->channels);
        for (size_t i = 0; i < count; i++)
            store(&f, (uint8_t *)out + i * out_stride * panels->out_size, n,
                  finish_narrow(&f, load(sums + i * panels->channels + n, f.count)));
    }
}

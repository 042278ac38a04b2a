#include <immintrin.h>

#include "kernels/variants.h"

enum { CHAINS = 16, PRODUCTS = 64 };

uint64_t vch_peak_avx512vnni(size_t rounds, void *sink)
{
    const __m512i x = _mm512_loadu_si512(sink);
    __m512i acc[CHAINS];

    for (int i = 0; i < CHAINS; i++)
        acc[i] = x;
    for (size_t r = 0; r < rounds; r++)
        for (int i = 0; i < CHAINS; i++)
            acc[i] = _mm512_dpbusd_epi32(acc[i], x, x);
    for (int i = 1; i < CHAINS; i++)
        acc[0] = _mm512_xor_si512(acc[0], acc[i]);
    _mm512_storeu_si512(sink, acc[0]);
    return (uint64_t)rounds * CHAINS * PRODUCTS;
}

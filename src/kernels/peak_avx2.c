#include <immintrin.h>

#include "kernels/variants.h"

enum { CHAINS = 10, PRODUCTS = 16 };

uint64_t vch_peak_avx2(size_t rounds, void *sink)
{
    __m256i acc[CHAINS], x = _mm256_loadu_si256(sink);

    for (int i = 0; i < CHAINS; i++)
        acc[i] = x;
    for (size_t r = 0; r < rounds; r++) {
        for (int i = 0; i < CHAINS; i++) {
            acc[i] = _mm256_add_epi32(acc[i], _mm256_madd_epi16(x, x));
            __asm__ volatile("" : "+x"(x)); // or the compiler would multiply once
        }
    }
    for (int i = 1; i < CHAINS; i++)
        acc[0] = _mm256_xor_si256(acc[0], acc[i]);
    _mm256_storeu_si256(sink, acc[0]);
    return (uint64_t)rounds * CHAINS * PRODUCTS;
}

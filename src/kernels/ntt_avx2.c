#include "kernels/lanes_avx2.h"

#include "kernels/lanes.h"

// x[k] = sum over j of x[j] w^(jk), w = vch_fp_root(2) = 2^48. Canonical in, loose out.
static inline void transform_few(vec x[4])
{
    const vec even = add(x[0], x[2]), odd = add(x[1], x[3]);
    const vec less = sub(x[0], x[2]), turned = shift(sub(x[1], x[3]), 48);

    x[0] = add_loose(even, odd);
    x[1] = add_loose(less, turned);
    x[2] = sub(even, odd);
    x[3] = sub(less, turned);
}

// Rows become columns.
static inline void turn_square(vec x[4])
{
    const vec pairs[4] = {_mm256_unpacklo_epi64(x[0], x[1]), _mm256_unpackhi_epi64(x[0], x[1]),
                          _mm256_unpacklo_epi64(x[2], x[3]), _mm256_unpackhi_epi64(x[2], x[3])};

    for (size_t i = 0; i < 2; i++) {
        x[i] = _mm256_permute2x128_si256(pairs[i], pairs[i + 2], 0x20);
        x[i + 2] = _mm256_permute2x128_si256(pairs[i], pairs[i + 2], 0x31);
    }
}

static const uint8_t reversed_few[LANES] = {0, 2, 1, 3};

#include "kernels/lanes_ntt.h"

#include "kernels/lanes_avx512vnni.h"

#include "kernels/lanes.h"

// x[k] = sum over j of x[j] w^(jk), w = vch_fp_root(3) = -2^24. Canonical in, loose out.
static inline void transform_few(vec x[8])
{
    vec y[8];

    for (size_t j = 0; j < 4; j++) {
        y[j] = add(x[j], x[j + 4]);
        y[j + 4] = sub(x[j], x[j + 4]);
    }
    const vec turned = shift(y[6], 48), turned_odd = shift(y[7], 48);
    const vec even[4] = {add_loose(y[0], y[2]), add_loose(y[4], turned), sub(y[0], y[2]),
                         sub(y[4], turned)};
    const vec odd[4] = {add(y[1], y[3]), shift(add_loose(y[5], turned_odd), 24),
                        shift(sub(y[1], y[3]), 48), shift(shift(sub(y[5], turned_odd), 48), 24)};
    x[0] = add_loose(even[0], odd[0]);
    x[1] = sub(even[1], odd[1]);
    x[2] = add_loose(even[2], odd[2]);
    x[3] = sub(even[3], odd[3]);
    x[4] = sub(even[0], odd[0]);
    x[5] = add_loose(even[1], odd[1]);
    x[6] = sub(even[2], odd[2]);
    x[7] = add_loose(even[3], odd[3]);
}

// Rows become columns.
static inline void turn_square(vec x[8])
{
    vec pairs[8], quads[8];

    for (size_t i = 0; i < 8; i += 2) {
        pairs[i] = _mm512_unpacklo_epi64(x[i], x[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_epi64(x[i], x[i + 1]);
    }
    for (size_t i = 0; i < 8; i += 4)
        for (size_t k = 0; k < 2; k++) { // lanes 0 and 2, lanes 1 and 3, of 128 bits
            quads[i + k] = _mm512_shuffle_i64x2(pairs[i + k], pairs[i + k + 2], 0x88);
            quads[i + k + 2] = _mm512_shuffle_i64x2(pairs[i + k], pairs[i + k + 2], 0xdd);
        }
    for (size_t k = 0; k < 4; k++) {
        x[k] = _mm512_shuffle_i64x2(quads[k], quads[k + 4], 0x88);
        x[k + 4] = _mm512_shuffle_i64x2(quads[k], quads[k + 4], 0xdd);
    }
}

static const uint8_t reversed_few[LANES] = {0, 4, 2, 6, 1, 5, 3, 7};

#include "kernels/lanes_ntt.h"

#include "kernels/factor_avx512vnni.h"
#include "kernels/field_variants.h"
#include "kernels/sums_avx512vnni.h"

void vch_scale_powers_avx512vnni(uint64_t *values, size_t count, uint64_t first, uint64_t ratio)
{
    uint64_t powers[LANES];

    for (size_t i = 0; i < LANES; i++, first = vch_fp_mul(first, ratio))
        powers[i] = first;
    const __m512i step = all(vch_fp_pow(ratio, LANES));
    const __m512i steps = all(vch_fp_pow(ratio, 2 * LANES));
    __m512i even = _mm512_loadu_si512(powers), odd = mul(even, step); // two chains, not to wait

    for (size_t i = 0; i < count; i += 2 * LANES) {
        const __mmask8 mask = first_lanes(count - i);
        store(values + i, mask, mul(load(values + i, mask), even));
        even = mul_loose(even, steps);
        if (i + LANES < count) {
            const __mmask8 rest = first_lanes(count - i - LANES);
            store(values + i + LANES, rest, mul(load(values + i + LANES, rest), odd));
            odd = mul_loose(odd, steps);
        }
    }
}

void vch_mul_base_avx512vnni(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        store(out + i, mask, mul(load(a + i, mask), load(b + i, mask)));
    }
}

void vch_mul_avx512vnni(struct vch_planes out, struct vch_const_planes a, struct vch_const_planes b,
                        size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        store_lanes(out, i, mask, mul_lanes(load_lanes(a, i, mask), load_lanes(b, i, mask)));
    }
}

void vch_axpy_base_avx512vnni(struct vch_planes out, const uint64_t *x, struct vch_ext c,
                              size_t count)
{
    const struct factor factor = factor_of(c);

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        const struct digits a = cut(load(x + i, mask));
        const struct lanes product = {times_base(&a, &factor.c0), times_base(&a, &factor.c1)};
        const struct lanes before = load_lanes(vch_planes_const(out), i, mask);
        store_lanes(out, i, mask, add_lanes(product, before));
    }
}

void vch_axpy_avx512vnni(struct vch_planes out, struct vch_const_planes x, struct vch_ext c,
                         size_t count)
{
    const struct factor factor = factor_of(c);

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        const struct lanes product = times(load_lanes(x, i, mask), &factor);
        const struct lanes before = load_lanes(vch_planes_const(out), i, mask);
        store_lanes(out, i, mask, add_lanes(product, before));
    }
}

struct vch_ext vch_dot_base_avx512vnni(struct vch_const_planes e, const uint64_t *x, size_t count)
{
    struct sum low = sum_zero(), high = sum_zero();

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        const struct lanes a = load_lanes(e, i, mask);
        const __m512i b = load(x + i, mask);
        sum_product(&low, a.c0, b);
        sum_product(&high, a.c1, b);
    }
    return (struct vch_ext){{sum_total(&low), sum_total(&high)}};
}

struct vch_ext vch_dot_avx512vnni(struct vch_const_planes a, struct vch_const_planes b,
                                  size_t count)
{
    struct lanes_sum sum = lanes_sum_zero();

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        sum_lanes_product(&sum, load_lanes(a, i, mask), load_lanes(b, i, mask));
    }
    return lanes_sum_total(&sum);
}

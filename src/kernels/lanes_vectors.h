// Element by element, and dot products, for both kinds of lanes. Private to this folder.
#pragma once

#include "kernels/lanes_factor.h"
#include "kernels/lanes_sums.h"

void VARIANT(scale_powers)(uint64_t *values, size_t count, uint64_t first, uint64_t ratio)
{
    uint64_t powers[LANES];

    for (size_t i = 0; i < LANES; i++, first = vch_fp_mul(first, ratio))
        powers[i] = first;
    const vec step = all(vch_fp_pow(ratio, LANES));
    const vec steps = all(vch_fp_pow(ratio, 2 * LANES));
    vec even = vec_load(powers), odd = mul(even, step); // two chains, not to wait

    for (size_t i = 0; i < count; i += 2 * LANES) {
        const lane_mask mask = first_lanes(count - i);
        store(values + i, mask, mul(load(values + i, mask), even));
        even = mul_loose(even, steps);
        if (i + LANES < count) {
            const lane_mask rest = first_lanes(count - i - LANES);
            store(values + i + LANES, rest, mul(load(values + i + LANES, rest), odd));
            odd = mul_loose(odd, steps);
        }
    }
}

void VARIANT(mul_base)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        store(out + i, mask, mul(load(a + i, mask), load(b + i, mask)));
    }
}

void VARIANT(mul)(struct vch_planes out, struct vch_const_planes a, struct vch_const_planes b,
                  size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        store_lanes(out, i, mask, mul_lanes(load_lanes(a, i, mask), load_lanes(b, i, mask)));
    }
}

void VARIANT(add)(struct vch_planes out, struct vch_const_planes a, struct vch_const_planes b,
                  size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        store_lanes(out, i, mask, add_lanes(load_lanes(a, i, mask), load_lanes(b, i, mask)));
    }
}

void VARIANT(axpy_base)(struct vch_planes out, const uint64_t *x, struct vch_ext c, size_t count)
{
    const struct factor factor = factor_of(c);

    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        const struct digits a = cut(load(x + i, mask));
        const struct lanes product = {times_base(&a, &factor.c0), times_base(&a, &factor.c1)};
        const struct lanes before = load_lanes(vch_planes_const(out), i, mask);
        store_lanes(out, i, mask, add_lanes(product, before));
    }
}

void VARIANT(axpy)(struct vch_planes out, struct vch_const_planes x, struct vch_ext c, size_t count)
{
    const struct factor factor = factor_of(c);

    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        const struct lanes product = times(load_lanes(x, i, mask), &factor);
        const struct lanes before = load_lanes(vch_planes_const(out), i, mask);
        store_lanes(out, i, mask, add_lanes(product, before));
    }
}

struct vch_ext VARIANT(dot_base)(struct vch_const_planes e, const uint64_t *x, size_t count)
{
    struct sum low = sum_zero(), high = sum_zero();

    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        const struct lanes a = load_lanes(e, i, mask);
        const vec b = load(x + i, mask);
        sum_product(&low, a.c0, b);
        sum_product(&high, a.c1, b);
    }
    return (struct vch_ext){{sum_total(&low), sum_total(&high)}};
}

struct vch_ext VARIANT(dot)(struct vch_const_planes a, struct vch_const_planes b, size_t count)
{
    struct lanes_sum sum = lanes_sum_zero();

    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        sum_lanes_product(&sum, load_lanes(a, i, mask), load_lanes(b, i, mask));
    }
    return lanes_sum_total(&sum);
}

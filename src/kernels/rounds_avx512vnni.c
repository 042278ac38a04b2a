#include "kernels/field_variants.h"
#include "kernels/sums_avx512vnni.h"

enum {
    FEW = 16,    // so few are sooner done by plain loops
    BLOCK = 256, // what is kept near between two loops over it
};

void vch_eq_table_avx512vnni(struct vch_planes out, const struct vch_ext *point, size_t n,
                             struct vch_ext scale)
{
    const size_t plain = n < 3 ? n : 3;

    vch_eq_table_portable(out, point, plain, scale);
    for (size_t j = plain; j < n; j++) {
        const struct lanes r = all_lanes(point[j]);
        for (size_t i = 0, half = (size_t)1 << j; i < half; i += LANES) {
            const struct lanes value = load_lanes(vch_planes_const(out), i, 0xff);
            const struct lanes high = mul_lanes(value, r);
            store_lanes(out, half + i, 0xff, high);
            store_lanes(out, i, 0xff, sub_lanes(value, high));
        }
    }
}

static inline struct lanes difference(struct vch_const_planes a, size_t half, size_t i,
                                      __mmask8 mask)
{
    return sub_lanes(load_lanes(a, half + i, mask), load_lanes(a, i, mask));
}

void vch_fold_avx512vnni(struct vch_planes a, size_t half, size_t count, struct vch_ext r)
{
    const struct vch_const_planes from = vch_planes_const(a);
    const struct lanes factor = all_lanes(r);

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        const struct lanes step = mul_lanes(difference(from, half, i, mask), factor);
        store_lanes(a, i, mask, add_lanes(load_lanes(from, i, mask), step));
    }
}

void vch_fold_base_avx512vnni(struct vch_planes out, const uint64_t *a, size_t half, size_t count,
                              struct vch_ext r)
{
    const struct lanes factor = all_lanes(r);

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        const __m512i low = load(a + i, mask);
        const __m512i step = sub(load(a + half + i, mask), low);
        store(out.c0 + i, mask, add(mul_loose(step, factor.c0), low));
        store(out.c1 + i, mask, mul(step, factor.c1));
    }
}

// Adds the products of `count` elements to the sum.
static void sum_products(struct lanes_sum *sum, struct vch_const_planes a,
                         struct vch_const_planes b, size_t count)
{
    struct lanes_sum near = *sum;

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        sum_lanes_product(&near, load_lanes(a, i, mask), load_lanes(b, i, mask));
    }
    *sum = near;
}

static void sum_differences(struct lanes_sum *sum, struct vch_const_planes a,
                            struct vch_const_planes b, size_t half, size_t count)
{
    struct lanes_sum near = *sum;

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        sum_lanes_product(&near, difference(a, half, i, mask), difference(b, half, i, mask));
    }
    *sum = near;
}

static void finish(struct vch_ext sums[3], const struct lanes_sum near[3])
{
    for (size_t k = 0; k < 3; k++)
        sums[k] = lanes_sum_total(&near[k]);
}

static size_t block(size_t left)
{
    return left < BLOCK ? left : BLOCK;
}

void vch_product_round_avx512vnni(struct vch_ext sums[3], struct vch_const_planes a,
                                  struct vch_const_planes b, size_t half, size_t count)
{
    struct lanes_sum near[3] = {lanes_sum_zero(), lanes_sum_zero(), lanes_sum_zero()};

    if (count < FEW) {
        vch_product_round_portable(sums, a, b, half, count);
        return;
    }
    for (size_t i = 0; i < count; i += BLOCK) {
        const struct vch_const_planes x = vch_const_planes_at(a, i), y = vch_const_planes_at(b, i);
        const size_t some = block(count - i);
        sum_products(&near[0], x, y, some);
        sum_products(&near[1], vch_const_planes_at(x, half), vch_const_planes_at(y, half), some);
        sum_differences(&near[2], x, y, half, some);
    }
    finish(sums, near);
}

struct base_sum {
    struct sum c0, c1;
};

static void sum_base_products(struct base_sum *sum, struct vch_const_planes a, const uint64_t *b,
                              size_t count)
{
    struct base_sum near = *sum;

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        const struct lanes x = load_lanes(a, i, mask);
        const __m512i y = load(b + i, mask);
        sum_product(&near.c0, x.c0, y);
        sum_product(&near.c1, x.c1, y);
    }
    *sum = near;
}

static void sum_base_differences(struct base_sum *sum, struct vch_const_planes a, const uint64_t *b,
                                 size_t half, size_t count)
{
    struct base_sum near = *sum;

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        const struct lanes x = difference(a, half, i, mask);
        const __m512i y = sub(load(b + half + i, mask), load(b + i, mask));
        sum_product(&near.c0, x.c0, y);
        sum_product(&near.c1, x.c1, y);
    }
    *sum = near;
}

void vch_product_round_base_avx512vnni(struct vch_ext sums[3], struct vch_const_planes a,
                                       const uint64_t *b, size_t half, size_t count)
{
    struct base_sum near[3];

    if (count < FEW) {
        vch_product_round_base_portable(sums, a, b, half, count);
        return;
    }
    for (size_t k = 0; k < 3; k++)
        near[k] = (struct base_sum){sum_zero(), sum_zero()};
    for (size_t i = 0; i < count; i += BLOCK) {
        const struct vch_const_planes x = vch_const_planes_at(a, i);
        const size_t some = block(count - i);
        sum_base_products(&near[0], x, b + i, some);
        sum_base_products(&near[1], vch_const_planes_at(x, half), b + half + i, some);
        sum_base_differences(&near[2], x, b + i, half, some);
    }
    for (size_t k = 0; k < 3; k++)
        sums[k] = (struct vch_ext){{sum_total(&near[k].c0), sum_total(&near[k].c1)}};
}

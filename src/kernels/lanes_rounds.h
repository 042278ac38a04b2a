// Rounds of sumchecks over products, for both kinds of lanes. Private to this folder.
#pragma once

#include "kernels/lanes_sums.h"

enum {
    FEW = 16,    // so few are sooner done by plain loops
    BLOCK = 256, // what is kept near between two loops over it
};

static void sum_differences(struct lanes_sum *sum, struct vch_const_planes a,
                            struct vch_const_planes b, size_t half, size_t count)
{
    struct lanes_sum near = *sum;

    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        sum_lanes_product(&near, difference(a, half, i, mask), difference(b, half, i, mask));
    }
    *sum = near;
}

// Sums over BLOCK values, one after the other, which stay near in the meantime: all at once need
// more registers than there are.
static void sum_block(struct lanes_sum near[3], struct vch_const_planes a,
                      struct vch_const_planes b, size_t half, size_t count, bool is_round)
{
    sum_products(&near[0], a, b, count);
    if (is_round)
        sum_products(&near[1], vch_const_planes_at(a, half), vch_const_planes_at(b, half), count);
    sum_differences(&near[2], a, b, half, count);
}

static size_t block(size_t left)
{
    return left < BLOCK ? left : BLOCK;
}

void VARIANT(product_round)(struct vch_ext sums[3], struct vch_const_planes a,
                            struct vch_const_planes b, size_t half, size_t count)
{
    struct lanes_sum near[3] = {lanes_sum_zero(), lanes_sum_zero(), lanes_sum_zero()};

    if (count < FEW) {
        vch_product_round_portable(sums, a, b, half, count);
        return;
    }
    for (size_t i = 0; i < count; i += BLOCK)
        sum_block(near, vch_const_planes_at(a, i), vch_const_planes_at(b, i), half,
                  block(count - i), true);
    for (size_t k = 0; k < 3; k++)
        sums[k] = lanes_sum_total(&near[k]);
}

void VARIANT(product_ends)(struct vch_ext ends[2], struct vch_const_planes a,
                           struct vch_const_planes b, size_t half, size_t count)
{
    struct lanes_sum near[3] = {lanes_sum_zero(), lanes_sum_zero(), lanes_sum_zero()};

    if (count < FEW) {
        vch_product_ends_portable(ends, a, b, half, count);
        return;
    }
    for (size_t i = 0; i < count; i += BLOCK)
        sum_block(near, vch_const_planes_at(a, i), vch_const_planes_at(b, i), half,
                  block(count - i), false);
    ends[0] = lanes_sum_total(&near[0]);
    ends[1] = lanes_sum_total(&near[2]);
}

struct base_sum {
    struct sum c0, c1;
};

static struct base_sum base_sum_zero(void)
{
    return (struct base_sum){sum_zero(), sum_zero()};
}

static void sum_base_products(struct base_sum *sum, struct vch_const_planes a, const uint64_t *b,
                              size_t count)
{
    struct base_sum near = *sum;

    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        const struct lanes x = load_lanes(a, i, mask);
        const vec y = load(b + i, mask);
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
        const lane_mask mask = first_lanes(count - i);
        const struct lanes x = difference(a, half, i, mask);
        const vec y = sub(load(b + half + i, mask), load(b + i, mask));
        sum_product(&near.c0, x.c0, y);
        sum_product(&near.c1, x.c1, y);
    }
    *sum = near;
}

static void sum_base_block(struct base_sum near[3], struct vch_const_planes a, const uint64_t *b,
                           size_t half, size_t count, bool is_round)
{
    sum_base_products(&near[0], a, b, count);
    if (is_round) sum_base_products(&near[1], vch_const_planes_at(a, half), b + half, count);
    sum_base_differences(&near[2], a, b, half, count);
}

static struct vch_ext base_sum_total(const struct base_sum *sum)
{
    return (struct vch_ext){{sum_total(&sum->c0), sum_total(&sum->c1)}};
}

void VARIANT(product_round_base)(struct vch_ext sums[3], struct vch_const_planes a,
                                 const uint64_t *b, size_t half, size_t count)
{
    struct base_sum near[3] = {base_sum_zero(), base_sum_zero(), base_sum_zero()};

    if (count < FEW) {
        vch_product_round_base_portable(sums, a, b, half, count);
        return;
    }
    for (size_t i = 0; i < count; i += BLOCK)
        sum_base_block(near, vch_const_planes_at(a, i), b + i, half, block(count - i), true);
    for (size_t k = 0; k < 3; k++)
        sums[k] = base_sum_total(&near[k]);
}

void VARIANT(product_ends_base)(struct vch_ext ends[2], struct vch_const_planes a,
                                const uint64_t *b, size_t half, size_t count)
{
    struct base_sum near[3] = {base_sum_zero(), base_sum_zero(), base_sum_zero()};

    if (count < FEW) {
        vch_product_ends_base_portable(ends, a, b, half, count);
        return;
    }
    for (size_t i = 0; i < count; i += BLOCK)
        sum_base_block(near, vch_const_planes_at(a, i), b + i, half, block(count - i), false);
    ends[0] = base_sum_total(&near[0]);
    ends[1] = base_sum_total(&near[2]);
}

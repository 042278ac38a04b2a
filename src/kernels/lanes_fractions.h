// Sums of fractions and rounds of sumchecks over them, for both kinds of lanes. Private to this
// folder.
#pragma once

#include "kernels/lanes_factor.h"
#include "kernels/lanes_rounds.h"

// a b + c d, as two of mul_lanes that share what comes after the products.
static inline struct lanes mul_add_lanes(struct lanes a, struct lanes b, struct lanes c,
                                         struct lanes d)
{
    const vec low = add(mul_loose(a.c0, b.c0), mul(c.c0, d.c0));
    const vec high = add(mul_loose(a.c1, b.c1), mul(c.c1, d.c1));
    const vec both = add_loose(mul_loose(add_loose(a.c0, a.c1), add_loose(b.c0, b.c1)),
                               mul(add_loose(c.c0, c.c1), add_loose(d.c0, d.c1)));

    return (struct lanes){canonical(add_seven(low, high)), canonical(sub(sub(both, low), high))};
}

void VARIANT(fraction_combine)(struct vch_planes p_out, struct vch_planes q_out,
                               struct vch_const_planes p, struct vch_const_planes q, size_t half,
                               size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        const struct lanes p_low = load_lanes(p, i, mask), p_high = load_lanes(p, half + i, mask);
        const struct lanes q_low = load_lanes(q, i, mask), q_high = load_lanes(q, half + i, mask);
        store_lanes(p_out, i, mask, mul_add_lanes(p_low, q_high, p_high, q_low));
        store_lanes(q_out, i, mask, mul_lanes(q_low, q_high));
    }
}

struct fraction { // p1 with lambda q1 added to it
    struct lanes p0, rest, q0, q1;
};

static inline struct fraction load_fraction(const struct vch_fraction_pairs *pairs, size_t i,
                                            lane_mask mask)
{
    return (struct fraction){load_lanes(pairs->p0, i, mask), load_lanes(pairs->p1, i, mask),
                             load_lanes(pairs->q0, i, mask), load_lanes(pairs->q1, i, mask)};
}

static inline struct fraction less(const struct fraction *a, const struct fraction *b)
{
    return (struct fraction){sub_lanes(a->p0, b->p0), sub_lanes(a->rest, b->rest),
                             sub_lanes(a->q0, b->q0), sub_lanes(a->q1, b->q1)};
}

static inline struct lanes value(const struct fraction *a)
{
    return mul_add_lanes(a->p0, a->q1, a->q0, a->rest);
}

struct values { // of G: at 0, at 1, of the differences
    uint64_t planes[3][2][BLOCK];
};

static inline struct vch_planes planes(struct values *g, size_t k)
{
    return (struct vch_planes){g->planes[k][0], g->planes[k][1]};
}

// Entries [first, first + count) of G.
static void evaluate(struct values *g, const struct vch_fraction_pairs *pairs, size_t half,
                     size_t first, size_t count, struct vch_ext lambda, bool is_round)
{
    const struct factor factor = factor_of(lambda);
    const bool is_plain = vch_ext_is_zero(lambda);

    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        struct fraction low = load_fraction(pairs, first + i, mask);
        struct fraction high = load_fraction(pairs, half + first + i, mask);
        if (!is_plain) {
            low.rest = add_lanes(times(low.q1, &factor), low.rest);
            high.rest = add_lanes(times(high.q1, &factor), high.rest);
        }
        const struct fraction step = less(&high, &low);
        store_lanes(planes(g, 0), i, mask, value(&low));
        if (is_round) store_lanes(planes(g, 1), i, mask, value(&high));
        store_lanes(planes(g, 2), i, mask, value(&step));
    }
}

static void sum_fractions(struct lanes_sum near[3], struct vch_const_planes eq,
                          const struct vch_fraction_pairs *pairs, size_t half, size_t first,
                          size_t count, struct vch_ext lambda, bool is_round)
{
    struct values g;

    evaluate(&g, pairs, half, first, count, lambda, is_round);
    for (size_t k = 0; k < 3; k++)
        if (k != 1 || is_round)
            sum_products(&near[k], vch_const_planes_at(eq, first), vch_planes_const(planes(&g, k)),
                         count);
}

void VARIANT(fraction_round)(struct vch_ext sums[3], struct vch_const_planes eq,
                             const struct vch_fraction_pairs *pairs, size_t half, size_t count,
                             struct vch_ext lambda)
{
    struct lanes_sum near[3] = {lanes_sum_zero(), lanes_sum_zero(), lanes_sum_zero()};

    if (count < FEW) {
        vch_fraction_round_portable(sums, eq, pairs, half, count, lambda);
        return;
    }
    for (size_t i = 0; i < count; i += BLOCK)
        sum_fractions(near, eq, pairs, half, i, block(count - i), lambda, true);
    for (size_t k = 0; k < 3; k++)
        sums[k] = lanes_sum_total(&near[k]);
}

void VARIANT(fraction_ends)(struct vch_ext ends[2], struct vch_const_planes eq,
                            const struct vch_fraction_pairs *pairs, size_t half, size_t count,
                            struct vch_ext lambda)
{
    struct lanes_sum near[3] = {lanes_sum_zero(), lanes_sum_zero(), lanes_sum_zero()};

    if (count < FEW) {
        vch_fraction_ends_portable(ends, eq, pairs, half, count, lambda);
        return;
    }
    for (size_t i = 0; i < count; i += BLOCK)
        sum_fractions(near, eq, pairs, half, i, block(count - i), lambda, false);
    ends[0] = lanes_sum_total(&near[0]);
    ends[1] = lanes_sum_total(&near[2]);
}

#include "kernels/field_variants.h"

static struct vch_ext get(struct vch_const_planes a, size_t i)
{
    return vch_planes_get(a, i);
}

void vch_fraction_combine_portable(struct vch_planes p_out, struct vch_planes q_out,
                                   struct vch_const_planes p, struct vch_const_planes q,
                                   size_t half, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct vch_ext q_low = get(q, i), q_high = get(q, half + i);
        const struct vch_ext low = vch_ext_mul(get(p, i), q_high);
        const struct vch_ext high = vch_ext_mul(get(p, half + i), q_low);
        vch_planes_set(p_out, i, vch_ext_add(low, high));
        vch_planes_set(q_out, i, vch_ext_mul(q_low, q_high));
    }
}

struct fraction { // p1 with lambda q1 added to it
    struct vch_ext p0, rest, q0, q1;
};

static struct fraction fraction_at(const struct vch_fraction_pairs *pairs, size_t i,
                                   struct vch_ext lambda)
{
    const struct vch_ext q1 = get(pairs->q1, i);

    return (struct fraction){get(pairs->p0, i),
                             vch_ext_add(get(pairs->p1, i), vch_ext_mul(lambda, q1)),
                             get(pairs->q0, i), q1};
}

static struct fraction difference(const struct fraction *a, const struct fraction *b)
{
    return (struct fraction){vch_ext_sub(a->p0, b->p0), vch_ext_sub(a->rest, b->rest),
                             vch_ext_sub(a->q0, b->q0), vch_ext_sub(a->q1, b->q1)};
}

// weight * (p0 q1 + q0 (p1 + lambda q1))
static void add_fraction(struct vch_ext *sum, struct vch_ext weight, const struct fraction *a)
{
    const struct vch_ext value =
        vch_ext_add(vch_ext_mul(a->p0, a->q1), vch_ext_mul(a->q0, a->rest));
    *sum = vch_ext_add(*sum, vch_ext_mul(weight, value));
}

void vch_fraction_ends_portable(struct vch_ext ends[2], struct vch_const_planes eq,
                                const struct vch_fraction_pairs *pairs, size_t half, size_t count,
                                struct vch_ext lambda)
{
    ends[0] = ends[1] = vch_ext_from_base(0);
    for (size_t i = 0; i < count; i++) {
        const struct fraction low = fraction_at(pairs, i, lambda);
        const struct fraction high = fraction_at(pairs, half + i, lambda);
        const struct fraction step = difference(&high, &low);
        add_fraction(&ends[0], get(eq, i), &low);
        add_fraction(&ends[1], get(eq, i), &step);
    }
}

void vch_fraction_round_portable(struct vch_ext sums[3], struct vch_const_planes eq,
                                 const struct vch_fraction_pairs *pairs, size_t half, size_t count,
                                 struct vch_ext lambda)
{
    struct vch_ext ends[2], at_one = vch_ext_from_base(0);

    vch_fraction_ends_portable(ends, eq, pairs, half, count, lambda);
    for (size_t i = 0; i < count; i++) {
        const struct fraction high = fraction_at(pairs, half + i, lambda);
        add_fraction(&at_one, get(eq, i), &high);
    }
    sums[0] = ends[0];
    sums[1] = at_one;
    sums[2] = ends[1];
}

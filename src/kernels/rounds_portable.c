#include "kernels/field_variants.h"

static struct vch_ext get(struct vch_const_planes a, size_t i)
{
    return vch_planes_get(a, i);
}

static struct vch_ext difference(struct vch_const_planes a, size_t half, size_t i)
{
    return vch_ext_sub(get(a, half + i), get(a, i));
}

// Variable by variable: each doubles the table, r of an entry going to the new half.
void vch_eq_table_portable(struct vch_planes out, const struct vch_ext *point, size_t n,
                           struct vch_ext scale)
{
    vch_planes_set(out, 0, scale);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0, half = (size_t)1 << j; i < half; i++) {
            const struct vch_ext value = get(vch_planes_const(out), i);
            const struct vch_ext high = vch_ext_mul(value, point[j]);
            vch_planes_set(out, half + i, high);
            vch_planes_set(out, i, vch_ext_sub(value, high));
        }
}

void vch_fold_portable(struct vch_planes a, size_t half, size_t count, struct vch_ext r)
{
    const struct vch_const_planes from = vch_planes_const(a);

    for (size_t i = 0; i < count; i++)
        vch_planes_set(a, i, vch_ext_add(get(from, i), vch_ext_mul(r, difference(from, half, i))));
}

void vch_fold_base_portable(struct vch_planes out, const uint64_t *a, size_t half, size_t count,
                            struct vch_ext r)
{
    for (size_t i = 0; i < count; i++) {
        const struct vch_ext step = vch_ext_mul_base(r, vch_fp_sub(a[half + i], a[i]));
        vch_planes_set(out, i, vch_ext_add(step, vch_ext_from_base(a[i])));
    }
}

static void clear(struct vch_ext sums[3])
{
    for (size_t k = 0; k < 3; k++)
        sums[k] = vch_ext_from_base(0);
}

static void add_product(struct vch_ext *sum, struct vch_ext a, struct vch_ext b)
{
    *sum = vch_ext_add(*sum, vch_ext_mul(a, b));
}

void vch_product_round_portable(struct vch_ext sums[3], struct vch_const_planes a,
                                struct vch_const_planes b, size_t half, size_t count)
{
    clear(sums);
    for (size_t i = 0; i < count; i++) {
        add_product(&sums[0], get(a, i), get(b, i));
        add_product(&sums[1], get(a, half + i), get(b, half + i));
        add_product(&sums[2], difference(a, half, i), difference(b, half, i));
    }
}

void vch_product_round_base_portable(struct vch_ext sums[3], struct vch_const_planes a,
                                     const uint64_t *b, size_t half, size_t count)
{
    clear(sums);
    for (size_t i = 0; i < count; i++) {
        const uint64_t step = vch_fp_sub(b[half + i], b[i]);
        sums[0] = vch_ext_add(sums[0], vch_ext_mul_base(get(a, i), b[i]));
        sums[1] = vch_ext_add(sums[1], vch_ext_mul_base(get(a, half + i), b[half + i]));
        sums[2] = vch_ext_add(sums[2], vch_ext_mul_base(difference(a, half, i), step));
    }
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

// p0 q1 + q0 (p1 + lambda q1); all of it is linear in each, so that differences differ likewise.
static struct vch_ext fraction(struct vch_ext p0, struct vch_ext q0, struct vch_ext q1,
                               struct vch_ext rest)
{
    return vch_ext_add(vch_ext_mul(p0, q1), vch_ext_mul(q0, rest));
}

void vch_fraction_round_portable(struct vch_ext sums[3], struct vch_const_planes eq,
                                 const struct vch_fraction_pairs *pairs, size_t half, size_t count,
                                 struct vch_ext lambda)
{
    clear(sums);
    for (size_t i = 0; i < count; i++) {
        const struct vch_ext p0 = get(pairs->p0, i), p0_high = get(pairs->p0, half + i);
        const struct vch_ext q0 = get(pairs->q0, i), q0_high = get(pairs->q0, half + i);
        const struct vch_ext q1 = get(pairs->q1, i), q1_high = get(pairs->q1, half + i);
        const struct vch_ext rest = vch_ext_add(get(pairs->p1, i), vch_ext_mul(lambda, q1));
        const struct vch_ext rest_high =
            vch_ext_add(get(pairs->p1, half + i), vch_ext_mul(lambda, q1_high));
        const struct vch_ext weight = get(eq, i);
        add_product(&sums[0], weight, fraction(p0, q0, q1, rest));
        add_product(&sums[1], weight, fraction(p0_high, q0_high, q1_high, rest_high));
        add_product(&sums[2], weight,
                    fraction(vch_ext_sub(p0_high, p0), vch_ext_sub(q0_high, q0),
                             vch_ext_sub(q1_high, q1), vch_ext_sub(rest_high, rest)));
    }
}

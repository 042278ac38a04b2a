#include "kernels/field_variants.h"

static struct vch_ext get(struct vch_const_planes a, size_t i)
{
    return vch_planes_get(a, i);
}

static struct vch_ext difference(struct vch_const_planes a, size_t half, size_t i)
{
    return vch_ext_sub(get(a, half + i), get(a, i));
}

static void add_product(struct vch_ext *sum, struct vch_ext a, struct vch_ext b)
{
    *sum = vch_ext_add(*sum, vch_ext_mul(a, b));
}

void vch_product_ends_portable(struct vch_ext ends[2], struct vch_const_planes a,
                               struct vch_const_planes b, size_t half, size_t count)
{
    ends[0] = vch_dot_portable(a, b, count);
    ends[1] = vch_ext_from_base(0);
    for (size_t i = 0; i < count; i++)
        add_product(&ends[1], difference(a, half, i), difference(b, half, i));
}

void vch_product_ends_base_portable(struct vch_ext ends[2], struct vch_const_planes a,
                                    const uint64_t *b, size_t half, size_t count)
{
    ends[0] = vch_dot_base_portable(a, b, count);
    ends[1] = vch_ext_from_base(0);
    for (size_t i = 0; i < count; i++) {
        const uint64_t step = vch_fp_sub(b[half + i], b[i]);
        ends[1] = vch_ext_add(ends[1], vch_ext_mul_base(difference(a, half, i), step));
    }
}

static void put(struct vch_ext sums[3], const struct vch_ext ends[2], struct vch_ext at_one)
{
    sums[0] = ends[0];
    sums[1] = at_one;
    sums[2] = ends[1];
}

void vch_product_round_portable(struct vch_ext sums[3], struct vch_const_planes a,
                                struct vch_const_planes b, size_t half, size_t count)
{
    struct vch_ext ends[2];

    vch_product_ends_portable(ends, a, b, half, count);
    put(sums, ends,
        vch_dot_portable(vch_const_planes_at(a, half), vch_const_planes_at(b, half), count));
}

void vch_product_round_base_portable(struct vch_ext sums[3], struct vch_const_planes a,
                                     const uint64_t *b, size_t half, size_t count)
{
    struct vch_ext ends[2];

    vch_product_ends_base_portable(ends, a, b, half, count);
    put(sums, ends, vch_dot_base_portable(vch_const_planes_at(a, half), b + half, count));
}

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

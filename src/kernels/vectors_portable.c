#include "kernels/field_variants.h"

void vch_scale_powers_portable(uint64_t *values, size_t count, uint64_t first, uint64_t ratio)
{
    for (size_t i = 0; i < count; i++, first = vch_fp_mul(first, ratio))
        values[i] = vch_fp_mul(values[i], first);
}

void vch_mul_base_portable(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = vch_fp_mul(a[i], b[i]);
}

void vch_mul_portable(struct vch_planes out, struct vch_const_planes a, struct vch_const_planes b,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        vch_planes_set(out, i, vch_ext_mul(vch_planes_get(a, i), vch_planes_get(b, i)));
}

void vch_add_portable(struct vch_planes out, struct vch_const_planes a, struct vch_const_planes b,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        vch_planes_set(out, i, vch_ext_add(vch_planes_get(a, i), vch_planes_get(b, i)));
}

void vch_axpy_base_portable(struct vch_planes out, const uint64_t *x, struct vch_ext c,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out.c0[i] = vch_fp_add(out.c0[i], vch_fp_mul(c.c[0], x[i]));
        out.c1[i] = vch_fp_add(out.c1[i], vch_fp_mul(c.c[1], x[i]));
    }
}

void vch_axpy_portable(struct vch_planes out, struct vch_const_planes x, struct vch_ext c,
                       size_t count)
{
    const struct vch_const_planes from = vch_planes_const(out);

    for (size_t i = 0; i < count; i++)
        vch_planes_set(out, i,
                       vch_ext_add(vch_planes_get(from, i), vch_ext_mul(c, vch_planes_get(x, i))));
}

struct vch_ext vch_dot_base_portable(struct vch_const_planes e, const uint64_t *x, size_t count)
{
    struct vch_ext sum = vch_ext_from_base(0);

    for (size_t i = 0; i < count; i++)
        sum = vch_ext_add(sum, vch_ext_mul_base(vch_planes_get(e, i), x[i]));
    return sum;
}

struct vch_ext vch_dot_portable(struct vch_const_planes a, struct vch_const_planes b, size_t count)
{
    struct vch_ext sum = vch_ext_from_base(0);

    for (size_t i = 0; i < count; i++)
        sum = vch_ext_add(sum, vch_ext_mul(vch_planes_get(a, i), vch_planes_get(b, i)));
    return sum;
}

#define LIFT(name, type) \
    void vch_lift_##name##_portable(uint64_t *out, const type *x, size_t count) \
    { \
        for (size_t i = 0; i < count; i++) \
            out[i] = vch_fp_from_i64(x[i]); \
    }

LIFT(i8, int8_t)
LIFT(i16, int16_t)
LIFT(i32, int32_t)
LIFT(i64, int64_t)

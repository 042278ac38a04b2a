#include "kernels/factor_avx512vnni.h"
#include "kernels/field_variants.h"

void vch_eq_table_avx512vnni(struct vch_planes out, const struct vch_ext *point, size_t n,
                             struct vch_ext scale)
{
    const size_t plain = n < 3 ? n : 3;

    vch_eq_table_portable(out, point, plain, scale);
    for (size_t j = plain; j < n; j++) {
        const struct factor r = factor_of(point[j]);
        for (size_t i = 0, half = (size_t)1 << j; i < half; i += LANES) {
            const struct lanes value = load_lanes(vch_planes_const(out), i, 0xff);
            const struct lanes high = canonical_lanes(times(value, &r));
            store_lanes(out, half + i, 0xff, high);
            store_lanes(out, i, 0xff, sub_lanes(value, high));
        }
    }
}

void vch_fold_avx512vnni(struct vch_planes a, size_t half, size_t count, struct vch_ext r)
{
    const struct vch_const_planes from = vch_planes_const(a);
    const struct factor factor = factor_of(r);

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        const struct lanes step = times(difference(from, half, i, mask), &factor);
        store_lanes(a, i, mask, add_lanes(step, load_lanes(from, i, mask)));
    }
}

void vch_fold_base_avx512vnni(struct vch_planes out, const uint64_t *a, size_t half, size_t count,
                              struct vch_ext r)
{
    const struct factor factor = factor_of(r);

    for (size_t i = 0; i < count; i += LANES) {
        const __mmask8 mask = first_lanes(count - i);
        const __m512i low = load(a + i, mask);
        const struct digits step = cut(sub(load(a + half + i, mask), low));
        store(out.c0 + i, mask, add(times_base(&step, &factor.c0), low));
        store(out.c1 + i, mask, canonical(times_base(&step, &factor.c1)));
    }
}

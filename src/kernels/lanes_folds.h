// Tables of eq, and folding a variable, for both kinds of lanes. Private to this folder.
#pragma once

#include "kernels/lanes_factor.h"

void VARIANT(eq_table)(struct vch_planes out, const struct vch_ext *point, size_t n,
                       struct vch_ext scale)
{
    const size_t plain = n < LOG_LANES ? n : LOG_LANES;

    vch_eq_table_portable(out, point, plain, scale);
    for (size_t j = plain; j < n; j++) {
        const struct factor r = factor_of(point[j]);
        for (size_t i = 0, half = (size_t)1 << j; i < half; i += LANES) {
            const struct lanes value = load_lanes(vch_planes_const(out), i, ALL_LANES);
            const struct lanes high = canonical_lanes(times(value, &r));
            store_lanes(out, half + i, ALL_LANES, high);
            store_lanes(out, i, ALL_LANES, sub_lanes(value, high));
        }
    }
}

void VARIANT(fold)(struct vch_planes a, size_t half, size_t count, struct vch_ext r)
{
    const struct vch_const_planes from = vch_planes_const(a);
    const struct factor factor = factor_of(r);

    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        const struct lanes step = times(difference(from, half, i, mask), &factor);
        store_lanes(a, i, mask, add_lanes(step, load_lanes(from, i, mask)));
    }
}

void VARIANT(fold_base)(struct vch_planes out, const uint64_t *a, size_t half, size_t count,
                        struct vch_ext r)
{
    const struct factor factor = factor_of(r);

    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        const vec low = load(a + i, mask);
        const struct digits step = cut(sub(load(a + half + i, mask), low));
        store(out.c0 + i, mask, add(times_base(&step, &factor.c0), low));
        store(out.c1 + i, mask, canonical(times_base(&step, &factor.c1)));
    }
}

#include "proof/weights.h"

#include "base/check.h"

enum { BLOCK = 10 }; // log of how many values are worth a kernel's call

// From coarse to fine: the level above has the ancestors of what is wanted, and each level is
// written over the one before it from its end, where it grows.
static void set_range(struct vch_planes out, const struct vch_ext *point, uint32_t n,
                      uint64_t first, uint64_t count, struct vch_ext scale)
{
    const uint64_t last = first + count - 1;

    vch_planes_set(out, 0, scale);
    for (uint32_t j = n; j-- > 0;) {
        const uint64_t from = first >> j, to = last >> j, above = from >> 1;
        for (uint64_t parent = (to >> 1) + 1; parent-- > above;) {
            const struct vch_ext value = vch_planes_get(vch_planes_const(out), parent - above);
            const struct vch_ext high = vch_ext_mul(value, point[j]);
            if (2 * parent + 1 <= to) vch_planes_set(out, 2 * parent + 1 - from, high);
            if (2 * parent >= from)
                vch_planes_set(out, 2 * parent - from, vch_ext_sub(value, high));
        }
    }
}

// scale * eq(point, i)
static struct vch_ext value_at(const struct vch_ext *point, uint32_t n, uint64_t i,
                               struct vch_ext scale)
{
    for (uint32_t j = 0; j < n; j++) {
        const struct vch_ext high = vch_ext_mul(scale, point[j]);
        scale = (i >> j & 1) != 0 ? high : vch_ext_sub(scale, high);
    }
    return scale;
}

// Whole blocks are tables of their own; what lies before and after them is less than one.
void vch_weights_range(struct vch_planes out, const struct vch_field_kernels *kernels,
                       const struct vch_ext *point, uint32_t n, uint64_t first, uint64_t count,
                       struct vch_ext scale)
{
    const uint64_t block = (uint64_t)1 << BLOCK, end = first + count;

    VCH_ASSERT(end <= (uint64_t)1 << n);
    while (first < end) {
        const uint64_t rest = first % block, left = end - first;
        const uint64_t part = left < block - rest ? left : block - rest;
        if (part == block)
            kernels->eq_table(out, point, BLOCK,
                              value_at(point + BLOCK, n - BLOCK, first >> BLOCK, scale));
        else
            set_range(out, point, n, first, part, scale);
        out = vch_planes_at(out, part);
        first += part;
    }
}

static void set_factors(struct vch_weights_section *out, const struct vch_weights *weights,
                        const struct vch_section *section)
{
    struct vch_ext factor = vch_ext_neg(weights->lambda);

    if (section->kind == VCH_SECTION_ZERO) {
        out->factors[0] = vch_ext_square(weights->lambda);
        return;
    }
    for (uint32_t e = 0; e < section->entry_count; e++) {
        factor = vch_ext_mul(factor, weights->beta);
        out->factors[e] = factor;
    }
}

static struct vch_ext sum(struct vch_planes values, size_t count)
{
    struct vch_ext total = {{0, 0}};

    for (size_t i = 0; i < count; i++)
        total = vch_ext_add(total, vch_planes_get(vch_planes_const(values), i));
    return total;
}

vch_status vch_weights_section(struct vch_weights_section *out,
                               const struct vch_statement *statement,
                               const struct vch_weights *weights, const struct vch_section *section,
                               const struct vch_field_kernels *kernels, struct vch_arena *arena)
{
    const bool is_zero = section->kind == VCH_SECTION_ZERO;
    const struct vch_ext *point = is_zero ? weights->y : weights->z;
    const uint32_t n = is_zero ? statement->log_zero_places : statement->log_places;
    const uint32_t s = section->log_lanes;
    const struct vch_ext one = vch_ext_from_base(1);

    out->rows = vch_weights_planes(arena, section->rows);
    out->lanes = vch_weights_planes(arena, (size_t)1 << s);
    if (out->rows.c1 == NULL || out->lanes.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    vch_weights_range(out->rows, kernels, point + s, n - s, section->base >> s, section->rows, one);
    kernels->eq_table(out->lanes, point, s, one);
    out->rows_sum = sum(out->rows, section->rows);
    set_factors(out, weights, section);
    return VCH_OK;
}

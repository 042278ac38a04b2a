#include "proof/functional_matrix.h"

#include "proof/slots.h"
#include "proof/weights.h"

enum { DENSE = 8 };

vch_status vch_functional_matrix_init(struct vch_functional_matrix *sides,
                                      struct vch_functional_sum *sum,
                                      const struct vch_matrix *matrix, const struct vch_ext *rho,
                                      uint64_t slot, struct vch_arena *arena)
{
    const uint32_t n = vch_slots_log(matrix->inner), whole = sum->statement->log_slots;
    const struct vch_ext one = vch_ext_from_base(1);

    *sides = (struct vch_functional_matrix){sum, matrix, vch_weights_planes(arena, matrix->outer),
                                            vch_weights_planes(arena, matrix->inner)};
    if (sides->outer.c1 == NULL || sides->inner.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    vch_weights_range(sides->outer, sum->kernels, rho + n, whole - n, slot >> n, matrix->outer,
                      one);
    vch_weights_range(sides->inner, sum->kernels, rho, n, 0, matrix->inner, one);
    return VCH_OK;
}

// The cells that an index stands for: one for each k1.
static void add_outer(const struct vch_functional_matrix *sides, const struct vch_side *side,
                      uint32_t index, struct vch_ext weight)
{
    for (uint32_t k1 = 0; k1 < sides->matrix->outer; k1++) {
        const struct vch_ext outer = vch_planes_get(vch_planes_const(sides->outer), k1);
        vch_functional_sum_cell(sides->sum, vch_cells_side(side, index, k1),
                                vch_ext_mul(outer, weight));
    }
}

// One sum over k2 after the other, where k2 runs over committed cells that lie side by side.
static void add_runs(const struct vch_functional_matrix *sides, const struct vch_side *side,
                     struct vch_const_planes weights, uint32_t count, struct vch_ext factor)
{
    for (uint32_t r = 0; r < count; r++) {
        const struct vch_ext weight = vch_ext_mul(factor, vch_planes_get(weights, r));
        for (uint32_t k1 = 0; k1 < sides->matrix->outer; k1++) {
            const struct vch_ext outer = vch_planes_get(vch_planes_const(sides->outer), k1);
            vch_functional_sum_run(
                sides->sum, side->first + r * side->row_step + k1 * side->outer_step,
                vch_planes_const(sides->inner), sides->matrix->inner, vch_ext_mul(weight, outer));
        }
    }
}

static void add_each(const struct vch_functional_matrix *sides, const struct vch_side *side,
                     struct vch_const_planes weights, uint32_t count, struct vch_ext factor)
{
    const uint32_t inner = sides->matrix->inner;

    for (uint32_t r = 0; r < count; r++) {
        const struct vch_ext weight = vch_ext_mul(factor, vch_planes_get(weights, r));
        for (uint32_t k2 = 0; k2 < inner; k2++) {
            const uint32_t index = vch_cells_index(side, inner, r, k2);
            if (index == VCH_STATEMENT_NONE) continue;
            const struct vch_ext part = vch_planes_get(vch_planes_const(sides->inner), k2);
            add_outer(sides, side, index, vch_ext_mul(weight, part));
        }
    }
}

// The same where indices repeat, as those of overlapping windows do: their weights are added up
// first, so that what is done for each k1 is done once an index.
static vch_status add_gathered(const struct vch_functional_matrix *sides,
                               const struct vch_side *side, struct vch_const_planes weights,
                               uint32_t count, struct vch_ext factor, uint32_t largest,
                               struct vch_arena *arena)
{
    const uint32_t inner = sides->matrix->inner;
    const struct vch_planes sums = vch_weights_planes(arena, (size_t)largest + 1);

    if (sums.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t r = 0; r < count; r++) {
        const struct vch_ext weight = vch_ext_mul(factor, vch_planes_get(weights, r));
        for (uint32_t k2 = 0; k2 < inner; k2++) {
            const uint32_t index = vch_cells_index(side, inner, r, k2);
            if (index == VCH_STATEMENT_NONE) continue;
            const struct vch_ext part =
                vch_ext_mul(weight, vch_planes_get(vch_planes_const(sides->inner), k2));
            vch_planes_set(sums, index,
                           vch_ext_add(vch_planes_get(vch_planes_const(sums), index), part));
        }
    }
    for (uint32_t index = 0; index <= largest; index++) {
        const struct vch_ext weight = vch_planes_get(vch_planes_const(sums), index);
        if (!vch_ext_is_zero(weight)) add_outer(sides, side, index, weight);
    }
    return VCH_OK;
}

vch_status vch_functional_matrix_add(const struct vch_functional_matrix *sides,
                                     const struct vch_side *side, struct vch_const_planes weights,
                                     uint32_t count, struct vch_ext factor, struct vch_arena *arena)
{
    const struct vch_matrix *matrix = sides->matrix;
    const uint64_t terms = (uint64_t)count * matrix->inner * matrix->outer;

    if (side->table == NULL && side->list == NULL && side->inner_step == 1 &&
        side->first < VCH_STATEMENT_PUBLIC) {
        add_runs(sides, side, weights, count, factor);
        return VCH_OK;
    }
    const uint32_t largest = vch_cells_largest_index(side, matrix->inner, count);
    if (matrix->outer > 1 && largest < DENSE * terms)
        return add_gathered(sides, side, weights, count, factor, largest, arena);
    add_each(sides, side, weights, count, factor);
    return VCH_OK;
}

// A linear functional of the cells while it is being added up.
#pragma once

#include "kernels/field_kernels.h"
#include "proof/cells.h"

struct vch_functional_sum {
    const struct vch_statement *statement;
    const struct vch_field_kernels *kernels;
    struct vch_planes values; // for each cell
    struct vch_ext constant;
};

static inline void vch_functional_sum_constant(struct vch_functional_sum *sum, struct vch_ext value)
{
    sum->constant = vch_ext_add(sum->constant, value);
}

// Adds weight * (the cell with this number): committed, public or none.
static inline void vch_functional_sum_cell(struct vch_functional_sum *sum, uint32_t number,
                                           struct vch_ext weight)
{
    if (number < VCH_STATEMENT_PUBLIC) {
        sum->values.c0[number] = vch_fp_add(sum->values.c0[number], weight.c[0]);
        sum->values.c1[number] = vch_fp_add(sum->values.c1[number], weight.c[1]);
        return;
    }
    if (number == VCH_STATEMENT_NONE) return;
    const uint64_t value = sum->statement->public_values[number - VCH_STATEMENT_PUBLIC];
    vch_functional_sum_constant(sum, vch_ext_mul_base(weight, value));
}

// Adds factor * weights[i] * (committed cell first + i).
static inline void vch_functional_sum_run(struct vch_functional_sum *sum, uint32_t first,
                                          struct vch_const_planes weights, size_t count,
                                          struct vch_ext factor)
{
    sum->kernels->axpy(vch_planes_at(sum->values, first), weights, factor, count);
}

// Cells one after the other: those of `list`, or without a list first + i * step.
struct vch_functional_line {
    const uint32_t *list;
    uint32_t first, step, count;
};

// Adds factor * weights[i] * (cell i of the line). Cells that lie side by side are added so.
void vch_functional_sum_line(struct vch_functional_sum *sum, const struct vch_functional_line *line,
                             struct vch_const_planes weights, struct vch_ext factor);

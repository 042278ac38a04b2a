// ADD, MULTIPLY and RESCALE: one row for each element.
#include "circuit/gate.h"

static const int32_t one = 1;

static struct vch_grid grid_of(const struct vch_gate *gate)
{
    return (struct vch_grid){gate->y.count, 1};
}

static vch_status requantise(const struct vch_gate *gate, const struct vch_expression *acc,
                             struct vch_scaling scaling)
{
    const struct vch_grid grid = grid_of(gate);

    return vch_gadgets_requantise(gate->builder, &(struct vch_requantisation){
                                                     .grid = grid,
                                                     .acc = *acc,
                                                     .bound = gate->operator_->public_bound,
                                                     .scaling = scaling,
                                                     .y = vch_builder_spread(gate->y, grid),
                                                 });
}

// The multipliers are part of the sum, and of its bound.
vch_status vch_gate_add(struct vch_gate *gate)
{
    const struct vch_operator *o = gate->operator_;
    struct vch_scaling scaling = o->scaling;
    struct vch_linear linears[VCH_GRAPH_OPERANDS_MAX];
    struct vch_expression acc = {0};

    for (uint32_t i = 0; i < o->input_count; i++) {
        linears[i].coefficient = vch_terms_scalar(o->scaling.multipliers[i]);
        VCH_TRY(vch_gate_broadcast(&linears[i].cells, gate, i));
    }
    vch_terms_add_linears(gate->builder, &acc, linears, o->input_count);
    scaling.count = 1;
    scaling.multipliers = &one;
    return requantise(gate, &acc, scaling);
}

vch_status vch_gate_multiply(struct vch_gate *gate)
{
    struct vch_expression acc = {0}, x[2];

    for (uint32_t i = 0; i < 2; i++) {
        struct vch_cells cells;
        VCH_TRY(vch_gate_broadcast(&cells, gate, i));
        x[i] = vch_terms_cells(gate->builder, cells);
    }
    vch_terms_add_product(gate->builder, &acc, vch_terms_scalar(1), x[0].form, x[1].form);
    return requantise(gate, &acc, gate->operator_->scaling);
}

vch_status vch_gate_rescale(struct vch_gate *gate)
{
    const struct vch_cells x = vch_builder_spread(vch_gate_operand(gate, 0), grid_of(gate));
    const struct vch_expression acc = vch_terms_cells(gate->builder, x);

    return requantise(gate, &acc, gate->operator_->scaling);
}

// LINEAR and MATMUL: sums of products, requantised.
#include "circuit/gate.h"

// Everything in front of the last `inner` axes.
static uint32_t outer_count(const struct vch_shape *shape, uint32_t inner)
{
    uint32_t count = 1;

    for (uint32_t axis = 0; axis + inner < shape->rank; axis++)
        count *= shape->dims[axis];
    return count;
}

static vch_status requantise(const struct vch_gate *gate, struct vch_grid grid,
                             const struct vch_expression *acc)
{
    return vch_gadgets_requantise(gate->builder, &(struct vch_requantisation){
                                                     .grid = grid,
                                                     .acc = *acc,
                                                     .bound = gate->operator_->public_bound,
                                                     .scaling = gate->operator_->scaling,
                                                     .y = vch_builder_spread(gate->y, grid),
                                                 });
}

static struct vch_side side_of(struct vch_view view, uint32_t first)
{
    return (struct vch_side){
        .list = view.list != NULL ? view.list + first : NULL,
        .first = view.list != NULL ? 0 : view.first + first,
    };
}

vch_status vch_gate_linear(struct vch_gate *gate)
{
    const struct vch_shape *x = &vch_gate_input(gate, 0)->shape;
    const uint32_t depth = x->dims[x->rank - 1];
    const uint32_t outputs = gate->graph->parameters[gate->operator_->parameters[0]].shape.dims[0];
    const struct vch_grid grid = {outer_count(x, 1), outputs};
    struct vch_matrix matrix = {
        .coefficient.one = 1,
        .row_count = grid.rows,
        .lane_count = grid.lanes,
        .outer = 1,
        .inner = depth,
        .x = side_of(vch_gate_operand(gate, 0), 0),
        .w = side_of(vch_gate_parameter(gate, 0), 0),
    };
    struct vch_expression acc = {0};

    matrix.x.row_step = matrix.w.row_step = depth;
    matrix.x.inner_step = matrix.w.inner_step = 1;
    vch_terms_add_matrices(gate->builder, &acc, &matrix, 1);
    if (gate->operator_->parameter_count > 1)
        vch_terms_add_cells(
            gate->builder, &acc, vch_terms_scalar(1),
            (struct vch_cells){.first = vch_gate_parameter(gate, 1).first, .lane_step = 1});
    return requantise(gate, grid, &acc);
}

// The batch of an operand that meets batch `z` of the output: axes of size 1 are repeated.
static uint32_t batch_of(const struct vch_shape *have, const struct vch_shape *want, uint32_t z)
{
    uint32_t batch = 0, stride = 1;

    for (uint32_t i = 3; i <= want->rank; i++) { // from the last axis but two to the first
        const uint32_t dim = want->dims[want->rank - i];
        const uint32_t mine = i <= have->rank ? have->dims[have->rank - i] : 1;
        batch += mine == 1 ? 0 : z % dim * stride;
        stride *= mine;
        z /= dim;
    }
    return batch;
}

vch_status vch_gate_matmul(struct vch_gate *gate)
{
    const struct vch_shape *a = &vch_gate_input(gate, 0)->shape;
    const struct vch_shape *b = &vch_gate_input(gate, 1)->shape;
    const struct vch_shape *y = &vch_gate_output(gate)->shape;
    const uint32_t rows = y->dims[y->rank - 2], depth = a->dims[a->rank - 1];
    const uint32_t lanes = y->dims[y->rank - 1], batches = outer_count(y, 2);
    struct vch_matrix *matrices = VCH_ARENA_NEW(gate->builder->arena, struct vch_matrix, batches);

    if (matrices == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t z = 0; z < batches; z++) {
        struct vch_matrix *m = &matrices[z];
        *m = (struct vch_matrix){
            .coefficient.one = 1,
            .row_first = z * rows,
            .row_count = rows,
            .lane_count = lanes,
            .outer = 1,
            .inner = depth,
            .x = side_of(vch_gate_operand(gate, 0), batch_of(a, y, z) * rows * depth),
            .w = side_of(vch_gate_operand(gate, 1), batch_of(b, y, z) * depth * lanes),
        };
        m->x.row_step = depth;
        m->x.inner_step = 1;
        m->w.row_step = 1;
        m->w.inner_step = lanes;
    }
    const struct vch_expression acc = {.matrix_count = batches, .matrices = matrices};
    return requantise(gate, (struct vch_grid){batches * rows, lanes}, &acc);
}

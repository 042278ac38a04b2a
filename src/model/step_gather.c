// Picking slices along one axis, by indices that were computed on the way.
#include "model/step.h"

#include <string.h>

struct gather {
    const struct vch_step *step;
    enum vch_type index_type;
    size_t outer;        // rows of one sample before the axis
    size_t size;         // of the axis
    size_t picks;        // indices of one sample
    size_t inner;        // bytes of one slice
    size_t rows, pieces; // slices written, all samples
};

// An index outside the axis means its nearest end, so that every index has an answer.
static size_t pick(const struct gather *g, size_t row)
{
    size_t sample = row / g->picks / g->outer;
    int64_t index =
        vch_tensor_load(g->index_type, g->step->inputs[1], sample * g->picks + row % g->picks);

    if (index < 0) return 0;
    return (size_t)index < g->size ? (size_t)index : g->size - 1;
}

static void gather_piece(void *context, size_t piece)
{
    const struct gather *g = context;
    struct vch_step_part part = vch_step_part(piece, g->pieces, g->rows);
    uint8_t *out = g->step->output;
    const uint8_t *in = g->step->inputs[0];

    for (size_t row = part.first; row < part.last; row++) {
        size_t from = row / g->picks * g->size + pick(g, row);
        memcpy(out + row * g->inner, in + from * g->inner, g->inner);
    }
}

void vch_step_gather(const struct vch_step *step)
{
    const struct vch_value *x = vch_step_input(step, 0), *indices = vch_step_input(step, 1);
    const uint32_t axis = step->operator_->axis;
    struct gather g = {
        .step = step,
        .index_type = indices->type,
        .outer = 1,
        .size = x->shape.dims[axis],
        .picks = vch_tensor_shape_count(&indices->shape),
        .inner = vch_tensor_type_size(x->type),
    };

    for (uint32_t i = 0; i < axis; i++)
        g.outer *= x->shape.dims[i];
    for (uint32_t i = axis + 1; i < x->shape.rank; i++)
        g.inner *= x->shape.dims[i];
    g.rows = step->batch * g.outer * g.picks;
    g.pieces = vch_step_piece_count(
        step->batch * vch_tensor_shape_count(&vch_step_output(step)->shape), g.rows);
    vch_workers_run(step->workers, gather_piece, &g, g.pieces);
}

// Operators along one axis: softmax and argmax.
#include "model/step.h"

// e_i = T[max(x_i - m, least)], S = sum of e, y_i = floor((2 * e_i * Q + S) / (2 * S)).
// Everything is non-negative and S >= T[0] >= 1: an ordinary division is the floor.
static void softmax_row(const struct vch_step *step, const struct vch_table *table, size_t at,
                        size_t count)
{
    int64_t most = INT64_MIN, sum = 0;
    int64_t zero = table->input == VCH_TYPE_I8 ? 128 : 32768;
    int64_t least = vch_tensor_type_min(table->input);
    enum vch_type type = vch_step_output(step)->type;
    int64_t one = vch_tensor_type_max(type);

    for (size_t i = 0; i < count; i++) {
        int64_t x = vch_step_load(table->input, step->inputs[0], at + i);
        if (x > most) most = x;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            int64_t d = vch_step_load(table->input, step->inputs[0], at + i) - most;
            int64_t e = table->entries[(d < least ? least : d) + zero];
            if (pass == 0)
                sum += e;
            else
                vch_step_store(type, step->output, at + i, (2 * e * one + sum) / (2 * sum));
        }
    }
}

void vch_step_softmax(const struct vch_step *step)
{
    const struct vch_table *table = &step->graph->tables[step->operator_->table];
    const struct vch_shape *shape = &vch_step_input(step, 0)->shape;
    size_t width = shape->dims[shape->rank - 1];
    size_t count = vch_tensor_shape_count(shape) * step->batch;

    for (size_t at = 0; at < count; at += width)
        softmax_row(step, table, at, width);
}

void vch_step_argmax(const struct vch_step *step)
{
    const struct vch_value *x = vch_step_input(step, 0);
    uint32_t axis = step->operator_->axis;
    size_t size = x->shape.dims[axis], inner = 1;
    int32_t *out = step->output;

    for (uint32_t i = axis + 1; i < x->shape.rank; i++)
        inner *= x->shape.dims[i];
    size_t rows = vch_tensor_shape_count(&x->shape) / size * step->batch;
    for (size_t row = 0; row < rows; row++) {
        size_t first = row / inner * inner * size + row % inner, best = 0;
        int64_t most = vch_step_load(x->type, step->inputs[0], first);
        for (size_t i = 1; i < size; i++) {
            int64_t v = vch_step_load(x->type, step->inputs[0], first + i * inner);
            if (v <= most) continue; // ties stay with the lowest index
            most = v;
            best = i;
        }
        out[row] = (int32_t)best;
    }
}

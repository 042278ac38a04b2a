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
        int64_t x = vch_tensor_load(table->input, step->inputs[0], at + i);
        if (x > most) most = x;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            int64_t d = vch_tensor_load(table->input, step->inputs[0], at + i) - most;
            int64_t e = table->entries[(d < least ? least : d) + zero];
            if (pass == 0)
                sum += e;
            else
                vch_step_store(type, step->output, at + i, (2 * e * one + sum) / (2 * sum));
        }
    }
}

struct rows {
    const struct vch_step *step;
    size_t count, size, pieces;
    size_t inner; // elements between neighbours along the axis
};

static void softmax_piece(void *context, size_t piece)
{
    const struct rows *rows = context;
    const struct vch_step *step = rows->step;
    const struct vch_table *table = &step->graph->tables[step->operator_->table];
    struct vch_step_part part = vch_step_part(piece, rows->pieces, rows->count);

    for (size_t row = part.first; row < part.last; row++)
        softmax_row(step, table, row * rows->size, rows->size);
}

static void argmax_piece(void *context, size_t piece)
{
    const struct rows *rows = context;
    const enum vch_type type = vch_step_input(rows->step, 0)->type;
    const void *x = rows->step->inputs[0];
    const size_t inner = rows->inner;
    int32_t *out = rows->step->output;
    struct vch_step_part part = vch_step_part(piece, rows->pieces, rows->count);

    for (size_t row = part.first; row < part.last; row++) {
        size_t first = row / inner * inner * rows->size + row % inner, best = 0;
        int64_t most = vch_tensor_load(type, x, first);
        for (size_t i = 1; i < rows->size; i++) {
            int64_t value = vch_tensor_load(type, x, first + i * inner);
            if (value <= most) continue; // ties stay with the lowest index
            most = value;
            best = i;
        }
        out[row] = (int32_t)best;
    }
}

static void run_rows(const struct vch_step *step, uint32_t axis,
                     void (*task)(void *context, size_t piece))
{
    const struct vch_shape *x = &vch_step_input(step, 0)->shape;
    size_t count = vch_tensor_shape_count(x) * step->batch;
    struct rows rows = {.step = step, .size = x->dims[axis], .inner = 1};

    for (uint32_t i = axis + 1; i < x->rank; i++)
        rows.inner *= x->dims[i];
    rows.count = count / rows.size;
    rows.pieces = vch_step_piece_count(count, rows.count);
    vch_workers_run(step->workers, task, &rows, rows.pieces);
}

void vch_step_softmax(const struct vch_step *step)
{
    run_rows(step, vch_step_input(step, 0)->shape.rank - 1, softmax_piece);
}

void vch_step_argmax(const struct vch_step *step)
{
    run_rows(step, step->operator_->axis, argmax_piece);
}

// NORMALISE: rows of the last axis, with or without their mean, over the root of what they sum to.
#include "model/step.h"

// floor(sqrt(a)) for a < 2^62, bit by bit from the highest that can be set.
static uint64_t root_of(uint64_t a)
{
    uint64_t root = 0;

    for (uint64_t bit = (uint64_t)1 << 30; bit > 0; bit >>= 1)
        if ((root | bit) * (root | bit) <= a) root |= bit;
    return root;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    int64_t quotient = a / b;

    return a % b < 0 ? quotient - 1 : quotient;
}

// S and D of the row; the bound of the operator holds every product.
static void normalise_row(const struct vch_step *step, size_t at, size_t count)
{
    const enum vch_type from = vch_step_input(step, 0)->type, to = vch_step_output(step)->type;
    const struct vch_norm *norm = &step->operator_->norm;
    const int64_t n = (int64_t)count, factor = (int64_t)norm->factor;
    const int64_t most = vch_tensor_type_max(to);
    int64_t sum = 0, squares = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t x = vch_tensor_load(from, step->inputs[0], at + i);
        sum += x;
        squares += x * x;
    }
    if (!norm->is_centred) sum = 0;
    uint64_t spread = (uint64_t)(n * squares - sum * sum);
    int64_t root = (int64_t)root_of((spread << 2 * norm->root_shift) + norm->epsilon);
    for (size_t i = 0; i < count; i++) {
        int64_t d = n * vch_tensor_load(from, step->inputs[0], at + i) - sum;
        int64_t y = floor_divide(2 * d * factor + root, 2 * root);
        vch_step_store(to, step->output, at + i, y < -most ? -most : y > most ? most : y);
    }
}

struct rows {
    const struct vch_step *step;
    size_t count, size, pieces;
};

static void normalise_piece(void *context, size_t piece)
{
    const struct rows *rows = context;
    struct vch_step_part part = vch_step_part(piece, rows->pieces, rows->count);

    for (size_t row = part.first; row < part.last; row++)
        normalise_row(rows->step, row * rows->size, rows->size);
}

void vch_step_normalise(const struct vch_step *step)
{
    const struct vch_shape *x = &vch_step_input(step, 0)->shape;
    size_t count = vch_tensor_shape_count(x) * step->batch;
    struct rows rows = {.step = step, .size = x->dims[x->rank - 1]};

    rows.count = count / rows.size;
    rows.pieces = vch_step_piece_count(count, rows.count);
    vch_workers_run(step->workers, normalise_piece, &rows, rows.pieces);
}

// The operators that move elements: each is one or more copies by strides.
#include "model/step.h"

#include <string.h>

#include "base/check.h"
#include "model/strided.h"
#include "model/turn.h"

struct copy {
    struct vch_strided walk; // array 0 is written, array 1 is read
    uint8_t *out;
    const uint8_t *in;
    size_t size; // of an element
    size_t rows, row_size, pieces;
};

#define COPY_ROW(name, type) \
    static void name(type *out, int64_t out_stride, const type *in, int64_t in_stride, \
                     size_t count) \
    { \
        for (size_t i = 0; i < count; i++) \
            out[(int64_t)i * (out_stride / (int64_t)sizeof(type))] = \
                in[(int64_t)i * (in_stride / (int64_t)sizeof(type))]; \
    }

COPY_ROW(copy_row_1, int8_t)
COPY_ROW(copy_row_2, int16_t)
COPY_ROW(copy_row_4, int32_t)
COPY_ROW(copy_row_8, int64_t)

static void copy_row(const struct copy *copy, uint8_t *out, const uint8_t *in)
{
    const uint32_t inner = copy->walk.axes - 1;
    int64_t to = copy->walk.strides[0][inner], from = copy->walk.strides[1][inner];

    if (to == (int64_t)copy->size && from == (int64_t)copy->size) {
        memcpy(out, in, copy->row_size * copy->size);
        return;
    }
    switch (copy->size) {
    case 1: copy_row_1((void *)out, to, (const void *)in, from, copy->row_size); return;
    case 2: copy_row_2((void *)out, to, (const void *)in, from, copy->row_size); return;
    case 4: copy_row_4((void *)out, to, (const void *)in, from, copy->row_size); return;
    case 8: copy_row_8((void *)out, to, (const void *)in, from, copy->row_size); return;
    default: VCH_ASSERT(false);
    }
}

// Rows one after another: only the axes that turn over are touched.
static void copy_piece(void *context, size_t piece)
{
    const struct copy *copy = context;
    const struct vch_strided *walk = &copy->walk;
    const struct vch_step_part part = vch_step_part(piece, copy->pieces, copy->rows);
    int64_t to = vch_strided_row(walk, 0, part.first), from = vch_strided_row(walk, 1, part.first);
    size_t index[VCH_STRIDED_AXES_MAX] = {0};

    for (size_t axis = walk->axes - 1, rest = part.first; axis-- > 0; rest /= walk->dims[axis])
        index[axis] = rest % walk->dims[axis];
    for (size_t i = part.first; i < part.last; i++) {
        copy_row(copy, copy->out + to, copy->in + from);
        for (size_t axis = walk->axes - 1; axis-- > 0;) {
            to += walk->strides[0][axis];
            from += walk->strides[1][axis];
            if (++index[axis] < walk->dims[axis]) break;
            to -= walk->strides[0][axis] * (int64_t)walk->dims[axis];
            from -= walk->strides[1][axis] * (int64_t)walk->dims[axis];
            index[axis] = 0;
        }
    }
}

static void run_copy(const struct vch_step *step, struct copy *copy)
{
    vch_strided_simplify(&copy->walk);
    copy->rows = vch_strided_row_count(&copy->walk);
    copy->row_size = copy->walk.dims[copy->walk.axes - 1];
    copy->pieces = vch_step_piece_count((uint64_t)copy->rows * copy->row_size, copy->rows);
    vch_workers_run(step->workers, copy_piece, copy, copy->pieces);
}

// A copy of operand `i` over `dims`, walking both in row-major order until told otherwise.
static struct copy copy_of(const struct vch_step *step, uint32_t i, const struct vch_shape *dims)
{
    const struct vch_value *x = vch_step_input(step, i), *y = vch_step_output(step);
    struct copy copy = {
        .walk = {.axes = dims->rank + 1, .count = 2, .dims = {step->batch}},
        .out = step->output,
        .in = step->inputs[i],
        .size = vch_tensor_type_size(y->type),
    };

    VCH_ASSERT(x->type == y->type);
    for (uint32_t axis = 0; axis < dims->rank; axis++)
        copy.walk.dims[axis + 1] = dims->dims[axis];
    vch_strided_of_tensor(copy.walk.strides[0], &y->shape, copy.size);
    vch_strided_of_tensor(copy.walk.strides[1], &x->shape, copy.size);
    return copy;
}

static size_t output_size(const struct vch_step *step) // of one sample
{
    const struct vch_value *y = vch_step_output(step);
    return vch_tensor_shape_count(&y->shape) * vch_tensor_type_size(y->type);
}

void vch_step_constant(const struct vch_step *step)
{
    const size_t size = output_size(step);

    for (uint32_t i = 0; i < step->batch; i++)
        memcpy((uint8_t *)step->output + i * size, vch_step_parameter(step, 0), size);
}

// Most reshapes are another name for the same bytes: see model/layout.h.
void vch_step_reshape(const struct vch_step *step)
{
    if (step->output != step->inputs[0])
        memcpy(step->output, step->inputs[0], step->batch * output_size(step));
}

void vch_step_concat(const struct vch_step *step)
{
    const uint32_t axis = step->operator_->axis;
    int64_t offset = 0;

    for (uint32_t i = 0; i < step->operator_->input_count; i++) {
        const struct vch_shape *shape = &vch_step_input(step, i)->shape;
        struct copy copy = copy_of(step, i, shape);
        copy.out += offset;
        offset += copy.walk.strides[0][axis + 1] * shape->dims[axis];
        run_copy(step, &copy);
    }
}

// Axes of x above size 1, in the order in which the output has them; returns how many.
static uint32_t moving_axes(uint32_t *out, const struct vch_step *step)
{
    const struct vch_shape *x = &vch_step_input(step, 0)->shape;
    uint32_t count = 0;

    for (uint32_t axis = 0; axis < x->rank; axis++)
        if (x->dims[step->operator_->order[axis]] > 1) out[count++] = step->operator_->order[axis];
    return count;
}

// Is it, in each sample, a matrix whose rows become columns? Then the matrix's rows, else 0. That
// is so where axes rise from the first to the last, begin anew, and all of these come before.
static size_t turned_rows(const struct vch_step *step)
{
    const struct vch_shape *x = &vch_step_input(step, 0)->shape;
    uint32_t order[VCH_RANK_MAX] = {0}, falls = 0;
    const uint32_t count = moving_axes(order, step);
    size_t rows = 1;

    for (uint32_t i = 1; i < count; i++)
        falls += order[i] < order[i - 1];
    if (falls > 1 || (falls == 1 && order[count - 1] > order[0])) return 0;
    for (uint32_t axis = 0; axis < order[0]; axis++)
        rows *= x->dims[axis];
    return rows;
}

struct turns {
    const struct vch_step *step;
    size_t rows, columns, pieces;
};

static void turn_piece(void *context, size_t piece)
{
    const struct turns *t = context;
    const struct vch_step_part part = vch_step_part(piece, t->pieces, t->step->batch);
    const size_t size = output_size(t->step);

    vch_turn(t->step->kernels, vch_step_output(t->step)->type,
             (uint8_t *)t->step->output + part.first * size,
             (const uint8_t *)t->step->inputs[0] + part.first * size, t->rows, t->columns,
             part.last - part.first);
}

static void turn(const struct vch_step *step, size_t rows)
{
    const size_t count = vch_tensor_shape_count(&vch_step_output(step)->shape);
    struct turns t = {.step = step, .rows = rows, .columns = count / rows};

    t.pieces = vch_step_piece_count(step->batch * count, step->batch);
    vch_workers_run(step->workers, turn_piece, &t, t.pieces);
}

void vch_step_transpose(const struct vch_step *step)
{
    struct copy copy = copy_of(step, 0, &vch_step_output(step)->shape);
    int64_t strides[VCH_STRIDED_AXES_MAX];
    const size_t rows = turned_rows(step);

    if (rows > 0) {
        turn(step, rows);
        return;
    }
    memcpy(strides, copy.walk.strides[1], sizeof strides);
    for (uint32_t axis = 0; axis < vch_step_output(step)->shape.rank; axis++)
        copy.walk.strides[1][axis + 1] = strides[step->operator_->order[axis] + 1];
    run_copy(step, &copy);
}

void vch_step_slice(const struct vch_step *step)
{
    struct copy copy = copy_of(step, 0, &vch_step_output(step)->shape);

    for (uint32_t axis = 0; axis < vch_step_output(step)->shape.rank; axis++) {
        int64_t *stride = &copy.walk.strides[1][axis + 1];
        copy.in += step->operator_->begin[axis] * *stride;
        *stride *= step->operator_->step[axis];
    }
    run_copy(step, &copy);
}

static void fill(void *out, enum vch_type type, size_t count, int64_t value)
{
    const size_t size = vch_tensor_type_size(type);

    vch_step_store(type, out, 0, value);
    for (size_t done = 1; done < count; done *= 2) // twice as much each time
        memcpy((uint8_t *)out + done * size, out,
               (count - done < done ? count - done : done) * size);
}

void vch_step_pad(const struct vch_step *step)
{
    struct copy copy = copy_of(step, 0, &vch_step_input(step, 0)->shape);
    const struct vch_value *y = vch_step_output(step);

    fill(step->output, y->type, step->batch * vch_tensor_shape_count(&y->shape),
         step->operator_->fill);
    for (uint32_t axis = 0; axis < vch_step_output(step)->shape.rank; axis++)
        copy.out += step->operator_->begin[axis] * copy.walk.strides[0][axis + 1];
    run_copy(step, &copy);
}

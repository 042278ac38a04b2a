// Operators that only move elements: each is a box of the output filled from the operand by
// strides.
#include <string.h>

#include "model/step.h"

struct box {
    struct vch_shape shape;                                      // of what is moved
    size_t size;                                                 // bytes of one element
    uint8_t *out;                                                // first element written
    const uint8_t *in;                                           // first element read
    int64_t out_strides[VCH_RANK_MAX], in_strides[VCH_RANK_MAX]; // in elements
};

static void row_major(int64_t *strides, const struct vch_shape *shape)
{
    int64_t stride = 1;

    for (uint32_t axis = shape->rank; axis-- > 0;) {
        strides[axis] = stride;
        stride *= shape->dims[axis];
    }
}

static void move_row(const struct box *box, uint8_t *out, const uint8_t *in, size_t count,
                     int64_t out_stride, int64_t in_stride)
{
    if (out_stride == 1 && in_stride == 1) {
        memcpy(out, in, count * box->size);
        return;
    }
    for (size_t i = 0; i < count; i++)
        memcpy(out + (int64_t)i * out_stride * (int64_t)box->size,
               in + (int64_t)i * in_stride * (int64_t)box->size, box->size);
}

static void move(const struct box *box)
{
    uint32_t rank = box->shape.rank;
    size_t width = rank > 0 ? box->shape.dims[rank - 1] : 1;
    size_t rows = vch_tensor_shape_count(&box->shape) / width;

    for (size_t row = 0; row < rows; row++) {
        int64_t out = 0, in = 0;
        size_t rest = row;
        for (uint32_t axis = rank; axis-- > 1;) {
            int64_t at = (int64_t)(rest % box->shape.dims[axis - 1]);
            rest /= box->shape.dims[axis - 1];
            out += at * box->out_strides[axis - 1];
            in += at * box->in_strides[axis - 1];
        }
        move_row(box, box->out + out * (int64_t)box->size, box->in + in * (int64_t)box->size, width,
                 rank > 0 ? box->out_strides[rank - 1] : 1,
                 rank > 0 ? box->in_strides[rank - 1] : 1);
    }
}

static struct box begin(const struct vch_step *step, uint32_t operand,
                        const struct vch_shape *moved)
{
    struct box box = {.shape = *moved, .size = vch_tensor_type_size(vch_step_output(step)->type)};

    row_major(box.out_strides, &vch_step_output(step)->shape);
    row_major(box.in_strides, &vch_step_input(step, operand)->shape);
    return box;
}

// Moves for every sample; `out_first` and `in_first` are element offsets inside a sample.
static void move_batch(const struct vch_step *step, struct box *box, uint32_t operand,
                       int64_t out_first, int64_t in_first)
{
    int64_t size = (int64_t)box->size;
    int64_t out_count = (int64_t)vch_tensor_shape_count(&vch_step_output(step)->shape);
    int64_t in_count = (int64_t)vch_tensor_shape_count(&vch_step_input(step, operand)->shape);

    for (uint32_t sample = 0; sample < step->batch; sample++) {
        box->out = (uint8_t *)step->output + (sample * out_count + out_first) * size;
        box->in = (const uint8_t *)step->inputs[operand] + (sample * in_count + in_first) * size;
        move(box);
    }
}

void vch_step_concat(const struct vch_step *step)
{
    int64_t first = 0;

    for (uint32_t i = 0; i < step->operator_->input_count; i++) {
        const struct vch_shape *shape = &vch_step_input(step, i)->shape;
        struct box box = begin(step, i, shape);
        move_batch(step, &box, i, first, 0);
        first += shape->dims[step->operator_->axis] * box.out_strides[step->operator_->axis];
    }
}

void vch_step_reshape(const struct vch_step *step)
{
    const struct vch_value *y = vch_step_output(step);

    if (step->output == step->inputs[0]) return; // an alias: see plan.c
    memcpy(step->output, step->inputs[0],
           vch_tensor_shape_count(&y->shape) * vch_tensor_type_size(y->type) * step->batch);
}

void vch_step_transpose(const struct vch_step *step)
{
    const struct vch_shape *shape = &vch_step_output(step)->shape;
    struct box box = begin(step, 0, shape);
    int64_t strides[VCH_RANK_MAX];

    memcpy(strides, box.in_strides, sizeof strides);
    for (uint32_t axis = 0; axis < shape->rank; axis++)
        box.in_strides[axis] = strides[step->operator_->order[axis]];
    move_batch(step, &box, 0, 0, 0);
}

void vch_step_slice(const struct vch_step *step)
{
    const struct vch_shape *shape = &vch_step_output(step)->shape;
    struct box box = begin(step, 0, shape);
    int64_t first = 0;

    for (uint32_t axis = 0; axis < shape->rank; axis++) {
        first += step->operator_->begin[axis] * box.in_strides[axis];
        box.in_strides[axis] *= step->operator_->step[axis];
    }
    move_batch(step, &box, 0, 0, first);
}

void vch_step_pad(const struct vch_step *step)
{
    const struct vch_value *y = vch_step_output(step);
    struct box box = begin(step, 0, &vch_step_input(step, 0)->shape);
    size_t count = vch_tensor_shape_count(&y->shape) * step->batch;
    int64_t first = 0;

    for (size_t i = 0; i < count; i++)
        vch_step_store(y->type, step->output, i, step->operator_->fill);
    for (uint32_t axis = 0; axis < y->shape.rank; axis++)
        first += step->operator_->begin[axis] * box.out_strides[axis];
    move_batch(step, &box, 0, first, 0);
}

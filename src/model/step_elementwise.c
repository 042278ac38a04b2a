// Operators that work element by element: sums, products, rescaling, tables, constants.
#include <string.h>

#include "base/check.h"
#include "model/step.h"

// Elements at a time: accumulators live on the stack.
enum { CHUNK = 512 };

// Where an operand's elements lie for each row of the output's last axis. Broadcasting is a stride
// of zero.
struct operand {
    enum vch_type type;
    const void *data;
    size_t strides[VCH_RANK_MAX]; // by output axis
    size_t per_sample;
};

struct rows {
    struct vch_shape shape; // of the output; the last axis is the row
    size_t width, count;    // elements of a row, rows of one sample
};

static struct rows split_rows(const struct vch_shape *shape)
{
    struct rows out = {.shape = *shape, .width = 1};

    if (shape->rank > 0) out.width = shape->dims[shape->rank - 1];
    out.count = vch_tensor_shape_count(shape) / out.width;
    return out;
}

static struct operand view(const struct vch_step *step, uint32_t i, const struct vch_shape *out)
{
    const struct vch_value *value = vch_step_input(step, i);
    struct operand operand = {.type = value->type, .data = step->inputs[i], .per_sample = 1};
    uint32_t shift = out->rank - value->shape.rank;

    for (uint32_t axis = value->shape.rank; axis-- > 0;) {
        uint32_t dim = value->shape.dims[axis];
        operand.strides[axis + shift] = dim == 1 ? 0 : operand.per_sample;
        operand.per_sample *= dim;
    }
    return operand;
}

// Element offset of row `row` of sample `sample`, and the stride inside the row.
static size_t row_offset(const struct operand *operand, const struct rows *rows, size_t sample,
                         size_t row, size_t *stride)
{
    size_t at = sample * operand->per_sample;

    *stride = rows->shape.rank > 0 ? operand->strides[rows->shape.rank - 1] : 0;
    for (uint32_t axis = rows->shape.rank; axis-- > 1;) {
        uint32_t dim = rows->shape.dims[axis - 1];
        at += row % dim * operand->strides[axis - 1];
        row /= dim;
    }
    return at;
}

static void add_scaled(int64_t *acc, const struct operand *operand, size_t at, size_t stride,
                       size_t count, int64_t multiplier)
{
    if (operand->type == VCH_TYPE_I8 && stride == 1) {
        const int8_t *x = (const int8_t *)operand->data + at;
        for (size_t i = 0; i < count; i++)
            acc[i] += multiplier * x[i];
        return;
    }
    for (size_t i = 0; i < count; i++)
        acc[i] += multiplier * vch_step_load(operand->type, operand->data, at + i * stride);
}

static void multiply_by(int64_t *acc, const struct operand *operand, size_t at, size_t stride,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        acc[i] *= vch_step_load(operand->type, operand->data, at + i * stride);
}

// One part of one row: `combine` fills the accumulators, then they are requantised.
struct combination {
    const struct vch_step *step;
    struct operand operands[VCH_GRAPH_OPERANDS_MAX];
    bool is_product;
    struct vch_requantise how;
};

static void combine(const struct combination *c, const struct rows *rows, size_t sample, size_t row)
{
    const struct vch_operator *operator_ = c->step->operator_;
    size_t offset = (sample * rows->count + row) * rows->width;
    int64_t acc[CHUNK];

    for (size_t from = 0; from < rows->width; from += CHUNK) {
        size_t count = rows->width - from < CHUNK ? rows->width - from : CHUNK;
        memset(acc, 0, count * sizeof acc[0]);
        for (uint32_t i = 0; i < operator_->input_count; i++) {
            size_t stride = 0;
            size_t at = row_offset(&c->operands[i], rows, sample, row, &stride) + from * stride;
            if (c->is_product && i > 0)
                multiply_by(acc, &c->operands[i], at, stride, count);
            else
                add_scaled(acc, &c->operands[i], at, stride, count,
                           c->is_product ? 1 : operator_->scaling.multipliers[i]);
        }
        vch_step_requantise_i64(c->step, vch_step_output(c->step)->type, c->step->output,
                                offset + from, acc, count, 0, &c->how);
    }
}

static void combine_all(const struct vch_step *step, bool is_product)
{
    struct rows rows = split_rows(&vch_step_output(step)->shape);
    struct combination c = {.step = step, .is_product = is_product};

    c.how = vch_step_scaling(step->operator_, 0);
    if (!is_product) c.how.multiplier = 1; // each operand has its own, already applied
    for (uint32_t i = 0; i < step->operator_->input_count; i++)
        c.operands[i] = view(step, i, &rows.shape);
    for (size_t sample = 0; sample < step->batch; sample++)
        for (size_t row = 0; row < rows.count; row++)
            combine(&c, &rows, sample, row);
}

void vch_step_add(const struct vch_step *step)
{
    combine_all(step, false);
}

void vch_step_multiply(const struct vch_step *step)
{
    combine_all(step, true);
}

void vch_step_rescale(const struct vch_step *step)
{
    const struct vch_value *x = vch_step_input(step, 0);
    size_t count = vch_tensor_shape_count(&x->shape) * step->batch;
    struct vch_requantise how = vch_step_scaling(step->operator_, 0);
    int64_t acc[CHUNK];

    for (size_t from = 0; from < count; from += CHUNK) {
        size_t some = count - from < CHUNK ? count - from : CHUNK;
        for (size_t i = 0; i < some; i++)
            acc[i] = vch_step_load(x->type, step->inputs[0], from + i);
        vch_step_requantise_i64(step, vch_step_output(step)->type, step->output, from, acc, some, 0,
                                &how);
    }
}

void vch_step_table(const struct vch_step *step)
{
    const struct vch_table *table = &step->graph->tables[step->operator_->table];
    size_t count = vch_tensor_shape_count(&vch_step_input(step, 0)->shape) * step->batch;
    int64_t zero = table->input == VCH_TYPE_I8 ? 128 : 32768;

    for (size_t i = 0; i < count; i++) {
        int64_t x = vch_step_load(table->input, step->inputs[0], i);
        vch_step_store(table->output, step->output, i, table->entries[x + zero]);
    }
}

void vch_step_constant(const struct vch_step *step)
{
    const struct vch_value *y = vch_step_output(step);
    size_t size = vch_tensor_shape_count(&y->shape) * vch_tensor_type_size(y->type);

    for (size_t sample = 0; sample < step->batch; sample++)
        memcpy((uint8_t *)step->output + sample * size, vch_step_parameter(step, 0), size);
}

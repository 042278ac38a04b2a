// ADD, MULTIPLY, DIVIDE, RESCALE and TABLE: one output per element, broadcasting where there are
// two.
#include "model/step.h"

#include "base/check.h"
#include "model/strided.h"

enum { RUN = 512 }; // elements whose sums are formed at once

struct elementwise {
    const struct vch_step *step;
    struct vch_strided walk; // array 0 is the output, then the operands
    struct vch_requantise how;
    size_t row_size, runs, tiles, pieces;
};

// sum[i] += factor * x[i] or product[i] *= x[i]; a stride of 0 repeats one element.
#define ACCUMULATE(name, from) \
    static void name(int64_t *acc, const from *x, int64_t stride, size_t count, int64_t factor) \
    { \
        if (stride == (int64_t)sizeof(from)) \
            for (size_t i = 0; i < count; i++) \
                acc[i] += factor * x[i]; \
        else \
            for (size_t i = 0; i < count; i++) \
                acc[i] += factor * x[(int64_t)i * (stride / (int64_t)sizeof(from))]; \
    }

ACCUMULATE(accumulate_i8, int8_t)
ACCUMULATE(accumulate_i16, int16_t)
ACCUMULATE(accumulate_i32, int32_t)
ACCUMULATE(accumulate_i64, int64_t)

static void accumulate(int64_t *acc, const void *x, enum vch_type type, int64_t stride,
                       size_t count, int64_t factor)
{
    switch (type) {
    case VCH_TYPE_I8: accumulate_i8(acc, x, stride, count, factor); return;
    case VCH_TYPE_I16: accumulate_i16(acc, x, stride, count, factor); return;
    case VCH_TYPE_I32: accumulate_i32(acc, x, stride, count, factor); return;
    case VCH_TYPE_I64: accumulate_i64(acc, x, stride, count, factor); return;
    }
    VCH_ASSERT(false);
}

// The bound covers 2 * n + d and 2 * d. By zero: as far as the clamp allows, on the dividend's
// side.
static int64_t quotient(int64_t n, int64_t d, enum vch_rounding rounding,
                        const struct vch_scaling *scaling)
{
    bool is_nearest = rounding == VCH_ROUNDING_NEAREST;

    if (d == 0) return n > 0 ? scaling->hi : n < 0 ? scaling->lo : 0;
    if (d < 0) n = -n;
    if (d < 0) d = -d;
    if (is_nearest) n = 2 * n + d;
    if (is_nearest) d = 2 * d;
    return n / d - (n % d < 0 && rounding != VCH_ROUNDING_TRUNCATE);
}

static void divide(int64_t *acc, const int64_t *by, size_t count,
                   const struct vch_operator *operator_)
{
    const struct vch_scaling *scaling = &operator_->scaling;
    int64_t left = (int64_t)1 << scaling->shifts[0], right = (int64_t)1 << scaling->shifts[1];

    for (size_t i = 0; i < count; i++)
        acc[i] = quotient(acc[i] * left, by[i] * right, operator_->rounding, scaling);
}

static void run_tile(const struct elementwise *e, size_t index)
{
    const struct vch_step *step = e->step;
    const uint32_t inner = e->walk.axes - 1;
    size_t row = index / e->runs, first = index % e->runs * RUN;
    size_t count = e->row_size - first < RUN ? e->row_size - first : RUN;
    enum vch_operator_kind kind = step->operator_->kind;
    bool is_product = kind == VCH_OPERATOR_MULTIPLY, is_quotient = kind == VCH_OPERATOR_DIVIDE;
    bool is_sum = kind == VCH_OPERATOR_ADD;
    int64_t acc[RUN] = {0}, other[RUN] = {0};

    for (uint32_t i = 0; i < step->operator_->input_count; i++) {
        int64_t stride = e->walk.strides[i + 1][inner];
        int64_t offset = vch_strided_row(&e->walk, i + 1, row) + (int64_t)first * stride;
        bool is_other = i == 1 && !is_sum, is_scaled = is_sum || (is_quotient && i == 0);
        accumulate(is_other ? other : acc, (const uint8_t *)step->inputs[i] + offset,
                   vch_step_input(step, i)->type, stride, count,
                   is_scaled ? step->operator_->scaling.multipliers[i] : 1);
    }
    if (is_quotient) divide(acc, other, count, step->operator_);
    for (size_t i = 0; is_product && i < count; i++)
        acc[i] *= other[i];
    vch_step_requantise_i64(step, vch_step_output(step)->type, step->output,
                            row * e->row_size + first, acc, count, 0, &e->how);
}

static void run_piece(void *context, size_t piece)
{
    const struct elementwise *e = context;
    struct vch_step_part part = vch_step_part(piece, e->pieces, e->tiles);

    for (size_t i = part.first; i < part.last; i++)
        run_tile(e, i);
}

// Axes of the output, then those of each operand, aligned at the last axis.
static void plan_walk(struct elementwise *e)
{
    const struct vch_step *step = e->step;
    const struct vch_value *y = vch_step_output(step);
    struct vch_strided *walk = &e->walk;

    walk->axes = y->shape.rank + 1;
    walk->count = step->operator_->input_count + 1;
    walk->dims[0] = step->batch;
    for (uint32_t axis = 0; axis < y->shape.rank; axis++)
        walk->dims[axis + 1] = y->shape.dims[axis];
    vch_strided_of_tensor(walk->strides[0], &y->shape, vch_tensor_type_size(y->type));

    for (uint32_t i = 0; i + 1 < walk->count; i++) {
        const struct vch_value *x = vch_step_input(step, i);
        int64_t strides[VCH_STRIDED_AXES_MAX];
        uint32_t shift = y->shape.rank - x->shape.rank;
        vch_strided_of_tensor(strides, &x->shape, vch_tensor_type_size(x->type));
        walk->strides[i + 1][0] = strides[0];
        for (uint32_t axis = 0; axis < x->shape.rank; axis++)
            walk->strides[i + 1][axis + shift + 1] =
                x->shape.dims[axis] == 1 ? 0 : strides[axis + 1];
    }
    vch_strided_simplify(walk);
}

static void run_all(const struct vch_step *step)
{
    struct elementwise e = {.step = step, .how = vch_step_scaling(step->operator_, 0)};

    if (step->operator_->kind == VCH_OPERATOR_ADD) e.how.multiplier = 1; // inside the sum
    if (step->operator_->kind == VCH_OPERATOR_DIVIDE) { // nothing is left to do but the clamp
        e.how.multiplier = 2;
        e.how.shift = 1;
    }
    plan_walk(&e);
    e.row_size = e.walk.dims[e.walk.axes - 1];
    e.runs = (e.row_size + RUN - 1) / RUN;
    e.tiles = vch_strided_row_count(&e.walk) * e.runs;
    e.pieces =
        vch_step_piece_count(step->batch * vch_graph_work(step->graph, step->operator_), e.tiles);
    vch_workers_run(step->workers, run_piece, &e, e.pieces);
}

void vch_step_add(const struct vch_step *step)
{
    if (!vch_step_sum(step)) run_all(step);
}

void vch_step_multiply(const struct vch_step *step)
{
    run_all(step);
}

void vch_step_divide(const struct vch_step *step)
{
    run_all(step);
}

void vch_step_rescale(const struct vch_step *step)
{
    if (!vch_step_sum(step)) run_all(step);
}

struct table {
    const struct vch_step *step;
    const int32_t *zero; // the entry of 0
    size_t count, pieces;
};

#define LOOK_UP(name, from, to) \
    static void name(to *out, const from *x, size_t count, const int32_t *zero) \
    { \
        for (size_t i = 0; i < count; i++) \
            out[i] = (to)zero[x[i]]; \
    }

LOOK_UP(look_up_i8_i8, int8_t, int8_t)
LOOK_UP(look_up_i8_i16, int8_t, int16_t)
LOOK_UP(look_up_i8_i32, int8_t, int32_t)
LOOK_UP(look_up_i16_i8, int16_t, int8_t)
LOOK_UP(look_up_i16_i16, int16_t, int16_t)
LOOK_UP(look_up_i16_i32, int16_t, int32_t)

static void look_up(void *context, size_t piece)
{
    const struct table *table = context;
    const struct vch_step *step = table->step;
    struct vch_step_part part = vch_step_part(piece, table->pieces, table->count);
    size_t count = part.last - part.first;
    enum vch_type type = vch_step_input(step, 0)->type, to = vch_step_output(step)->type;
    const void *x = (const uint8_t *)step->inputs[0] + part.first * vch_tensor_type_size(type);
    void *out = (uint8_t *)step->output + part.first * vch_tensor_type_size(to);

    if (type == VCH_TYPE_I8 && to == VCH_TYPE_I8)
        look_up_i8_i8(out, x, count, table->zero);
    else if (type == VCH_TYPE_I8 && to == VCH_TYPE_I16)
        look_up_i8_i16(out, x, count, table->zero);
    else if (type == VCH_TYPE_I8)
        look_up_i8_i32(out, x, count, table->zero);
    else if (to == VCH_TYPE_I8)
        look_up_i16_i8(out, x, count, table->zero);
    else if (to == VCH_TYPE_I16)
        look_up_i16_i16(out, x, count, table->zero);
    else
        look_up_i16_i32(out, x, count, table->zero);
}

void vch_step_table(const struct vch_step *step)
{
    const struct vch_table *entries = &step->graph->tables[step->operator_->table];
    struct table table = {
        .step = step,
        .zero = entries->entries + (entries->input == VCH_TYPE_I8 ? 128 : 32768),
        .count = step->batch * vch_tensor_shape_count(&vch_step_output(step)->shape),
    };

    table.pieces = vch_step_piece_count(table.count, table.count);
    vch_workers_run(step->workers, look_up, &table, table.pieces);
}

// ADD and RESCALE of one or two operands alike to the output in shape and type, whose sums fit 32
// bits: residual connections, ReLU, changes of scale.
#include <stdlib.h>

#include "model/step.h"

struct sum {
    const struct vch_step *step;
    struct vch_add how;
    enum vch_type type;
    size_t count, pieces; // elements
};

static bool is_alike(const struct vch_step *step, uint32_t i)
{
    const struct vch_value *x = vch_step_input(step, i), *y = vch_step_output(step);
    return x->type == y->type && vch_tensor_shape_is_equal(&x->shape, &y->shape);
}

static bool is_simple(const struct vch_step *step)
{
    const struct vch_operator *o = step->operator_;
    const enum vch_type type = vch_step_output(step)->type;
    const int64_t most = vch_tensor_type_max(type);
    int64_t multipliers = 0;

    if (type != VCH_TYPE_I8 && type != VCH_TYPE_I16) return false;
    if (o->input_count > 2 || o->scaling.shifts[0] > 31) return false;
    for (uint32_t i = 0; i < o->input_count; i++) {
        if (!is_alike(step, i)) return false;
        multipliers += abs(o->scaling.multipliers[i]);
    }
    return multipliers * most + ((int64_t)1 << (o->scaling.shifts[0] - 1)) <= INT32_MAX;
}

static void run_piece(void *context, size_t piece)
{
    const struct sum *s = context;
    const struct vch_step *step = s->step;
    const struct vch_step_part part = vch_step_part(piece, s->pieces, s->count);
    const size_t size = vch_tensor_type_size(s->type), count = part.last - part.first;
    const uint8_t *a = (const uint8_t *)step->inputs[0] + part.first * size;
    const uint8_t *b =
        step->operator_->input_count < 2 ? a : (const uint8_t *)step->inputs[1] + part.first * size;
    void *out = (uint8_t *)step->output + part.first * size;

    if (s->type == VCH_TYPE_I8)
        step->kernels->add_i8(out, (const int8_t *)a, (const int8_t *)b, count, &s->how);
    else
        step->kernels->add_i16(out, (const int16_t *)(const void *)a,
                               (const int16_t *)(const void *)b, count, &s->how);
}

bool vch_step_sum(const struct vch_step *step)
{
    const struct vch_operator *o = step->operator_;
    struct sum s = {.step = step, .type = vch_step_output(step)->type};

    if (!is_simple(step)) return false;
    s.how = (struct vch_add){
        .multipliers = {o->scaling.multipliers[0],
                        o->input_count < 2 ? 0 : o->scaling.multipliers[1]},
        .shift = o->scaling.shifts[0],
        .lo = (int32_t)o->scaling.lo,
        .hi = (int32_t)o->scaling.hi,
    };
    s.count = step->batch * vch_tensor_shape_count(&vch_step_output(step)->shape);
    s.pieces = vch_step_piece_count(s.count, s.count);
    vch_workers_run(step->workers, run_piece, &s, s.pieces);
    return true;
}

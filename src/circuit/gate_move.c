// Operators that move elements: their output is a view of their operands' cells.
#include "base/check.h"
#include "circuit/gate.h"

vch_status vch_gate_constant(struct vch_gate *gate)
{
    gate->y = vch_gate_parameter(gate, 0);
    return VCH_OK;
}

vch_status vch_gate_reshape(struct vch_gate *gate)
{
    gate->y = vch_gate_operand(gate, 0);
    return VCH_OK;
}

static uint32_t *new_view(struct vch_gate *gate)
{
    const uint32_t count = vch_gate_count(vch_gate_output(gate));
    uint32_t *list = vch_builder_list(gate->builder, count);

    gate->y = (struct vch_view){.list = list, .count = count};
    return list;
}

// Elements of one step along an axis, and of everything within it.
static uint32_t inner_count(const struct vch_shape *shape, uint32_t axis)
{
    uint32_t count = 1;

    for (uint32_t i = axis; i < shape->rank; i++)
        count *= shape->dims[i];
    return count;
}

vch_status vch_gate_concat(struct vch_gate *gate)
{
    const struct vch_shape *y = &vch_gate_output(gate)->shape;
    const uint32_t axis = gate->operator_->axis, chunk = inner_count(y, axis);
    uint32_t *list = new_view(gate), before = 0;

    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < gate->operator_->input_count; i++) {
        const struct vch_view x = vch_gate_operand(gate, i);
        const uint32_t part = inner_count(&vch_gate_input(gate, i)->shape, axis);
        for (uint32_t e = 0; e < x.count; e++)
            list[e / part * chunk + before + e % part] = vch_builder_cell(x, e);
        before += part;
    }
    return VCH_OK;
}

// Walks the output in row-major order: output axis i moves the operand's element by steps[i].
static vch_status walk(struct vch_gate *gate, int64_t first, const int64_t steps[VCH_RANK_MAX])
{
    const struct vch_shape *y = &vch_gate_output(gate)->shape;
    const struct vch_view x = vch_gate_operand(gate, 0);
    uint32_t at[VCH_RANK_MAX] = {0}, *list = new_view(gate);
    int64_t element = first;

    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t e = 0; e < gate->y.count; e++) {
        VCH_ASSERT(element >= 0 && element < x.count);
        list[e] = vch_builder_cell(x, (uint32_t)element);
        for (uint32_t axis = y->rank; axis-- > 0;) {
            element += steps[axis];
            if (++at[axis] < y->dims[axis]) break;
            element -= steps[axis] * y->dims[axis];
            at[axis] = 0;
        }
    }
    return VCH_OK;
}

vch_status vch_gate_transpose(struct vch_gate *gate)
{
    const struct vch_shape *x = &vch_gate_input(gate, 0)->shape;
    int64_t steps[VCH_RANK_MAX] = {0};

    for (uint32_t i = 0; i < x->rank; i++)
        steps[i] = inner_count(x, gate->operator_->order[i] + 1);
    return walk(gate, 0, steps);
}

vch_status vch_gate_slice(struct vch_gate *gate)
{
    const struct vch_shape *x = &vch_gate_input(gate, 0)->shape;
    int64_t steps[VCH_RANK_MAX] = {0}, first = 0;

    for (uint32_t i = 0; i < x->rank; i++) {
        const int64_t stride = inner_count(x, i + 1);
        first += gate->operator_->begin[i] * stride;
        steps[i] = gate->operator_->step[i] * stride;
    }
    return walk(gate, first, steps);
}

vch_status vch_gate_pad(struct vch_gate *gate)
{
    const struct vch_shape *x = &vch_gate_input(gate, 0)->shape;
    const struct vch_shape *y = &vch_gate_output(gate)->shape;
    const struct vch_view from = vch_gate_operand(gate, 0);
    uint32_t *list = new_view(gate);
    const uint32_t fill = vch_builder_public(gate->builder, vch_fp_from_i64(gate->operator_->fill));

    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t e = 0; e < gate->y.count; e++) {
        uint32_t rest = e, element = 0, stride = 1;
        bool is_inside = true;
        for (uint32_t axis = y->rank; axis-- > 0;) {
            const int64_t place = (int64_t)(rest % y->dims[axis]) - gate->operator_->begin[axis];
            is_inside &= place >= 0 && place < x->dims[axis];
            element += is_inside ? (uint32_t)place * stride : 0;
            rest /= y->dims[axis];
            stride *= x->dims[axis];
        }
        list[e] = is_inside ? vch_builder_cell(from, element) : fill;
    }
    return VCH_OK;
}

// Rules of the operators that only move elements.
#include "model/op_rules.h"

static vch_status type_is_kept(const struct vch_op_rules *at)
{
    return vch_op_rules_type_is(at, vch_op_rules_input(at, 0)->type);
}

vch_status vch_op_rules_concat(const struct vch_op_rules *at)
{
    struct vch_shape want = vch_op_rules_input(at, 0)->shape;
    uint32_t axis = at->operator_->axis;
    uint64_t size = 0;

    VCH_TRY(type_is_kept(at));
    if (axis >= want.rank) return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "no axis %u", axis);
    for (uint32_t i = 0; i < at->operator_->input_count; i++) {
        struct vch_value operand = *vch_op_rules_input(at, i);
        bool is_alike =
            operand.shape.rank == want.rank && operand.type == vch_op_rules_output(at)->type;
        size += is_alike ? operand.shape.dims[axis] : 0;
        operand.shape.dims[axis] = want.dims[axis];
        if (!is_alike || !vch_tensor_shape_is_equal(&operand.shape, &want))
            return vch_op_rules_refuse(at, VCH_CODE_MALFORMED,
                                       "operands 0 and %u differ in more than axis %u", i, axis);
    }
    if (size > VCH_TENSOR_COUNT_MAX)
        return vch_op_rules_refuse(at, VCH_CODE_LIMIT, "its output is too large");
    want.dims[axis] = (uint32_t)size;
    return vch_op_rules_shape_is(at, &want);
}

vch_status vch_op_rules_reshape(const struct vch_op_rules *at)
{
    size_t have = vch_tensor_shape_count(&vch_op_rules_input(at, 0)->shape);
    size_t want = vch_tensor_shape_count(&vch_op_rules_output(at)->shape);

    VCH_TRY(type_is_kept(at));
    if (have == want) return VCH_OK;
    return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "%zu elements cannot become %zu", have,
                               want);
}

vch_status vch_op_rules_transpose(const struct vch_op_rules *at)
{
    const struct vch_shape *have = &vch_op_rules_input(at, 0)->shape;
    struct vch_shape want = {.rank = have->rank};
    uint32_t seen = 0;

    VCH_TRY(type_is_kept(at));
    for (uint32_t axis = 0; axis < have->rank; axis++) {
        uint32_t from = at->operator_->order[axis];
        if (from >= have->rank || (seen >> from & 1) != 0)
            return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "its order is no permutation");
        seen |= 1u << from;
        want.dims[axis] = have->dims[from];
    }
    return vch_op_rules_shape_is(at, &want);
}

vch_status vch_op_rules_slice(const struct vch_op_rules *at)
{
    const struct vch_shape *have = &vch_op_rules_input(at, 0)->shape;
    const struct vch_shape *want = &vch_op_rules_output(at)->shape;
    const struct vch_operator *operator_ = at->operator_;

    VCH_TRY(type_is_kept(at));
    if (have->rank != want->rank)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "it cannot change the rank");
    for (uint32_t axis = 0; axis < have->rank; axis++) {
        int64_t first = operator_->begin[axis], step = operator_->step[axis];
        int64_t last = first + ((int64_t)want->dims[axis] - 1) * step;
        if (step == 0 || first < 0 || first >= have->dims[axis] || last < 0 ||
            last >= have->dims[axis])
            return vch_op_rules_refuse(
                at, VCH_CODE_MALFORMED, "axis %u: %u elements from %lld by %lld leave 0..%u", axis,
                want->dims[axis], (long long)first, (long long)step, have->dims[axis] - 1);
    }
    return VCH_OK;
}

vch_status vch_op_rules_pad(const struct vch_op_rules *at)
{
    struct vch_shape want = vch_op_rules_input(at, 0)->shape;
    const struct vch_operator *operator_ = at->operator_;
    enum vch_type type = vch_op_rules_output(at)->type;

    VCH_TRY(type_is_kept(at));
    for (uint32_t axis = 0; axis < want.rank; axis++) {
        int64_t begin = operator_->begin[axis], end = operator_->end[axis];
        int64_t size = want.dims[axis] + begin + end;
        if (begin < 0 || end < 0 || size > VCH_TENSOR_COUNT_MAX)
            return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "axis %u: pads %lld and %lld", axis,
                                       (long long)begin, (long long)end);
        want.dims[axis] = (uint32_t)size;
    }
    if (operator_->fill < vch_tensor_type_min(type) || operator_->fill > vch_tensor_type_max(type))
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "%lld is no %s",
                                   (long long)operator_->fill, vch_tensor_type_name(type));
    return vch_op_rules_shape_is(at, &want);
}

// The picked axis gives way to the indices' own axes.
vch_status vch_op_rules_gather(const struct vch_op_rules *at)
{
    const struct vch_shape *have = &vch_op_rules_input(at, 0)->shape;
    const struct vch_value *indices = vch_op_rules_input(at, 1);
    const uint32_t axis = at->operator_->axis, added = indices->shape.rank;
    struct vch_shape want = {.rank = have->rank + added - 1};

    VCH_TRY(type_is_kept(at));
    VCH_TRY(
        vch_op_rules_type_among(at, "index", indices->type, VCH_OP_RULES_I16 | VCH_OP_RULES_I32));
    if (axis >= have->rank) return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "no axis %u", axis);
    if (want.rank > VCH_RANK_MAX)
        return vch_op_rules_refuse(at, VCH_CODE_LIMIT, "its output has %u axes, more than %d",
                                   want.rank, VCH_RANK_MAX);
    for (uint32_t i = 0; i < want.rank; i++)
        want.dims[i] = i < axis           ? have->dims[i]
                       : i < axis + added ? indices->shape.dims[i - axis]
                                          : have->dims[i + 1 - added];
    return vch_op_rules_shape_is(at, &want);
}

// Rules of the operators that work element by element or along one axis.
#include "model/op_rules.h"

#include "base/check.h"

vch_status vch_op_rules_constant(const struct vch_op_rules *at)
{
    const struct vch_parameter *tensor = vch_op_rules_parameter(at, 0);

    VCH_TRY(vch_op_rules_type_is(at, tensor->type));
    return vch_op_rules_shape_is(at, &tensor->shape);
}

static vch_status broadcast_all(const struct vch_op_rules *at)
{
    struct vch_shape want = vch_op_rules_input(at, 0)->shape;

    for (uint32_t i = 1; i < at->operator_->input_count; i++) {
        struct vch_shape before = want;
        if (!vch_is_ok(vch_op_rules_broadcast(&want, &before, &vch_op_rules_input(at, i)->shape)))
            return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "operand %u does not broadcast", i);
    }
    return vch_op_rules_shape_is(at, &want);
}

vch_status vch_op_rules_add(const struct vch_op_rules *at)
{
    VCH_TRY(broadcast_all(at));
    return vch_op_rules_scaling(at, at->operator_->input_count, 1);
}

vch_status vch_op_rules_multiply(const struct vch_op_rules *at)
{
    VCH_TRY(broadcast_all(at));
    return vch_op_rules_scaling(at, 1, 1);
}

vch_status vch_op_rules_divide(const struct vch_op_rules *at)
{
    const struct vch_operator *operator_ = at->operator_;

    for (uint32_t i = 0; i < 2; i++)
        VCH_TRY(vch_op_rules_type_among(at, "operand", vch_op_rules_input(at, i)->type,
                                        VCH_OP_RULES_REQUANTISED));
    VCH_TRY(broadcast_all(at));
    VCH_TRY(vch_op_rules_scaling(at, 1, 2));
    if (operator_->scaling.multipliers[0] < 1)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "multiplier %d is below 1",
                                   operator_->scaling.multipliers[0]);
    if ((uint32_t)operator_->rounding > VCH_ROUNDING_TRUNCATE)
        return vch_op_rules_refuse(at, VCH_CODE_UNSUPPORTED, "rounding %u is unknown",
                                   (uint32_t)operator_->rounding);
    return VCH_OK;
}

vch_status vch_op_rules_rescale(const struct vch_op_rules *at)
{
    VCH_TRY(vch_op_rules_shape_is(at, &vch_op_rules_input(at, 0)->shape));
    return vch_op_rules_scaling(at, 1, 1);
}

static vch_status find_table(const struct vch_table **out, const struct vch_op_rules *at)
{
    uint32_t index = at->operator_->table;
    const struct vch_value *x = vch_op_rules_input(at, 0);

    if (index >= at->graph->table_count)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "there is no table %u", index);
    *out = &at->graph->tables[index];
    if ((*out)->input == x->type) return VCH_OK;
    return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "its table is for %s, its operand %s",
                               vch_tensor_type_name((*out)->input), vch_tensor_type_name(x->type));
}

vch_status vch_op_rules_table(const struct vch_op_rules *at)
{
    const struct vch_table *table = NULL;

    VCH_TRY(find_table(&table, at));
    VCH_TRY(vch_op_rules_type_is(at, table->output));
    return vch_op_rules_shape_is(at, &vch_op_rules_input(at, 0)->shape);
}

// S = sum of exponentials is at least T[0] >= 1 and below 2^28 * 2^31; 2 * e * Q + S < 2^60.
vch_status vch_op_rules_softmax(const struct vch_op_rules *at)
{
    const struct vch_value *x = vch_op_rules_input(at, 0);
    const struct vch_table *table = NULL;

    VCH_TRY(find_table(&table, at));
    if (x->shape.rank == 0) return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "it has no axis");
    if (table->output != VCH_TYPE_I32)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "its table must give int32");
    int32_t zero = table->input == VCH_TYPE_I8 ? 128 : 32768;
    for (int32_t i = 0; i <= zero; i++)
        if (table->entries[i] < (i == zero))
            return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "T[%d] is %d", i - zero,
                                       table->entries[i]);
    VCH_TRY(
        vch_op_rules_type_among(at, "output", vch_op_rules_output(at)->type, VCH_OP_RULES_NARROW));
    return vch_op_rules_shape_is(at, &x->shape);
}

// What the bound cannot say: it covers every intermediate of a row, see model/bound.c.
vch_status vch_op_rules_normalise(const struct vch_op_rules *at)
{
    const struct vch_value *x = vch_op_rules_input(at, 0);
    const struct vch_norm *norm = &at->operator_->norm;

    VCH_TRY(vch_op_rules_type_among(at, "operand", x->type, VCH_OP_RULES_NARROW));
    VCH_TRY(
        vch_op_rules_type_among(at, "output", vch_op_rules_output(at)->type, VCH_OP_RULES_NARROW));
    if (x->shape.rank == 0) return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "it has no axis");
    if (norm->epsilon == 0 || norm->factor == 0)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED,
                                   "its epsilon and factor must be 1 or more");
    if (norm->root_shift > VCH_GRAPH_ROOT_SHIFT_MAX)
        return vch_op_rules_refuse(at, VCH_CODE_LIMIT, "root shift %u is over %u", norm->root_shift,
                                   VCH_GRAPH_ROOT_SHIFT_MAX);
    return vch_op_rules_shape_is(at, &x->shape);
}

vch_status vch_op_rules_argmax(const struct vch_op_rules *at)
{
    const struct vch_shape *have = &vch_op_rules_input(at, 0)->shape;
    struct vch_shape want = {.rank = have->rank - 1};
    uint32_t axis = at->operator_->axis;

    if (axis >= have->rank) return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "no axis %u", axis);
    for (uint32_t i = 0; i + 1 < have->rank; i++)
        want.dims[i] = have->dims[i < axis ? i : i + 1];
    VCH_TRY(vch_op_rules_type_is(at, VCH_TYPE_I32));
    return vch_op_rules_shape_is(at, &want);
}

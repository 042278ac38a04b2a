// Rules of the operators with sums of products, and of trees.
#include "model/op_rules.h"

#include "model/trees.h"

vch_status vch_op_rules_linear(const struct vch_op_rules *at)
{
    const struct vch_value *x = vch_op_rules_input(at, 0);
    const struct vch_parameter *weights = vch_op_rules_parameter(at, 0);
    struct vch_shape want = x->shape;

    VCH_TRY(vch_op_rules_type_among(at, "operand", x->type, VCH_OP_RULES_NARROW));
    if (want.rank == 0 || weights->type != VCH_TYPE_I8 || weights->shape.rank != 2 ||
        weights->shape.dims[1] != want.dims[want.rank - 1])
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED,
                                   "its weights must be int8 (_, last axis of its operand)");
    uint32_t outputs = weights->shape.dims[0];
    want.dims[want.rank - 1] = outputs;
    VCH_TRY(vch_op_rules_bias(at, outputs));
    VCH_TRY(vch_op_rules_shape_is(at, &want));
    uint32_t count = at->operator_->scaling.count == 1 ? 1 : outputs;
    return vch_op_rules_scaling(at, count, count);
}

vch_status vch_op_rules_matmul(const struct vch_op_rules *at)
{
    const struct vch_value *a = vch_op_rules_input(at, 0), *b = vch_op_rules_input(at, 1);
    struct vch_shape outer_a = a->shape, outer_b = b->shape, want;

    VCH_TRY(vch_op_rules_type_among(at, "operand", a->type, VCH_OP_RULES_NARROW));
    VCH_TRY(vch_op_rules_type_among(at, "operand", b->type, VCH_OP_RULES_NARROW));
    if (outer_a.rank < 2 || outer_b.rank < 2 ||
        outer_a.dims[outer_a.rank - 1] != outer_b.dims[outer_b.rank - 2])
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED,
                                   "its operands must be (..., M, K) and (..., K, N)");
    outer_a.rank -= 2;
    outer_b.rank -= 2;
    if (!vch_is_ok(vch_op_rules_broadcast(&want, &outer_a, &outer_b)))
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "its operands do not broadcast");
    want.dims[want.rank] = outer_a.dims[outer_a.rank];
    want.dims[want.rank + 1] = outer_b.dims[outer_b.rank + 1];
    want.rank += 2;
    VCH_TRY(vch_op_rules_shape_is(at, &want));
    return vch_op_rules_scaling(at, 1, 1);
}

static bool is_table(const struct vch_parameter *parameter, enum vch_type type, uint32_t rank)
{
    return parameter->type == type && parameter->shape.rank == rank;
}

vch_status vch_op_rules_trees(const struct vch_op_rules *at)
{
    const struct vch_value *x = vch_op_rules_input(at, 0);
    const struct vch_parameter *nodes = vch_op_rules_parameter(at, 0);
    const struct vch_parameter *leaves = vch_op_rules_parameter(at, 2);
    const struct vch_parameter *base = vch_op_rules_parameter(at, 3);
    struct vch_shape want = x->shape;

    VCH_TRY(vch_op_rules_type_among(at, "operand", x->type, VCH_OP_RULES_I32));
    VCH_TRY(vch_op_rules_type_is(at, VCH_TYPE_I64));
    if (want.rank == 0 || !is_table(nodes, VCH_TYPE_I32, 2) ||
        nodes->shape.dims[1] != VCH_TREES_COLUMNS ||
        !is_table(vch_op_rules_parameter(at, 1), VCH_TYPE_I32, 1) ||
        !is_table(leaves, VCH_TYPE_I64, 2) || !is_table(base, VCH_TYPE_I64, 1) ||
        leaves->shape.dims[1] != base->shape.dims[0])
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED,
                                   "its parameters must be nodes int32 (_, 5), roots int32 (_), "
                                   "leaves int64 (_, targets), base int64 (targets)");
    if (at->operator_->depth_max > VCH_TREES_DEPTH_MAX)
        return vch_op_rules_refuse(at, VCH_CODE_LIMIT, "depth %u is above %u",
                                   at->operator_->depth_max, VCH_TREES_DEPTH_MAX);
    want.dims[want.rank - 1] = base->shape.dims[0];
    return vch_op_rules_shape_is(at, &want);
}

#include "model/op_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

#undef vch_op_rules_refuse // the analyzer's view of it

enum { MULTIPLIER_LIMIT = 1 << 15, SHIFT_MAX = 62 };

const struct vch_value *vch_op_rules_input(const struct vch_op_rules *at, uint32_t i)
{
    VCH_ASSERT(i < at->operator_->input_count);
    return &at->graph->values[at->operator_->inputs[i]];
}

const struct vch_value *vch_op_rules_output(const struct vch_op_rules *at)
{
    return &at->graph->values[at->operator_->output];
}

const struct vch_parameter *vch_op_rules_parameter(const struct vch_op_rules *at, uint32_t i)
{
    VCH_ASSERT(i < at->operator_->parameter_count);
    return &at->graph->parameters[at->operator_->parameters[i]];
}

vch_status vch_op_rules_refuse(const struct vch_op_rules *at, enum vch_code code,
                               const char *format, ...)
{
    char text[VCH_COMPLAINT_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return vch_complain(at->complaint, code, "operator %zu, \"%s\" (%s): %s",
                        (size_t)(at->operator_ - at->graph->operators), at->operator_->name,
                        vch_graph_operator_text(at->operator_->kind), text);
}

// "(3, 224, 224)" for messages; cut where it does not fit.
static const char *shape_text(char out[static 96], const struct vch_shape *shape)
{
    size_t used = (size_t)snprintf(out, 96, "(");
    for (uint32_t axis = 0; axis < shape->rank; axis++)
        used += (size_t)snprintf(out + used, 96 - used, axis ? ", %u" : "%u", shape->dims[axis]);
    (void)snprintf(out + used, 96 - used, ")");
    return out;
}

vch_status vch_op_rules_shape_is(const struct vch_op_rules *at, const struct vch_shape *want)
{
    const struct vch_shape *found = &vch_op_rules_output(at)->shape;
    char want_text[96], found_text[96];

    if (vch_tensor_shape_is_equal(want, found)) return VCH_OK;
    return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "its output must be %s, the graph says %s",
                               shape_text(want_text, want), shape_text(found_text, found));
}

vch_status vch_op_rules_type_is(const struct vch_op_rules *at, enum vch_type want)
{
    return vch_op_rules_type_among(at, "output", vch_op_rules_output(at)->type, 1u << want);
}

vch_status vch_op_rules_type_among(const struct vch_op_rules *at, const char *what,
                                   enum vch_type type, unsigned allowed)
{
    if (allowed >> type & 1) return VCH_OK;
    return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "its %s cannot be of type %s", what,
                               vch_tensor_type_name(type));
}

vch_status vch_op_rules_scaling(const struct vch_op_rules *at, uint32_t count, uint32_t shift_count)
{
    const struct vch_scaling *scaling = &at->operator_->scaling;
    enum vch_type type = vch_op_rules_output(at)->type;

    VCH_TRY(vch_op_rules_type_among(at, "output", type, VCH_OP_RULES_REQUANTISED));
    if (scaling->count != count || scaling->multipliers == NULL || scaling->shifts == NULL)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "expected %u multipliers, found %u",
                                   count, scaling->count);
    for (uint32_t i = 0; i < count; i++)
        if (scaling->multipliers[i] <= -MULTIPLIER_LIMIT ||
            scaling->multipliers[i] >= MULTIPLIER_LIMIT)
            return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "multiplier %d is not below 2^15",
                                       scaling->multipliers[i]);
    for (uint32_t i = 0; i < shift_count; i++)
        if (scaling->shifts[i] < 1 || scaling->shifts[i] > SHIFT_MAX)
            return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "shift %u is not within 1 to 62",
                                       scaling->shifts[i]);
    if (scaling->lo > scaling->hi || scaling->lo < vch_tensor_type_min(type) ||
        scaling->hi > vch_tensor_type_max(type))
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "its clamp %lld..%lld does not fit %s",
                                   (long long)scaling->lo, (long long)scaling->hi,
                                   vch_tensor_type_name(type));
    return VCH_OK;
}

vch_status vch_op_rules_bias(const struct vch_op_rules *at, uint32_t outputs)
{
    if (at->operator_->parameter_count == 1) {
        if (at->operator_->bias_bound == 0) return VCH_OK;
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "it has a bias bound but no bias");
    }
    const struct vch_parameter *bias = vch_op_rules_parameter(at, 1);
    if (bias->type == VCH_TYPE_I64 && bias->shape.rank == 1 && bias->shape.dims[0] == outputs)
        return VCH_OK;
    return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "its bias must be int64 (%u)", outputs);
}

vch_status vch_op_rules_broadcast(struct vch_shape *out, const struct vch_shape *a,
                                  const struct vch_shape *b)
{
    const struct vch_shape *longer = a->rank >= b->rank ? a : b;
    const struct vch_shape *shorter = a->rank >= b->rank ? b : a;
    uint32_t shift = longer->rank - shorter->rank;

    *out = *longer;
    for (uint32_t axis = 0; axis < shorter->rank; axis++) {
        uint32_t have = longer->dims[axis + shift], other = shorter->dims[axis];
        if (have != other && have != 1 && other != 1) return VCH_FAIL(MALFORMED);
        out->dims[axis + shift] = have == 1 ? other : have;
    }
    return vch_tensor_shape_check(out);
}

enum counts_scaling { SCALED, UNSCALED };

static const struct counts {
    uint32_t inputs_min, inputs_max, parameters_min, parameters_max;
    enum counts_scaling scaling;
} COUNTS[VCH_OPERATOR_COUNT] = {
    [VCH_OPERATOR_CONSTANT] = {0, 0, 1, 1, UNSCALED},
    [VCH_OPERATOR_LINEAR] = {1, 1, 1, 2, SCALED},
    [VCH_OPERATOR_CONVOLUTION] = {1, 1, 1, 2, SCALED},
    [VCH_OPERATOR_MATMUL] = {2, 2, 0, 0, SCALED},
    [VCH_OPERATOR_ADD] = {1, VCH_GRAPH_OPERANDS_MAX, 0, 0, SCALED},
    [VCH_OPERATOR_MULTIPLY] = {2, 2, 0, 0, SCALED},
    [VCH_OPERATOR_RESCALE] = {1, 1, 0, 0, SCALED},
    [VCH_OPERATOR_TABLE] = {1, 1, 0, 0, UNSCALED},
    [VCH_OPERATOR_MAX_POOL] = {1, 1, 0, 0, UNSCALED},
    [VCH_OPERATOR_AVERAGE_POOL] = {1, 1, 0, 0, SCALED},
    [VCH_OPERATOR_CONCAT] = {1, VCH_GRAPH_OPERANDS_MAX, 0, 0, UNSCALED},
    [VCH_OPERATOR_RESHAPE] = {1, 1, 0, 0, UNSCALED},
    [VCH_OPERATOR_TRANSPOSE] = {1, 1, 0, 0, UNSCALED},
    [VCH_OPERATOR_SLICE] = {1, 1, 0, 0, UNSCALED},
    [VCH_OPERATOR_PAD] = {1, 1, 0, 0, UNSCALED},
    [VCH_OPERATOR_SOFTMAX] = {1, 1, 0, 0, UNSCALED},
    [VCH_OPERATOR_ARGMAX] = {1, 1, 0, 0, UNSCALED},
    [VCH_OPERATOR_TREES] = {1, 1, 4, 4, UNSCALED},
    [VCH_OPERATOR_NORMALISE] = {1, 1, 0, 0, UNSCALED},
    [VCH_OPERATOR_GATHER] = {2, 2, 0, 0, UNSCALED},
    [VCH_OPERATOR_DIVIDE] = {2, 2, 0, 0, SCALED},
};

static vch_status check_counts(const struct vch_op_rules *at)
{
    const struct vch_operator *operator_ = at->operator_;
    const struct counts *want = &COUNTS[operator_->kind];

    if (operator_->input_count < want->inputs_min || operator_->input_count > want->inputs_max)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "it takes %u to %u operands, not %u",
                                   want->inputs_min, want->inputs_max, operator_->input_count);
    if (operator_->parameter_count < want->parameters_min ||
        operator_->parameter_count > want->parameters_max)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "it takes %u to %u parameters, not %u",
                                   want->parameters_min, want->parameters_max,
                                   operator_->parameter_count);
    if (want->scaling == UNSCALED && operator_->scaling.count != 0)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "it takes no multipliers");
    if (operator_->kind != VCH_OPERATOR_DIVIDE && operator_->rounding != 0)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "it takes no rounding");
    return VCH_OK;
}

static vch_status check_rule(const struct vch_op_rules *at)
{
    switch (at->operator_->kind) {
    case VCH_OPERATOR_CONSTANT: return vch_op_rules_constant(at);
    case VCH_OPERATOR_LINEAR: return vch_op_rules_linear(at);
    case VCH_OPERATOR_CONVOLUTION: return vch_op_rules_convolution(at);
    case VCH_OPERATOR_MATMUL: return vch_op_rules_matmul(at);
    case VCH_OPERATOR_ADD: return vch_op_rules_add(at);
    case VCH_OPERATOR_MULTIPLY: return vch_op_rules_multiply(at);
    case VCH_OPERATOR_RESCALE: return vch_op_rules_rescale(at);
    case VCH_OPERATOR_TABLE: return vch_op_rules_table(at);
    case VCH_OPERATOR_MAX_POOL: return vch_op_rules_max_pool(at);
    case VCH_OPERATOR_AVERAGE_POOL: return vch_op_rules_average_pool(at);
    case VCH_OPERATOR_CONCAT: return vch_op_rules_concat(at);
    case VCH_OPERATOR_RESHAPE: return vch_op_rules_reshape(at);
    case VCH_OPERATOR_TRANSPOSE: return vch_op_rules_transpose(at);
    case VCH_OPERATOR_SLICE: return vch_op_rules_slice(at);
    case VCH_OPERATOR_PAD: return vch_op_rules_pad(at);
    case VCH_OPERATOR_SOFTMAX: return vch_op_rules_softmax(at);
    case VCH_OPERATOR_ARGMAX: return vch_op_rules_argmax(at);
    case VCH_OPERATOR_TREES: return vch_op_rules_trees(at);
    case VCH_OPERATOR_NORMALISE: return vch_op_rules_normalise(at);
    case VCH_OPERATOR_GATHER: return vch_op_rules_gather(at);
    case VCH_OPERATOR_DIVIDE: return vch_op_rules_divide(at);
    case VCH_OPERATOR_COUNT: break;
    }
    return VCH_FAIL(MALFORMED);
}

vch_status vch_op_rules_check(const struct vch_op_rules *at)
{
    VCH_ASSERT(at->operator_->kind < VCH_OPERATOR_COUNT);
    VCH_TRY(check_counts(at));
    return check_rule(at);
}

// vch_graph_check_parameters: what the holder of an operator's parameters must know of them.
//
// Weights of at most 127 and biases within the promise make every accumulator at most the public
// bound, which vch_graph_check has proven to fit; no tighter sum needs to be formed here.
#include "model/graph.h"

#include "model/trees.h"

static vch_status check_bias(const struct vch_operator *operator_, const struct vch_parameter *bias,
                             struct vch_complaint *complaint)
{
    const int64_t *values = bias->data;
    size_t count = vch_tensor_shape_count(&bias->shape);

    for (size_t i = 0; i < count; i++) {
        uint64_t size = values[i] < 0 ? 0 - (uint64_t)values[i] : (uint64_t)values[i];
        if (size > operator_->bias_bound)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "operator \"%s\": bias %zu exceeds the promised bound",
                                operator_->name, i);
    }
    return VCH_OK;
}

static vch_status check_range(const struct vch_operator *operator_,
                              const struct vch_parameter *parameter,
                              struct vch_complaint *complaint)
{
    union {
        const void *in;
        void *out;
    } data = {.in = parameter->data}; // vch_tensor_check_range only reads
    struct vch_tensor tensor = {parameter->type, parameter->shape, data.out};

    if (vch_is_ok(vch_tensor_check_range(&tensor, 1))) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "operator \"%s\": a parameter is outside the symmetric range of %s",
                        operator_->name, vch_tensor_type_name(parameter->type));
}

vch_status vch_graph_check_parameters(const struct vch_graph *graph,
                                      const struct vch_operator *operator_,
                                      struct vch_arena *scratch, struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < operator_->parameter_count; i++)
        if (graph->parameters[operator_->parameters[i]].data == NULL)
            return vch_complain(complaint, VCH_CODE_USAGE,
                                "operator \"%s\": parameter %u is not held", operator_->name,
                                operator_->parameters[i]);
    if (operator_->kind == VCH_OPERATOR_TREES)
        return vch_trees_check(graph, operator_, scratch, complaint);
    if (operator_->parameter_count > 0)
        VCH_TRY(check_range(operator_, &graph->parameters[operator_->parameters[0]], complaint));
    if (operator_->parameter_count > 1)
        return check_bias(operator_, &graph->parameters[operator_->parameters[1]], complaint);
    return VCH_OK;
}

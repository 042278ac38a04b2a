#include "model/package_check.h"

#include "model/tensor.h"

// One file may name the same parameter in 65,536 operators, so what was found sound is not looked
// at again: opening a package must cost no more than its size explains.
struct checking {
    const struct vch_graph *graph;
    struct vch_arena *scratch;
    struct vch_complaint *complaint;
    bool *is_used;       // by parameter: an operator that is all held uses it
    bool *is_in_range;   // by parameter, of those that come first
    uint64_t *largest;   // by parameter: a bound that holds for this bias
    uint64_t tree_steps; // taken
};

// Steps that walking all trees may take: 2^33, which is some tens of seconds.
static const uint64_t TREE_STEPS_MAX = (uint64_t)1 << 33;

bool vch_package_check_is_held(const struct vch_graph *graph, const struct vch_operator *operator_)
{
    for (uint32_t i = 0; i < operator_->parameter_count; i++)
        if (graph->parameters[operator_->parameters[i]].data == NULL) return false;
    return true;
}

static vch_status check_trees(struct checking *at, const struct vch_operator *operator_)
{
    const struct vch_parameter *parameters = at->graph->parameters;
    uint64_t nodes = parameters[operator_->parameters[0]].shape.dims[0];
    uint64_t trees = parameters[operator_->parameters[1]].shape.dims[0];
    uint64_t targets = parameters[operator_->parameters[3]].shape.dims[0];

    at->tree_steps += (nodes + trees) * targets; // below 2^29 * 2^28
    if (at->tree_steps > TREE_STEPS_MAX)
        return vch_complain(at->complaint, VCH_CODE_LIMIT,
                            "operator \"%s\": the model's trees have too many nodes for so many "
                            "targets (over 2^33 in all)",
                            operator_->name);
    return vch_graph_check_parameters(at->graph, operator_, at->scratch, at->complaint);
}

static vch_status check_sums(struct checking *at, const struct vch_operator *operator_)
{
    struct vch_operator rest = *operator_;
    uint32_t first = operator_->parameters[0];

    if (!at->is_in_range[first]) {
        rest.parameter_count = 1;
        VCH_TRY(vch_graph_check_parameters(at->graph, &rest, at->scratch, at->complaint));
        at->is_in_range[first] = true;
    }
    if (operator_->parameter_count < 2) return VCH_OK;
    uint32_t bias = operator_->parameters[1];
    if (operator_->bias_bound >= at->largest[bias]) return VCH_OK;
    rest.parameter_count = 2;
    rest.parameters[0] = bias; // any int64 is in range, so that this looks at the bias alone
    VCH_TRY(vch_graph_check_parameters(at->graph, &rest, at->scratch, at->complaint));
    at->largest[bias] = operator_->bias_bound;
    return VCH_OK;
}

static vch_status check_operator(struct checking *at, const struct vch_operator *operator_)
{
    if (operator_->parameter_count == 0) return VCH_OK;
    if (operator_->kind == VCH_OPERATOR_TREES) return check_trees(at, operator_);
    return check_sums(at, operator_);
}

static vch_status check(struct checking *at, const bool *is_checked)
{
    const struct vch_graph *graph = at->graph;

    for (uint32_t i = 0; i < graph->parameter_count; i++)
        at->largest[i] = UINT64_MAX;
    for (uint32_t i = 0; i < graph->operator_count; i++) {
        const struct vch_operator *operator_ = &graph->operators[i];
        if (!vch_package_check_is_held(graph, operator_)) continue;
        if (is_checked == NULL || !is_checked[i]) VCH_TRY(check_operator(at, operator_));
        for (uint32_t j = 0; j < operator_->parameter_count; j++)
            at->is_used[operator_->parameters[j]] = true;
    }
    for (uint32_t i = 0; i < graph->parameter_count; i++)
        if (graph->parameters[i].data != NULL && !at->is_used[i])
            return vch_complain(at->complaint, VCH_CODE_MALFORMED,
                                "parameter %u is held without the others of its operator", i);
    return VCH_OK;
}

vch_status vch_package_check_operators(const struct vch_graph *graph, const bool *is_checked,
                                       struct vch_arena *scratch, struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    uint32_t count = graph->parameter_count;
    struct checking at = {
        .graph = graph,
        .scratch = scratch,
        .complaint = complaint,
        .is_used = VCH_ARENA_NEW(scratch, bool, count),
        .is_in_range = VCH_ARENA_NEW(scratch, bool, count),
        .largest = VCH_ARENA_NEW(scratch, uint64_t, count),
    };
    vch_status status = VCH_FAIL(NO_MEMORY);

    if (at.is_used != NULL && at.is_in_range != NULL && at.largest != NULL)
        status = check(&at, is_checked);
    vch_arena_rewind(scratch, mark);
    if (status.code == VCH_CODE_NO_MEMORY)
        return vch_complain(complaint, status.code, "not enough memory to check the model");
    return status;
}

#include "model/package_check.h"

bool vch_package_check_is_held(const struct vch_graph *graph, const struct vch_operator *operator_)
{
    for (uint32_t i = 0; i < operator_->parameter_count; i++)
        if (graph->parameters[operator_->parameters[i]].data == NULL) return false;
    return true;
}

static vch_status check(const struct vch_graph *graph, const bool *is_checked, bool *is_used,
                        struct vch_arena *scratch, struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < graph->operator_count; i++) {
        const struct vch_operator *operator_ = &graph->operators[i];
        if (!vch_package_check_is_held(graph, operator_)) continue;
        if (is_checked == NULL || !is_checked[i])
            VCH_TRY(vch_graph_check_parameters(graph, operator_, scratch, complaint));
        for (uint32_t j = 0; j < operator_->parameter_count; j++)
            is_used[operator_->parameters[j]] = true;
    }
    for (uint32_t i = 0; i < graph->parameter_count; i++)
        if (graph->parameters[i].data != NULL && !is_used[i])
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "parameter %u is held without the others of its operator", i);
    return VCH_OK;
}

vch_status vch_package_check_operators(const struct vch_graph *graph, const bool *is_checked,
                                       struct vch_arena *scratch, struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    bool *is_used = VCH_ARENA_NEW(scratch, bool, graph->parameter_count);

    if (is_used == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY, "not enough memory to check the model");
    vch_status status = check(graph, is_checked, is_used, scratch, complaint);
    vch_arena_rewind(scratch, mark);
    return status;
}

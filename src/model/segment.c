#include "model/segment.h"

#include "base/check.h"

// One pass over the graph. A value is alive at position p when it is written before p and used at
// or after p; counts of births and deaths per position give how many are alive, sums of their
// indices give which one, when it is one.
struct sweep {
    const struct vch_graph *graph;
    uint32_t *last_use;   // by value: highest position that needs it; VCH_NONE where none does
    bool *is_constant;    // by value
    uint32_t *born;       // by value: first position at which it can be alive
    int64_t *alive_delta; // by position
    int64_t *index_delta; // by position
};

static vch_status sweep_new(struct sweep *out, const struct vch_graph *graph,
                            struct vch_arena *scratch)
{
    *out = (struct sweep){
        .graph = graph,
        .last_use = VCH_ARENA_NEW(scratch, uint32_t, graph->value_count),
        .is_constant = VCH_ARENA_NEW(scratch, bool, graph->value_count),
        .born = VCH_ARENA_NEW(scratch, uint32_t, graph->value_count),
        .alive_delta = VCH_ARENA_NEW(scratch, int64_t, (size_t)graph->operator_count + 2),
        .index_delta = VCH_ARENA_NEW(scratch, int64_t, (size_t)graph->operator_count + 2),
    };
    if (out->last_use == NULL || out->is_constant == NULL || out->born == NULL ||
        out->alive_delta == NULL || out->index_delta == NULL)
        return VCH_FAIL(NO_MEMORY);
    return VCH_OK;
}

static void sweep_uses(struct sweep *sweep)
{
    const struct vch_graph *graph = sweep->graph;

    for (uint32_t v = 0; v < graph->value_count; v++)
        sweep->last_use[v] = VCH_NONE;
    for (uint32_t p = 0; p < graph->operator_count; p++) {
        const struct vch_operator *operator_ = &graph->operators[p];
        for (uint32_t i = 0; i < operator_->input_count; i++)
            sweep->last_use[operator_->inputs[i]] = p;
        sweep->born[operator_->output] = p + 1;
        sweep->is_constant[operator_->output] = operator_->kind == VCH_OPERATOR_CONSTANT;
    }
    for (uint32_t i = 0; i < graph->output_count; i++)
        sweep->last_use[graph->outputs[i].value] = graph->operator_count;
}

static void sweep_deltas(struct sweep *sweep)
{
    for (uint32_t v = 0; v < sweep->graph->value_count; v++) {
        uint32_t born = sweep->born[v], last = sweep->last_use[v];
        if (last == VCH_NONE || last < born) continue;
        sweep->alive_delta[born]++;
        sweep->alive_delta[last + 1]--;
        sweep->index_delta[born] += v;
        sweep->index_delta[last + 1] -= v;
    }
}

static vch_status find_cuts(struct vch_cut *cuts, uint32_t *count, const struct vch_graph *graph,
                            struct vch_arena *scratch)
{
    struct sweep sweep;
    int64_t alive = 0, index = 0;

    *count = 0;
    VCH_TRY(sweep_new(&sweep, graph, scratch));
    sweep_uses(&sweep);
    sweep_deltas(&sweep);
    for (uint32_t p = 0; p <= graph->operator_count; p++) {
        alive += sweep.alive_delta[p];
        index += sweep.index_delta[p];
        VCH_ASSERT(alive >= 0);
        if (alive != 1 || sweep.is_constant[index]) continue;
        cuts[(*count)++] = (struct vch_cut){p, (uint32_t)index};
    }
    return VCH_OK;
}

vch_status vch_segment_cuts(struct vch_cut *cuts, uint32_t *count, const struct vch_graph *graph,
                            struct vch_arena *scratch)
{
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    vch_status status = find_cuts(cuts, count, graph, scratch);
    vch_arena_rewind(scratch, mark);
    return status;
}

static vch_status find_cut_at(struct vch_cut *out, const struct vch_graph *graph, uint32_t position,
                              struct vch_arena *scratch)
{
    struct vch_cut *cuts =
        VCH_ARENA_NEW(scratch, struct vch_cut, (size_t)graph->operator_count + 1);
    uint32_t count = 0;

    if (cuts == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(find_cuts(cuts, &count, graph, scratch));
    for (uint32_t i = 0; i < count; i++) {
        if (cuts[i].position != position) continue;
        *out = cuts[i];
        return VCH_OK;
    }
    return VCH_FAIL(UNSUPPORTED);
}

vch_status vch_segment_cut_at(struct vch_cut *out, const struct vch_graph *graph, uint32_t position,
                              struct vch_arena *scratch)
{
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    vch_status status = find_cut_at(out, graph, position, scratch);
    vch_arena_rewind(scratch, mark);
    return status;
}

uint32_t vch_segment_layer_count(const struct vch_graph *graph, uint32_t first, uint32_t last)
{
    uint32_t count = 0;

    VCH_ASSERT(last <= graph->operator_count);
    for (uint32_t p = first; p < last; p++)
        count += vch_graph_is_parametric(graph->operators[p].kind);
    return count;
}

uint64_t vch_segment_parameter_size(const struct vch_graph *graph, uint32_t first, uint32_t last)
{
    uint64_t size = 0;

    VCH_ASSERT(last <= graph->operator_count);
    for (uint32_t p = first; p < last; p++) {
        const struct vch_operator *operator_ = &graph->operators[p];
        for (uint32_t i = 0; i < operator_->parameter_count; i++) {
            const struct vch_parameter *held = &graph->parameters[operator_->parameters[i]];
            size += vch_tensor_shape_count(&held->shape) * vch_tensor_type_size(held->type);
        }
    }
    return size;
}

bool vch_segment_is_held(const struct vch_graph *graph, uint32_t first, uint32_t last)
{
    VCH_ASSERT(last <= graph->operator_count);
    for (uint32_t p = first; p < last; p++) {
        const struct vch_operator *operator_ = &graph->operators[p];
        for (uint32_t i = 0; i < operator_->parameter_count; i++)
            if (graph->parameters[operator_->parameters[i]].data == NULL) return false;
    }
    return true;
}

#include "node/provers.h"

#include "annex/annex_verify.h"
#include "base/bytes.h"

static bool has_parameter(const struct vch_annex *annex, uint32_t parameter)
{
    for (uint32_t low = 0, high = annex->parameter_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        if (annex->parameters[middle] == parameter) return true;
        if (annex->parameters[middle] < parameter)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

// The annex has every parameter of these operators, and the node their data.
static bool is_provable(const struct vch_prover *prover, uint32_t first, uint32_t last)
{
    const struct vch_graph *graph = prover->model->package.graph;

    for (uint32_t i = first; i < last; i++)
        for (uint32_t j = 0; j < graph->operators[i].parameter_count; j++)
            if (!has_parameter(&prover->annex, graph->operators[i].parameters[j])) return false;
    return vch_segment_is_held(graph, first, last);
}

// Joins neighbouring cuts for as long as everything between them can be proven.
static void find_ranges(struct vch_prover *prover)
{
    const struct vch_model *model = prover->model;

    for (uint32_t i = 0; i + 1 < model->cut_count;) {
        uint32_t end = i;
        while (end + 1 < model->cut_count &&
               is_provable(prover, model->cuts[end].position, model->cuts[end + 1].position))
            end++;
        if (end > i && prover->range_count < VCH_PROVERS_RANGES_MAX) {
            prover->ranges[prover->range_count].first = model->cuts[i].position;
            prover->ranges[prover->range_count++].last = model->cuts[end].position;
        }
        i = end > i ? end : i + 1;
    }
}

// Proving takes the whole matrix.
static vch_status check_held(const struct vch_prover *prover, struct vch_complaint *complaint)
{
    const struct vch_graph *graph = prover->model->package.graph;

    for (uint32_t i = 0; i < prover->annex.parameter_count; i++) {
        uint32_t parameter = prover->annex.parameters[i];
        if (parameter < graph->parameter_count && graph->parameters[parameter].data != NULL)
            continue;
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the annex of model \"%s\" is of more than this node holds: make one "
                            "of its segment",
                            graph->name);
    }
    return VCH_OK;
}

vch_status vch_provers_add(struct vch_provers *provers, const struct vch_models *models,
                           const struct vch_annex_source *source, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    struct vch_prover *prover = &provers->provers[provers->count];

    if (provers->count == VCH_PROVERS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a node holds at most %u annexes",
                            VCH_PROVERS_MAX);
    *prover = (struct vch_prover){.source = *source};
    VCH_TRY(vch_annex_decode(&prover->annex, source->bytes, source->size, arena, complaint));
    prover->model = vch_models_find(models, &prover->annex.model);
    if (prover->model == NULL)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "an annex is of a model that this node does not hold");
    const char *name = prover->model->package.graph->name;
    if (!vch_is_equal(&prover->annex.owner, &prover->model->package.owner,
                      sizeof prover->annex.owner) ||
        !vch_is_ok(vch_annex_verify_owner(&prover->annex)))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the annex of model \"%s\" is not signed by the model's owner: nobody "
                            "would believe its proofs",
                            name);
    VCH_TRY(check_held(prover, complaint));
    find_ranges(prover);
    if (prover->range_count == 0)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the annex of model \"%s\" is of no operators between two legal cuts "
                            "that this node holds",
                            name);
    provers->count++;
    return VCH_OK;
}

const struct vch_prover *vch_provers_find(const struct vch_provers *provers,
                                          const struct vch_model *model, uint32_t first,
                                          uint32_t last, uint32_t log_columns)
{
    for (uint32_t i = 0; i < provers->count; i++) {
        const struct vch_prover *prover = &provers->provers[i];
        if (prover->model != model || prover->annex.log_columns != log_columns) continue;
        for (uint32_t j = 0; j < prover->range_count; j++)
            if (prover->ranges[j].first <= first && last <= prover->ranges[j].last) return prover;
    }
    return NULL;
}

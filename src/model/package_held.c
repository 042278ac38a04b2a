#include "base/bytes.h"
#include "model/package.h"
#include "model/package_check.h"
#include "model/package_format.h"

static vch_status no_memory(struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_NO_MEMORY, "not enough memory to merge packages");
}

static void take_back(struct vch_package *package, const bool *is_added)
{
    for (uint32_t i = 0; i < package->graph->parameter_count; i++) {
        if (!is_added[i]) continue;
        package->graph->parameters[i].data = NULL;
        vch_wipe(&package->salts[i], sizeof package->salts[i]);
    }
}

static vch_status merge(struct vch_package *package, const struct vch_package *other,
                        struct vch_arena *scratch, struct vch_complaint *complaint)
{
    struct vch_graph *graph = package->graph;
    bool *is_added = VCH_ARENA_NEW(scratch, bool, graph->parameter_count);
    bool *is_checked = VCH_ARENA_NEW(scratch, bool, graph->operator_count);

    if (is_added == NULL || is_checked == NULL) return no_memory(complaint);
    for (uint32_t i = 0; i < graph->operator_count; i++)
        is_checked[i] = vch_package_check_is_held(graph, &graph->operators[i]) ||
                        vch_package_check_is_held(other->graph, &graph->operators[i]);
    for (uint32_t i = 0; i < graph->parameter_count; i++) {
        is_added[i] = graph->parameters[i].data == NULL && other->graph->parameters[i].data != NULL;
        if (!is_added[i]) continue;
        graph->parameters[i].data = other->graph->parameters[i].data;
        package->salts[i] = other->salts[i];
    }
    // Two packages may complete an operator that neither held alone, when it shares parameters.
    vch_status status = vch_package_check_operators(graph, is_checked, scratch, complaint);
    if (!vch_is_ok(status)) take_back(package, is_added);
    return status;
}

vch_status vch_package_merge(struct vch_package *package, const struct vch_package *other,
                             struct vch_arena *scratch, struct vch_complaint *complaint)
{
    if (!vch_hash_is_equal(&package->identity, &other->identity))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the two packages are parts of different models");
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    vch_status status = merge(package, other, scratch, complaint);
    vch_arena_rewind(scratch, mark);
    return status;
}

static uint32_t parameters_in(const struct vch_graph *graph, uint32_t first, uint32_t last)
{
    uint32_t count = 0;

    for (uint32_t i = first; i < last; i++)
        count += graph->operators[i].parameter_count;
    return count;
}

void vch_package_ranges(struct vch_package_range *out, uint32_t *count,
                        const struct vch_package *package)
{
    const struct vch_graph *graph = package->graph;

    *count = 0;
    for (uint32_t first = 0; first < graph->operator_count;) {
        uint32_t last = first;
        while (last < graph->operator_count &&
               vch_package_check_is_held(graph, &graph->operators[last]))
            last++;
        bool is_whole = first == 0 && last == graph->operator_count;
        if (is_whole || parameters_in(graph, first, last) > 0)
            out[(*count)++] = (struct vch_package_range){first, last};
        first = last + 1;
    }
}

uint32_t vch_package_held_count(const struct vch_package *package)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < package->graph->parameter_count; i++)
        count += package->graph->parameters[i].data != NULL;
    return count;
}

uint64_t vch_package_held_size(const struct vch_package *package)
{
    const struct vch_graph *graph = package->graph;
    uint64_t size = 0;

    for (uint32_t i = 0; i < graph->parameter_count; i++)
        if (graph->parameters[i].data != NULL)
            size += vch_package_format_parameter_size(&graph->parameters[i]);
    return size;
}

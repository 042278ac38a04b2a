#include "cli/proof_tensors.h"

#include <string.h>

static vch_status copy(struct vch_tensor *out, const void *data, size_t size, uint32_t batch,
                       struct vch_tool *tool, const struct vch_value *value)
{
    *out = (struct vch_tensor){value->type, value->shape, NULL};
    if (size != batch * vch_tensor_size(out))
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "the opening has %zu bytes for a value of %zu", size,
                            batch * vch_tensor_size(out));
    out->data = vch_arena_alloc(&tool->arena, size, 1);
    if (out->data == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(out->data, data, size);
    if (vch_is_ok(vch_tensor_check_range(out, batch))) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                        "the opening has a number below its type's symmetric range");
}

vch_status vch_proof_tensors_copy(struct vch_tensor *out, const struct vch_proof_boundary *boundary,
                                  uint32_t batch, struct vch_tool *tool,
                                  const struct vch_graph *graph, const uint32_t *values,
                                  uint32_t count)
{
    if (boundary->count != count)
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "the opening has %u values at this end, the model %u", boundary->count,
                            count);
    for (uint32_t i = 0; i < count; i++)
        VCH_TRY(copy(&out[i], boundary->values[i].data, boundary->values[i].size, batch, tool,
                     &graph->values[values[i]]));
    return VCH_OK;
}

vch_status vch_proof_tensors_show(const struct vch_proof_opening *opening, struct vch_tool *tool,
                                  const struct vch_graph *graph, json_t *json)
{
    struct vch_tensors outputs = {.batch = opening->batch, .count = graph->output_count};
    uint32_t values[VCH_GRAPH_PORTS_MAX];

    for (uint32_t i = 0; i < graph->output_count; i++)
        values[i] = graph->outputs[i].value;
    VCH_TRY(vch_proof_tensors_copy(outputs.tensor, &opening->output, opening->batch, tool, graph,
                                   values, graph->output_count));
    return vch_tensors_show(&outputs, tool, graph, json);
}

#include "model/manifest.h"
#include "model/manifest_message.h"

static vch_status check_ports(const struct vch_port *ports, uint32_t count,
                              struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < count; i++) {
        VCH_TRY(vch_manifest_check_text(ports[i].name, complaint));
        for (uint32_t j = 0; j < ports[i].label_count; j++)
            VCH_TRY(vch_manifest_check_text(ports[i].labels[j], complaint));
    }
    return VCH_OK;
}

static vch_status check_texts(const struct vch_graph *graph, struct vch_complaint *complaint)
{
    VCH_TRY(vch_manifest_check_text(graph->name, complaint));
    for (uint32_t i = 0; i < graph->operator_count; i++)
        VCH_TRY(vch_manifest_check_text(graph->operators[i].name, complaint));
    VCH_TRY(check_ports(graph->inputs, graph->input_count, complaint));
    return check_ports(graph->outputs, graph->output_count, complaint);
}

static vch_status no_memory(struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_NO_MEMORY, "not enough memory to write the manifest");
}

vch_status vch_manifest_encode(uint8_t **out, size_t *size, const struct vch_graph *graph,
                               struct vch_arena *arena, struct vch_complaint *complaint)
{
    Vouch__Manifest message;

    VCH_TRY(vch_graph_check(graph, arena, complaint));
    VCH_TRY(check_texts(graph, complaint));
    // The message lies behind the result, so that what is temporary can be given back: its size
    // is known only once it is made, so it is made twice.
    struct vch_arena_mark mark = vch_arena_mark(arena);
    if (!vch_is_ok(vch_manifest_message_make(&message, graph, arena))) return no_memory(complaint);
    *size = vouch__manifest__get_packed_size(&message);
    vch_arena_rewind(arena, mark);
    if (*size > VCH_MANIFEST_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the public part of the model is %zu bytes and may be %u: it has too "
                            "many tables or operators",
                            *size, VCH_MANIFEST_SIZE_MAX);

    *out = vch_arena_alloc(arena, *size, 1);
    if (*out == NULL) return no_memory(complaint);
    mark = vch_arena_mark(arena);
    if (!vch_is_ok(vch_manifest_message_make(&message, graph, arena))) return no_memory(complaint);
    (void)vouch__manifest__pack(&message, *out);
    vch_arena_rewind(arena, mark);
    return VCH_OK;
}

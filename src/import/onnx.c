#include "import/onnx.h"

#include <string.h>

#include "import/onnx_parts.h"
#include "message/message.h"

// Bytes that a message of protobuf-c may take beyond its file's size: structs, names, lists.
#define UNPACKED_BASE ((size_t)64 << 20)
#define UNPACKED_PER_BYTE 8

static void read_opsets(struct vch_onnx_parts *reading, const Vouch__Onnx__ModelProto *model)
{
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = model->opset_import[i]->domain;
        if (domain == NULL || domain[0] == '\0' || strcmp(domain, "ai.onnx") == 0)
            reading->version = model->opset_import[i]->version;
        else if (strcmp(domain, VCH_NETWORK_DOMAIN_ML) == 0)
            reading->version_ml = model->opset_import[i]->version;
    }
}

// Counts first, so that everything after this is linear in what was promised here.
static vch_status check_counts(size_t *values, const struct vch_onnx_parts *reading)
{
    const Vouch__Onnx__GraphProto *graph = reading->graph;

    *values = graph->n_input + graph->n_initializer;
    for (size_t i = 0; i < graph->n_node; i++) {
        const Vouch__Onnx__NodeProto *node = graph->node[i];
        *values += node->n_output;
        if (node->n_input > VCH_NETWORK_OPERANDS_MAX || node->n_output > VCH_NETWORK_OPERANDS_MAX ||
            node->n_attribute > VCH_NETWORK_ATTRIBUTES_MAX)
            return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                                "node %zu has more than %u operands or %u attributes", i,
                                VCH_NETWORK_OPERANDS_MAX, VCH_NETWORK_ATTRIBUTES_MAX);
    }
    if (graph->n_node > VCH_NETWORK_NODES_MAX || *values > VCH_NETWORK_VALUES_MAX)
        return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                            "the model has %zu nodes and %zu values; at most %u and %u are read",
                            graph->n_node, *values, VCH_NETWORK_NODES_MAX, VCH_NETWORK_VALUES_MAX);
    if (graph->n_output == 0 || graph->n_output > VCH_GRAPH_PORTS_MAX)
        return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                            "the model has %zu inputs and %zu outputs; expected 1 to %u of each",
                            graph->n_input, graph->n_output, VCH_GRAPH_PORTS_MAX);
    return VCH_OK;
}

static vch_status read_output(const struct vch_onnx_parts *reading,
                              const Vouch__Onnx__ValueInfoProto *info)
{
    const char *name = info->name == NULL ? "" : info->name;
    struct vch_network *network = reading->network;

    if (!vch_onnx_parts_find(&network->outputs[network->output_count++], reading, name))
        return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                            "output '%.200s' is not computed by any node", name);
    return VCH_OK;
}

static vch_status read_graph(struct vch_onnx_parts *reading)
{
    const Vouch__Onnx__GraphProto *graph = reading->graph;
    size_t values = 0;

    VCH_TRY(check_counts(&values, reading));
    VCH_TRY(vch_onnx_parts_read_values(reading, values));
    VCH_TRY(vch_onnx_parts_keep_name(&reading->network->name, reading, graph->name));
    for (size_t i = 0; i < graph->n_node; i++)
        VCH_TRY(vch_onnx_parts_read_node(reading, graph->node[i]));
    for (size_t i = 0; i < graph->n_output; i++)
        VCH_TRY(read_output(reading, graph->output[i]));
    return VCH_OK;
}

static vch_status unpack_and_read(struct vch_network *network, const uint8_t *bytes, size_t size,
                                  const struct vch_import_files *files, struct vch_arena *scratch,
                                  struct vch_complaint *complaint)
{
    ProtobufCMessage *message = NULL;

    if (!vch_is_ok(vch_message_read(&message, &vouch__onnx__model_proto__descriptor, bytes, size,
                                    scratch)))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "not an ONNX file: its %zu bytes do not follow the format, or unfold "
                            "to more than %zu bytes",
                            size, scratch->limit);
    const Vouch__Onnx__ModelProto *model = (const Vouch__Onnx__ModelProto *)(const void *)message;
    if (model->graph == NULL)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "not an ONNX model: it has no graph");
    struct vch_onnx_parts reading = {
        .graph = model->graph,
        .network = network,
        .files = files,
        .scratch = scratch,
        .complaint = complaint,
    };
    read_opsets(&reading, model);
    return read_graph(&reading);
}

vch_status vch_onnx_decode(struct vch_network **out, const uint8_t *bytes, size_t size,
                           const struct vch_import_files *files, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    struct vch_network *network = VCH_ARENA_NEW(arena, struct vch_network, 1);
    struct vch_arena scratch;
    size_t room = arena->limit - arena->used, wanted = UNPACKED_BASE + UNPACKED_PER_BYTE * size;

    if (size > VCH_ONNX_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the file has %zu bytes, more than %zu",
                            size, VCH_ONNX_SIZE_MAX);
    if (network == NULL) return VCH_FAIL(NO_MEMORY);
    network->arena = arena;
    vch_arena_init(&scratch, wanted < room ? wanted : room);
    vch_status status = unpack_and_read(network, bytes, size, files, &scratch, complaint);
    vch_arena_release(&scratch);
    if (status.code == VCH_CODE_NO_MEMORY)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY,
                            "the model does not fit the %zu bytes that importing may use",
                            arena->limit);
    *out = network;
    return status;
}

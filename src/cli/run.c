// vouch run: one process, no network. The reference that every other way of running must equal.
#include "model/run.h"

#include <stdio.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/tensors.h"
#include "model/segment.h"

static const struct vch_option options[] = {
    {"input", "[NAME=]FILE", ".npy, .npz:ARRAY or synthetic[:SEED]", true},
    {"output", "FILE.npy", "write an output; .npz: all outputs", false},
    {"port", "NAME", "which output --output holds (default: the first)", false},
    {"trace", NULL, "print a digest per operator output", false},
    {"threads", "N", "threads (default: one per processor)", false},
    {"json", NULL, "print JSON", false},
    {0},
};

static void print_trace(const struct vch_graph *graph, const struct vch_digest *trace)
{
    char hex[2 * VCH_DIGEST_SIZE + 1];

    for (uint32_t i = 0; i < graph->operator_count; i++) {
        vch_hex_encode(hex, trace[i].bytes, sizeof trace[i].bytes);
        printf("%5u  %-13s %s  %s\n", i, vch_graph_operator_text(graph->operators[i].kind), hex,
               graph->operators[i].name);
    }
}

static json_t *trace_json(const struct vch_graph *graph, const struct vch_digest *trace)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; trace != NULL && i < graph->operator_count; i++)
        json_array_append_new(rows, vch_tool_json_hex(trace[i].bytes, sizeof trace[i].bytes));
    return rows;
}

static vch_status show(struct vch_tool *tool, const struct vch_package *package,
                       const struct vch_tensors *outputs, const struct vch_digest *trace)
{
    if (!vch_options_has(tool->options, "json")) {
        VCH_TRY(vch_tensors_show(outputs, tool, package->graph, NULL));
        if (trace != NULL) print_trace(package->graph, trace);
        return VCH_OK;
    }
    json_t *rows = json_array();
    VCH_TRY(vch_tensors_show(outputs, tool, package->graph, rows));
    return vch_tool_print_json(json_pack(
        "{s:o, s:i, s:o, s:o}", "model",
        vch_tool_json_hex(package->identity.bytes, VCH_DIGEST_SIZE), "batch", (int)outputs->batch,
        "outputs", rows, "trace", trace_json(package->graph, trace)));
}

static vch_status run(struct vch_tool *tool)
{
    struct vch_package package;
    struct vch_tensors inputs, outputs;
    struct vch_digest *trace = NULL;

    VCH_TRY(vch_tool_package(&package, tool, tool->options->operands[0]));
    const struct vch_graph *graph = package.graph;
    if (!vch_segment_is_held(graph, 0, graph->operator_count))
        return vch_complain(&tool->complaint, VCH_CODE_UNSUPPORTED,
                            "this file holds one segment of the model; running it whole takes the "
                            "owner's package, or `vouch infer` over a network");
    VCH_TRY(vch_tensors_load(&inputs, tool, graph));
    VCH_TRY(vch_tensors_allocate(&outputs, tool, graph, inputs.batch));
    if (vch_options_has(tool->options, "trace")) {
        trace = VCH_ARENA_NEW(&tool->arena, struct vch_digest, graph->operator_count);
        if (trace == NULL) return VCH_FAIL(NO_MEMORY);
    }
    const struct vch_run how = {
        .graph = graph,
        .last = graph->operator_count,
        .batch = inputs.batch,
        .kernels = &tool->kernels,
        .workers = tool->workers,
        .trace = trace,
    };
    VCH_TRY(vch_run_graph(&how, inputs.tensor, outputs.tensor, &tool->arena, &tool->complaint));
    VCH_TRY(vch_tensors_save(&outputs, tool, graph));
    return show(tool, &package, &outputs, trace);
}

const struct vch_command vch_commands_run = {
    .name = "run",
    .operands = "M.vouch --input X.npy",
    .summary = "run a model in this process: the reference",
    .details = "Runs the whole model here, exactly as a network of nodes would, and prints or "
               "writes\nits outputs. Samples are rows of the input array.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};

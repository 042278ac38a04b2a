// vouch run: one process, no network. The reference that every other way of running must equal.
#include "model/run.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/audit_segment.h"
#include "cli/commands.h"
#include "cli/tensors.h"
#include "model/segment.h"

static const struct vch_option options[] = {
    {"input", "[NAME=]FILE", ".npy, .npz:ARRAY or synthetic[:SEED]", true},
    {"output", "FILE.npy", "write an output; .npz: all outputs", false},
    {"port", "NAME", "which output --output holds (default: the first)", false},
    {"cuts", "P,P,...|all", "as segments between these operators (see vouch split)", false},
    {"trace", NULL, "print a digest per operator output", false},
    {"accumulators", "FILE", "write what `vouch audit --segment` checks", false},
    {"range", "FIRST:LAST", "of these operators (default: all)", false},
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

// What passes from one segment to the next: one value, but for the ports at both ends.
struct border {
    uint32_t position, count;
    uint32_t values[VCH_GRAPH_PORTS_MAX];
    struct vch_tensor tensors[VCH_GRAPH_PORTS_MAX];
};

static void set_ports(struct border *border, const struct vch_port *ports,
                      const struct vch_tensors *tensors)
{
    border->count = tensors->count;
    for (uint32_t i = 0; i < tensors->count; i++) {
        border->values[i] = ports[i].value;
        border->tensors[i] = tensors->tensor[i];
    }
}

static vch_status set_cut(struct border *border, const struct vch_cut *cut, uint32_t batch,
                          const struct vch_graph *graph, struct vch_arena *arena)
{
    const struct vch_value *value = &graph->values[cut->value];
    struct vch_tensor *tensor = &border->tensors[0];

    *border = (struct border){.position = cut->position, .count = 1, .values = {cut->value}};
    *tensor = (struct vch_tensor){value->type, value->shape, NULL};
    tensor->data = vch_arena_alloc(arena, batch * vch_tensor_size(tensor), 64);
    return tensor->data == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

// The segment between two borders, as the node that holds it would run it.
static vch_status run_segment(const struct vch_run *whole, const struct border *from,
                              const struct border *to, struct vch_tool *tool)
{
    struct vch_run segment = *whole;

    segment.first = from->position;
    segment.last = to->position;
    if (whole->trace != NULL) segment.trace = whole->trace + from->position;
    return vch_run_execute(&segment, from->values, from->tensors, from->count, to->values,
                           to->tensors, to->count, &tool->arena, &tool->complaint);
}

// Legal cuts inside the graph, rising, which --cuts asks for.
static vch_status read_cuts(struct vch_cut *cuts, uint32_t *count, struct vch_tool *tool,
                            const struct vch_graph *graph, const char *text)
{
    const uint32_t end = graph->operator_count;
    uint32_t found = 0, before = 0;
    char *save = NULL, *copy = vch_arena_string(&tool->arena, text, strlen(text));

    *count = 0;
    if (copy == NULL) return VCH_FAIL(NO_MEMORY);
    if (strcmp(text, "all") == 0) {
        VCH_TRY(vch_segment_cuts(cuts, &found, graph, &tool->arena));
        for (uint32_t i = 0; i < found; i++)
            if (cuts[i].position > 0 && cuts[i].position < end) cuts[(*count)++] = cuts[i];
        return VCH_OK;
    }
    for (char *word = strtok_r(copy, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
        uint64_t at = 0;
        if (!vch_options_is_number(&at, word, before + 1, end - 1) ||
            !vch_is_ok(vch_segment_cut_at(&cuts[*count], graph, (uint32_t)at, &tool->arena)))
            return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                                "--cuts expects \"all\" or rising positions that `vouch split` "
                                "lists, between 0 and %u, found \"%.80s\"",
                                end, text);
        before = (uint32_t)at;
        (*count)++;
    }
    return VCH_OK;
}

static vch_status run_in_segments(const struct vch_run *whole, struct vch_tool *tool,
                                  const struct vch_tensors *inputs,
                                  const struct vch_tensors *outputs, const char *text)
{
    const struct vch_graph *graph = whole->graph;
    struct vch_cut *cuts = VCH_ARENA_NEW(&tool->arena, struct vch_cut, graph->operator_count + 1);
    struct border from = {.position = 0}, to;
    uint32_t count = 0;

    if (cuts == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(read_cuts(cuts, &count, tool, graph, text));
    set_ports(&from, graph->inputs, inputs);
    for (uint32_t i = 0; i < count; i++, from = to) {
        VCH_TRY(set_cut(&to, &cuts[i], whole->batch, graph, &tool->arena));
        VCH_TRY(run_segment(whole, &from, &to, tool));
    }
    to.position = graph->operator_count;
    set_ports(&to, graph->outputs, outputs);
    return run_segment(whole, &from, &to, tool);
}

static vch_status run(struct vch_tool *tool)
{
    const char *cuts = vch_options_text(tool->options, "cuts");
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
    if (cuts == NULL)
        VCH_TRY(vch_run_graph(&how, inputs.tensor, outputs.tensor, &tool->arena, &tool->complaint));
    else
        VCH_TRY(run_in_segments(&how, tool, &inputs, &outputs, cuts));
    if (vch_options_has(tool->options, "accumulators"))
        VCH_TRY(vch_audit_segment_make(tool, &package, &inputs));
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

// vouch split: where a model may be cut, a plan for a network, and the files that nodes get.
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/split_leak.h"
#include "cli/split_plan.h"
#include "model/segment.h"

static const struct vch_option options[] = {
    {"plan", NULL, "print the best plan for --nodes", false},
    {"nodes", "FILE.json", "what each node can do (see below)", false},
    {"quorum", "K", "nodes of different operators per segment (default: 1)", false},
    {"segments", "N", "exactly N segments on nodes (default: whatever is fastest)", false},
    {"keep-first", "N", "parametric layers the client runs first (default: 1)", false},
    {"keep-last", "N", "parametric layers the client runs last (default: 1)", false},
    {"share", "PERCENT", "most of the layers one operator may hold (default: 100)", false},
    {"strict", NULL, "neighbouring segments never share an operator, whatever the quorum", false},
    {"batch", "N", "samples per job, for the estimate (default: 1)", false},
    {"extract", "FIRST:LAST|none",
     "write the segment of operators FIRST up to LAST - 1; none: what is public", false},
    {"output", "FILE", "where the extracted segment goes", false},
    {"leak", NULL, "measure how much of the input each cut, or each of the plan's, gives away",
     false},
    {"calibrate", "FILE", ".npy or .npz:ARRAY: samples of real inputs to measure on", false},
    {"calibrate-max", "N", "use at most the first N samples (default: 1000)", false},
    {"seed", "N", "deals the samples and begins the inverters (default: 1)", false},
    {"image", "CxHxW", "the input is an image of this shape (default: its own shape says)", false},
    {"columns", "FILE", "names of a table's columns, one a line or with commas between", false},
    {"leak-report", "FILE.svg", "draw what was recovered; .png: originals and guesses alone",
     false},
    {"leak-max", "R2", "with --plan: show nodes only what leaks at most this, 0 to 1", false},
    {"leak-file", "FILE.json", "what --leak --json printed, instead of measuring again", false},
    {"threads", "N", "threads (default: one per processor)", false},
    {"json", NULL, "print JSON", false},
    {0},
};

static uint64_t bytes_of(const struct vch_graph *graph, uint32_t value)
{
    const struct vch_value *v = &graph->values[value];
    return vch_tensor_shape_count(&v->shape) * vch_tensor_type_size(v->type);
}

static json_t *cuts_json(const struct vch_graph *graph, const struct vch_cut *cuts, uint32_t count)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(
            rows, json_pack("{s:i, s:I, s:i, s:s}", "position", (int)cuts[i].position, "bytes",
                            (json_int_t)bytes_of(graph, cuts[i].value), "layers_before",
                            (int)vch_segment_layer_count(graph, 0, cuts[i].position), "before",
                            cuts[i].position < graph->operator_count
                                ? graph->operators[cuts[i].position].name
                                : "(end)"));
    return rows;
}

static vch_status print_cuts(struct vch_tool *tool, const struct vch_graph *graph)
{
    struct vch_cut *cuts = VCH_ARENA_NEW(&tool->arena, struct vch_cut, graph->operator_count + 1);
    uint32_t count = 0;

    if (cuts == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_segment_cuts(cuts, &count, graph, &tool->arena));
    if (vch_options_has(tool->options, "json"))
        return vch_tool_print_json(json_pack("{s:o}", "cuts", cuts_json(graph, cuts, count)));
    printf("position  layers before  bytes across  before operator\n");
    for (uint32_t i = 0; i < count; i++)
        printf("%8u  %13u  %12llu  %s\n", cuts[i].position,
               vch_segment_layer_count(graph, 0, cuts[i].position),
               (unsigned long long)bytes_of(graph, cuts[i].value),
               cuts[i].position < graph->operator_count ? graph->operators[cuts[i].position].name
                                                        : "(end)");
    return VCH_OK;
}

static vch_status extract(struct vch_tool *tool, const struct vch_package *package,
                          const char *range)
{
    const char *output = NULL, *colon = strchr(range, ':');
    uint64_t first = 0, last = 0, most = package->graph->operator_count;
    uint8_t *bytes = NULL;
    size_t size = 0;
    char head[24] = {0};

    VCH_TRY(vch_options_required(&output, tool->options, "output", &tool->complaint));
    if (colon != NULL && colon - range < (long)sizeof head)
        memcpy(head, range, (size_t)(colon - range));
    const bool is_none = strcmp(range, "none") == 0;
    if (!is_none && (colon == NULL || !vch_options_is_number(&first, head, 0, most) ||
                     !vch_options_is_number(&last, colon + 1, first + 1, most)))
        return vch_complain(
            &tool->complaint, VCH_CODE_USAGE,
            "--extract expects FIRST:LAST with FIRST < LAST <= %llu, or none, found "
            "\"%.40s\"",
            (unsigned long long)most, range);
    VCH_TRY(vch_package_extract(&bytes, &size, package, (uint32_t)first, (uint32_t)last,
                                &tool->arena, &tool->complaint));
    VCH_TRY(vch_file_write(output, bytes, size, !is_none, &tool->complaint));
    if (is_none) {
        printf("%s: public, no parameters, %zu bytes\n", output, size);
        return VCH_OK;
    }
    printf("%s: operators %llu to %llu, %u layers, %zu bytes\n", output, (unsigned long long)first,
           (unsigned long long)last - 1,
           vch_segment_layer_count(package->graph, (uint32_t)first, (uint32_t)last), size);
    return VCH_OK;
}

static vch_status measure_leaks(struct vch_tool *tool, const struct vch_package *package)
{
    struct vch_leak leak;
    json_t *json = NULL;

    VCH_TRY(vch_split_leak_measure(&leak, tool, package, NULL, 0));
    if (!vch_options_has(tool->options, "json")) return vch_split_leak_show(&leak, tool, package);
    VCH_TRY(vch_split_leak_json(&json, &leak, tool, package));
    return vch_tool_print_json(json);
}

static vch_status run(struct vch_tool *tool)
{
    const char *range = vch_options_text(tool->options, "extract");
    struct vch_package package;

    VCH_TRY(vch_tool_package(&package, tool, tool->options->operands[0]));
    if (range != NULL) return extract(tool, &package, range);
    if (vch_options_has(tool->options, "plan")) return vch_split_plan_run(tool, &package);
    if (vch_options_has(tool->options, "leak")) return measure_leaks(tool, &package);
    return print_cuts(tool, package.graph);
}

const struct vch_command vch_commands_split = {
    .name = "split",
    .operands = "M.vouch [--plan | --leak | --extract FIRST:LAST|none]",
    .summary = "legal cuts, what they leak, a plan for a network, files for nodes",
    .details =
        "Alone: lists where the model may be cut and what crosses there. With --plan: the\n"
        "fastest plan under the constraints. With --extract: the package of one segment, or of no\n"
        "parameters at all, which is what whoever checks vouchers and proofs needs.\n\n"
        "With --leak: how much of the input two inverters, trained on --calibrate, recover from\n"
        "what crosses each cut, beside a blind guess. It is a bound from below on what an\n"
        "attacker can do, and no proof of privacy. --leak-max keeps plans to cuts that leak "
        "less.\n\n"
        "--nodes is a JSON array of {\"name\", \"operator\", \"memory\" (bytes), "
        "\"work_per_second\"\n(multiplications), \"latency_us\", \"bytes_per_second\", \"holds\": "
        "[[first, last], ...]}.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};

#include "cli/split_leak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/progress.h"
#include "import/quantise.h"

#define SAMPLES_DEFAULT 1000u
#define REPORT_SIZE_MAX (16u << 20)
#define IMAGE_SIDE_MAX 65536u

static void draw_progress(void *context, uint64_t done, uint64_t total)
{
    struct vch_progress *progress = context;

    if (progress->label == NULL) vch_progress_start(progress, "measuring leakage", total);
    vch_progress_update(progress, done);
}

// --image CxHxW, for an input whose shape does not say so.
static vch_status read_image(struct vch_image_shape *out, struct vch_tool *tool)
{
    const char *text = vch_options_text(tool->options, "image");
    char parts[3][8] = {"", "", ""};
    uint64_t sides[3] = {0};

    *out = (struct vch_image_shape){0};
    if (text == NULL) return VCH_OK;
    bool is_read = sscanf(text, "%7[0-9]x%7[0-9]x%7[0-9]", parts[0], parts[1], parts[2]) == 3;
    for (int i = 0; i < 3 && is_read; i++)
        is_read = vch_options_is_number(&sides[i], parts[i], 1, IMAGE_SIDE_MAX);
    if (!is_read)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--image expects CHANNELSxHEIGHTxWIDTH, such as 1x28x28; found "
                            "\"%.40s\"",
                            text);
    *out = (struct vch_image_shape){(uint32_t)sides[0], (uint32_t)sides[1], (uint32_t)sides[2]};
    return VCH_OK;
}

// The first samples of --calibrate, as numbers and as the model's integers.
static vch_status read_samples(struct vch_leak_problem *problem, struct vch_tool *tool)
{
    const struct vch_graph *graph = problem->graph;
    const struct vch_port *port = &graph->inputs[0];
    const struct vch_value *value = &graph->values[port->value];
    size_t each = vch_tensor_shape_count(&value->shape);
    uint64_t most = SAMPLES_DEFAULT;
    const char *path = NULL;
    struct vch_npy array;

    VCH_TRY(vch_options_required(&path, tool->options, "calibrate", &tool->complaint));
    VCH_TRY(vch_options_u64(&most, tool->options, "calibrate-max", 1, VCH_LEAK_SAMPLES_MAX,
                            &tool->complaint));
    VCH_TRY(vch_tool_array(&array, tool, path));
    if (array.rank == 0 || array.count == 0 || array.count / each != array.dims[0] ||
        array.count % each != 0)
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "input \"%.80s\" takes %zu numbers a sample; the array of --calibrate "
                            "holds %zu in %llu rows",
                            port->name, each, array.count,
                            array.rank == 0 ? 0ull : (unsigned long long)array.dims[0]);
    problem->sample_count = (uint32_t)(array.dims[0] < most ? array.dims[0] : most);
    problem->samples = array.values;
    void *quantised = vch_arena_alloc(&tool->arena, problem->sample_count,
                                      each * vch_tensor_type_size(value->type));
    if (quantised == NULL) return VCH_FAIL(NO_MEMORY);
    problem->quantised = quantised;
    return vch_quantise_input(quantised, graph, port, array.values, problem->sample_count * each,
                              &tool->complaint);
}

vch_status vch_split_leak_measure(struct vch_leak *out, struct vch_tool *tool,
                                  const struct vch_package *package, const uint32_t *positions,
                                  uint32_t position_count)
{
    struct vch_progress progress = {0};
    struct vch_leak_problem problem = {
        .graph = package->graph,
        .position_count = position_count,
        .positions = positions,
        .seed = 1,
        .kernels = &tool->kernels,
        .workers = tool->workers,
        .progress_context = &progress,
        .progress = draw_progress,
    };

    if (package->graph->input_count != 1)
        return vch_complain(&tool->complaint, VCH_CODE_UNSUPPORTED,
                            "leakage is measured for models with one input; this one has %u",
                            package->graph->input_count);
    VCH_TRY(vch_options_u64(&problem.seed, tool->options, "seed", 0, INT64_MAX, &tool->complaint));
    VCH_TRY(read_image(&problem.image, tool));
    VCH_TRY(read_samples(&problem, tool));
    vch_status status = vch_leak_measure(out, &problem, &tool->arena, &tool->complaint);
    if (progress.label != NULL) vch_progress_finish(&progress);
    return status;
}

static vch_status malformed(struct vch_tool *tool, const char *path, const char *what)
{
    return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                        "%.100s: %s; expected what `vouch split --leak --json` prints", path, what);
}

// Cuts in ascending order, each with a number from 0 to 1.
static vch_status read_cuts(struct vch_plan_problem *problem, struct vch_tool *tool,
                            const json_t *cuts, const char *path)
{
    size_t count = json_array_size(cuts);
    struct vch_plan_leak *leaks = VCH_ARENA_NEW(&tool->arena, struct vch_plan_leak, count);
    json_int_t before = -1;

    if (leaks == NULL) return VCH_FAIL(NO_MEMORY);
    if (count == 0) return malformed(tool, path, "no cuts");
    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(cuts, i), *leak = json_object_get(row, "leak");
        const json_t *position = json_object_get(row, "position");
        json_int_t at = json_integer_value(position);
        double value = json_number_value(leak);
        if (!json_is_integer(position) || at <= before || at > UINT32_MAX)
            return malformed(tool, path, "positions do not ascend");
        if (!json_is_number(leak) || !(value >= 0 && value <= 1))
            return malformed(tool, path, "\"leak\" is not a number from 0 to 1");
        leaks[i] = (struct vch_plan_leak){(uint32_t)at, value};
        before = at;
    }
    problem->leaks = leaks;
    problem->leak_count = (uint32_t)count;
    return VCH_OK;
}

static vch_status read_measure(struct vch_plan_problem *problem, struct vch_tool *tool,
                               const json_t *report, const char *path,
                               const struct vch_package *package)
{
    const char *model = json_string_value(json_object_get(report, "model"));
    char identity[2 * VCH_DIGEST_SIZE + 1];

    vch_hex_encode(identity, package->identity.bytes, VCH_DIGEST_SIZE);
    if (model == NULL) return malformed(tool, path, "no \"model\"");
    if (strcmp(model, identity) != 0)
        return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                            "%.100s was measured on another model, %.16s..., not on this one, "
                            "%.16s...: measure again",
                            path, model, identity);
    return read_cuts(problem, tool, json_object_get(report, "cuts"), path);
}

static vch_status read_file(struct vch_plan_problem *problem, struct vch_tool *tool,
                            const char *path, const struct vch_package *package)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, REPORT_SIZE_MAX));
    json_t *report = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (report == NULL) return malformed(tool, path, "this is no JSON");
    vch_status status = read_measure(problem, tool, report, path, package);
    json_decref(report);
    return status;
}

static vch_status measure_now(struct vch_plan_problem *problem, struct vch_tool *tool,
                              const struct vch_package *package)
{
    struct vch_leak leak;

    VCH_TRY(vch_split_leak_measure(&leak, tool, package, NULL, 0));
    struct vch_plan_leak *leaks = VCH_ARENA_NEW(&tool->arena, struct vch_plan_leak, leak.cut_count);
    if (leaks == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < leak.cut_count; i++)
        leaks[i] = (struct vch_plan_leak){leak.cuts[i].position, leak.cuts[i].leak};
    problem->leaks = leaks;
    problem->leak_count = leak.cut_count;
    return VCH_OK;
}

vch_status vch_split_leak_limit(struct vch_plan_problem *problem, struct vch_tool *tool,
                                const struct vch_package *package)
{
    const char *most = vch_options_text(tool->options, "leak-max");
    const char *path = vch_options_text(tool->options, "leak-file");
    char *end = NULL;

    if (most == NULL) return VCH_OK;
    problem->leak_max = strtod(most, &end);
    if (end == most || *end != '\0' || !(problem->leak_max >= 0 && problem->leak_max <= 1))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--leak-max expects a number from 0 (nothing) to 1 (the input itself); "
                            "found \"%.40s\"",
                            most);
    if (path != NULL) return read_file(problem, tool, path, package);
    if (!vch_options_has(tool->options, "calibrate"))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--leak-max needs to know what each cut leaks: pass --calibrate "
                            "SAMPLES.npy to measure it, or --leak-file FILE.json with what "
                            "`vouch split --leak --json` printed");
    return measure_now(problem, tool, package);
}

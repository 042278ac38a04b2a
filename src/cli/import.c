// vouch import: compile an ONNX model to the integer model, sign it, say what that cost.
#include "import/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/annex_make.h"
#include "cli/commands.h"
#include "host/process.h"
#include "host/progress.h"
#include "host/random.h"
#include "import/plot.h"

#define MODEL_SIZE_MAX ((size_t)2 << 30)
enum { FILES_MAX = 4096 };

static const struct vch_option options[] = {
    {"output", "M.vouch", "where the package goes", false},
    {"key", "FILE", "the owner's key file, which signs the model", false},
    {"passphrase-file", "FILE", "opens the key file", false},
    {"calibrate", "FILE", ".npy, .npz or synthetic[:SEED]: samples that show typical ranges",
     false},
    {"calibrate-max", "N", "use at most N samples (default: 512; 0: all)", false},
    {"activations", "8|16", "bits of activations (default: 8)", false},
    {"range", "mse|percentile:P|max", "what of an activation's range is kept (default: mse)",
     false},
    {"max-loss", "POINTS", "more bits where they help most, until no more than this is lost",
     false},
    {"max-size", "BYTES", "the same, until the model has this size", false},
    {"threads", "N", "threads (default: one per processor)", false},
    {"report", "FILE.json", "write the report, and where the error comes from", false},
    {"plot", "FILE.svg", "draw it: the error of every tensor, layer by layer", false},
    {"provable", NULL, "also write M.annex and M.annex.key, with which runs can be proven", false},
    {"supported", NULL, "list the ONNX operators that can be imported, and stop", false},
    {"json", NULL, "print the report as JSON", false},
    {0},
};

// A file beside the model, read once however many tensors are in it.
struct beside {
    const char *name;
    const uint8_t *bytes;
    size_t size;
    const struct beside *before;
};

struct folder {
    struct vch_tool *tool;
    const char *path;
    const struct beside *last; // read, and from there all before
    uint32_t count;
};

static vch_status read_new(struct folder *folder, const char *name, struct vch_complaint *complaint)
{
    struct vch_arena *arena = &folder->tool->arena;
    struct beside *file = VCH_ARENA_NEW(arena, struct beside, 1);
    uint8_t *bytes = NULL;

    if (folder->count++ == FILES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the model's tensors are in more than %d files", FILES_MAX);
    if (file == NULL) return VCH_FAIL(NO_MEMORY);
    file->name = vch_arena_string(arena, name, strlen(name));
    if (file->name == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_file_read_beneath(&bytes, &file->size, folder->path, name, MODEL_SIZE_MAX, arena,
                                  complaint));
    file->bytes = bytes;
    file->before = folder->last;
    folder->last = file;
    return VCH_OK;
}

static vch_status read_beside(void *context, const char *name, const uint8_t **bytes, size_t *size,
                              struct vch_complaint *complaint)
{
    struct folder *folder = context;
    const struct beside *found = folder->last;

    while (found != NULL && strcmp(found->name, name) != 0)
        found = found->before;
    if (found == NULL) {
        VCH_TRY(read_new(folder, name, complaint));
        found = folder->last;
    }
    *bytes = found->bytes;
    *size = found->size;
    return VCH_OK;
}

// The folder of the model's file.
static vch_status open_folder(struct folder *folder, struct vch_tool *tool, const char *model_path)
{
    const char *slash = strrchr(model_path, '/');

    *folder = (struct folder){.tool = tool, .path = "."};
    if (slash != NULL)
        folder->path = vch_arena_string(&tool->arena, model_path, (size_t)(slash + 1 - model_path));
    return folder->path == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static void draw_progress(void *context, uint64_t done, uint64_t total)
{
    struct vch_progress *progress = context;

    if (progress->label == NULL) vch_progress_start(progress, "calibrating", total);
    vch_progress_update(progress, done);
}

struct archive {
    struct vch_tool *tool;
    const char *path;
};

static vch_status read_array(void *context, const char *name, struct vch_npy *out,
                             struct vch_complaint *complaint)
{
    const struct archive *archive = context;
    char what[VCH_GRAPH_NAME_MAX + 2048];

    (void)complaint; // the tool has its own, which is this one
    (void)snprintf(what, sizeof what, "%.2000s%s%.200s", archive->path, name != NULL ? ":" : "",
                   name != NULL ? name : "");
    return vch_tool_array(out, archive->tool, what);
}

static bool is_archive(const char *path)
{
    size_t size = strlen(path);

    return size > 4 && strcmp(path + size - 4, ".npz") == 0;
}

static vch_status load_calibration(struct vch_npy *out, bool *is_synthetic, struct vch_tool *tool,
                                   const uint8_t *model, size_t size,
                                   const struct vch_import_files *files, const char *what)
{
    uint64_t seed = 1;

    *is_synthetic = strncmp(what, "synthetic", 9) == 0 && (what[9] == '\0' || what[9] == ':');
    if (is_archive(what)) {
        struct archive archive = {tool, what};
        const struct vch_import_arrays arrays = {&archive, read_array};
        return vch_import_join(out, model, size, files, &arrays, &tool->arena, &tool->complaint);
    }
    if (!*is_synthetic) return vch_tool_array(out, tool, what);
    if (what[9] == ':' && !vch_options_is_number(&seed, what + 10, 0, UINT64_MAX))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "expected synthetic or synthetic:SEED, found \"%.40s\"", what);
    return vch_import_synthetic(out, model, size, files, seed, &tool->arena, &tool->complaint);
}

// "percentile:99.99": the number, which is above 0 and at most 100.
static bool read_percent(double *out, const char *text)
{
    char *end = NULL;

    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out > 0 && *out <= 100;
}

static vch_status read_range(struct vch_import_range *out, struct vch_tool *tool)
{
    const char *text = vch_options_text(tool->options, "range");

    *out = (struct vch_import_range){.kind = VCH_IMPORT_RANGE_MSE};
    if (text == NULL || strcmp(text, "mse") == 0) return VCH_OK;
    out->kind = VCH_IMPORT_RANGE_MAX;
    if (strcmp(text, "max") == 0) return VCH_OK;
    out->kind = VCH_IMPORT_RANGE_PERCENTILE;
    if (strncmp(text, "percentile:", 11) == 0 && read_percent(&out->percent, text + 11))
        return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "--range is mse, max or percentile:P with P above 0 and at most 100, not "
                        "\"%.40s\"",
                        text);
}

static vch_status read_targets(struct vch_import_options *out, struct vch_tool *tool)
{
    const char *text = vch_options_text(tool->options, "max-loss");
    char *end = NULL;

    if (text != NULL) {
        out->has_loss_max = true;
        out->loss_max = strtod(text, &end);
        if (end == text || *end != '\0' || !(out->loss_max >= 0 && out->loss_max <= 100))
            return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                                "--max-loss takes points from 0 to 100, such as 0.3, not \"%.40s\"",
                                text);
    }
    return vch_options_u64(&out->size_max, tool->options, "max-size", 0, UINT64_MAX,
                           &tool->complaint);
}

static vch_status compile(struct vch_graph **graph, struct vch_import_report *report,
                          struct vch_tool *tool, const uint8_t *model, size_t size,
                          struct folder *folder)
{
    const char *calibrate = vch_options_text(tool->options, "calibrate");
    const struct vch_import_files files = {folder, read_beside};
    struct vch_progress progress = {0};
    struct vch_npy calibration;
    uint64_t bits = 8, most = 512;

    VCH_TRY(vch_options_u64(&bits, tool->options, "activations", 8, 16, &tool->complaint));
    if (bits != 8 && bits != 16)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE, "--activations is 8 or 16");
    VCH_TRY(
        vch_options_u64(&most, tool->options, "calibrate-max", 0, UINT32_MAX, &tool->complaint));
    struct vch_import_range range;
    VCH_TRY(read_range(&range, tool));
    struct vch_import_options how = {
        .activation_bits = (unsigned)bits,
        .range = range,
        .calibration_max = (uint32_t)most,
        .files = &files,
        .kernels = &tool->kernels,
        .workers = tool->workers,
        .progress_context = &progress,
        .progress = draw_progress,
    };
    VCH_TRY(read_targets(&how, tool));
    how.wants_shares =
        vch_options_has(tool->options, "report") || vch_options_has(tool->options, "plot");
    if (calibrate != NULL) {
        VCH_TRY(load_calibration(&calibration, &how.calibration_is_synthetic, tool, model, size,
                                 &files, calibrate));
        how.calibration = &calibration;
    }
    vch_status status =
        vch_import_onnx(graph, report, model, size, &how, &tool->arena, &tool->complaint);
    if (progress.label != NULL) vch_progress_finish(&progress);
    if (status.code != VCH_CODE_USAGE || calibrate != NULL) return status;
    const struct vch_complaint inner = tool->complaint;
    tool->complaint.text[0] = '\0';
    return vch_complain(&tool->complaint, VCH_CODE_USAGE, "%.420s; pass --calibrate FILE.npy",
                        inner.text);
}

// A new model with the annex of an old one in its place could not be proven, and the old one's
// count must not be lost.
static vch_status check_no_annex(struct vch_annex_files *files, struct vch_tool *tool,
                                 const char *path)
{
    VCH_TRY(vch_annex_files_find(files, tool, path));
    if (access(files->annex, F_OK) != 0 && access(files->key, F_OK) != 0) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                        "%.200s or its key is there, of an earlier model: choose another name, or "
                        "move both away",
                        files->annex);
}

static vch_status write_package(struct vch_tool *tool, struct vch_graph *graph,
                                const struct vch_secret_key *owner, const char *path)
{
    struct vch_salt *salts = VCH_ARENA_NEW(&tool->arena, struct vch_salt, graph->parameter_count);
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (salts == NULL) return VCH_FAIL(NO_MEMORY);
    vch_random_bytes(salts, graph->parameter_count * sizeof *salts);
    VCH_TRY(vch_package_encode(&bytes, &size, graph, salts, owner, &tool->arena, tool->workers,
                               &tool->complaint));
    // Private: the parameters are what the owner sells.
    return vch_file_write(path, bytes, size, true, &tool->complaint);
}

// What was written is what anyone will read: it is checked as they would.
static vch_status write_all(struct vch_package *package, struct vch_tool *tool,
                            struct vch_graph *graph, const struct vch_secret_key *owner,
                            const char *path)
{
    struct vch_annex_files files;

    VCH_TRY(write_package(tool, graph, owner, path));
    VCH_TRY(vch_tool_package(package, tool, path));
    if (!vch_options_has(tool->options, "provable")) return VCH_OK;
    VCH_TRY(vch_annex_files_find(&files, tool, path));
    return vch_annex_make(&files, tool, package, owner);
}

static vch_status sign_and_write(struct vch_package *package, struct vch_tool *tool,
                                 struct vch_graph *graph, const char *key_path, const char *path)
{
    struct vch_secret_key owner;

    VCH_TRY(vch_tool_secret_key(&owner, tool, key_path));
    vch_status status = write_all(package, tool, graph, &owner, path);
    vch_wipe(&owner, sizeof owner);
    return status;
}

static void print_report(const struct vch_package *package, const struct vch_import_report *report,
                         const char *path)
{
    char hex[2 * VCH_DIGEST_SIZE + 1];

    vch_hex_encode(hex, package->identity.bytes, VCH_DIGEST_SIZE);
    printf("%s\n  identity     %s\n  operators    %u\n  parameters   %llu bytes (float: %llu)\n",
           path, hex, package->graph->operator_count, (unsigned long long)report->integer_size,
           (unsigned long long)report->float_size);
    if (report->sample_count == 0) return;
    printf("  calibration  %u samples%s\n", report->sample_count,
           report->is_synthetic ? ", SYNTHETIC: ranges and figures say little about real data"
                                : "");
    for (uint32_t i = 0; i < report->output_count; i++) {
        const struct vch_import_output_report *o = &report->outputs[i];
        printf("  output       %s: mean error %.3g, largest %.3g, of a range of %.3g", o->name,
               o->error_mean, o->error_max, o->range);
        if (o->top1_agreement >= 0)
            printf("; same top class as float: %.2f %%", 100 * o->top1_agreement);
        putchar('\n');
    }
    uint64_t saturated = 0, elements = 0;
    for (uint32_t i = 0; i < report->tensor_count; i++) {
        saturated += report->tensors[i].saturated;
        elements += report->tensors[i].elements;
    }
    printf("  saturation   %llu of %llu activations\n", (unsigned long long)saturated,
           (unsigned long long)elements);
    if (report->worst_tensor < report->tensor_count)
        printf("  worst tensor %s: %.1f dB signal to noise\n",
               report->tensors[report->worst_tensor].name,
               report->tensors[report->worst_tensor].signal_to_noise_db);
}

static json_t *tensors_json(const struct vch_import_report *report)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < report->tensor_count; i++) {
        const struct vch_import_tensor_report *t = &report->tensors[i];
        json_array_append_new(
            rows,
            json_pack("{s:s, s:s, s:b, s:f, s:f, s:f, s:I, s:I, s:f, s:f, s:f}", "name", t->name,
                      "type", vch_tensor_type_name(t->type), "two_rows_of_weights",
                      (int)t->has_two_rows, "share", t->share, "share_weights", t->share_weights,
                      "scale", t->scale, "saturated", (json_int_t)t->saturated, "elements",
                      (json_int_t)t->elements, "error_mean", t->error_mean, "error_max",
                      t->error_max, "signal_to_noise_db", t->signal_to_noise_db));
    }
    return rows;
}

static json_t *report_json(const struct vch_package *package,
                           const struct vch_import_report *report, const char *path)
{
    json_t *outputs = json_array();

    for (uint32_t i = 0; i < report->output_count; i++) {
        const struct vch_import_output_report *o = &report->outputs[i];
        json_array_append_new(outputs,
                              json_pack("{s:s, s:f, s:f, s:f, s:f}", "name", o->name, "error_mean",
                                        o->error_mean, "error_max", o->error_max, "range", o->range,
                                        "top1_agreement", o->top1_agreement));
    }
    return json_pack(
        "{s:s, s:o, s:i, s:i, s:b, s:b, s:I, s:I, s:o, s:o}", "file", path, "identity",
        vch_tool_json_hex(package->identity.bytes, VCH_DIGEST_SIZE), "operators",
        (int)package->graph->operator_count, "calibration_samples", (int)report->sample_count,
        "calibration_is_synthetic", (int)report->is_synthetic, "has_shares",
        (int)report->has_shares, "float_size", (json_int_t)report->float_size, "integer_size",
        (json_int_t)report->integer_size, "outputs", outputs, "tensors", tensors_json(report));
}

static vch_status write_report(struct vch_tool *tool, const struct vch_package *package,
                               const struct vch_import_report *report, const char *output,
                               const char *path)
{
    json_t *json = report_json(package, report, output);
    char *text = json_dumps(json, JSON_INDENT(2));

    json_decref(json);
    if (text == NULL) return VCH_FAIL(NO_MEMORY);
    vch_status status = vch_file_write(path, text, strlen(text), false, &tool->complaint);
    free(text);
    return status;
}

// What was asked for beside the package.
static vch_status write_reports(struct vch_tool *tool, const struct vch_package *package,
                                const struct vch_import_report *report, const char *output)
{
    const char *json = vch_options_text(tool->options, "report");
    const char *plot = vch_options_text(tool->options, "plot"), *text = NULL;
    size_t size = 0;

    if (json != NULL) VCH_TRY(write_report(tool, package, report, output, json));
    if (plot == NULL) return VCH_OK;
    if (report->tensor_count == 0)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--plot: nothing was calibrated, so there is no error to draw");
    const char *slash = strrchr(output, '/');
    VCH_TRY(
        vch_plot_report(&text, &size, slash == NULL ? output : slash + 1, report, &tool->arena));
    return vch_file_write(plot, text, size, false, &tool->complaint);
}

static vch_status print_supported(void)
{
    for (const char *const *name = vch_import_supported(); *name != NULL; name++)
        printf("%s\n", *name);
    for (const char *const *name = vch_import_supported_ml(); *name != NULL; name++)
        printf("ai.onnx.ml.%s\n", *name);
    return VCH_OK;
}

static vch_status run(struct vch_tool *tool)
{
    const char *model_path = tool->options->operands[0], *output = NULL, *key = NULL;
    struct vch_annex_files files;
    struct folder folder;
    struct vch_import_report report = {0};
    struct vch_package package;
    struct vch_graph *graph = NULL;
    uint8_t *model = NULL;
    size_t size = 0;

    if (vch_options_has(tool->options, "supported")) return print_supported();
    if (model_path == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "usage: vouch import MODEL.onnx -o M.vouch --key OWNER.key [OPTIONS]");
    VCH_TRY(vch_options_required(&output, tool->options, "output", &tool->complaint));
    VCH_TRY(vch_options_required(&key, tool->options, "key", &tool->complaint));
    if (vch_options_has(tool->options, "provable")) VCH_TRY(check_no_annex(&files, tool, output));
    VCH_TRY(open_folder(&folder, tool, model_path));
    VCH_TRY(vch_tool_file(&model, &size, tool, model_path, MODEL_SIZE_MAX));
    VCH_TRY(compile(&graph, &report, tool, model, size, &folder));
    VCH_TRY(sign_and_write(&package, tool, graph, key, output));
    VCH_TRY(write_reports(tool, &package, &report, output));
    if (vch_options_has(tool->options, "json"))
        return vch_tool_print_json(report_json(&package, &report, output));
    print_report(&package, &report, output);
    return VCH_OK;
}

const struct vch_command vch_commands_import = {
    .name = "import",
    .operands = "MODEL.onnx -o M.vouch --key OWNER.key",
    .summary = "compile an ONNX model to a signed integer model",
    .details =
        "Neural networks are quantised, for which --calibrate gives typical inputs; trees are\n"
        "exact and need none. The report says what was lost against the float model.",
    .operand_min = 0, // --supported takes none
    .operand_max = 1,
    .options = options,
    .run = run,
};

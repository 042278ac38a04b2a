// vouch import: compile an ONNX model to the integer model, sign it, say what that cost.
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/annex_make.h"
#include "cli/commands.h"
#include "cli/import_parts.h"
#include "host/progress.h"
#include "host/random.h"

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

static void draw_progress(void *context, uint64_t done, uint64_t total)
{
    struct vch_progress *progress = context;

    if (progress->label == NULL) vch_progress_start(progress, "calibrating", total);
    vch_progress_update(progress, done);
}

static vch_status compile(struct vch_graph **graph, struct vch_import_report *report,
                          const struct vch_import_parts_source *source)
{
    struct vch_tool *tool = source->tool;
    struct vch_progress progress = {0};
    struct vch_import_options how;
    struct vch_npy calibration;

    VCH_TRY(vch_import_parts_read_how(&how, &calibration, source));
    how.progress_context = &progress;
    how.progress = draw_progress;
    vch_status status = vch_import_onnx(graph, report, source->bytes, source->size, &how,
                                        &tool->arena, &tool->complaint);
    if (progress.label != NULL) vch_progress_finish(&progress);
    if (status.code != VCH_CODE_USAGE || how.calibration != NULL) return status;
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
    struct vch_import_parts_source source;
    struct vch_annex_files files;
    struct vch_import_report report = {0};
    struct vch_package package;
    struct vch_graph *graph = NULL;

    if (vch_options_has(tool->options, "supported")) return print_supported();
    if (model_path == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "usage: vouch import MODEL.onnx -o M.vouch --key OWNER.key [OPTIONS]");
    VCH_TRY(vch_options_required(&output, tool->options, "output", &tool->complaint));
    VCH_TRY(vch_options_required(&key, tool->options, "key", &tool->complaint));
    if (vch_options_has(tool->options, "provable")) VCH_TRY(check_no_annex(&files, tool, output));
    VCH_TRY(vch_import_parts_open(&source, tool, model_path));
    VCH_TRY(compile(&graph, &report, &source));
    VCH_TRY(sign_and_write(&package, tool, graph, key, output));
    VCH_TRY(vch_import_parts_write_reports(tool, &package, &report, output));
    if (vch_options_has(tool->options, "json"))
        return vch_tool_print_json(vch_import_parts_json(&package, &report, output));
    vch_import_parts_print(&package, &report, output);
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

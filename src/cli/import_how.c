// How a model is to be compiled: numbers of bits, ranges, targets, and the samples that show what
// is typical.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import_parts.h"

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

static vch_status read_bits(unsigned *out, struct vch_tool *tool)
{
    uint64_t bits = 8;

    VCH_TRY(vch_options_u64(&bits, tool->options, "activations", 8, 16, &tool->complaint));
    if (bits != 8 && bits != 16)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE, "--activations is 8 or 16");
    *out = (unsigned)bits;
    return VCH_OK;
}

static vch_status read_targets(struct vch_import_options *how, struct vch_tool *tool)
{
    const char *text = vch_options_text(tool->options, "max-loss");
    char *end = NULL;

    if (text != NULL) {
        how->has_loss_max = true;
        how->loss_max = strtod(text, &end);
        if (end == text || *end != '\0' || !(how->loss_max >= 0 && how->loss_max <= 100))
            return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                                "--max-loss takes points from 0 to 100, such as 0.3, not \"%.40s\"",
                                text);
    }
    return vch_options_u64(&how->size_max, tool->options, "max-size", 0, UINT64_MAX,
                           &tool->complaint);
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

static bool is_synthetic(const char *what)
{
    return strncmp(what, "synthetic", 9) == 0 && (what[9] == '\0' || what[9] == ':');
}

static vch_status make_samples(struct vch_npy *out, const struct vch_import_parts_source *source,
                               const char *what)
{
    struct vch_tool *tool = source->tool;
    uint64_t seed = 1;

    if (what[9] == ':' && !vch_options_is_number(&seed, what + 10, 0, UINT64_MAX))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "expected synthetic or synthetic:SEED, found \"%.40s\"", what);
    return vch_import_synthetic(out, source->bytes, source->size, &source->files, seed,
                                &tool->arena, &tool->complaint);
}

static vch_status load_samples(struct vch_npy *out, const struct vch_import_parts_source *source,
                               const char *what)
{
    struct archive archive = {source->tool, what};
    const struct vch_import_arrays arrays = {&archive, read_array};

    if (is_archive(what))
        return vch_import_join(out, source->bytes, source->size, &source->files, &arrays,
                               &source->tool->arena, &source->tool->complaint);
    if (is_synthetic(what)) return make_samples(out, source, what);
    return vch_tool_array(out, source->tool, what);
}

vch_status vch_import_parts_read_how(struct vch_import_options *how, struct vch_npy *calibration,
                                     const struct vch_import_parts_source *source)
{
    struct vch_tool *tool = source->tool;
    const char *calibrate = vch_options_text(tool->options, "calibrate");
    uint64_t most = 512;

    *how = (struct vch_import_options){
        .wants_shares =
            vch_options_has(tool->options, "report") || vch_options_has(tool->options, "plot"),
        .files = &source->files,
        .kernels = &tool->kernels,
        .workers = tool->workers,
    };
    VCH_TRY(read_bits(&how->activation_bits, tool));
    VCH_TRY(
        vch_options_u64(&most, tool->options, "calibrate-max", 0, UINT32_MAX, &tool->complaint));
    how->calibration_max = (uint32_t)most;
    VCH_TRY(read_range(&how->range, tool));
    VCH_TRY(read_targets(how, tool));
    if (calibrate == NULL) return VCH_OK;
    how->calibration = calibration;
    how->calibration_is_synthetic = is_synthetic(calibrate);
    return load_samples(calibration, source, calibrate);
}

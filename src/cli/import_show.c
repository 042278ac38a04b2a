// What became of a model that was imported: what it lost against the float model, and where.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/import_parts.h"
#include "import/plot.h"

void vch_import_parts_print(const struct vch_package *package,
                            const struct vch_import_report *report, const char *path)
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

json_t *vch_import_parts_json(const struct vch_package *package,
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
    json_t *json = vch_import_parts_json(package, report, output);
    char *text = json_dumps(json, JSON_INDENT(2));

    json_decref(json);
    if (text == NULL) return VCH_FAIL(NO_MEMORY);
    vch_status status = vch_file_write(path, text, strlen(text), false, &tool->complaint);
    free(text);
    return status;
}

vch_status vch_import_parts_write_reports(struct vch_tool *tool, const struct vch_package *package,
                                          const struct vch_import_report *report,
                                          const char *output)
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

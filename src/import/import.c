#include "import/import.h"

#include <string.h>

#include "import/calibrate.h"
#include "import/composite.h"
#include "import/ensemble.h"
#include "import/equalise.h"
#include "import/lower.h"
#include "import/onnx.h"
#include "import/quantised.h"
#include "import/report.h"
#include "import/sensitivity.h"
#include "import/simplify.h"
#include "import/translate.h"

static vch_status check_options(const struct vch_import_options *options,
                                struct vch_complaint *complaint)
{
    if (options->activation_bits == 8 || options->activation_bits == 16) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE, "activations have 8 or 16 bits, not %u",
                        options->activation_bits);
}

static vch_status quantise(struct vch_graph **graph, struct vch_import_report *report,
                           struct vch_network *network, const struct vch_import_options *options,
                           struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_layers *layers = NULL;
    struct vch_samples samples = {0};
    struct vch_calibration calibration = {0};
    struct vch_lower_value *map = NULL;

    VCH_TRY(vch_translate_network(&layers, network, complaint));
    VCH_TRY(vch_simplify_layers(layers));
    VCH_TRY(vch_composite_layers(layers));
    VCH_TRY(vch_simplify_layers(layers));
    bool is_complete = false;
    VCH_TRY(vch_quantised_is_complete(&is_complete, layers, arena));
    bool is_blind = is_complete && options->calibration == NULL; // nothing to find out
    if (is_blind)
        VCH_TRY(vch_samples_zero(&samples, layers, arena));
    else
        VCH_TRY(vch_samples_init(&samples, layers, options, complaint));
    if (!is_blind)
        VCH_TRY(vch_equalise_layers(layers, &samples, options->activation_bits == 8 ? 127 : 32767,
                                    options->workers, arena));
    VCH_TRY(vch_calibrate_run(&calibration, layers, &samples, options, arena, complaint));
    if (!is_blind) VCH_TRY(vch_sensitivity_choose(&calibration, layers, options, arena, complaint));
    VCH_TRY(vch_lower_layers(graph, &map, layers, &calibration, arena, complaint));
    struct vch_sensitivity_shares shares = {0};
    bool has_shares = options->wants_shares && !is_blind;
    if (has_shares)
        VCH_TRY(vch_sensitivity_measure(&shares, &calibration, layers, options, arena, complaint));
    const struct vch_report compared = {
        *graph, layers, map, &calibration.lanes, has_shares ? &shares : NULL, options};
    VCH_TRY(vch_report_run(report, &compared, arena, complaint));
    if (is_blind) report->sample_count = 0;
    return VCH_OK;
}

static void attach_labels(struct vch_graph *graph,
                          const struct vch_ensemble_labels labels[VCH_GRAPH_PORTS_MAX])
{
    for (uint32_t i = 0; i < graph->output_count; i++) {
        if (labels[i].count == 0 || graph->outputs[i].kind != VCH_PORT_INTEGER) continue;
        graph->outputs[i].kind = VCH_PORT_CLASS;
        graph->outputs[i].label_count = labels[i].count;
        graph->outputs[i].labels = labels[i].texts;
    }
}

static vch_status import(struct vch_graph **graph, struct vch_import_report *report,
                         const uint8_t *bytes, size_t size,
                         const struct vch_import_options *options, struct vch_arena *arena,
                         struct vch_complaint *complaint)
{
    struct vch_network *network = NULL;
    struct vch_ensemble_labels labels[VCH_GRAPH_PORTS_MAX] = {0};

    VCH_TRY(check_options(options, complaint));
    VCH_TRY(vch_onnx_decode(&network, bytes, size, options->files, arena, complaint));
    if (vch_ensemble_is(network))
        return vch_ensemble_lower(graph, report, network, options, arena, complaint);
    VCH_TRY(vch_ensemble_rewrite(network, labels, complaint));
    VCH_TRY(quantise(graph, report, network, options, arena, complaint));
    attach_labels(*graph, labels);
    return vch_graph_check(*graph, arena, complaint);
}

vch_status vch_import_onnx(struct vch_graph **graph, struct vch_import_report *report,
                           const uint8_t *bytes, size_t size,
                           const struct vch_import_options *options, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    vch_status status = import(graph, report, bytes, size, options, arena, complaint);

    if (status.code == VCH_CODE_NO_MEMORY)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY,
                            "importing needs more than the %zu bytes it may use", arena->limit);
    if (status.code == VCH_CODE_LIMIT)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the model is larger than what is supported");
    return status;
}

const char *const *vch_import_supported(void)
{
    return vch_translate_supported;
}

const char *const *vch_import_supported_ml(void)
{
    // What ensemble.c lowers and ensemble_rewrite.c rewrites.
    static const char *const names[] = {
        "TreeEnsembleClassifier",
        "TreeEnsembleRegressor",
        "LinearClassifier",
        "LinearRegressor",
        "Scaler",
        "Normalizer",
        "ZipMap",
        "ArrayFeatureExtractor",
        NULL,
    };
    return names;
}

#include "import/calibrate.h"

#include <math.h>

#include "import/calibrate_rows.h"
#include "import/calibrate_tie.h"
#include "import/calibrate_wide.h"
#include "import/histogram.h"
#include "import/quantised.h"
#define OUTPUT_HEADROOM 1.5 // what leaves the model may grow beyond the samples by this
#define EXPONENT_RANGE 24.0 // e^-24 is nothing beside 1 in int16
#define NOISE_MAX 0.0016    // of the signal's power (28 dB): above, int8 gives way to int16

enum need {
    ANY_PRECISION, // what calibration finds best
    WHOLE_RANGE,   // outputs, indices, and what an argmax reads: their precision is the answer's
    DIFFERENCES,   // what a softmax reads: differences of two must fit as well
};

static void mark_needs(enum need *needs, const struct vch_layers *layers)
{
    for (uint32_t i = 0; i < layers->network->output_count; i++)
        needs[layers->network->outputs[i]] = WHOLE_RANGE;
    for (uint32_t i = layers->count; i-- > 0;) {
        const struct vch_layer *layer = &layers->layers[i];
        bool moves = layer->kind == VCH_LAYER_RESHAPE || layer->kind == VCH_LAYER_TRANSPOSE ||
                     layer->kind == VCH_LAYER_SLICE || layer->kind == VCH_LAYER_CONCAT ||
                     layer->kind == VCH_LAYER_PAD || layer->kind == VCH_LAYER_GATHER ||
                     vch_layers_is_scaling(layers, layer);
        bool decides = layer->kind == VCH_LAYER_ARGMAX || layer->kind == VCH_LAYER_COMPARE ||
                       layer->kind == VCH_LAYER_DIVIDE || layer->is_precise;
        enum need need = layer->kind == VCH_LAYER_SOFTMAX ? DIFFERENCES
                         : decides                        ? WHOLE_RANGE
                         : moves                          ? needs[layer->output]
                                                          : ANY_PRECISION;
        for (uint32_t j = 0; j < layer->input_count; j++)
            if (need > needs[layer->inputs[j]]) needs[layer->inputs[j]] = need;
        if (layer->kind == VCH_LAYER_GATHER && needs[layer->inputs[1]] < WHOLE_RANGE)
            needs[layer->inputs[1]] = WHOLE_RANGE;
    }
}

static void choose_scale(struct vch_calibrate_value *value, const struct vch_histogram *histogram,
                         enum need need, const struct vch_import_options *options)
{
    double error = 0, range = 0;

    value->largest = histogram->largest;
    value->is_negative = histogram->is_negative;
    value->type =
        need != ANY_PRECISION || options->activation_bits > 8 ? VCH_TYPE_I16 : VCH_TYPE_I8;
    if (value->largest < 1e-30) { // never anything but zero: see scale_zeros
        value->scale = 1;
        return;
    }
    range = vch_histogram_range(histogram, options->range, 32767, &error);
    if (need != ANY_PRECISION) range = OUTPUT_HEADROOM * value->largest;
    if (need == DIFFERENCES) range = fmax(range, fmin(2 * range, EXPONENT_RANGE));
    value->scale = value->scale_wide = range / 32767;
    if (value->type == VCH_TYPE_I16) return;
    range = vch_histogram_range(histogram, options->range, 127, &error);
    value->scale_narrow = range / 127;
    if (error > NOISE_MAX * vch_histogram_power(histogram))
        value->type = VCH_TYPE_I16;
    else
        value->scale = value->scale_narrow;
}

// A result that was never anything but zero: scaled like what it is made of, so that whatever adds
// it to something else keeps its precision.
static void scale_zeros(struct vch_calibrate_value *values, const struct vch_layers *layers)
{
    for (uint32_t i = 0; i < layers->count; i++) {
        struct vch_calibrate_value *value = &values[layers->layers[i].output];
        double scale = values[layers->layers[i].inputs[0]].scale;
        if (value->largest < 1e-30 && scale > 0) value->scale = scale;
    }
}

// The values that hold numbers of their own, inputs first.
static size_t list_values(uint32_t *list, const struct vch_layers *layers)
{
    const struct vch_network *network = layers->network;
    size_t count = 0;

    for (uint32_t i = 0; i < network->input_count; i++)
        list[count++] = network->inputs[i];
    for (uint32_t i = 0; i < layers->count; i++)
        list[count++] = layers->layers[i].output;
    return count;
}

static void report_progress(const struct vch_import_options *options, uint64_t done, uint64_t total)
{
    if (options->progress != NULL) options->progress(options->progress_context, done, total);
}

// What every value is on the samples so far.
struct survey {
    struct vch_calibration *at;
    uint32_t *list; // the values
    size_t count, lanes;
    struct vch_histogram *histograms; // one each
    bool *is_beyond;                  // held a number that is none, or is too large
    struct vch_calibrate_rows *rows;  // per value of the network
};

static void count_value(void *context, size_t i)
{
    struct survey *survey = context;
    uint32_t value = survey->list[i];
    size_t size = vch_network_count(vch_layers_shape(survey->at->lanes.layers, value));

    double *sums = survey->at->means[value];

    for (size_t lane = 0; lane < survey->lanes; lane++) {
        double *x = survey->at->lanes.buffers[lane][value];
        vch_calibrate_rows_lift(&survey->rows[value], x, size);
        if (vch_histogram_count(&survey->histograms[i], x, size) < size)
            survey->is_beyond[i] = true;
        for (size_t j = 0; sums != NULL && j < size; j++)
            sums[j] += x[j];
    }
}

static vch_status check_numbers(const struct survey *survey, struct vch_complaint *complaint)
{
    const struct vch_network *network = survey->at->lanes.layers->network;

    for (size_t i = 0; i < survey->count; i++)
        if (survey->is_beyond[i])
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "on a calibration sample '%.200s' grows beyond 1e30 or is no "
                                "number",
                                network->values[survey->list[i]].name);
    return VCH_OK;
}

static vch_status measure(struct survey *survey, const struct vch_import_options *options,
                          struct vch_complaint *complaint)
{
    struct vch_lanes *lanes = &survey->at->lanes;

    for (size_t first = 0; first < lanes->samples->count; first += survey->lanes) {
        VCH_TRY(vch_lanes_run(lanes, first, &survey->lanes));
        vch_workers_run(lanes->workers, count_value, survey, survey->count);
        VCH_TRY(check_numbers(survey, complaint));
        report_progress(options, first + survey->lanes, 2 * (uint64_t)lanes->samples->count);
    }
    return VCH_OK;
}

// Room for the means of what products read.
static vch_status new_means(struct vch_calibration *out, const struct vch_layers *layers,
                            struct vch_arena *arena)
{
    out->means = VCH_ARENA_NEW(arena, double *, layers->network->value_count);
    if (out->means == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        uint32_t x = layer->inputs[0];
        bool is_product = layer->kind == VCH_LAYER_LINEAR || layer->kind == VCH_LAYER_CONVOLUTION;
        if (!is_product || out->means[x] != NULL) continue;
        out->means[x] =
            VCH_ARENA_NEW(arena, double, vch_network_count(vch_layers_shape(layers, x)));
        if (out->means[x] == NULL) return VCH_FAIL(NO_MEMORY);
    }
    return VCH_OK;
}

static void finish_means(struct vch_calibration *out)
{
    const struct vch_layers *layers = out->lanes.layers;

    for (uint32_t value = 0; value < layers->network->value_count; value++) {
        size_t count = vch_network_count(vch_layers_shape(layers, value));
        for (size_t i = 0; out->means[value] != NULL && i < count; i++)
            out->means[value][i] /= (double)out->lanes.samples->count;
    }
}

vch_status vch_calibrate_run(struct vch_calibration *out, const struct vch_layers *layers,
                             const struct vch_samples *samples,
                             const struct vch_import_options *options, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    const struct vch_network *network = layers->network;
    size_t most = (size_t)network->input_count + layers->count;
    enum need *needs = VCH_ARENA_NEW(arena, enum need, network->value_count);
    struct survey survey = {.at = out, .list = VCH_ARENA_NEW(arena, uint32_t, most)};

    out->values = VCH_ARENA_NEW(arena, struct vch_calibrate_value, network->value_count);
    if (survey.list == NULL || needs == NULL || out->values == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_lanes_init(&out->lanes, layers, samples, options->workers, arena));
    VCH_TRY(new_means(out, layers, arena));
    survey.count = list_values(survey.list, layers);
    struct vch_arena_mark mark = vch_arena_mark(arena);
    survey.histograms = VCH_ARENA_NEW(arena, struct vch_histogram, survey.count);
    survey.is_beyond = VCH_ARENA_NEW(arena, bool, survey.count);
    if (survey.histograms == NULL || survey.is_beyond == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_calibrate_rows_find(&survey.rows, layers, arena));
    VCH_TRY(measure(&survey, options, complaint));
    finish_means(out);
    mark_needs(needs, layers);
    for (size_t i = 0; i < survey.count; i++)
        choose_scale(&out->values[survey.list[i]], &survey.histograms[i], needs[survey.list[i]],
                     options);
    scale_zeros(out->values, layers);
    VCH_TRY(vch_quantised_fix(out, layers, arena));
    VCH_TRY(vch_calibrate_exact(out, layers, arena, complaint));
    VCH_TRY(vch_calibrate_widen(out, layers, survey.rows, arena));
    vch_arena_rewind(arena, mark);
    return vch_calibrate_tie_values(out->values, layers, arena);
}

#include "import/calibrate.h"

#include <math.h>

#define BIN_BITS 12
#define BINS (1 << BIN_BITS)
#define NUMBER_MAX 1e30     // beyond, a model is refused
#define RANGES_TRIED 160    // ranges from 1/RANGES_TRIED of the largest number to all of it
#define OUTPUT_HEADROOM 1.5 // what leaves the model may grow beyond the samples by this
#define EXPONENT_RANGE 24.0 // e^-24 is nothing beside 1 in int16
#define NOISE_MAX 0.0016    // of the signal's power (28 dB): above, int8 gives way to int16

// Magnitudes below 2^exponent, zeros left out. Bins are whole numbers and their width is a power of
// two, so that neither the order of numbers nor the moment of growing shows in the result.
struct histogram {
    uint64_t counts[BINS];
    int exponent;
    bool is_started, is_negative; // is_negative: any of them
    double largest;
};

// Numbers in a bin count as spread evenly: inside the range each costs step^2 / 12, outside the
// square of what is cut off. Zeros are exact.
static double expected_error(const uint64_t *counts, size_t count, double width, double range,
                             double steps)
{
    double step = range / steps, error = 0;

    for (size_t i = 0; i < count; i++) {
        double middle = ((double)i + 0.5) * width, excess = middle - range;
        error += (double)counts[i] * (excess > 0 ? excess * excess : step * step / 12);
    }
    return error;
}

double vch_calibrate_range(const uint64_t *counts, size_t count, double width, double steps,
                           double *error)
{
    double largest = (double)count * width, best = largest;

    *error = expected_error(counts, count, width, largest, steps);
    for (int i = RANGES_TRIED - 1; i > 0; i--) {
        double range = largest * i / RANGES_TRIED;
        double tried = expected_error(counts, count, width, range, steps);
        if (tried >= *error) continue;
        *error = tried;
        best = range;
    }
    return best;
}

// Twice the range: two bins become one.
static void widen(struct histogram *histogram)
{
    for (size_t i = 0; i < BINS / 2; i++)
        histogram->counts[i] = histogram->counts[2 * i] + histogram->counts[2 * i + 1];
    for (size_t i = BINS / 2; i < BINS; i++)
        histogram->counts[i] = 0;
    histogram->exponent++;
}

// Numbers from the first on that are neither infinite nor beyond all measure.
static size_t count_into(struct histogram *histogram, const double *x, size_t count)
{
    double per_width = ldexp(1, BIN_BITS - histogram->exponent);

    for (size_t i = 0; i < count; i++) {
        double size = fabs(x[i]);
        int exponent = 0;
        if (size == 0) continue;
        if (!(size < NUMBER_MAX)) return i;
        histogram->is_negative = histogram->is_negative || x[i] < 0;
        if (size > histogram->largest) {
            histogram->largest = size;
            (void)frexp(size, &exponent); // size < 2^exponent
            if (!histogram->is_started) histogram->exponent = exponent;
            histogram->is_started = true;
            while (histogram->exponent < exponent)
                widen(histogram);
            per_width = ldexp(1, BIN_BITS - histogram->exponent);
        }
        histogram->counts[(size_t)(size * per_width)]++;
    }
    return count;
}

static double width_of(const struct histogram *histogram)
{
    return ldexp(1, histogram->exponent - BIN_BITS);
}

// Bins up to the one that holds the largest number.
static size_t used_bins(const struct histogram *histogram)
{
    return (size_t)(histogram->largest / width_of(histogram)) + 1;
}

// Sum of squares, as if every number were in the middle of its bin.
static double power_of(const struct histogram *histogram)
{
    double width = width_of(histogram), sum = 0;

    for (size_t i = 0; i < BINS; i++)
        sum += (double)histogram->counts[i] * ((double)i + 0.5) * ((double)i + 0.5);
    return sum * width * width;
}

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
                     layer->kind == VCH_LAYER_PAD || layer->kind == VCH_LAYER_GATHER;
        enum need need = layer->kind == VCH_LAYER_SOFTMAX  ? DIFFERENCES
                         : layer->kind == VCH_LAYER_ARGMAX ? WHOLE_RANGE
                         : layer->is_precise               ? WHOLE_RANGE
                         : moves                           ? needs[layer->output]
                                                           : ANY_PRECISION;
        for (uint32_t j = 0; j < layer->input_count; j++)
            if (need > needs[layer->inputs[j]]) needs[layer->inputs[j]] = need;
        if (layer->kind == VCH_LAYER_GATHER && needs[layer->inputs[1]] < WHOLE_RANGE)
            needs[layer->inputs[1]] = WHOLE_RANGE;
    }
}

static void choose_scale(struct vch_calibrate_value *value, const struct histogram *histogram,
                         enum need need, unsigned bits)
{
    double width = width_of(histogram), error = 0, range = 0;
    size_t bins = used_bins(histogram);

    value->largest = histogram->largest;
    value->is_negative = histogram->is_negative;
    value->type = need != ANY_PRECISION || bits > 8 ? VCH_TYPE_I16 : VCH_TYPE_I8;
    if (value->largest < 1e-30) { // never anything but zero: any scale is as good
        value->scale = 1;
        return;
    }
    if (value->type == VCH_TYPE_I8) {
        range = vch_calibrate_range(histogram->counts, bins, width, 127, &error);
        value->scale = range / 127;
        if (error <= NOISE_MAX * power_of(histogram)) return;
        value->type = VCH_TYPE_I16;
    }
    range = vch_calibrate_range(histogram->counts, bins, width, 32767, &error);
    if (need != ANY_PRECISION) range = OUTPUT_HEADROOM * value->largest;
    if (need == DIFFERENCES) range = fmax(range, fmin(2 * range, EXPONENT_RANGE));
    value->scale = range / 32767;
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
    struct histogram *histograms; // one each
    bool *is_beyond;              // held a number that is none, or is too large
};

static void count_value(void *context, size_t i)
{
    struct survey *survey = context;
    uint32_t value = survey->list[i];
    size_t size = vch_network_count(vch_layers_shape(survey->at->lanes.layers, value));

    for (size_t lane = 0; lane < survey->lanes; lane++)
        if (count_into(&survey->histograms[i], survey->at->lanes.buffers[lane][value], size) < size)
            survey->is_beyond[i] = true;
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
    survey.count = list_values(survey.list, layers);
    struct vch_arena_mark mark = vch_arena_mark(arena);
    survey.histograms = VCH_ARENA_NEW(arena, struct histogram, survey.count);
    survey.is_beyond = VCH_ARENA_NEW(arena, bool, survey.count);
    if (survey.histograms == NULL || survey.is_beyond == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(measure(&survey, options, complaint));
    mark_needs(needs, layers);
    for (size_t i = 0; i < survey.count; i++)
        choose_scale(&out->values[survey.list[i]], &survey.histograms[i], needs[survey.list[i]],
                     options->activation_bits);
    vch_arena_rewind(arena, mark);
    return VCH_OK;
}

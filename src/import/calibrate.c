#include "import/calibrate.h"

#include <math.h>
#include <string.h>

#include "import/evaluate.h"

#define BINS 2048
#define RANGES_TRIED 160    // ranges from 1/RANGES_TRIED of the largest number to all of it
#define OUTPUT_HEADROOM 1.5 // what leaves the model may grow beyond the samples by this
#define EXPONENT_RANGE 24.0 // e^-24 is nothing beside 1 in int16
#define NOISE_MAX 0.0016    // of the signal's power (28 dB): above, int8 gives way to int16

struct histogram {
    uint64_t counts[BINS];
    double power; // sum of squares
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

static vch_status evaluate(const struct vch_calibration *at, const struct vch_layers *layers,
                           const struct vch_samples *samples, size_t index,
                           struct vch_arena *scratch)
{
    vch_samples_load(at->buffers, layers, samples, index);
    return vch_evaluate_all(at->buffers, layers, scratch);
}

static vch_status find_largest(struct vch_calibration *at, const struct vch_layers *layers,
                               uint32_t value, struct vch_complaint *complaint)
{
    const struct vch_network_value *of = &layers->network->values[value];
    const double *x = at->buffers[value];
    size_t count = vch_network_count(&of->shape);

    for (size_t i = 0; i < count; i++) {
        double size = fabs(x[i]);
        if (!(size < 1e30))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "on a calibration sample '%.200s' grows beyond 1e30 or is no "
                                "number",
                                of->name);
        if (size > at->values[value].largest) at->values[value].largest = size;
    }
    return VCH_OK;
}

static void count_into(struct histogram *histogram, const double *x, size_t count, double largest)
{
    double per_width = largest > 0 ? BINS / largest : 0;

    for (size_t i = 0; i < count; i++) {
        size_t bin = (size_t)(fabs(x[i]) * per_width);
        if (x[i] == 0) continue;
        histogram->counts[bin < BINS ? bin : BINS - 1]++;
        histogram->power += x[i] * x[i];
    }
}

enum need {
    ANY_PRECISION, // what calibration finds best
    WHOLE_RANGE,   // outputs, and what an argmax reads: their precision decides the answer
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
                     layer->kind == VCH_LAYER_PAD;
        enum need need = layer->kind == VCH_LAYER_SOFTMAX  ? DIFFERENCES
                         : layer->kind == VCH_LAYER_ARGMAX ? WHOLE_RANGE
                         : moves                           ? needs[layer->output]
                                                           : ANY_PRECISION;
        for (uint32_t j = 0; j < layer->input_count; j++)
            if (need > needs[layer->inputs[j]]) needs[layer->inputs[j]] = need;
    }
}

static void choose_scale(struct vch_calibrate_value *value, const struct histogram *histogram,
                         enum need need, unsigned bits)
{
    double width = value->largest / BINS, error = 0, range = 0;

    value->type = need != ANY_PRECISION || bits > 8 ? VCH_TYPE_I16 : VCH_TYPE_I8;
    if (value->largest < 1e-30) { // never anything but zero: any scale is as good
        value->scale = 1;
        return;
    }
    if (value->type == VCH_TYPE_I8) {
        range = vch_calibrate_range(histogram->counts, BINS, width, 127, &error);
        value->scale = range / 127;
        if (error <= NOISE_MAX * histogram->power) return;
        value->type = VCH_TYPE_I16;
    }
    range = vch_calibrate_range(histogram->counts, BINS, width, 32767, &error);
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

static vch_status measure(struct vch_calibration *at, const struct vch_layers *layers,
                          const struct vch_samples *samples, const uint32_t *list, size_t count,
                          struct histogram *histograms, const struct vch_import_options *options,
                          struct vch_arena *scratch, struct vch_complaint *complaint)
{
    for (size_t i = 0; i < 2 * samples->count; i++) {
        size_t index = i % samples->count; // NOLINT(clang-analyzer-core.DivideZero): i < 2 * count
        VCH_TRY(evaluate(at, layers, samples, index, scratch));
        for (size_t j = 0; j < count; j++) {
            uint32_t value = list[j];
            size_t size = vch_network_count(vch_layers_shape(layers, value));
            if (i < samples->count)
                VCH_TRY(find_largest(at, layers, value, complaint));
            else
                count_into(&histograms[j], at->buffers[value], size, at->values[value].largest);
        }
        report_progress(options, i + 1, 3 * (uint64_t)samples->count);
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
    uint32_t *list = VCH_ARENA_NEW(arena, uint32_t, most);
    enum need *needs = VCH_ARENA_NEW(arena, enum need, network->value_count);

    out->values = VCH_ARENA_NEW(arena, struct vch_calibrate_value, network->value_count);
    if (list == NULL || needs == NULL || out->values == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_evaluate_buffers(&out->buffers, layers, arena));
    size_t count = list_values(list, layers);
    struct vch_arena_mark mark = vch_arena_mark(arena);
    struct histogram *histograms = VCH_ARENA_NEW(arena, struct histogram, count);
    if (histograms == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(measure(out, layers, samples, list, count, histograms, options, arena, complaint));
    mark_needs(needs, layers);
    for (size_t i = 0; i < count; i++)
        choose_scale(&out->values[list[i]], &histograms[i], needs[list[i]],
                     options->activation_bits);
    vch_arena_rewind(arena, mark);
    return VCH_OK;
}

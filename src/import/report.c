#include "import/report.h"

#include <math.h>
#include <string.h>

#include "import/quantise.h"
#include "model/run.h"

#define DECIBEL_MAX 200.0 // stands for "no error at all"

// One activation that both models have.
struct pair {
    uint32_t value;           // of the network
    struct vch_tensor tensor; // samples of all lanes, one after another
    double scale, signal, noise;
    struct vch_import_tensor_report totals;
};

struct comparison {
    const struct vch_report *at;
    struct vch_lanes *lanes;
    size_t lane_count; // samples at hand
    struct pair *pairs;
    uint32_t pair_count;
    uint32_t *graph_values;     // per pair, for the engine
    struct vch_tensor *tensors; // likewise
    struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX];
    struct vch_import_report *out;
    uint64_t agreements[VCH_GRAPH_PORTS_MAX];
};

static vch_status new_tensor(struct vch_tensor *tensor, const struct comparison *with,
                             uint32_t value, struct vch_arena *arena)
{
    tensor->type = with->at->graph->values[value].type;
    tensor->shape = with->at->graph->values[value].shape;
    tensor->data = vch_arena_alloc(arena, vch_tensor_size(tensor), with->lanes->count);
    return tensor->data == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static vch_status add_pair(struct comparison *with, uint32_t value, struct vch_arena *arena)
{
    const struct vch_lower_value *mapped = &with->at->map[value];
    struct pair *pair = &with->pairs[with->pair_count];

    if (mapped->value == VCH_NONE || mapped->is_key) return VCH_OK; // keys lose nothing
    VCH_TRY(new_tensor(&pair->tensor, with, mapped->value, arena));
    pair->value = value;
    pair->scale = mapped->scale;
    pair->totals.name = with->at->layers->network->values[value].name;
    pair->totals.scale = mapped->scale;
    with->graph_values[with->pair_count] = mapped->value;
    with->tensors[with->pair_count++] = pair->tensor;
    return VCH_OK;
}

static vch_status prepare(struct comparison *with, struct vch_arena *arena)
{
    const struct vch_layers *layers = with->at->layers;
    size_t most = (size_t)layers->count + layers->network->input_count;

    with->pairs = VCH_ARENA_NEW(arena, struct pair, most);
    with->graph_values = VCH_ARENA_NEW(arena, uint32_t, most);
    with->tensors = VCH_ARENA_NEW(arena, struct vch_tensor, most);
    if (with->pairs == NULL || with->graph_values == NULL || with->tensors == NULL)
        return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < with->at->graph->input_count; i++)
        VCH_TRY(new_tensor(&with->inputs[i], with, with->at->graph->inputs[i].value, arena));
    for (uint32_t i = 0; i < layers->network->input_count; i++)
        VCH_TRY(add_pair(with, layers->network->inputs[i], arena));
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        uint32_t before = with->pair_count;
        VCH_TRY(add_pair(with, layer->output, arena));
        if (with->pair_count > before)
            with->pairs[before].totals.has_two_rows = layer->has_two_rows;
    }
    return VCH_OK;
}

static vch_status quantise_inputs(struct comparison *with, struct vch_complaint *complaint)
{
    const struct vch_samples *samples = with->lanes->samples;
    const struct vch_graph *graph = with->at->graph;

    for (size_t lane = 0; lane < with->lane_count; lane++) {
        const float *sample = samples->values + (with->lanes->first + lane) * samples->size;
        for (uint32_t i = 0; i < graph->input_count; i++) {
            const struct vch_tensor *input = &with->inputs[i];
            size_t count = vch_tensor_shape_count(&input->shape);
            const struct vch_port *port = &graph->inputs[i];
            uint8_t *out = (uint8_t *)input->data + lane * vch_tensor_size(input);
            VCH_TRY(vch_samples_quantise(out, graph, port, sample, count, complaint));
            sample += count;
        }
    }
    return VCH_OK;
}

static vch_status run_integers(struct comparison *with, struct vch_arena *arena,
                               struct vch_complaint *complaint)
{
    const struct vch_report *at = with->at;
    const struct vch_graph *graph = at->graph;
    uint32_t input_values[VCH_GRAPH_PORTS_MAX];
    const struct vch_run run = {
        .graph = graph,
        .last = graph->operator_count,
        .batch = (uint32_t)with->lane_count,
        .kernels = at->options->kernels,
        .workers = at->options->workers,
    };

    for (uint32_t i = 0; i < graph->input_count; i++)
        input_values[i] = graph->inputs[i].value;
    VCH_TRY(quantise_inputs(with, complaint));
    return vch_run_execute(&run, input_values, with->inputs, graph->input_count, with->graph_values,
                           with->tensors, with->pair_count, arena, complaint);
}

static void compare_pair(struct pair *pair, const double *reals, size_t lane)
{
    size_t count = vch_tensor_shape_count(&pair->tensor.shape);
    int64_t lo = vch_tensor_type_min(pair->tensor.type),
            hi = vch_tensor_type_max(pair->tensor.type);

    for (size_t i = 0; i < count; i++) {
        int64_t integer = vch_tensor_load(pair->tensor.type, pair->tensor.data, lane * count + i);
        double error = fabs(reals[i] - pair->scale * (double)integer);
        pair->totals.saturated += integer == lo || integer == hi;
        pair->totals.error_mean += error;
        pair->totals.error_max = error > pair->totals.error_max ? error : pair->totals.error_max;
        pair->signal += reals[i] * reals[i];
        pair->noise += error * error;
    }
    pair->totals.elements += count;
}

static void compare_lanes(void *context, size_t index)
{
    struct comparison *with = context;
    struct pair *pair = &with->pairs[index];

    for (size_t lane = 0; lane < with->lane_count; lane++)
        compare_pair(pair, with->lanes->buffers[lane][pair->value], lane);
}

static struct pair *find_pair(struct comparison *with, uint32_t value)
{
    for (uint32_t i = 0; i < with->pair_count; i++)
        if (with->pairs[i].value == value) return &with->pairs[i];
    return NULL;
}

// Whether both models choose the same element; for whole numbers, whether all are equal.
static bool agrees(const struct pair *pair, const double *reals, size_t lane, bool is_integer)
{
    size_t count = vch_tensor_shape_count(&pair->tensor.shape), best = 0, best_integer = 0;
    size_t first = lane * count;

    for (size_t i = 0; i < count; i++) {
        int64_t integer = vch_tensor_load(pair->tensor.type, pair->tensor.data, first + i);
        if (is_integer && (double)integer != reals[i]) return false;
        if (reals[i] > reals[best]) best = i;
        if (integer > vch_tensor_load(pair->tensor.type, pair->tensor.data, first + best_integer))
            best_integer = i;
    }
    return best == best_integer;
}

static void compare_outputs(struct comparison *with, size_t lane)
{
    const struct vch_network *network = with->at->layers->network;

    for (uint32_t i = 0; i < network->output_count; i++) {
        uint32_t value = network->outputs[i];
        const double *reals = with->lanes->buffers[lane][value];
        const struct pair *pair = find_pair(with, value);
        bool is_integer = network->values[value].type == VCH_NETWORK_INTEGER;
        struct vch_import_output_report *output = &with->out->outputs[i];
        for (size_t j = 0; j < vch_network_count(&network->values[value].shape); j++)
            output->range = fabs(reals[j]) > output->range ? fabs(reals[j]) : output->range;
        if (pair != NULL) with->agreements[i] += agrees(pair, reals, lane, is_integer);
    }
}

static void finish_outputs(struct comparison *with)
{
    const struct vch_network *network = with->at->layers->network;

    with->out->output_count = network->output_count;
    for (uint32_t i = 0; i < network->output_count; i++) {
        uint32_t value = network->outputs[i];
        const struct pair *pair = find_pair(with, value);
        struct vch_import_output_report *output = &with->out->outputs[i];
        bool has_choice = vch_network_count(&network->values[value].shape) > 1 ||
                          network->values[value].type == VCH_NETWORK_INTEGER;
        output->name = with->at->graph->outputs[i].name;
        output->top1_agreement = -1;
        if (pair == NULL) continue;
        output->error_mean = pair->totals.error_mean / (double)pair->totals.elements;
        output->error_max = pair->totals.error_max;
        if (has_choice)
            output->top1_agreement =
                (double)with->agreements[i] / (double)with->lanes->samples->count;
    }
}

static vch_status finish_tensors(struct comparison *with, struct vch_arena *arena)
{
    const struct vch_sensitivity_shares *shares = with->at->shares;
    struct vch_import_report *out = with->out;
    double worst = 2 * DECIBEL_MAX;

    out->has_shares = shares != NULL;
    out->tensor_count = with->pair_count;
    out->tensors = VCH_ARENA_NEW(arena, struct vch_import_tensor_report, with->pair_count);
    if (out->tensors == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < with->pair_count; i++) {
        const struct pair *pair = &with->pairs[i];
        struct vch_import_tensor_report *tensor = &out->tensors[i];
        *tensor = pair->totals;
        tensor->error_mean /= (double)tensor->elements;
        tensor->signal_to_noise_db = DECIBEL_MAX;
        if (pair->noise > 0 && pair->signal > 0)
            tensor->signal_to_noise_db = 10 * log10(pair->signal / pair->noise);
        tensor->type = pair->tensor.type;
        if (shares != NULL) tensor->share = shares->of_values[pair->value];
        if (shares != NULL) tensor->share_weights = shares->of_weights[pair->value];
        if (tensor->signal_to_noise_db < worst) out->worst_tensor = i;
        if (tensor->signal_to_noise_db < worst) worst = tensor->signal_to_noise_db;
    }
    return VCH_OK;
}

static void count_sizes(struct comparison *with)
{
    const struct vch_report *at = with->at;

    for (uint32_t i = 0; i < at->graph->parameter_count; i++) {
        const struct vch_parameter *parameter = &at->graph->parameters[i];
        with->out->integer_size +=
            vch_tensor_shape_count(&parameter->shape) * vch_tensor_type_size(parameter->type);
        with->out->float_size += vch_tensor_shape_count(&parameter->shape) * sizeof(float);
    }
}

vch_status vch_report_run(struct vch_import_report *out, const struct vch_report *at,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct comparison with = {.at = at, .lanes = at->lanes, .out = out};
    size_t count = at->lanes->samples->count;

    *out = (struct vch_import_report){
        .sample_count = (uint32_t)count,
        .is_synthetic = at->options->calibration_is_synthetic,
    };
    VCH_TRY(prepare(&with, arena));
    for (size_t first = 0; first < count; first += with.lane_count) {
        VCH_TRY(vch_lanes_run(at->lanes, first, &with.lane_count));
        VCH_TRY(run_integers(&with, arena, complaint));
        vch_workers_run(at->options->workers, compare_lanes, &with, with.pair_count);
        for (size_t lane = 0; lane < with.lane_count; lane++)
            compare_outputs(&with, lane);
        if (at->options->progress != NULL)
            at->options->progress(at->options->progress_context, count + first + with.lane_count,
                                  2 * count);
    }
    finish_outputs(&with);
    count_sizes(&with);
    return finish_tensors(&with, arena);
}

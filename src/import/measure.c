#include "import/measure.h"

#include <math.h>

#include "base/check.h"
#include "import/quantise.h"
#include "model/run.h"

#define NUMBERS_MAX ((size_t)1 << 24) // of outputs that are kept
#define BATCH_MAX 16                  // samples that the engine runs at once
#define TIE 0.001                     // of the range: so close, either choice is the float model's

static size_t output_size(const struct vch_network *network, uint32_t i)
{
    return vch_network_count(&network->values[network->outputs[i]].shape);
}

// The largest element and the next; one element is both.
static void find_choices(uint32_t choices[2], const float *x, size_t count)
{
    choices[0] = 0;
    for (uint32_t i = 1; i < count; i++)
        if (x[i] > x[choices[0]]) choices[0] = i;
    choices[1] = choices[0] == 0 && count > 1;
    for (uint32_t i = 0; i < count; i++)
        if (i != choices[0] && x[i] > x[choices[1]]) choices[1] = i;
}

static void keep_outputs(struct vch_measure *out, const struct vch_lanes *lanes, size_t lane)
{
    float *to = out->wanted + (lanes->first + lane) * out->size;
    uint32_t *choices = out->choices + (lanes->first + lane) * 2 * out->network->output_count;

    for (uint32_t i = 0; i < out->network->output_count; i++) {
        const double *from = lanes->buffers[lane][out->network->outputs[i]];
        size_t size = output_size(out->network, i);
        for (size_t j = 0; j < size; j++) {
            out->ranges[i] = fmax(out->ranges[i], fabs(from[j]));
            out->powers[i] += from[j] * from[j] / (double)(size * out->count);
            to[j] = (float)from[j];
        }
        find_choices(choices + 2 * (size_t)i, to, size);
        to += size;
    }
}

vch_status vch_measure_init(struct vch_measure *out, struct vch_lanes *lanes,
                            const struct vch_import_options *options, struct vch_arena *arena)
{
    const struct vch_network *network = lanes->layers->network;
    size_t count = 0;

    *out = (struct vch_measure){.options = options, .samples = lanes->samples, .network = network};
    for (uint32_t i = 0; i < network->output_count; i++)
        out->size += output_size(network, i);
    VCH_ASSERT(out->size > 0); // no output is empty
    size_t most = NUMBERS_MAX / out->size;
    out->count = most == 0 ? 1 : most < lanes->samples->count ? most : lanes->samples->count;
    out->wanted = VCH_ARENA_NEW(arena, float, out->count * out->size);
    out->choices = VCH_ARENA_NEW(arena, uint32_t, out->count * 2 * network->output_count);
    if (out->wanted == NULL || out->choices == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t first = 0; first < out->count; first += count) {
        VCH_TRY(vch_lanes_run(lanes, first, &count));
        for (size_t lane = 0; lane < count && first + lane < out->count; lane++)
            keep_outputs(out, lanes, lane);
    }
    return VCH_OK;
}

// A batch on its way through the integer model.
struct batch {
    const struct vch_measure *at;
    const struct vch_graph *graph;
    size_t first, count;
    struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX], outputs[VCH_GRAPH_PORTS_MAX];
    float *got;                              // of one sample and output
    double errors[VCH_GRAPH_PORTS_MAX];      // sums of magnitudes
    double distances[VCH_GRAPH_PORTS_MAX];   // squares: of what two choices' distance is off
    double squares[VCH_GRAPH_PORTS_MAX];     // likewise
    uint64_t differing[VCH_GRAPH_PORTS_MAX]; // samples
};

static vch_status new_tensor(struct vch_tensor *out, const struct vch_graph *graph,
                             const struct vch_port *port, size_t batch, struct vch_arena *arena)
{
    const struct vch_value *value = &graph->values[port->value];

    *out = (struct vch_tensor){value->type, value->shape, NULL};
    out->data = vch_arena_alloc(arena, vch_tensor_size(out), batch);
    return out->data == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static vch_status prepare(struct batch *batch, size_t count, struct vch_arena *arena)
{
    const struct vch_graph *graph = batch->graph;

    for (uint32_t i = 0; i < graph->input_count; i++)
        VCH_TRY(new_tensor(&batch->inputs[i], graph, &graph->inputs[i], count, arena));
    for (uint32_t i = 0; i < graph->output_count; i++)
        VCH_TRY(new_tensor(&batch->outputs[i], graph, &graph->outputs[i], count, arena));
    batch->got = VCH_ARENA_NEW(arena, float, batch->at->size);
    return batch->got == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static void *element(const struct vch_tensor *tensor, size_t sample)
{
    return (uint8_t *)tensor->data + sample * vch_tensor_size(tensor);
}

static vch_status run(struct batch *batch, struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_graph *graph = batch->graph;
    const struct vch_samples *samples = batch->at->samples;
    const struct vch_run how = {
        .graph = graph,
        .last = graph->operator_count,
        .batch = (uint32_t)batch->count,
        .kernels = batch->at->options->kernels,
        .workers = batch->at->options->workers,
    };

    for (size_t s = 0; s < batch->count; s++) {
        const float *sample = samples->values + (batch->first + s) * samples->size;
        for (uint32_t i = 0; i < graph->input_count; i++) {
            size_t count = vch_tensor_shape_count(&batch->inputs[i].shape);
            VCH_TRY(vch_samples_quantise(element(&batch->inputs[i], s), graph, &graph->inputs[i],
                                         sample, count, complaint));
            sample += count;
        }
    }
    return vch_run_graph(&how, batch->inputs, batch->outputs, arena, complaint);
}

static uint32_t largest(const float *x, size_t count)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < count; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

static bool differs(const float *wanted, const float *got, size_t count, uint32_t choice,
                    double tie)
{
    return (double)wanted[choice] - (double)wanted[largest(got, count)] > tie;
}

static bool any_differs(const float *wanted, const float *got, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (wanted[i] != got[i]) return true;
    return false;
}

static void compare_output(struct batch *batch, uint32_t i, const float *wanted,
                           const uint32_t choices[2])
{
    const struct vch_network *network = batch->at->network;
    const float *got = batch->got;
    size_t size = output_size(network, i);

    for (size_t j = 0; j < size; j++) {
        double error = fabs((double)wanted[j] - (double)got[j]);
        batch->errors[i] += error / (double)size;
        batch->squares[i] += error * error / (double)size;
    }
    double distance = (double)wanted[choices[0]] - (double)wanted[choices[1]];
    double off = (double)got[choices[0]] - (double)got[choices[1]] - distance;
    batch->distances[i] += off * off;
    if (network->values[network->outputs[i]].type == VCH_NETWORK_INTEGER)
        batch->differing[i] += any_differs(wanted, got, size);
    else
        batch->differing[i] += differs(wanted, got, size, choices[0], TIE * batch->at->ranges[i]);
}

static void compare(struct batch *batch, size_t sample)
{
    const struct vch_measure *at = batch->at;
    const float *wanted = at->wanted + (batch->first + sample) * at->size;
    const uint32_t *choices = at->choices + (batch->first + sample) * 2 * at->network->output_count;

    for (uint32_t i = 0; i < at->network->output_count; i++) {
        size_t size = output_size(at->network, i);
        vch_quantise_output(batch->got, batch->graph, &batch->graph->outputs[i],
                            element(&batch->outputs[i], sample), size);
        compare_output(batch, i, wanted, choices + 2 * (size_t)i);
        wanted += size;
    }
}

// Of a hundred samples, those whose two largest elements are expected to change places when their
// distance is off by a normally distributed number of this variance.
static double expected_points(const struct vch_measure *at, uint32_t output, size_t count,
                              double variance)
{
    size_t before = 0;
    double sum = 0;

    if (variance <= 0 || at->network->values[at->network->outputs[output]].type != VCH_NETWORK_REAL)
        return 0;
    for (uint32_t i = 0; i < output; i++)
        before += output_size(at->network, i);
    for (size_t s = 0; s < count; s++) {
        const float *x = at->wanted + s * at->size + before;
        const uint32_t *choices = at->choices + (s * at->network->output_count + output) * 2;
        double distance = (double)x[choices[0]] - (double)x[choices[1]];
        if (distance > TIE * at->ranges[output]) sum += erfc(distance / sqrt(2 * variance)) / 2;
    }
    return 100 * sum / (double)count;
}

static struct vch_measure_loss add_up(const struct batch *batch, size_t count)
{
    const struct vch_measure *at = batch->at;
    struct vch_measure_loss loss = {0};

    for (uint32_t i = 0; i < at->network->output_count; i++) {
        double error = batch->errors[i] / (double)count;
        double points = 100 * (double)batch->differing[i] / (double)count;
        points = fmax(points, expected_points(at, i, count, batch->distances[i] / (double)count));
        if (at->ranges[i] > 0) points = fmax(points, 100 * error / at->ranges[i]);
        loss.points = fmax(loss.points, points);
        if (at->powers[i] > 0) loss.noise += batch->squares[i] / (double)count / at->powers[i];
    }
    return loss;
}

vch_status vch_measure_run(struct vch_measure_loss *out, const struct vch_measure *measure,
                           const struct vch_graph *graph, size_t count, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(arena);
    struct batch batch = {.at = measure, .graph = graph};

    VCH_TRY(prepare(&batch, count < BATCH_MAX ? count : BATCH_MAX, arena));
    for (; batch.first < count; batch.first += batch.count) {
        batch.count = count - batch.first < BATCH_MAX ? count - batch.first : BATCH_MAX;
        VCH_TRY(run(&batch, arena, complaint));
        for (size_t s = 0; s < batch.count; s++)
            compare(&batch, s);
    }
    *out = add_up(&batch, count);
    vch_arena_rewind(arena, mark);
    return VCH_OK;
}

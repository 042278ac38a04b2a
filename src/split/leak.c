#include "split/leak.h"

#include <math.h>
#include <string.h>

#include "model/run.h"
#include "model/segment.h"
#include "split/invert_convolution.h"
#include "split/invert_linear.h"
#include "split/leak_figures.h"
#include "split/leak_samples.h"

#define PARTS_OF_CUT (VCH_INVERT_LINEAR_PART_COUNT + VCH_INVERT_CONVOLUTION_PART_COUNT)
#define RUN_BATCH 64u // samples run at once: what is alive inside the model is this many times

struct measure {
    const struct vch_leak_problem *problem;
    struct vch_leak *out;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
    struct vch_leak_samples samples;
    uint32_t position;   // what `crossing` holds is what crosses here
    uint8_t *crossing;   // (samples, ...), integers of the value's type
    uint8_t *next;       // room for the cut after it
    float *activations;  // (samples, features), dealt
    float *guesses;      // (test, targets)
    uint64_t parts_done; // of progress, before the inverter that runs
};

static const struct vch_value *value_of(const struct measure *at, uint32_t value)
{
    return &at->problem->graph->values[value];
}

static size_t size_of(const struct measure *at, uint32_t value) // bytes of one sample
{
    const struct vch_value *facts = value_of(at, value);
    return vch_tensor_shape_count(&facts->shape) * vch_tensor_type_size(facts->type);
}

// The value whose numbers, in the same order, a chain of RESHAPEs gave another shape.
static uint32_t unshaped(const struct vch_graph *graph, uint32_t value)
{
    for (uint32_t p = graph->operator_count; p-- > 0;)
        if (graph->operators[p].output == value && graph->operators[p].kind == VCH_OPERATOR_RESHAPE)
            value = graph->operators[p].inputs[0];
    return value;
}

static vch_status list_cuts(struct measure *at)
{
    const struct vch_leak_problem *problem = at->problem;
    const struct vch_graph *graph = problem->graph;
    size_t most = (size_t)graph->operator_count + 1;
    struct vch_cut *legal = VCH_ARENA_NEW(at->arena, struct vch_cut, most);
    uint32_t legal_count = 0;

    at->out->cuts = VCH_ARENA_NEW(at->arena, struct vch_leak_cut, most);
    if (legal == NULL || at->out->cuts == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_segment_cuts(legal, &legal_count, graph, at->arena));
    for (uint32_t i = 0; i < legal_count; i++) {
        bool is_asked = problem->position_count == 0;
        for (uint32_t k = 0; k < problem->position_count; k++)
            is_asked |= problem->positions[k] == legal[i].position;
        if (!is_asked) continue;
        struct vch_leak_cut *cut = &at->out->cuts[at->out->cut_count++];
        uint32_t origin = unshaped(graph, legal[i].value);
        *cut = (struct vch_leak_cut){
            .position = legal[i].position,
            .value = legal[i].value,
            .features = vch_tensor_shape_count(&value_of(at, legal[i].value)->shape),
            .same_as = VCH_NONE,
            .is_input = origin == graph->inputs[0].value,
        };
        uint32_t before = at->out->cut_count - 1; // the cut before it, or its own origin
        if (before > 0 && unshaped(graph, cut[-1].value) == origin)
            cut->same_as = cut[-1].same_as == VCH_NONE ? before - 1 : cut[-1].same_as;
    }
    return VCH_OK;
}

static vch_status check_cuts(const struct measure *at)
{
    const struct vch_graph *graph = at->problem->graph;
    uint32_t count = at->out->cut_count;

    if (count == 0)
        return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                            "the model has no legal cut to measure");
    if (!vch_segment_is_held(graph, 0, at->out->cuts[count - 1].position))
        return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                            "this file does not hold the layers before the cuts: measuring what "
                            "they leak takes the owner's package");
    return VCH_OK;
}

// Room for the largest of anything, once.
static vch_status allocate(struct measure *at)
{
    const struct vch_leak_problem *problem = at->problem;
    size_t samples = problem->sample_count,
           input_size = size_of(at, problem->graph->inputs[0].value);
    size_t size = input_size, features = 0;

    for (uint32_t i = 0; i < at->out->cut_count; i++) {
        size_t bytes = size_of(at, at->out->cuts[i].value);
        if (bytes > size) size = bytes;
        if (at->out->cuts[i].features > features) features = at->out->cuts[i].features;
    }
    at->crossing = vch_arena_alloc(at->arena, samples, size);
    at->next = vch_arena_alloc(at->arena, samples, size);
    at->activations = vch_arena_alloc(at->arena, samples, features * sizeof(float));
    at->guesses = vch_arena_alloc(at->arena, at->out->test, at->out->target_count * sizeof(float));
    if (at->crossing == NULL || at->next == NULL || at->activations == NULL || at->guesses == NULL)
        return VCH_FAIL(NO_MEMORY);
    memcpy(at->crossing, problem->quantised, samples * input_size);
    return VCH_OK;
}

// Runs all samples from the cut before to this one.
static vch_status run_to(struct measure *at, uint32_t from_value, const struct vch_leak_cut *cut)
{
    const struct vch_leak_problem *problem = at->problem;
    const struct vch_value *from = value_of(at, from_value), *to = value_of(at, cut->value);

    if (cut->position == at->position) return VCH_OK;
    for (uint32_t s = 0; s < problem->sample_count; s += RUN_BATCH) {
        uint32_t rest = problem->sample_count - s;
        const struct vch_run run = {.graph = problem->graph,
                                    .first = at->position,
                                    .last = cut->position,
                                    .batch = rest < RUN_BATCH ? rest : RUN_BATCH,
                                    .kernels = problem->kernels,
                                    .workers = problem->workers};
        const struct vch_tensor in = {from->type, from->shape,
                                      at->crossing + s * size_of(at, from_value)};
        const struct vch_tensor out = {to->type, to->shape, at->next + s * size_of(at, cut->value)};
        VCH_TRY(vch_run_execute(&run, &from_value, &in, 1, &cut->value, &out, 1, at->arena,
                                at->complaint));
    }
    uint8_t *spare = at->crossing;
    at->crossing = at->next;
    at->next = spare;
    at->position = cut->position;
    return VCH_OK;
}

static float element(enum vch_type type, const void *data, size_t i)
{
    switch (type) {
    case VCH_TYPE_I8: return (float)((const int8_t *)data)[i];
    case VCH_TYPE_I16: return (float)((const int16_t *)data)[i];
    case VCH_TYPE_I32: return (float)((const int32_t *)data)[i];
    case VCH_TYPE_I64: return (float)((const int64_t *)data)[i];
    }
    return 0;
}

static void deal_activations(struct measure *at, const struct vch_leak_cut *cut)
{
    enum vch_type type = value_of(at, cut->value)->type;

    for (size_t s = 0; s < at->problem->sample_count; s++) {
        const size_t from = at->samples.order[s] * cut->features, to = s * cut->features;
        for (size_t f = 0; f < cut->features; f++)
            at->activations[to + f] = element(type, at->crossing, from + f);
    }
}

// Planes where the value, before it was flattened, has some; else one pixel of many channels.
static struct vch_image_shape activation_shape(const struct measure *at,
                                               const struct vch_leak_cut *cut)
{
    uint32_t origin = unshaped(at->problem->graph, cut->value);
    struct vch_image_shape shape = {(uint32_t)cut->features, 1, 1};

    if (cut->is_input && at->out->is_image && !at->samples.is_channels_last) return at->out->image;
    (void)vch_leak_samples_planes(&shape, &value_of(at, origin)->shape);
    return shape;
}

static void on_part(void *context, uint64_t done)
{
    struct measure *at = context;
    const struct vch_leak_problem *problem = at->problem;

    if (problem->progress != NULL)
        problem->progress(problem->progress_context, at->parts_done + done,
                          (uint64_t)at->out->cut_count * PARTS_OF_CUT);
}

static vch_status judge(struct vch_leak_guess *out, struct measure *at)
{
    const struct vch_leak_figures figures = {at->out, at->samples.test_originals, at->samples.means,
                                             at->samples.spreads, at->problem->workers};

    vch_leak_samples_restore(at->guesses, &at->samples, at->out);
    return vch_leak_figures_make(out, &figures, at->guesses, at->arena);
}

static vch_status invert(struct vch_leak_cut *cut, struct measure *at)
{
    const struct vch_inversion of = {
        .training = at->out->training,
        .validation = at->out->validation,
        .test = at->out->test,
        .features = cut->features,
        .targets = at->out->target_count,
        .activations = at->activations,
        .inputs = at->samples.inputs,
        .mean = at->samples.standard_means,
        .image = at->out->is_image ? at->out->image : (struct vch_image_shape){0},
        .activation = activation_shape(at, cut),
        .steps = at->problem->steps > 0 ? at->problem->steps : VCH_INVERT_CONVOLUTION_STEPS,
        .seed = at->problem->seed + cut->position,
        .workers = at->problem->workers,
        .arena = at->arena,
        .progress_context = at,
        .progress = on_part,
    };
    struct vch_inversion_result result = {.guesses = at->guesses};

    VCH_TRY(vch_invert_linear_run(&result, &of));
    VCH_TRY(judge(&cut->linear, at));
    cut->linear.ridge = result.ridge;
    at->parts_done += VCH_INVERT_LINEAR_PART_COUNT;
    if (!vch_invert_convolution_is_possible(&of)) return VCH_OK;
    VCH_TRY(vch_invert_convolution_run(&result, &of));
    return judge(&cut->convolution, at);
}

// The guess that explains most.
static void conclude_cut(struct vch_leak_cut *cut, const struct vch_leak *leak)
{
    if (!leak->is_image) {
        cut->measured =
            vch_leak_figures_best_column(&cut->column, cut->linear.column_r2, leak->target_count);
        return;
    }
    cut->measured = cut->linear.r2;
    if (cut->convolution.is_made && cut->convolution.r2 > cut->measured)
        cut->measured = cut->convolution.r2;
}

static vch_status measure_cut(struct measure *at, uint32_t i)
{
    struct vch_leak_cut *cut = &at->out->cuts[i];
    uint32_t from = i == 0 ? at->problem->graph->inputs[0].value : at->out->cuts[i - 1].value;

    VCH_TRY(run_to(at, from, cut));
    at->parts_done = (uint64_t)i * PARTS_OF_CUT;
    if (cut->same_as != VCH_NONE) {
        const struct vch_leak_cut *same = &at->out->cuts[cut->same_as];
        cut->linear = same->linear;
        cut->convolution = same->convolution;
    } else {
        deal_activations(at, cut);
        VCH_TRY(invert(cut, at));
    }
    conclude_cut(cut, at->out);
    at->parts_done = (uint64_t)(i + 1) * PARTS_OF_CUT;
    on_part(at, 0);
    return VCH_OK;
}

// What crosses a cut is enough to compute what crosses the later ones.
static void conclude(struct vch_leak *leak)
{
    double later = 0;

    for (uint32_t i = leak->cut_count; i-- > 0;) {
        struct vch_leak_cut *cut = &leak->cuts[i];
        later = fmin(fmax(later, cut->measured), 1);
        cut->leak = cut->is_input ? 1 : later;
    }
}

static vch_status measure(struct measure *at)
{
    VCH_TRY(vch_leak_samples_init(&at->samples, at->out, at->problem, at->arena, at->complaint));
    VCH_TRY(list_cuts(at));
    VCH_TRY(check_cuts(at));
    VCH_TRY(allocate(at));
    memset(at->guesses, 0, (size_t)at->out->test * at->out->target_count * sizeof *at->guesses);
    VCH_TRY(judge(&at->out->blind, at));
    for (uint32_t i = 0; i < at->out->cut_count; i++)
        VCH_TRY(measure_cut(at, i));
    conclude(at->out);
    return VCH_OK;
}

vch_status vch_leak_measure(struct vch_leak *out, const struct vch_leak_problem *problem,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct measure at = {.problem = problem, .out = out, .arena = arena, .complaint = complaint};

    *out = (struct vch_leak){.seed = problem->seed};
    vch_status status = measure(&at);
    if (status.code == VCH_CODE_NO_MEMORY)
        return vch_complain(complaint, status.code,
                            "not enough memory to measure leakage on %u samples: use fewer",
                            problem->sample_count);
    return status;
}

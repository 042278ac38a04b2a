#include "audit/accumulate.h"

#include <string.h>

#include "audit/linear.h"
#include "model/program.h"
#include "model/run.h"

struct work {
    const struct vch_accumulators_plan *plan;
    const struct vch_kernels *kernels;
    struct vch_workers *workers;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
    struct vch_tensor *values; // by value of the graph: what linear operators read, and the ends
    uint32_t *numbers;         // of those that the run gives
    struct vch_tensor *tensors;
    uint32_t count;
};

static const struct vch_operator *operator_at(const struct work *w, uint32_t layer)
{
    return &w->plan->graph->operators[w->plan->layers[layer].operator_];
}

static vch_status want(struct work *w, uint32_t value)
{
    const struct vch_value *v = &w->plan->graph->values[value];
    struct vch_tensor *tensor = &w->values[value];

    if (tensor->data != NULL) return VCH_OK;
    *tensor = (struct vch_tensor){v->type, v->shape, NULL};
    tensor->data = vch_arena_alloc(w->arena, w->plan->batch, vch_tensor_size(tensor));
    if (tensor->data == NULL) return VCH_FAIL(NO_MEMORY);
    w->numbers[w->count] = value;
    w->tensors[w->count++] = *tensor;
    return VCH_OK;
}

static vch_status choose(struct work *w, const struct vch_tensor *inputs,
                         const struct vch_tensor *outputs)
{
    const struct vch_accumulators_plan *plan = w->plan;
    const uint32_t count = plan->graph->value_count;

    w->values = VCH_ARENA_NEW(w->arena, struct vch_tensor, count);
    w->numbers = VCH_ARENA_NEW(w->arena, uint32_t, count + VCH_GRAPH_PORTS_MAX);
    w->tensors = VCH_ARENA_NEW(w->arena, struct vch_tensor, count + VCH_GRAPH_PORTS_MAX);
    if (w->values == NULL || w->numbers == NULL || w->tensors == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < plan->input_count; i++)
        w->values[plan->inputs[i]] = inputs[i];
    for (uint32_t i = 0; i < plan->output_count; i++) {
        w->numbers[w->count] = plan->outputs[i];
        w->tensors[w->count++] = outputs[i];
    }
    for (uint32_t i = 0; i < plan->layer_count; i++)
        for (uint32_t k = 0; k < operator_at(w, i)->input_count; k++)
            VCH_TRY(want(w, operator_at(w, i)->inputs[k]));
    return VCH_OK;
}

static vch_status run_plainly(const struct work *w, const struct vch_tensor *inputs)
{
    const struct vch_accumulators_plan *plan = w->plan;
    const struct vch_run run = {
        .graph = plan->graph,
        .first = plan->first,
        .last = plan->last,
        .batch = plan->batch,
        .kernels = w->kernels,
        .workers = w->workers,
    };

    return vch_run_execute(&run, plan->inputs, inputs, plan->input_count, w->numbers, w->tensors,
                           w->count, w->arena, w->complaint);
}

// floor((2 acc + 1) / 2) = acc: a requantisation that changes nothing, into int32.
static const int32_t two = 2;
static const uint32_t one = 1;

static const struct vch_scaling bare = {
    .count = 1, .multipliers = &two, .shifts = &one, .lo = INT32_MIN, .hi = INT32_MAX};

// A graph of the narrow linear operators alone, each with an output of its own.
static vch_status make_bare_graph(struct vch_graph *out, const struct work *w,
                                  struct vch_tensor *sums, uint8_t *bytes)
{
    const struct vch_accumulators_plan *plan = w->plan;
    const uint32_t values = plan->graph->value_count;

    *out = *plan->graph;
    out->operator_count = 0;
    out->values = VCH_ARENA_NEW(w->arena, struct vch_value, values + plan->layer_count);
    out->operators = VCH_ARENA_NEW(w->arena, struct vch_operator, plan->layer_count);
    if (out->values == NULL || out->operators == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(out->values, plan->graph->values, values * sizeof *out->values);
    for (uint32_t i = 0; i < plan->layer_count; i++) {
        const struct vch_operator *from = operator_at(w, i);
        if (plan->layers[i].is_wide) continue;
        struct vch_operator *o = &out->operators[out->operator_count];
        struct vch_value *sum = &out->values[out->value_count];
        *sum = (struct vch_value){VCH_TYPE_I32, plan->graph->values[from->output].shape};
        *o = *from;
        o->scaling = bare;
        o->output = out->value_count++;
        sums[out->operator_count++] =
            (struct vch_tensor){sum->type, sum->shape, bytes + plan->layers[i].offset};
    }
    return VCH_OK;
}

static vch_status run_narrow(const struct work *w, uint8_t *bytes)
{
    const uint32_t layers = w->plan->layer_count, values = w->plan->graph->value_count;
    struct vch_tensor *sums = VCH_ARENA_NEW(w->arena, struct vch_tensor, layers);
    uint32_t *numbers = VCH_ARENA_NEW(w->arena, uint32_t, layers), count = 0;
    struct vch_graph graph;

    if (sums == NULL || numbers == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(make_bare_graph(&graph, w, sums, bytes));
    if (graph.operator_count == 0) return VCH_OK;
    for (uint32_t i = 0; i < graph.operator_count; i++)
        numbers[i] = graph.operators[i].output;
    struct vch_tensor *given = VCH_ARENA_NEW(w->arena, struct vch_tensor, values);
    uint32_t *given_numbers = VCH_ARENA_NEW(w->arena, uint32_t, values);
    if (given == NULL || given_numbers == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < values; i++)
        if (w->values[i].data != NULL) {
            given_numbers[count] = i;
            given[count++] = w->values[i];
        }
    const struct vch_run run = {
        .graph = &graph,
        .last = graph.operator_count,
        .batch = w->plan->batch,
        .kernels = w->kernels,
        .workers = w->workers,
    };
    return vch_run_execute(&run, given_numbers, given, count, numbers, sums, graph.operator_count,
                           w->arena, w->complaint);
}

struct wide { // one wide operator, sample by sample
    const struct work *work;
    const struct vch_operator *operator_;
    int64_t *out;
    size_t count;
};

static void run_sample(void *context, size_t sample)
{
    const struct wide *wide = context;
    const struct work *w = wide->work;
    const void *operands[2] = {NULL, NULL};

    for (uint32_t i = 0; i < wide->operator_->input_count; i++) {
        const struct vch_tensor *x = &w->values[wide->operator_->inputs[i]];
        operands[i] = (const uint8_t *)x->data + sample * vch_tensor_size(x);
    }
    vch_linear_accumulate(wide->out + sample * wide->count, w->plan->graph, wide->operator_,
                          operands);
}

static vch_status accumulate(struct work *w, uint8_t *bytes, const struct vch_tensor *inputs,
                             const struct vch_tensor *outputs)
{
    const struct vch_accumulators_plan *plan = w->plan;

    VCH_TRY(choose(w, inputs, outputs));
    VCH_TRY(run_plainly(w, inputs));
    VCH_TRY(run_narrow(w, bytes));
    for (uint32_t i = 0; i < plan->layer_count; i++) {
        const struct vch_accumulators_layer *layer = &plan->layers[i];
        struct wide wide = {w, operator_at(w, i), (int64_t *)(void *)(bytes + layer->offset),
                            layer->count};
        if (layer->is_wide) vch_workers_run(w->workers, run_sample, &wide, plan->batch);
    }
    const struct vch_digest input = vch_accumulators_digest(inputs, plan->input_count, plan->batch);
    const struct vch_digest output =
        vch_accumulators_digest(outputs, plan->output_count, plan->batch);
    vch_accumulators_encode_head(bytes, plan, &input, &output);
    return VCH_OK;
}

vch_status vch_accumulate(uint8_t *bytes, const struct vch_accumulators_plan *plan,
                          const struct vch_tensor *inputs, const struct vch_tensor *outputs,
                          const struct vch_kernels *kernels, struct vch_workers *workers,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    struct work w = {.plan = plan,
                     .kernels = kernels,
                     .workers = workers,
                     .arena = arena,
                     .complaint = complaint};
    const vch_status status = accumulate(&w, bytes, inputs, outputs);

    vch_arena_rewind(arena, mark);
    return status;
}

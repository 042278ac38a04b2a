#include "audit/accumulate.h"

#include <string.h>

#include "audit/linear.h"
#include "base/check.h"

// floor((2 acc + 1) / 2) = acc: a requantisation that changes nothing, into int32.
static const int32_t two = 2;
static const uint32_t one = 1;

static const struct vch_scaling bare_scaling = {
    .count = 1, .multipliers = &two, .shifts = &one, .lo = INT32_MIN, .hi = INT32_MAX};

static const struct vch_operator *operator_at(const struct vch_accumulators_plan *plan, uint32_t i)
{
    return &plan->graph->operators[plan->layers[i].operator_];
}

static bool is_among(const uint32_t *values, uint32_t count, uint32_t value)
{
    for (uint32_t i = 0; i < count; i++)
        if (values[i] == value) return true;
    return false;
}

static vch_status list_read(struct vch_accumulate *a, const struct vch_accumulators_plan *plan,
                            struct vch_arena *arena)
{
    a->read = VCH_ARENA_NEW(arena, uint32_t, plan->graph->value_count);
    if (a->read == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < plan->layer_count; i++)
        for (uint32_t k = 0; k < operator_at(plan, i)->input_count; k++) {
            const uint32_t value = operator_at(plan, i)->inputs[k];
            if (!is_among(plan->inputs, plan->input_count, value) &&
                !is_among(a->read, a->read_count, value))
                a->read[a->read_count++] = value;
        }
    return VCH_OK;
}

// A graph of the narrow linear operators alone, each with an output of its own.
static vch_status make_bare_graph(struct vch_graph *out, const struct vch_accumulators_plan *plan,
                                  struct vch_arena *arena)
{
    const uint32_t values = plan->graph->value_count;

    *out = *plan->graph;
    out->operator_count = 0;
    out->values = VCH_ARENA_NEW(arena, struct vch_value, values + plan->layer_count);
    out->operators = VCH_ARENA_NEW(arena, struct vch_operator, plan->layer_count);
    if (out->values == NULL || out->operators == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(out->values, plan->graph->values, values * sizeof *out->values);
    for (uint32_t i = 0; i < plan->layer_count; i++) {
        const struct vch_operator *from = operator_at(plan, i);
        if (plan->layers[i].is_wide) continue;
        struct vch_operator *o = &out->operators[out->operator_count++];
        *o = *from;
        o->scaling = bare_scaling;
        o->output = out->value_count++;
        out->values[o->output] =
            (struct vch_value){VCH_TYPE_I32, plan->graph->values[from->output].shape};
    }
    return VCH_OK;
}

vch_status vch_accumulate_prepare(struct vch_accumulate *out,
                                  const struct vch_accumulators_plan *plan,
                                  const struct vch_kernels *kernels, struct vch_arena *arena)
{
    *out = (struct vch_accumulate){
        .kernels = kernels, .graph = plan->graph, .first = plan->first, .last = plan->last};
    VCH_TRY(list_read(out, plan, arena));
    VCH_TRY(make_bare_graph(&out->bare_graph, plan, arena));
    VCH_TRY(vch_program_prepare(&out->program, plan->graph, plan->first, plan->last, 0, kernels,
                                arena));
    return vch_program_prepare(&out->bare, &out->bare_graph, 0, out->bare_graph.operator_count, 0,
                               kernels, arena);
}

struct work {
    const struct vch_accumulate *a;
    const struct vch_accumulators_plan *plan;
    struct vch_workers *workers;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
    uint32_t *numbers; // what enters, what linear operators read, what leaves
    struct vch_tensor *tensors;
    uint32_t known; // what enters and what is read
};

static vch_status gather(struct work *w, const struct vch_tensor *inputs,
                         const struct vch_tensor *outputs)
{
    const struct vch_accumulators_plan *plan = w->plan;
    const size_t room = (size_t)plan->input_count + w->a->read_count + plan->output_count;

    w->numbers = VCH_ARENA_NEW(w->arena, uint32_t, room);
    w->tensors = VCH_ARENA_NEW(w->arena, struct vch_tensor, room);
    if (w->numbers == NULL || w->tensors == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < plan->input_count; i++) {
        w->numbers[w->known] = plan->inputs[i];
        w->tensors[w->known++] = inputs[i];
    }
    for (uint32_t i = 0; i < w->a->read_count; i++) {
        const struct vch_value *v = &plan->graph->values[w->a->read[i]];
        struct vch_tensor *tensor = &w->tensors[w->known];
        *tensor = (struct vch_tensor){v->type, v->shape, NULL};
        tensor->data = vch_arena_alloc(w->arena, plan->batch, vch_tensor_size(tensor));
        if (tensor->data == NULL) return VCH_FAIL(NO_MEMORY);
        w->numbers[w->known++] = w->a->read[i];
    }
    for (uint32_t i = 0; i < plan->output_count; i++) {
        w->numbers[w->known + i] = plan->outputs[i];
        w->tensors[w->known + i] = outputs[i];
    }
    return VCH_OK;
}

static vch_status execute(const struct work *w, const struct vch_program *program,
                          uint32_t input_count, const uint32_t *output_numbers,
                          const struct vch_tensor *outputs, uint32_t output_count)
{
    const struct vch_program_run run = {
        .program = program,
        .first = program->first,
        .last = program->last,
        .batch = w->plan->batch,
        .workers = w->workers,
    };
    size_t size = 0;

    VCH_TRY(vch_program_memory(&size, program, w->plan->batch, false));
    void *memory = vch_arena_alloc(w->arena, size, 1);
    if (memory == NULL) return VCH_FAIL(NO_MEMORY);
    return vch_program_execute(&run, w->numbers, w->tensors, input_count, output_numbers, outputs,
                               output_count, memory, w->complaint);
}

static vch_status run_narrow(const struct work *w, uint8_t *bytes)
{
    const struct vch_graph *graph = &w->a->bare_graph;
    const uint32_t count = graph->operator_count;
    struct vch_tensor *sums = VCH_ARENA_NEW(w->arena, struct vch_tensor, count);
    uint32_t *numbers = VCH_ARENA_NEW(w->arena, uint32_t, count), found = 0;

    if (sums == NULL || numbers == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < w->plan->layer_count; i++) {
        if (w->plan->layers[i].is_wide) continue;
        const uint32_t value = graph->operators[found].output;
        sums[found] = (struct vch_tensor){VCH_TYPE_I32, graph->values[value].shape,
                                          bytes + w->plan->layers[i].offset};
        numbers[found++] = value;
    }
    return count == 0 ? VCH_OK : execute(w, &w->a->bare, w->known, numbers, sums, count);
}

struct wide { // one wide operator, sample by sample
    const struct vch_graph *graph;
    const struct vch_operator *operator_;
    const struct vch_tensor *operands[2];
    int64_t *out;
    size_t count;
};

static void run_sample(void *context, size_t sample)
{
    const struct wide *wide = context;
    const void *operands[2] = {NULL, NULL};

    for (uint32_t i = 0; i < wide->operator_->input_count; i++)
        operands[i] =
            (const uint8_t *)wide->operands[i]->data + sample * vch_tensor_size(wide->operands[i]);
    vch_linear_accumulate(wide->out + sample * wide->count, wide->graph, wide->operator_, operands);
}

static const struct vch_tensor *tensor_of(const struct work *w, uint32_t value)
{
    uint32_t i = 0;

    while (w->numbers[i] != value)
        i++;
    VCH_ASSERT(i < w->known);
    return &w->tensors[i];
}

static void run_wide(const struct work *w, uint8_t *bytes)
{
    for (uint32_t i = 0; i < w->plan->layer_count; i++) {
        const struct vch_accumulators_layer *layer = &w->plan->layers[i];
        const struct vch_operator *o = operator_at(w->plan, i);
        struct wide wide = {
            .graph = w->plan->graph,
            .operator_ = o,
            .out = (int64_t *)(void *)(bytes + layer->offset),
            .count = layer->count,
        };
        if (!layer->is_wide) continue;
        for (uint32_t k = 0; k < o->input_count; k++)
            wide.operands[k] = tensor_of(w, o->inputs[k]);
        vch_workers_run(w->workers, run_sample, &wide, w->plan->batch);
    }
}

static vch_status accumulate(struct work *w, uint8_t *bytes, const struct vch_tensor *inputs,
                             const struct vch_tensor *outputs)
{
    const struct vch_accumulators_plan *plan = w->plan;

    VCH_TRY(gather(w, inputs, outputs));
    VCH_TRY(execute(w, &w->a->program, plan->input_count, w->numbers + plan->input_count,
                    w->tensors + plan->input_count, w->a->read_count + plan->output_count));
    VCH_TRY(run_narrow(w, bytes));
    run_wide(w, bytes);
    const struct vch_digest input = vch_accumulators_digest(inputs, plan->input_count, plan->batch);
    const struct vch_digest output =
        vch_accumulators_digest(outputs, plan->output_count, plan->batch);
    vch_accumulators_encode_head(bytes, plan, &input, &output);
    return VCH_OK;
}

vch_status vch_accumulate(uint8_t *bytes, const struct vch_accumulate *how,
                          const struct vch_accumulators_plan *plan, const struct vch_tensor *inputs,
                          const struct vch_tensor *outputs, struct vch_workers *workers,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    struct work w = {
        .a = how, .plan = plan, .workers = workers, .arena = arena, .complaint = complaint};

    VCH_ASSERT(plan->graph == how->graph && plan->first == how->first && plan->last == how->last);
    const vch_status status = accumulate(&w, bytes, inputs, outputs);
    vch_arena_rewind(arena, mark);
    return status;
}

#include "cli/bench_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/accumulate.h"
#include "audit/audit.h"
#include "cli/bench.h"
#include "cli/tensors.h"
#include "crypto/merkle.h"
#include "host/clock.h"
#include "host/random.h"
#include "model/run.h"
#include "model/trace.h"

enum { ROUNDS_MAX = 2000, ROUNDS_MIN = 5, BLOCK_US = 500 };

// What is timed, in turns.
#define PARTS(X) \
    X(plain) \
    X(traced) \
    X(accumulating) \
    X(audit) \
    X(linear) \
    X(linear_audit)

enum part {
#define X(name) PART_##name,
    PARTS(X)
#undef X
        PART_COUNT
};

static const char *const part_names[PART_COUNT] = {
#define X(name) #name "_us",
    PARTS(X)
#undef X
};

struct ready { // a program and its memory
    struct vch_program program;
    void *memory;
};

struct course {
    struct vch_tool *tool;
    const struct vch_graph *graph;
    uint32_t batch;
    uint32_t input_values[VCH_GRAPH_PORTS_MAX], output_values[VCH_GRAPH_PORTS_MAX];
    struct vch_tensors inputs, outputs;
    struct ready plain, traced, *linear; // of each linear operator
    struct vch_digest *digests, *commitments;
    struct vch_accumulators_plan plan;
    struct vch_accumulate accumulate;
    uint8_t *bytes;
    struct vch_accumulators accumulators;
    uint8_t secret[VCH_LAYER_SECRET_SIZE];
    struct vch_audit audit;
    struct vch_tensor *values; // by value of the graph
    uint8_t *scratch;
    uint64_t *sums;
    uint64_t key_us;
};

static vch_status make_ready(struct ready *out, struct course *c, uint32_t first, uint32_t last,
                             uint32_t samples, bool is_traced)
{
    size_t size = 0;

    VCH_TRY(vch_program_prepare(&out->program, c->graph, first, last, samples, &c->tool->kernels,
                                &c->tool->arena));
    VCH_TRY(vch_program_memory(&size, &out->program, c->batch, is_traced));
    out->memory = vch_arena_alloc(&c->tool->arena, size, 1);
    return out->memory == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static vch_status run_whole(struct course *c, const struct ready *ready, struct vch_digest *trace)
{
    const struct vch_program_run run = {
        .program = &ready->program,
        .last = c->graph->operator_count,
        .batch = c->batch,
        .trace = trace,
    };

    return vch_program_execute(&run, c->input_values, c->inputs.tensor, c->graph->input_count,
                               c->output_values, c->outputs.tensor, c->graph->output_count,
                               ready->memory, &c->tool->complaint);
}

static vch_status run_plain(struct course *c)
{
    return run_whole(c, &c->plain, NULL);
}

static vch_status run_traced(struct course *c)
{
    const struct vch_trace_segment segment = {
        .graph = c->graph, .last = c->graph->operator_count, .output = c->output_values[0]};

    VCH_TRY(run_whole(c, &c->traced, c->digests));
    vch_trace_commit(c->commitments, &segment, c->digests, NULL);
    vch_trace_leaves(c->digests, c->commitments, c->graph->operator_count);
    (void)vch_merkle_root_in_place(c->digests, c->graph->operator_count);
    return VCH_OK;
}

static vch_status run_accumulating(struct course *c)
{
    return vch_accumulate(c->bytes, &c->accumulate, &c->plan, c->inputs.tensor, c->outputs.tensor,
                          NULL, &c->tool->arena, &c->tool->complaint);
}

static vch_status run_audit(struct course *c)
{
    struct vch_audit_finding finding;

    return vch_audit_run(&finding, &c->audit, &c->accumulators, c->inputs.tensor, c->outputs.tensor,
                         NULL, &c->tool->complaint);
}

static vch_status run_linear(struct course *c)
{
    for (uint32_t i = 0; i < c->plan.layer_count; i++) {
        const uint32_t p = c->plan.layers[i].operator_;
        const struct vch_operator *o = &c->graph->operators[p];
        struct vch_tensor operands[2];
        const struct vch_program_run run = {
            .program = &c->linear[i].program, .first = p, .last = p + 1, .batch = c->batch};
        for (uint32_t k = 0; k < o->input_count; k++)
            operands[k] = c->values[o->inputs[k]];
        VCH_TRY(vch_program_execute(&run, o->inputs, operands, o->input_count, &o->output,
                                    &c->values[o->output], 1, c->linear[i].memory,
                                    &c->tool->complaint));
    }
    return VCH_OK;
}

static bool audit_layer(const struct course *c, uint32_t i, uint32_t first, uint32_t samples)
{
    const struct vch_layer *layer = &c->audit.layers[i];
    const struct vch_operator *o = layer->operator_;
    const struct vch_tensor *y = &c->values[o->output];
    const void *accumulators = vch_accumulators_at(&c->accumulators, i, first);
    const void *operands[2] = {NULL, NULL};

    for (uint32_t k = 0; k < o->input_count; k++) {
        const struct vch_tensor *x = &c->values[o->inputs[k]];
        operands[k] = (const uint8_t *)x->data + first * vch_tensor_size(x);
    }
    if (!vch_layer_is_bounded(layer, accumulators, samples, &c->tool->kernels)) return false;
    vch_layer_requantise((uint8_t *)y->data + first * vch_tensor_size(y), layer, accumulators,
                         samples, &c->tool->kernels);
    vch_layer_sums(c->sums, layer, accumulators, samples, &c->tool->kernels, c->scratch);
    return vch_layer_check(layer, operands, c->sums, samples, &c->tool->kernels, c->scratch);
}

static vch_status run_linear_audit(struct course *c)
{
    bool is_right = true;

    for (uint32_t first = 0; first < c->batch; first += c->audit.samples) {
        const uint32_t left = c->batch - first;
        const uint32_t samples = left < c->audit.samples ? left : c->audit.samples;
        for (uint32_t i = 0; i < c->plan.layer_count; i++)
            is_right = audit_layer(c, i, first, samples) && is_right;
    }
    return is_right ? VCH_OK
                    : vch_complain(&c->tool->complaint, VCH_CODE_BAD_PROOF,
                                   "accumulators made a moment ago do not pass: this is a bug");
}

static vch_status (*const parts[PART_COUNT])(struct course *c) = {
#define X(name) run_##name,
    PARTS(X)
#undef X
};

static vch_status new_value(struct course *c, uint32_t value)
{
    struct vch_tensor *tensor = &c->values[value];

    if (tensor->data != NULL) return VCH_OK;
    *tensor =
        (struct vch_tensor){c->graph->values[value].type, c->graph->values[value].shape, NULL};
    tensor->data = vch_arena_alloc(&c->tool->arena, c->batch, vch_tensor_size(tensor));
    return tensor->data == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

// What linear operators read and write, from one run.
static vch_status keep_values(struct course *c)
{
    const uint32_t room = c->graph->value_count;
    uint32_t *numbers = VCH_ARENA_NEW(&c->tool->arena, uint32_t, room), count = 0;
    struct vch_tensor *tensors = VCH_ARENA_NEW(&c->tool->arena, struct vch_tensor, room);
    const struct vch_run run = {
        .graph = c->graph,
        .last = c->graph->operator_count,
        .batch = c->batch,
        .kernels = &c->tool->kernels,
    };

    c->values = VCH_ARENA_NEW(&c->tool->arena, struct vch_tensor, room);
    if (numbers == NULL || tensors == NULL || c->values == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < c->plan.layer_count; i++) {
        const struct vch_operator *o = &c->graph->operators[c->plan.layers[i].operator_];
        for (uint32_t k = 0; k < o->input_count; k++)
            VCH_TRY(new_value(c, o->inputs[k]));
        VCH_TRY(new_value(c, o->output));
    }
    for (uint32_t i = 0; i < room; i++) {
        if (c->values[i].data == NULL) continue;
        numbers[count] = i;
        tensors[count++] = c->values[i];
    }
    return vch_run_execute(&run, c->input_values, c->inputs.tensor, c->graph->input_count, numbers,
                           tensors, count, &c->tool->arena, &c->tool->complaint);
}

static vch_status prepare_linear(struct course *c)
{
    size_t scratch = 0, units = 0;

    VCH_TRY(keep_values(c));
    c->linear = VCH_ARENA_NEW(&c->tool->arena, struct ready, c->plan.layer_count);
    if (c->linear == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < c->plan.layer_count; i++) {
        const uint32_t p = c->plan.layers[i].operator_;
        const size_t size = vch_layer_scratch(&c->audit.layers[i], c->audit.samples);
        VCH_TRY(make_ready(&c->linear[i], c, p, p + 1, 0, false));
        if (size > scratch) scratch = size;
        if (c->audit.layers[i].units > units) units = c->audit.layers[i].units;
    }
    c->scratch = vch_arena_alloc(&c->tool->arena, scratch, 1);
    c->sums = VCH_ARENA_NEW(&c->tool->arena, uint64_t, units * c->audit.samples);
    return c->scratch == NULL || c->sums == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static vch_status prepare_audit(struct course *c, const struct vch_package *package)
{
    struct vch_arena *arena = &c->tool->arena;
    const struct vch_audit_order order = {&c->plan, c->secret, &c->tool->kernels, 1};

    VCH_TRY(vch_accumulators_plan(&c->plan, c->graph, &package->identity, 0,
                                  c->graph->operator_count, c->batch, arena, &c->tool->complaint));
    c->bytes = vch_arena_alloc(arena, c->plan.size, 1);
    if (c->bytes == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_accumulate_prepare(&c->accumulate, &c->plan, &c->tool->kernels, arena));
    VCH_TRY(run_accumulating(c));
    VCH_TRY(vch_accumulators_decode(&c->accumulators, &c->plan, c->bytes, c->plan.size,
                                    &c->tool->complaint));
    vch_random_bytes(c->secret, sizeof c->secret);
    const uint64_t begun = vch_clock_thread_us();
    VCH_TRY(vch_audit_prepare(&c->audit, &order, arena));
    c->key_us = vch_clock_thread_us() - begun;
    return VCH_OK;
}

static vch_status prepare(struct course *c, const struct vch_package *package)
{
    const uint32_t count = c->graph->operator_count;

    for (uint32_t i = 0; i < c->graph->input_count; i++)
        c->input_values[i] = c->graph->inputs[i].value;
    for (uint32_t i = 0; i < c->graph->output_count; i++)
        c->output_values[i] = c->graph->outputs[i].value;
    VCH_TRY(vch_bench_inputs(&c->inputs, c->tool, c->graph, c->batch));
    VCH_TRY(vch_tensors_allocate(&c->outputs, c->tool, c->graph, c->batch));
    VCH_TRY(make_ready(&c->plain, c, 0, count, 0, false));
    VCH_TRY(make_ready(&c->traced, c, 0, count, c->batch, true));
    c->digests = VCH_ARENA_NEW(&c->tool->arena, struct vch_digest, count);
    c->commitments = VCH_ARENA_NEW(&c->tool->arena, struct vch_digest, count);
    if (c->digests == NULL || c->commitments == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(prepare_audit(c, package));
    return prepare_linear(c);
}

static vch_status time_part(double *out, struct course *c, enum part part, uint32_t repeats)
{
    const uint64_t begun = vch_clock_thread_us();

    for (uint32_t i = 0; i < repeats; i++)
        VCH_TRY(parts[part](c));
    *out = (double)(vch_clock_thread_us() - begun) / repeats;
    return VCH_OK;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// All parts in turns, so that a machine that slows down slows all of them.
static vch_status time_all(double medians[PART_COUNT], struct course *c, uint64_t microseconds)
{
    static double times[PART_COUNT][ROUNDS_MAX];
    uint32_t repeats[PART_COUNT], rounds = 0;

    for (enum part part = 0; part < PART_COUNT; part++) {
        double once = 0;
        VCH_TRY(time_part(&once, c, part, 2)); // caches are warm then
        VCH_TRY(time_part(&once, c, part, 1));
        repeats[part] = once < BLOCK_US ? (uint32_t)(BLOCK_US / (once + 1)) + 1 : 1;
    }
    const uint64_t begun = vch_clock_monotonic_us();
    for (; rounds < ROUNDS_MIN ||
           (rounds < ROUNDS_MAX && vch_clock_monotonic_us() - begun < microseconds);
         rounds++)
        for (enum part part = 0; part < PART_COUNT; part++)
            VCH_TRY(time_part(&times[part][rounds], c, part, repeats[part]));
    for (enum part part = 0; part < PART_COUNT; part++) {
        qsort(times[part], rounds, sizeof times[part][0], compare);
        medians[part] = times[part][rounds / 2] / c->batch;
    }
    return VCH_OK;
}

static void show(const struct course *c, const double medians[PART_COUNT], json_t *rows)
{
    const double audit = medians[PART_audit] / medians[PART_plain];
    const double linear = medians[PART_linear_audit] / medians[PART_linear];

    if (rows == NULL) {
        printf("%5u  %10.2f  %6.2f  %12.2f  %10.2f  %6.2f  %10.2f  %10.2f  %6.2f  %8.1f\n",
               c->batch, medians[PART_plain], medians[PART_traced] / medians[PART_plain],
               medians[PART_accumulating] / medians[PART_plain], medians[PART_audit], audit,
               medians[PART_linear], medians[PART_linear_audit], linear, (double)c->key_us / 1e3);
        return;
    }
    json_t *row = json_pack("{s:i, s:f, s:f, s:I, s:I}", "batch", (int)c->batch, "audit_ratio",
                            audit, "linear_ratio", linear, "key_us", (json_int_t)c->key_us,
                            "accumulators_size", (json_int_t)c->plan.size);
    for (enum part part = 0; part < PART_COUNT; part++)
        json_object_set_new(row, part_names[part], json_real(medians[part]));
    json_array_append_new(rows, row);
}

static vch_status measure(struct vch_tool *tool, const struct vch_package *package, uint32_t batch,
                          uint64_t milliseconds, json_t *rows)
{
    const struct vch_arena_mark mark = vch_arena_mark(&tool->arena);
    struct course *c = VCH_ARENA_NEW(&tool->arena, struct course, 1);
    double medians[PART_COUNT];

    if (c == NULL) return VCH_FAIL(NO_MEMORY);
    *c = (struct course){.tool = tool, .graph = package->graph, .batch = batch};
    VCH_TRY(prepare(c, package));
    VCH_TRY(time_all(medians, c, milliseconds * 1000));
    show(c, medians, rows);
    vch_arena_rewind(&tool->arena, mark);
    return VCH_OK;
}

vch_status vch_bench_audit(struct vch_tool *tool, const struct vch_package *package,
                           const uint32_t *batches, uint32_t count, uint64_t milliseconds)
{
    json_t *rows = vch_options_has(tool->options, "json") ? json_array() : NULL;
    vch_status status = VCH_OK;

    if (rows == NULL)
        printf("one thread's own time; microseconds a sample, and ratios to the plain run\n"
               "batch   plain run  traced  accumulating       audit   ratio      linear    "
               "audited   ratio   key, ms\n");
    for (uint32_t i = 0; i < count && vch_is_ok(status); i++)
        status = measure(tool, package, batches[i], milliseconds, rows);
    if (rows != NULL && vch_is_ok(status)) return vch_tool_print_json(rows);
    json_decref(rows);
    return status;
}

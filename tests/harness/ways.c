#include "harness/ways.h"

#include <string.h>

#include "base/check.h"
#include "model/bound.h"
#include "model/program.h"
#include "model/run.h"
#include "model/segment.h"

enum { BATCH = 2, ELEMENTS_MAX = 1 << 18 };

static const uint64_t WORK_MAX = 1 << 21;
static const size_t MEMORY_MAX = (size_t)32 << 20;

static void run_backwards(struct vch_workers *self, void (*task)(void *context, size_t index),
                          void *context, size_t count)
{
    (void)self;
    while (count > 0)
        task(context, --count);
}

struct vch_workers ways_backwards = {.thread_count = 3, .run = run_backwards};

bool ways_is_cheap(const struct vch_graph *graph)
{
    uint64_t elements = 0, work = 0;

    for (uint32_t i = 0; i < graph->value_count; i++)
        elements += vch_tensor_shape_count(&graph->values[i].shape);
    if (elements > ELEMENTS_MAX) return false;
    for (uint32_t i = 0; i < graph->operator_count && work <= WORK_MAX; i++)
        work += vch_graph_work(graph, &graph->operators[i]);
    return work <= WORK_MAX;
}

// A graph with random samples and where its results go.
struct scene {
    const struct vch_graph *graph;
    struct vch_arena *arena;
    struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX];
    uint32_t input_values[VCH_GRAPH_PORTS_MAX], output_values[VCH_GRAPH_PORTS_MAX];
};

struct results {
    struct vch_tensor outputs[VCH_GRAPH_PORTS_MAX];
    struct vch_digest *trace;
};

static uint64_t next(uint64_t *random) // SplitMix64
{
    uint64_t z = *random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

// Small, anywhere in the range, or at its ends. An int64 stays within what its trees promise.
static int64_t sample(const struct vch_graph *graph, uint32_t value, uint64_t *random)
{
    enum vch_type type = graph->values[value].type;
    int64_t least = vch_tensor_type_min(type), most = vch_tensor_type_max(type);
    uint64_t bits = next(random), bound = vch_bound_value(graph, value);

    if (type == VCH_TYPE_I64) {
        most = bound > INT64_MAX ? INT64_MAX : (int64_t)bound;
        least = -most;
    }
    switch (bits % 8) {
    case 0: return least;
    case 1: return most;
    case 2: return 0;
    case 3: return (int64_t)(bits >> 8 & 7) > most ? most : (int64_t)(bits >> 8 & 7);
    default: break;
    }
    uint64_t span = (uint64_t)most - (uint64_t)least;
    return (int64_t)((uint64_t)least +
                     (span == UINT64_MAX ? next(random) : next(random) % (span + 1)));
}

static void store(const struct vch_tensor *tensor, size_t i, int64_t element)
{
    switch (tensor->type) {
    case VCH_TYPE_I8: ((int8_t *)tensor->data)[i] = (int8_t)element; return;
    case VCH_TYPE_I16: ((int16_t *)tensor->data)[i] = (int16_t)element; return;
    case VCH_TYPE_I32: ((int32_t *)tensor->data)[i] = (int32_t)element; return;
    case VCH_TYPE_I64: ((int64_t *)tensor->data)[i] = element; return;
    }
}

static bool room_for(struct vch_tensor *out, const struct scene *scene, uint32_t value)
{
    const struct vch_value *of = &scene->graph->values[value];

    *out = (struct vch_tensor){of->type, of->shape, NULL};
    out->data = vch_arena_alloc(scene->arena, BATCH, vch_tensor_size(out));
    return out->data != NULL;
}

static bool open_scene(struct scene *scene, const struct vch_graph *graph, uint64_t seed,
                       struct vch_arena *arena)
{
    *scene = (struct scene){.graph = graph, .arena = arena};
    for (uint32_t i = 0; i < graph->input_count; i++) {
        uint32_t value = scene->input_values[i] = graph->inputs[i].value;
        if (!room_for(&scene->inputs[i], scene, value)) return false;
        size_t count = vch_tensor_shape_count(&graph->values[value].shape) * BATCH;
        for (size_t j = 0; j < count; j++)
            store(&scene->inputs[i], j, sample(graph, value, &seed));
    }
    for (uint32_t i = 0; i < graph->output_count; i++)
        scene->output_values[i] = graph->outputs[i].value;
    return true;
}

static bool open_results(struct results *results, const struct scene *scene)
{
    const struct vch_graph *graph = scene->graph;

    results->trace = VCH_ARENA_NEW(scene->arena, struct vch_digest, graph->operator_count);
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (!room_for(&results->outputs[i], scene, graph->outputs[i].value)) return false;
    return results->trace != NULL;
}

static bool is_same(const struct results *a, const struct results *b, const struct scene *scene)
{
    for (uint32_t i = 0; i < scene->graph->output_count; i++)
        if (memcmp(a->outputs[i].data, b->outputs[i].data,
                   BATCH * vch_tensor_size(&a->outputs[i])) != 0)
            return false;
    return true;
}

static struct vch_run run_of(const struct scene *scene, const struct vch_kernels *kernels)
{
    return (struct vch_run){.graph = scene->graph,
                            .last = scene->graph->operator_count,
                            .batch = BATCH,
                            .kernels = kernels};
}

static bool fits(const struct vch_run *run, struct vch_arena *arena)
{
    size_t size = 0;

    return vch_is_ok(vch_run_memory(&size, run, arena)) && size <= MEMORY_MAX;
}

// One sample at a time.
static void run_apart(const struct scene *scene, const struct results *want,
                      const struct vch_kernels *kernels)
{
    struct vch_run run = run_of(scene, kernels);
    struct results results = {0};

    run.batch = 1;
    if (!open_results(&results, scene)) return;
    for (size_t n = 0; n < BATCH; n++) {
        struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX], outputs[VCH_GRAPH_PORTS_MAX];
        for (uint32_t i = 0; i < scene->graph->input_count; i++) {
            inputs[i] = scene->inputs[i];
            inputs[i].data = (uint8_t *)inputs[i].data + n * vch_tensor_size(&inputs[i]);
        }
        for (uint32_t i = 0; i < scene->graph->output_count; i++) {
            outputs[i] = results.outputs[i];
            outputs[i].data = (uint8_t *)outputs[i].data + n * vch_tensor_size(&outputs[i]);
        }
        vch_status status = vch_run_graph(&run, inputs, outputs, scene->arena, NULL);
        if (status.code == VCH_CODE_NO_MEMORY) return;
        VCH_ASSERT(vch_is_ok(status));
    }
    VCH_ASSERT(is_same(&results, want, scene));
}

// In two segments, at a legal cut that the seed decides.
static void run_cut(const struct scene *scene, const struct results *want,
                    const struct vch_kernels *kernels, uint64_t seed)
{
    const struct vch_graph *graph = scene->graph;
    struct vch_cut *cuts = VCH_ARENA_NEW(scene->arena, struct vch_cut, graph->operator_count + 1);
    struct vch_run run = run_of(scene, kernels);
    struct results results = {0};
    struct vch_tensor middle;
    uint32_t count = 0;

    if (cuts == NULL || !open_results(&results, scene)) return;
    if (!vch_is_ok(vch_segment_cuts(cuts, &count, graph, scene->arena)) || count == 0) return;
    const struct vch_cut *cut = &cuts[next(&seed) % count];
    if (!room_for(&middle, scene, cut->value)) return;
    run.last = cut->position;
    vch_status status =
        vch_run_execute(&run, scene->input_values, scene->inputs, graph->input_count, &cut->value,
                        &middle, 1, scene->arena, NULL);
    if (status.code == VCH_CODE_NO_MEMORY) return;
    VCH_ASSERT(vch_is_ok(status));
    run.first = cut->position;
    run.last = graph->operator_count;
    status = vch_run_execute(&run, &cut->value, &middle, 1, scene->output_values, results.outputs,
                             graph->output_count, scene->arena, NULL);
    if (status.code == VCH_CODE_NO_MEMORY) return;
    VCH_ASSERT(vch_is_ok(status));
    VCH_ASSERT(is_same(&results, want, scene));
}

// By a program that is prepared once: chunks of a sample or two, and the whole batch cut in two.
static void run_program(const struct scene *scene, const struct results *want,
                        const struct vch_kernels *kernels, uint64_t seed)
{
    const struct vch_graph *graph = scene->graph;
    const uint32_t middle = (uint32_t)(next(&seed) % (graph->operator_count + 1));
    struct vch_program program;
    struct vch_program_run run = {.program = &program, .batch = BATCH, .workers = &ways_backwards};
    struct results results = {0};
    struct vch_cut cut;
    struct vch_tensor crossing;
    size_t size = 0;

    if (!open_results(&results, scene)) return;
    if (!vch_is_ok(vch_program_prepare(&program, graph, 0, graph->operator_count,
                                       (uint32_t)(seed % 3), kernels, scene->arena)) ||
        !vch_is_ok(vch_program_memory(&size, &program, BATCH, false)))
        return;
    void *memory = vch_arena_alloc(scene->arena, size, 1);
    if (memory == NULL) return;
    memset(memory, (int)(seed >> 8), size); // holds anything
    run.last = graph->operator_count;
    VCH_ASSERT(vch_is_ok(vch_program_execute(&run, scene->input_values, scene->inputs,
                                             graph->input_count, scene->output_values,
                                             results.outputs, graph->output_count, memory, NULL)));
    VCH_ASSERT(is_same(&results, want, scene));

    if (!vch_is_ok(vch_segment_cut_at(&cut, graph, middle, scene->arena)) ||
        !room_for(&crossing, scene, cut.value) || !open_results(&results, scene))
        return;
    run.last = middle;
    VCH_ASSERT(
        vch_is_ok(vch_program_execute(&run, scene->input_values, scene->inputs, graph->input_count,
                                      &cut.value, &crossing, 1, memory, NULL)));
    memset(memory, (int)(seed >> 16), size);
    run.first = middle;
    run.last = graph->operator_count;
    VCH_ASSERT(vch_is_ok(vch_program_execute(&run, &cut.value, &crossing, 1, scene->output_values,
                                             results.outputs, graph->output_count, memory, NULL)));
    VCH_ASSERT(is_same(&results, want, scene));
}

static bool run_plainly(struct results *out, const struct scene *scene)
{
    const struct vch_kernels portable = vch_kernels_select(VCH_CPU_PORTABLE);
    struct vch_run run = run_of(scene, &portable);

    if (!fits(&run, scene->arena) || !open_results(out, scene)) return false;
    run.trace = out->trace;
    vch_status status = vch_run_graph(&run, scene->inputs, out->outputs, scene->arena, NULL);
    VCH_ASSERT(vch_is_ok(status) || status.code == VCH_CODE_NO_MEMORY);
    return vch_is_ok(status);
}

void ways_compare(const struct vch_graph *graph, uint64_t seed, struct vch_arena *arena)
{
    const struct vch_kernels best = vch_kernels_select(vch_cpu_level(NULL));
    struct scene scene;
    struct results want = {0}, found = {0};

    if (!open_scene(&scene, graph, seed, arena) || !run_plainly(&want, &scene)) return;
    struct vch_run run = run_of(&scene, &best);
    if (!open_results(&found, &scene)) return;
    run.workers = &ways_backwards;
    run.trace = found.trace;
    vch_status status = vch_run_graph(&run, scene.inputs, found.outputs, arena, NULL);
    if (status.code == VCH_CODE_NO_MEMORY) return;
    VCH_ASSERT(vch_is_ok(status));
    for (uint32_t i = 0; i < graph->operator_count; i++)
        VCH_ASSERT(vch_hash_is_equal(&want.trace[i], &found.trace[i]));
    VCH_ASSERT(is_same(&want, &found, &scene));
    run_apart(&scene, &want, &best);
    run_cut(&scene, &want, &best, seed);
    run_program(&scene, &want, &best, seed);
}

void ways_digest(struct vch_digest *out, const struct vch_graph *graph, uint64_t seed,
                 struct vch_arena *arena)
{
    struct scene scene;
    struct results results = {0};
    struct vch_digest digests[VCH_GRAPH_PORTS_MAX];

    *out = (struct vch_digest){0};
    if (!open_scene(&scene, graph, seed, arena) || !run_plainly(&results, &scene)) return;
    for (uint32_t i = 0; i < graph->output_count; i++)
        digests[i] = vch_tensor_digest(&results.outputs[i], BATCH);
    *out = vch_hash_bytes(digests, graph->output_count * sizeof digests[0]);
}

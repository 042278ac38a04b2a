#include "model/program.h"

#include "base/check.h"
#include "model/step.h"

// A weight is worth loading for so many multiplications: chunks have as many samples as that takes.
enum { USES_WANTED = 64, SAMPLES_MAX = 64, SAMPLES_PLAIN = 16 };

static uint32_t choose_samples(const struct vch_graph *graph, uint32_t first, uint32_t last)
{
    uint64_t weights = 0, work = 0;

    for (uint32_t i = first; i < last; i++) {
        const struct vch_operator *o = &graph->operators[i];
        if (o->kind != VCH_OPERATOR_LINEAR && o->kind != VCH_OPERATOR_CONVOLUTION) continue;
        weights += vch_tensor_shape_count(&graph->parameters[o->parameters[0]].shape);
        work += vch_graph_work(graph, o);
    }
    if (work == 0) return SAMPLES_PLAIN;
    if (weights * USES_WANTED / work >= SAMPLES_MAX) return SAMPLES_MAX;
    return (uint32_t)(weights * USES_WANTED / work) + 1;
}

static vch_status prepare_operators(struct vch_program *p, struct vch_prepare *prepare)
{
    const struct vch_graph *laid = &p->forms.graph;
    struct vch_prepare inner = *prepare;
    size_t scratch = 0;

    p->prepared = VCH_PREPARE_NEW(&inner, const void *, laid->operator_count);
    if (p->prepared == NULL) return VCH_FAIL(NO_MEMORY);
    inner.graph = laid;
    for (uint32_t i = 0; i < laid->operator_count; i++) {
        const struct vch_operator *o = &laid->operators[i];
        VCH_TRY(vch_step_prepare(&p->prepared[i], &inner, o, p->forms.reads_channel_last[i]));
        const size_t size = vch_step_scratch_size(laid, o, p->prepared[i], p->samples);
        if (size > scratch) scratch = size;
    }
    *prepare = inner;
    prepare->graph = p->graph;
    return vch_layout_plan(&p->layout, laid, p->samples, scratch, prepare);
}

static void measure_turned(struct vch_program *p)
{
    for (uint32_t i = 0; i < p->graph->value_count; i++) {
        const struct vch_value *v = &p->graph->values[i];
        const size_t size = vch_tensor_shape_count(&v->shape) * vch_tensor_type_size(v->type);
        if (p->forms.is_channel_last[i] && size * p->samples > p->turned_size)
            p->turned_size = size * p->samples;
    }
}

static vch_status pass(struct vch_program *p, struct vch_prepare *prepare)
{
    VCH_TRY(vch_forms_choose(&p->forms, prepare, p->first, p->last));
    VCH_TRY(prepare_operators(p, prepare));
    measure_turned(p);
    p->size = prepare->size;
    return VCH_OK;
}

vch_status vch_program_plan(struct vch_program *out, const struct vch_graph *graph, uint32_t first,
                            uint32_t last, uint32_t samples, const struct vch_kernels *kernels,
                            struct vch_arena *arena)
{
    struct vch_prepare prepare = {.graph = graph, .kernels = kernels, .scratch = arena};

    VCH_ASSERT(first <= last && last <= graph->operator_count && samples <= VCH_BATCH_MAX);
    *out = (struct vch_program){
        .graph = graph,
        .first = first,
        .last = last,
        .kernels = kernels,
        .samples = samples > 0 ? samples : choose_samples(graph, first, last),
    };
    return pass(out, &prepare);
}

vch_status vch_program_prepare(struct vch_program *out, const struct vch_graph *graph,
                               uint32_t first, uint32_t last, uint32_t samples,
                               const struct vch_kernels *kernels, struct vch_arena *arena)
{
    struct vch_arena_mark mark = vch_arena_mark(arena);
    vch_status status = vch_program_plan(out, graph, first, last, samples, kernels, arena);

    vch_arena_rewind(arena, mark);
    VCH_TRY(status);
    struct vch_prepare prepare = {.graph = graph, .kernels = kernels, .memory_size = out->size};
    prepare.memory = vch_arena_alloc(arena, out->size, 1);
    if (prepare.memory == NULL) return VCH_FAIL(NO_MEMORY);
    return pass(out, &prepare);
}

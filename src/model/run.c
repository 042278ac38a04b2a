#include "model/run.h"

#include <string.h>

#include "base/check.h"
#include "model/bound.h"
#include "model/layout.h"
#include "model/segment.h"
#include "model/step.h"

// A run under way: where each value is.
struct execution {
    const struct vch_run *run;
    struct vch_layout layout;
    uint8_t *is_outside; // per value: the caller's memory
    void **data;         // per value; NULL until it has a place
    uint8_t *is_written; // per value: an input, or an operator's output by now
    uint8_t *memory;
    struct vch_complaint *complaint;
};

static vch_status check_range(const struct vch_run *run, struct vch_complaint *complaint)
{
    if (run->first > run->last || run->last > run->graph->operator_count)
        return vch_complain(complaint, VCH_CODE_USAGE, "operators %u to %u of %u", run->first,
                            run->last, run->graph->operator_count);
    if (run->batch == 0 || run->batch > VCH_BATCH_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a batch has 1 to %u samples, not %u",
                            VCH_BATCH_MAX, run->batch);
    return VCH_OK;
}

static vch_status check_run(const struct vch_run *run, struct vch_complaint *complaint)
{
    VCH_TRY(check_range(run, complaint));
    if (!vch_segment_is_held(run->graph, run->first, run->last))
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the parameters of operators %u to %u are not all held", run->first,
                            run->last);
    return VCH_OK;
}

static vch_status check_tensor(const struct execution *e, uint32_t value,
                               const struct vch_tensor *tensor, const char *what)
{
    const struct vch_graph *graph = e->run->graph;

    if (value >= graph->value_count || tensor->data == NULL ||
        tensor->type != graph->values[value].type ||
        !vch_tensor_shape_is_equal(&tensor->shape, &graph->values[value].shape))
        return vch_complain(e->complaint, VCH_CODE_MALFORMED,
                            "the %s does not have the type and shape of value %u", what, value);
    return VCH_OK;
}

// Sums over int64 are bounded by what the trees that wrote them may give, and only their holder can
// check that: scores from elsewhere are held to it here.
static vch_status check_scores(const struct execution *e, uint32_t value,
                               const struct vch_tensor *tensor)
{
    const int64_t *scores = tensor->data;
    bool is_outside = false;

    if (tensor->type != VCH_TYPE_I64) return VCH_OK;
    uint64_t most = vch_bound_value(e->run->graph, value);
    size_t count = vch_tensor_shape_count(&tensor->shape) * e->run->batch;
    for (size_t i = 0; i < count; i++)
        is_outside |= (scores[i] < 0 ? 0 - (uint64_t)scores[i] : (uint64_t)scores[i]) > most;
    if (!is_outside) return VCH_OK;
    return vch_complain(e->complaint, VCH_CODE_MALFORMED,
                        "an element of input value %u is beyond what the trees that give it "
                        "promise",
                        value);
}

static vch_status take_inputs(struct execution *e, const uint32_t *values,
                              const struct vch_tensor *inputs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        VCH_TRY(check_tensor(e, values[i], &inputs[i], "input"));
        if (!vch_is_ok(vch_tensor_check_range(&inputs[i], e->run->batch)))
            return vch_complain(e->complaint, VCH_CODE_MALFORMED,
                                "an element of input value %u is outside its type's symmetric "
                                "range",
                                values[i]);
        VCH_TRY(check_scores(e, values[i], &inputs[i]));
        e->is_outside[values[i]] = 1;
        e->is_written[values[i]] = 1;
        e->data[values[i]] = inputs[i].data;
    }
    return VCH_OK;
}

// Outputs are written in place, except those that are inputs as well or asked for twice: they are
// copied at the end.
static vch_status take_outputs(struct execution *e, const uint32_t *values,
                               const struct vch_tensor *outputs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        VCH_TRY(check_tensor(e, values[i], &outputs[i], "output"));
        if (e->is_outside[values[i]]) continue;
        e->is_outside[values[i]] = 1;
        e->data[values[i]] = outputs[i].data;
    }
    return VCH_OK;
}

static vch_status run_operator(struct execution *e, uint32_t index)
{
    const struct vch_run *run = e->run;
    const struct vch_operator *o = &run->graph->operators[index];
    struct vch_step step = {
        .graph = run->graph,
        .operator_ = o,
        .batch = run->batch,
        .kernels = run->kernels,
        .workers = run->workers,
        .output = e->data[o->output],
        .scratch = e->memory + e->layout.scratch_offset,
    };

    for (uint32_t i = 0; i < o->input_count; i++) {
        if (!e->is_written[o->inputs[i]])
            return vch_complain(e->complaint, VCH_CODE_USAGE,
                                "operator %u needs value %u, which is not among the inputs", index,
                                o->inputs[i]);
        step.inputs[i] = e->data[o->inputs[i]];
    }
    vch_step_execute(&step);
    if (run->trace != NULL) {
        const struct vch_value *y = &run->graph->values[o->output];
        const struct vch_tensor tensor = {y->type, y->shape, step.output};
        run->trace[index - run->first] = vch_tensor_digest(&tensor, run->batch);
    }
    return VCH_OK;
}

static vch_status run_operators(struct execution *e)
{
    const struct vch_graph *graph = e->run->graph;
    const struct vch_layout *layout = &e->layout;

    for (uint32_t i = e->run->first; i < e->run->last; i++) {
        uint32_t output = graph->operators[i].output, root = layout->roots[output];
        if (!e->is_outside[output])
            e->data[output] = root != output ? e->data[root] : e->memory + layout->offsets[output];
        VCH_TRY(run_operator(e, i));
        e->is_written[output] = 1;
    }
    return VCH_OK;
}

static vch_status finish_outputs(const struct execution *e, const uint32_t *values,
                                 const struct vch_tensor *outputs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!e->is_written[values[i]])
            return vch_complain(e->complaint, VCH_CODE_USAGE,
                                "value %u is not computed by operators %u to %u", values[i],
                                e->run->first, e->run->last);
        if (e->data[values[i]] != outputs[i].data)
            memcpy(outputs[i].data, e->data[values[i]],
                   vch_tensor_size(&outputs[i]) * e->run->batch);
    }
    return VCH_OK;
}

static vch_status prepare(struct execution *e, struct vch_arena *arena)
{
    size_t count = e->run->graph->value_count;

    e->is_outside = VCH_ARENA_NEW(arena, uint8_t, count);
    e->data = VCH_ARENA_NEW(arena, void *, count);
    e->is_written = VCH_ARENA_NEW(arena, uint8_t, count);
    return e->is_outside == NULL || e->data == NULL || e->is_written == NULL ? VCH_FAIL(NO_MEMORY)
                                                                             : VCH_OK;
}

static vch_status execute(struct execution *e, const uint32_t *input_values,
                          const struct vch_tensor *inputs, uint32_t input_count,
                          const uint32_t *output_values, const struct vch_tensor *outputs,
                          uint32_t output_count, struct vch_arena *arena)
{
    const struct vch_run *run = e->run;

    VCH_TRY(check_run(run, e->complaint));
    VCH_TRY(prepare(e, arena));
    VCH_TRY(take_inputs(e, input_values, inputs, input_count));
    VCH_TRY(take_outputs(e, output_values, outputs, output_count));
    VCH_TRY(vch_layout_plan(&e->layout, run->graph, run->first, run->last, run->batch, arena));
    e->memory = vch_arena_alloc(arena, e->layout.size, 1);
    if (e->memory == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(run_operators(e));
    return finish_outputs(e, output_values, outputs, output_count);
}

vch_status vch_run_execute(const struct vch_run *run, const uint32_t *input_values,
                           const struct vch_tensor *inputs, uint32_t input_count,
                           const uint32_t *output_values, const struct vch_tensor *outputs,
                           uint32_t output_count, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    struct execution e = {.run = run, .complaint = complaint};
    struct vch_arena_mark mark = vch_arena_mark(arena);
    vch_status status =
        execute(&e, input_values, inputs, input_count, output_values, outputs, output_count, arena);

    vch_arena_rewind(arena, mark);
    if (status.code == VCH_CODE_NO_MEMORY)
        (void)vch_complain(complaint, status.code,
                           "a run of %u samples takes more memory than was set aside for it; try a "
                           "smaller batch",
                           run->batch);
    return status;
}

vch_status vch_run_graph(const struct vch_run *run, const struct vch_tensor *inputs,
                         const struct vch_tensor *outputs, struct vch_arena *arena,
                         struct vch_complaint *complaint)
{
    const struct vch_graph *graph = run->graph;
    uint32_t input_values[VCH_GRAPH_PORTS_MAX], output_values[VCH_GRAPH_PORTS_MAX];

    VCH_ASSERT(graph->input_count <= VCH_GRAPH_PORTS_MAX);
    VCH_ASSERT(graph->output_count <= VCH_GRAPH_PORTS_MAX);
    for (uint32_t i = 0; i < graph->input_count; i++)
        input_values[i] = graph->inputs[i].value;
    for (uint32_t i = 0; i < graph->output_count; i++)
        output_values[i] = graph->outputs[i].value;
    return vch_run_execute(run, input_values, inputs, graph->input_count, output_values, outputs,
                           graph->output_count, arena, complaint);
}

vch_status vch_run_memory(size_t *out, const struct vch_run *run, struct vch_arena *scratch)
{
    // Per value: two flags, a pointer, an offset, a root, a last use; per operator a block.
    const size_t bookkeeping = 64, slack = (size_t)1 << 20;
    const size_t count = (size_t)run->graph->value_count + run->graph->operator_count;
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct vch_layout layout;

    VCH_TRY(check_range(run, NULL));
    vch_status status =
        vch_layout_plan(&layout, run->graph, run->first, run->last, run->batch, scratch);
    vch_arena_rewind(scratch, mark);
    VCH_TRY(status);
    return __builtin_add_overflow(layout.size, count * bookkeeping + slack, out) ? VCH_FAIL(LIMIT)
                                                                                 : VCH_OK;
}

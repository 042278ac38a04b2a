#include "model/run.h"

#include "base/check.h"
#include "model/program.h"
#include "model/segment.h"

static vch_status check_run(const struct vch_run *run, struct vch_complaint *complaint)
{
    if (run->first > run->last || run->last > run->graph->operator_count)
        return vch_complain(complaint, VCH_CODE_USAGE, "operators %u to %u of %u", run->first,
                            run->last, run->graph->operator_count);
    if (run->batch == 0 || run->batch > VCH_BATCH_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a batch has 1 to %u samples, not %u",
                            VCH_BATCH_MAX, run->batch);
    return VCH_OK;
}

// Digests are of whole batches.
static uint32_t chunk_of(const struct vch_run *run)
{
    return run->trace != NULL ? run->batch : 0;
}

static vch_status execute(const struct vch_run *run, const uint32_t *input_values,
                          const struct vch_tensor *inputs, uint32_t input_count,
                          const uint32_t *output_values, const struct vch_tensor *outputs,
                          uint32_t output_count, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    struct vch_program program;
    size_t size = 0;

    VCH_TRY(check_run(run, complaint));
    if (!vch_segment_is_held(run->graph, run->first, run->last))
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the parameters of operators %u to %u are not all held", run->first,
                            run->last);
    VCH_TRY(vch_program_prepare(&program, run->graph, run->first, run->last, chunk_of(run),
                                run->kernels, arena));
    VCH_TRY(vch_program_memory(&size, &program, run->batch, run->trace != NULL));
    void *memory = vch_arena_alloc(arena, size, 1);
    if (memory == NULL) return VCH_FAIL(NO_MEMORY);
    const struct vch_program_run how = {
        .program = &program,
        .first = run->first,
        .last = run->last,
        .batch = run->batch,
        .workers = run->workers,
        .trace = run->trace,
    };
    return vch_program_execute(&how, input_values, inputs, input_count, output_values, outputs,
                               output_count, memory, complaint);
}

vch_status vch_run_execute(const struct vch_run *run, const uint32_t *input_values,
                           const struct vch_tensor *inputs, uint32_t input_count,
                           const uint32_t *output_values, const struct vch_tensor *outputs,
                           uint32_t output_count, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(arena);
    vch_status status = execute(run, input_values, inputs, input_count, output_values, outputs,
                                output_count, arena, complaint);

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

static vch_status measure(size_t *out, const struct vch_run *run, struct vch_arena *scratch)
{
    const size_t slack = (size_t)1 << 20; // blocks of the arena
    const struct vch_kernels plain = vch_kernels_select(VCH_CPU_PORTABLE);
    struct vch_program program;
    size_t memory = 0;

    VCH_TRY(vch_program_plan(&program, run->graph, run->first, run->last, chunk_of(run),
                             run->kernels != NULL ? run->kernels : &plain, scratch));
    VCH_TRY(vch_program_memory(&memory, &program, run->batch, run->trace != NULL));
    // Planning goes before, and is over when memory is taken.
    return __builtin_add_overflow(memory, program.size + slack, out) ? VCH_FAIL(LIMIT) : VCH_OK;
}

vch_status vch_run_memory(size_t *out, const struct vch_run *run, struct vch_arena *scratch)
{
    struct vch_arena_mark mark = vch_arena_mark(scratch);

    VCH_TRY(check_run(run, NULL));
    vch_status status = measure(out, run, scratch);
    vch_arena_rewind(scratch, mark);
    return status;
}

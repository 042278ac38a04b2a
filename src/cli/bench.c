// vouch bench: how fast the engine runs a model here, as ratios measured in one run.
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/tensors.h"
#include "host/clock.h"
#include "model/program.h"
#include "model/segment.h"

static const struct vch_option options[] = {
    {"batch", "N", "samples per run (default: 1 and 16)", false},
    {"milliseconds", "N", "time spent per row (default: 300)", false},
    {"threads", "N", "threads (default: one per processor)", false},
    {"best", NULL, "only the best level, on all threads", false},
    {"json", NULL, "print JSON", false},
    {0},
};

struct row {
    enum vch_cpu_level level;
    uint32_t batch;
    unsigned threads;
    double microseconds; // per sample, median
    double least;        // the same of the fastest run
    double work_per_second;
};

enum { RUNS_MAX = 10000, ROWS_MAX = 16 };

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t total_work(const struct vch_graph *graph)
{
    uint64_t work = 0;

    for (uint32_t i = 0; i < graph->operator_count; i++)
        work += vch_graph_work(graph, &graph->operators[i]);
    return work;
}

static vch_status fill_inputs(struct vch_tensors *inputs, struct vch_tool *tool,
                              const struct vch_graph *graph, uint32_t batch)
{
    *inputs = (struct vch_tensors){.batch = batch, .count = graph->input_count};
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct vch_value *value = &graph->values[graph->inputs[i].value];
        struct vch_tensor *tensor = &inputs->tensor[i];
        *tensor = (struct vch_tensor){value->type, value->shape, NULL};
        size_t size = batch * vch_tensor_size(tensor);
        int8_t *data = vch_arena_alloc(&tool->arena, size, 1);
        if (data == NULL) return VCH_FAIL(NO_MEMORY);
        for (size_t k = 0; k < size; k++)
            data[k] = (int8_t)((k * 37) % 101); // small, in range for every type
        tensor->data = data;
    }
    return VCH_OK;
}

static vch_status run_once(const struct vch_program_run *how, const struct vch_tensors *inputs,
                           const struct vch_tensors *outputs, void *memory,
                           struct vch_complaint *complaint)
{
    const struct vch_graph *graph = how->program->graph;
    uint32_t input_values[VCH_GRAPH_PORTS_MAX], output_values[VCH_GRAPH_PORTS_MAX];

    for (uint32_t i = 0; i < graph->input_count; i++)
        input_values[i] = graph->inputs[i].value;
    for (uint32_t i = 0; i < graph->output_count; i++)
        output_values[i] = graph->outputs[i].value;
    return vch_program_execute(how, input_values, inputs->tensor, graph->input_count, output_values,
                               outputs->tensor, graph->output_count, memory, complaint);
}

static vch_status measure(struct row *row, struct vch_tool *tool, const struct vch_graph *graph,
                          uint64_t microseconds)
{
    static uint64_t times[RUNS_MAX];
    struct vch_arena_mark mark = vch_arena_mark(&tool->arena);
    const struct vch_kernels kernels = vch_kernels_select(row->level);
    struct vch_tensors inputs, outputs;
    struct vch_program program;
    size_t count = 0, size = 0;

    VCH_TRY(fill_inputs(&inputs, tool, graph, row->batch));
    VCH_TRY(vch_tensors_allocate(&outputs, tool, graph, row->batch));
    VCH_TRY(
        vch_program_prepare(&program, graph, 0, graph->operator_count, 0, &kernels, &tool->arena));
    VCH_TRY(vch_program_memory(&size, &program, row->batch, false));
    void *memory = vch_arena_alloc(&tool->arena, size, 1);
    if (memory == NULL) return VCH_FAIL(NO_MEMORY);
    const struct vch_program_run how = {
        .program = &program,
        .last = graph->operator_count,
        .batch = row->batch,
        .workers = row->threads > 1 ? tool->workers : NULL,
    };
    uint64_t begin = vch_clock_monotonic_us(), now = begin;
    while (count < 3 || (now - begin < microseconds && count < RUNS_MAX)) {
        VCH_TRY(run_once(&how, &inputs, &outputs, memory, &tool->complaint));
        uint64_t after = vch_clock_monotonic_us();
        times[count++] = after - now;
        now = after;
    }
    qsort(times, count, sizeof times[0], compare);
    uint64_t median = times[count / 2] > 0 ? times[count / 2] : 1;
    row->microseconds = (double)median / row->batch;
    row->least = (double)(times[0] > 0 ? times[0] : 1) / row->batch;
    row->work_per_second = (double)total_work(graph) * row->batch * 1e6 / (double)median;
    vch_arena_rewind(&tool->arena, mark);
    return VCH_OK;
}

static uint32_t plan_rows(struct row *rows, const struct vch_tool *tool, uint64_t only_batch)
{
    const uint32_t batches[] = {only_batch ? (uint32_t)only_batch : 1, 16};
    uint32_t count = 0;

    for (unsigned b = 0; b < (only_batch ? 1U : 2U); b++) {
        const bool is_best = vch_options_has(tool->options, "best");
        for (enum vch_cpu_level l = VCH_CPU_PORTABLE; !is_best && l <= tool->kernels.level; l++)
            rows[count++] = (struct row){.level = l, .batch = batches[b], .threads = 1};
        if (is_best || tool->workers->thread_count > 1)
            rows[count++] = (struct row){.level = tool->kernels.level,
                                         .batch = batches[b],
                                         .threads = (unsigned)tool->workers->thread_count};
    }
    return count;
}

static vch_status print_rows(const struct row *rows, uint32_t count, bool as_json)
{
    json_t *list = json_array();
    double base = 0;

    if (!as_json) printf("level       threads  batch   us/sample   G mult/s   times portable\n");
    for (uint32_t i = 0; i < count; i++) {
        const struct row *r = &rows[i];
        if (r->level == VCH_CPU_PORTABLE) base = r->microseconds;
        if (!as_json)
            printf("%-11s %7u  %5u  %10.1f  %9.2f  %15.1f\n", vch_cpu_level_name(r->level),
                   r->threads, r->batch, r->microseconds, r->work_per_second / 1e9,
                   base / r->microseconds);
        else
            json_array_append_new(
                list, json_pack("{s:s, s:i, s:i, s:f, s:f, s:f, s:f}", "level",
                                vch_cpu_level_name(r->level), "threads", (int)r->threads, "batch",
                                (int)r->batch, "us_per_sample", r->microseconds,
                                "least_us_per_sample", r->least, "multiplications_per_second",
                                r->work_per_second, "times_portable", base / r->microseconds));
    }
    if (as_json) return vch_tool_print_json(list);
    json_decref(list);
    return VCH_OK;
}

static vch_status run(struct vch_tool *tool)
{
    uint64_t batch = 0, milliseconds = 300;
    struct row rows[ROWS_MAX];
    struct vch_package package;

    VCH_TRY(vch_options_u64(&batch, tool->options, "batch", 1, VCH_BATCH_MAX, &tool->complaint));
    VCH_TRY(
        vch_options_u64(&milliseconds, tool->options, "milliseconds", 1, 600000, &tool->complaint));
    VCH_TRY(vch_tool_package(&package, tool, tool->options->operands[0]));
    if (!vch_segment_is_held(package.graph, 0, package.graph->operator_count))
        return vch_complain(&tool->complaint, VCH_CODE_UNSUPPORTED,
                            "this file holds one segment of the model; bench takes a whole one");
    uint32_t count = plan_rows(rows, tool, batch);
    for (uint32_t i = 0; i < count; i++)
        VCH_TRY(measure(&rows[i], tool, package.graph, milliseconds * 1000));
    return print_rows(rows, count, vch_options_has(tool->options, "json"));
}

const struct vch_command vch_commands_bench = {
    .name = "bench",
    .operands = "M.vouch",
    .summary = "how fast the engine runs a model here",
    .details = "Runs the model at every processor level this machine has and prints ratios to "
               "portable C.\n`make bench` adds kernels and the network.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};

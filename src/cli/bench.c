// vouch bench: how fast the engine runs a model here, and what its proofs cost, as ratios measured
// in one run.
#include "cli/bench.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/bench_audit.h"
#include "cli/bench_prove.h"
#include "cli/commands.h"
#include "host/clock.h"
#include "model/program.h"
#include "model/segment.h"

static const struct vch_option options[] = {
    {"batch", "N", "samples per run (default: 1 and 16)", false},
    {"milliseconds", "N", "time spent per row (default: 300)", false},
    {"threads", "N", "threads (default: one per processor)", false},
    {"best", NULL, "only the best level, on all threads", false},
    {"prove", "ROUNDS", "what proofs cost instead: so many are made and verified", false},
    {"audit", NULL, "what traces and audits cost instead (default batches: 1, 16 and 128)", false},
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

// Runs are timed in blocks long enough for a clock of microseconds.
enum { RUNS_MAX = 10000, ROWS_MAX = 16, BLOCK_US = 200 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint64_t total_work(const struct vch_graph *graph)
{
    uint64_t work = 0;

    for (uint32_t i = 0; i < graph->operator_count; i++)
        work += vch_graph_work(graph, &graph->operators[i]);
    return work;
}

vch_status vch_bench_inputs(struct vch_tensors *inputs, struct vch_tool *tool,
                            const struct vch_graph *graph, uint32_t batch)
{
    *inputs = (struct vch_tensors){.batch = batch, .count = graph->input_count};
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct vch_value *value = &graph->values[graph->inputs[i].value];
        struct vch_tensor *tensor = &inputs->tensor[i];
        *tensor = (struct vch_tensor){value->type, value->shape, NULL};
        size_t size = batch * vch_tensor_size(tensor);
        int8_t *data = vch_arena_alloc(&tool->arena, size, 8);
        if (data == NULL) return VCH_FAIL(NO_MEMORY);
        for (size_t k = 0; k < size; k++)
            data[k] = (int8_t)((k * 37) % 101); // small, in range for every type
        tensor->data = data;
    }
    return VCH_OK;
}

struct course { // what is run again and again
    struct vch_program_run how;
    uint32_t input_values[VCH_GRAPH_PORTS_MAX], output_values[VCH_GRAPH_PORTS_MAX];
    struct vch_tensors inputs, outputs;
    void *memory;
};

// Microseconds of one run, from `repeats` of them.
static vch_status run_course(double *out, const struct course *c, uint32_t repeats,
                             struct vch_complaint *complaint)
{
    const struct vch_graph *graph = c->how.program->graph;
    uint64_t begin = vch_clock_monotonic_us();

    for (uint32_t i = 0; i < repeats; i++)
        VCH_TRY(vch_program_execute(&c->how, c->input_values, c->inputs.tensor, graph->input_count,
                                    c->output_values, c->outputs.tensor, graph->output_count,
                                    c->memory, complaint));
    *out = (double)(vch_clock_monotonic_us() - begin) / repeats;
    return VCH_OK;
}

static vch_status run_courses(struct row *row, const struct course *c, uint64_t microseconds,
                              struct vch_complaint *complaint)
{
    static double times[RUNS_MAX];
    uint64_t begin = vch_clock_monotonic_us();
    double first = 0;
    size_t count = 0;

    VCH_TRY(run_course(&first, c, 1, complaint));
    VCH_TRY(run_course(&first, c, 1, complaint)); // caches are warm now
    const uint32_t repeats = first < BLOCK_US ? (uint32_t)(BLOCK_US / (first + 1)) + 1 : 1;
    while (count < 3 || (vch_clock_monotonic_us() - begin < microseconds && count < RUNS_MAX))
        VCH_TRY(run_course(&times[count++], c, repeats, complaint));
    qsort(times, count, sizeof times[0], compare);
    row->microseconds = times[count / 2] / row->batch;
    row->least = times[0] / row->batch;
    return VCH_OK;
}

static vch_status measure(struct row *row, struct vch_tool *tool, const struct vch_graph *graph,
                          uint64_t microseconds)
{
    struct vch_arena_mark mark = vch_arena_mark(&tool->arena);
    const struct vch_kernels kernels = vch_kernels_select(row->level);
    struct vch_program program;
    struct course course = {.how = {.program = &program,
                                    .last = graph->operator_count,
                                    .batch = row->batch,
                                    .workers = row->threads > 1 ? tool->workers : NULL}};
    size_t size = 0;

    for (uint32_t i = 0; i < graph->input_count; i++)
        course.input_values[i] = graph->inputs[i].value;
    for (uint32_t i = 0; i < graph->output_count; i++)
        course.output_values[i] = graph->outputs[i].value;
    VCH_TRY(vch_bench_inputs(&course.inputs, tool, graph, row->batch));
    VCH_TRY(vch_tensors_allocate(&course.outputs, tool, graph, row->batch));
    VCH_TRY(
        vch_program_prepare(&program, graph, 0, graph->operator_count, 0, &kernels, &tool->arena));
    VCH_TRY(vch_program_memory(&size, &program, row->batch, false));
    course.memory = vch_arena_alloc(&tool->arena, size, 1);
    if (course.memory == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(run_courses(row, &course, microseconds, &tool->complaint));
    row->work_per_second = (double)total_work(graph) * 1e6 / row->microseconds;
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
        if (!as_json && base == 0) // portable was not asked for
            printf("%-11s %7u  %5u  %10.1f  %9.2f\n", vch_cpu_level_name(r->level), r->threads,
                   r->batch, r->microseconds, r->work_per_second / 1e9);
        else if (!as_json)
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

static vch_status run_proofs(struct vch_tool *tool, const struct vch_package *package,
                             uint64_t milliseconds)
{
    struct row plain = {
        .level = tool->kernels.level, .batch = 1, .threads = (unsigned)tool->workers->thread_count};
    uint64_t rounds = 0;

    VCH_TRY(vch_options_u64(&rounds, tool->options, "prove", 1, 1000, &tool->complaint));
    VCH_TRY(measure(&plain, tool, package->graph, milliseconds * 1000));
    return vch_bench_prove(tool, package, (uint32_t)rounds, plain.microseconds);
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
    if (vch_options_has(tool->options, "prove")) return run_proofs(tool, &package, milliseconds);
    if (vch_options_has(tool->options, "audit")) {
        const uint32_t batches[] = {batch ? (uint32_t)batch : 1, 16, 128};
        return vch_bench_audit(tool, &package, batches, batch ? 1 : 3, milliseconds);
    }
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

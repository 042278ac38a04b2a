#include "cli/bench_prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "annex/annex_prove.h"
#include "annex/annex_verify.h"
#include "annex/answer_verify.h"
#include "base/bytes.h"
#include "cli/annex_make.h"
#include "cli/bench.h"
#include "cli/proof_progress.h"
#include "cli/tensors.h"
#include "host/clock.h"
#include "host/process.h"
#include "host/random.h"

enum { ROUNDS_MAX = 1000 };

struct course {
    struct vch_annex annex;
    struct vch_answer_order order;
    struct vch_tensors inputs;
    struct vch_proof_progress progress;
    struct vch_secret_key owner;
    uint64_t annex_us, annex_verify_us; // made, and verified, once
    size_t proof_size;
    uint64_t log_cells, log_places;
    struct vch_encoder encoder;
    struct vch_oracle weights; // kept, as whoever proves often does
    uint64_t prove_us[ROUNDS_MAX], kept_us[ROUNDS_MAX], verify_us[ROUNDS_MAX];
    json_t *phases[ROUNDS_MAX];
};

static uint64_t since(uint64_t begun)
{
    return vch_clock_monotonic_us() - begun;
}

static vch_status keep_weights(struct course *course, struct vch_tool *tool,
                               const struct vch_circuit_model *model)
{
    const uint64_t rows = vch_circuit_rows(vch_circuit_annex_cells(model), model->log_columns);
    uint64_t *cells = VCH_ARENA_NEW(&tool->arena, uint64_t, (size_t)rows << model->log_columns);

    if (cells == NULL) return VCH_FAIL(NO_MEMORY);
    vch_circuit_fill_annex(cells, model);
    VCH_TRY(
        vch_encoder_init(&course->encoder, &tool->arena, course->order.level, model->log_columns));
    return vch_annex_prove_oracle(&course->weights, cells, (uint32_t)rows, course->order.annex_seed,
                                  &course->encoder, &tool->arena, tool->workers);
}

static vch_status make_annex(struct course *course, struct vch_tool *tool,
                             const struct vch_package *package)
{
    struct vch_annex_order order = {.level = course->order.level, .workers = tool->workers};
    uint8_t seed[VCH_SIGN_SEED_SIZE], *bytes = NULL;
    uint32_t log_columns = 0;
    size_t size = 0;

    vch_random_bytes(seed, sizeof seed);
    vch_sign_key(&course->owner, seed);
    vch_random_bytes(order.seed, sizeof order.seed);
    memcpy(course->order.annex_seed, order.seed, sizeof order.seed);
    VCH_TRY(vch_circuit_suggest(&log_columns, package->graph, 1, &tool->arena, &tool->complaint));
    VCH_TRY(vch_annex_make_model(&order.model, tool, package, log_columns));

    uint64_t begun = vch_clock_monotonic_us();
    VCH_TRY(
        vch_annex_prove(&bytes, &size, &order, 0, &course->owner, &tool->arena, &tool->complaint));
    course->annex_us = since(begun);
    VCH_TRY(vch_annex_decode(&course->annex, bytes, size, &tool->arena, &tool->complaint));
    begun = vch_clock_monotonic_us();
    VCH_TRY(vch_annex_verify(&course->annex, 0, package->graph, &package->identity, order.level,
                             &tool->arena, &tool->complaint));
    course->annex_verify_us = since(begun);
    return keep_weights(course, tool, &order.model);
}

static vch_status verify(struct course *course, struct vch_tool *tool,
                         const struct vch_package *package, const struct vch_proof_file *file,
                         uint64_t *us)
{
    struct vch_answer_report report;
    const struct vch_answer_input input = {.graph = package->graph,
                                           .identity = package->identity,
                                           .annex = &course->annex,
                                           .proof = file,
                                           .owner_count = 1,
                                           .owners = &course->annex.owner,
                                           .verify_owner = vch_annex_verify_owner,
                                           .level = course->order.level,
                                           .workers = tool->workers};
    const uint64_t begun = vch_clock_monotonic_us();

    VCH_TRY(vch_answer_verify(&report, &input, &tool->arena, &tool->complaint));
    *us = since(begun);
    return VCH_OK;
}

static vch_status prove(struct course *course, struct vch_tool *tool, struct vch_answer *answer,
                        struct vch_proof_file *file, uint64_t *us)
{
    struct vch_answer_order *order = &course->order;

    vch_random_bytes(order->input_seed, sizeof order->input_seed);
    vch_random_bytes(order->output_seed, sizeof order->output_seed);
    vch_random_bytes(order->proof_seed, sizeof order->proof_seed);
    vch_proof_progress_start(&course->progress, "proving");
    const uint64_t begun = vch_clock_monotonic_us();
    VCH_TRY(vch_answer_prove_begin(answer, order, &tool->arena, &tool->complaint));
    VCH_TRY(vch_answer_prove(file, answer, &tool->arena, &tool->complaint));
    *us = since(begun);
    vch_proof_progress_finish(&course->progress);
    return VCH_OK;
}

// One proof from nothing, then one with the weights' commitment at hand.
static vch_status run_round(struct course *course, struct vch_tool *tool,
                            const struct vch_package *package, uint32_t round)
{
    const struct vch_arena_mark mark = vch_arena_mark(&tool->arena);
    struct vch_answer *answer = VCH_ARENA_NEW(&tool->arena, struct vch_answer, 1);
    struct vch_proof_file file;

    if (answer == NULL) return VCH_FAIL(NO_MEMORY);
    course->order.weights = NULL;
    VCH_TRY(prove(course, tool, answer, &file, &course->prove_us[round]));
    course->phases[round] = vch_proof_progress_json(&course->progress);
    course->proof_size = file.proof_size;
    course->log_cells = answer->circuit.statement.log_cells;
    course->log_places = answer->circuit.statement.log_places;
    VCH_TRY(verify(course, tool, package, &file, &course->verify_us[round]));
    course->order.weights = &course->weights;
    VCH_TRY(prove(course, tool, answer, &file, &course->kept_us[round]));
    vch_arena_rewind(&tool->arena, mark);
    return VCH_OK;
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t median(const uint64_t *values, uint32_t count)
{
    uint64_t sorted[ROUNDS_MAX];

    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
    return sorted[count / 2];
}

// The phases of the round whose total is the median.
static json_t *median_phases(const struct course *course, uint32_t count)
{
    const uint64_t middle = median(course->prove_us, count);

    for (uint32_t i = 0; i < count; i++)
        if (course->prove_us[i] == middle) return course->phases[i];
    return NULL;
}

static void print_row(const struct course *course, uint32_t rounds, double plain_us,
                      uint64_t peak_memory)
{
    const double prove_us = (double)median(course->prove_us, rounds);
    const double verify_us = (double)median(course->verify_us, rounds);
    const char *name = NULL;
    json_t *value = NULL;

    printf("prove %.2f ms (%.2f ms where the weights' commitment is kept), %.0f times a plain run "
           "of %.1f us; verify %.2f ms, of which the annex %.2f ms\nproof %zu bytes; peak memory "
           "%.0f MB; 2^%u cells, 2^%u places; annex made "
           "once in %.1f ms\nphases, us:",
           prove_us / 1e3, (double)median(course->kept_us, rounds) / 1e3, prove_us / plain_us,
           plain_us, verify_us / 1e3, (double)course->annex_verify_us / 1e3, course->proof_size,
           (double)peak_memory / 1e6, (unsigned)course->log_cells, (unsigned)course->log_places,
           (double)course->annex_us / 1e3);
    json_object_foreach(median_phases(course, rounds), name, value)
        printf(" %s %lld", name, (long long)json_integer_value(value));
    printf("\n");
}

static vch_status print_json(const struct course *course, uint32_t rounds, double plain_us,
                             uint64_t peak_memory)
{
    return vch_tool_print_json(
        json_pack("{s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "plain_us", plain_us,
                  "prove_us", (json_int_t)median(course->prove_us, rounds), "prove_kept_us",
                  (json_int_t)median(course->kept_us, rounds), "verify_us",
                  (json_int_t)median(course->verify_us, rounds), "annex_verify_us",
                  (json_int_t)course->annex_verify_us, "annex_us", (json_int_t)course->annex_us,
                  "proof_size", (json_int_t)course->proof_size, "log_cells",
                  (json_int_t)course->log_cells, "log_places", (json_int_t)course->log_places,
                  "peak_memory", (json_int_t)peak_memory, "us", median_phases(course, rounds)));
}

static vch_status run(struct course *course, struct vch_tool *tool,
                      const struct vch_package *package, uint32_t rounds, double plain_us)
{
    struct rusage usage;

    VCH_TRY(vch_process_cpu_level(&course->order.level, &tool->complaint));
    VCH_TRY(make_annex(course, tool, package));
    VCH_TRY(vch_bench_inputs(&course->inputs, tool, package->graph, 1));
    course->order.graph = package->graph;
    course->order.annex = &course->annex;
    course->order.last = package->graph->operator_count;
    course->order.batch = 1;
    course->order.inputs = course->inputs.tensor;
    course->order.kernels = &tool->kernels;
    course->order.workers = tool->workers;
    course->order.context = &course->progress;
    course->order.phase = vch_proof_progress_phase;
    course->order.proof_phase = vch_proof_progress_proof_phase;
    for (uint32_t i = 0; i < rounds; i++)
        VCH_TRY(run_round(course, tool, package, i));
    const uint64_t peak =
        getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
    if (vch_options_has(tool->options, "json")) return print_json(course, rounds, plain_us, peak);
    print_row(course, rounds, plain_us, peak);
    return VCH_OK;
}

vch_status vch_bench_prove(struct vch_tool *tool, const struct vch_package *package,
                           uint32_t rounds, double plain_us)
{
    static struct course course; // large, and with secrets of a model that is somebody's

    rounds = rounds < ROUNDS_MAX ? rounds : ROUNDS_MAX;
    vch_status status = run(&course, tool, package, rounds, plain_us);
    for (uint32_t i = 0; i < rounds; i++)
        json_decref(course.phases[i]);
    vch_wipe(&course, sizeof course);
    return status;
}

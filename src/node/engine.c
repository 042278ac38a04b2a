#include "node/engine.h"

#include <string.h>

#include "annex/answer_prove.h"
#include "base/bytes.h"
#include "base/check.h"
#include "host/clock.h"
#include "host/random.h"
#include "kernels/packing.h"
#include "model/program.h"
#include "model/trace.h"
#include "node/kept_operands.h"
#include "node/referee.h"

enum { SLACK = 1 << 20 }; // block granularity of the arena, vote, names

static struct vch_tensor tensor_of(const struct vch_model *model, const struct vch_cut *cut)
{
    const struct vch_value *value = &model->package.graph->values[cut->value];

    return (struct vch_tensor){.type = value->type, .shape = value->shape};
}

// The program that a range is held in, if it can do this: a trace takes the batch in one chunk.
static const struct vch_program *find_program(const struct vch_model *model, uint32_t first,
                                              uint32_t last, uint32_t batch, bool is_traced)
{
    const struct vch_program *held = vch_models_program(model, first, last);

    return held != NULL && is_traced && batch > held->samples ? NULL : held;
}

vch_status vch_engine_memory(size_t *out, const struct vch_kernels *kernels,
                             const struct vch_model *model, uint32_t first, uint32_t last,
                             uint32_t batch, bool is_traced, struct vch_arena *scratch)
{
    const struct vch_program *held = find_program(model, first, last, batch, is_traced);
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct vch_program program;
    vch_status status = VCH_OK;

    if (held == NULL)
        status = vch_program_plan(&program, model->package.graph, first, last,
                                  is_traced ? batch : 0, kernels, scratch);
    vch_arena_rewind(scratch, mark);
    VCH_TRY(status);
    VCH_TRY(vch_program_memory(out, held != NULL ? held : &program, batch, is_traced));
    *out += SLACK + (held != NULL ? 0 : program.size);
    if (is_traced) *out += (size_t)(last - first) * 8 * VCH_DIGEST_SIZE;
    return VCH_OK;
}

static bool is_cancelled(const void *context)
{
    const struct vch_task *task = context;

    return atomic_load(&task->is_cancelled) || (task->stop != NULL && atomic_load(task->stop));
}

// `trace` is NULL, or has room for a digest an operator.
static vch_status run_program(const struct vch_engine *engine, struct vch_task *task,
                              const struct vch_program *program, struct vch_digest *trace)
{
    const struct vch_program_run run = {
        .program = program,
        .first = task->first,
        .last = task->last,
        .batch = task->batch,
        .workers = engine->workers,
        .trace = trace,
        .is_cancelled = is_cancelled,
        .context = task,
    };
    size_t size = 0;

    VCH_TRY(vch_program_memory(&size, program, task->batch, trace != NULL));
    void *memory = vch_arena_alloc(&task->arena, size, 1);
    if (memory == NULL) return VCH_FAIL(NO_MEMORY);
    return vch_program_execute(&run, &task->in->value, &task->input, 1, &task->out->value,
                               &task->output, 1, memory, &task->complaint);
}

// Operators without parameters may be asked of a node that holds none near them, and a trace of a
// large batch takes another division: then the program is the task's own.
static vch_status run_operators(const struct vch_engine *engine, struct vch_task *task,
                                struct vch_digest *trace)
{
    const struct vch_program *held =
        find_program(task->model, task->first, task->last, task->batch, trace != NULL);
    struct vch_program program;

    if (held == NULL)
        VCH_TRY(vch_program_prepare(&program, task->model->package.graph, task->first, task->last,
                                    trace != NULL ? task->batch : 0, engine->kernels,
                                    &task->arena));
    return run_program(engine, task, held != NULL ? held : &program, trace);
}

static vch_status check_input(struct vch_task *task, const struct vch_crossing *crossing,
                              struct vch_complaint *complaint)
{
    if (!vch_is_ok(vch_tensor_check_range(&task->input, task->batch)))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the input tensor holds values outside the symmetric range of %s",
                            vch_tensor_type_name(task->input.type));
    if (!task->has_promised_input) return VCH_OK;
    vch_status status = vch_crossing_verify(&task->promised_input, crossing, &task->input,
                                            task->batch, &task->input_nonce, &task->arena);
    if (status.code == VCH_CODE_BAD_PROOF)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the input tensor is not the one that the %s commits to",
                            task->is_agreed ? "ledger" : "job");
    return status;
}

struct vch_crossing vch_engine_crossing(const struct vch_engine *engine,
                                        const struct vch_task *task)
{
    return (struct vch_crossing){.kind = task->commitment_kind,
                                 .log_columns = task->log_columns,
                                 .level = engine->kernels->level,
                                 .workers = engine->workers};
}

// What each operator gave becomes the trace: its leaves, and the root over them.
static vch_status take_trace(struct vch_task *task)
{
    struct vch_trace_segment segment;
    struct vch_digest *leaves = VCH_ARENA_NEW(&task->arena, struct vch_digest, task->leaf_count);
    struct vch_digest *scratch = VCH_ARENA_NEW(&task->arena, struct vch_digest, task->leaf_count);

    if (leaves == NULL || scratch == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_trace_segment_init(&segment, task->model->package.graph, task->first, task->last,
                                   &task->input_nonce, &task->output_nonce, &task->arena));
    vch_trace_commit(scratch, &segment, task->digests, &task->vote.output);
    vch_trace_leaves(leaves, scratch, task->leaf_count);
    memcpy(scratch, leaves, task->leaf_count * sizeof *leaves);
    task->leaves = leaves;
    task->trace = vch_merkle_root_in_place(scratch, task->leaf_count);
    return VCH_OK;
}

static vch_status commit(const struct vch_engine *engine, struct vch_task *task)
{
    const struct vch_crossing crossing = vch_engine_crossing(engine, task);

    VCH_TRY(vch_crossing_commit(&task->vote.input, &crossing, &task->input, task->batch,
                                &task->input_nonce, &task->arena));
    VCH_TRY(vch_crossing_commit(&task->vote.output, &crossing, &task->output, task->batch,
                                &task->output_nonce, &task->arena));
    return task->digests != NULL ? take_trace(task) : VCH_OK;
}

bool vch_engine_is_vote(const struct vch_task *task)
{
    return !task->is_proof && !task->is_opening && task->referee == NULL;
}

void vch_engine_sign(const struct vch_engine *engine, struct vch_task *task)
{
    if (!vch_is_ok(task->status) || !vch_engine_is_vote(task)) return;
    task->status = vch_vote_sign_by(&task->vote, &task->job_id, task->segment, engine->signer);
    if (!vch_is_ok(task->status))
        task->status = vch_complain(&task->complaint, VCH_CODE_UNAVAILABLE,
                                    "this node cannot sign: its key agent is gone");
}

vch_status vch_engine_vote(const struct vch_engine *engine, struct vch_task *task)
{
    VCH_TRY(commit(engine, task));
    return vch_vote_sign_by(&task->vote, &task->job_id, task->segment, engine->signer);
}

static vch_status write_proof(struct vch_task *task, const struct vch_answer_order *order)
{
    const struct vch_annex_source *source = &task->prover->source;
    struct vch_proof_file file;
    struct vch_answer answer;

    VCH_TRY(vch_answer_prove_begin(&answer, order, &task->arena, &task->complaint));
    if (is_cancelled(task)) return VCH_FAIL(TIMEOUT); // before it takes an opening
    VCH_TRY(source->take(source->context, &task->complaint));
    VCH_TRY(vch_answer_prove(&file, &answer, &task->arena, &task->complaint));
    task->reply[0] = (struct vch_task_part){source->bytes, source->size};
    task->reply[1] = (struct vch_task_part){file.proof, file.proof_size};
    return VCH_OK;
}

static vch_status prove(const struct vch_engine *engine, struct vch_task *task)
{
    const struct vch_annex_source *source = &task->prover->source;
    struct vch_answer_order order = {
        .graph = task->model->package.graph,
        .annex = &task->prover->annex,
        .first = task->first,
        .last = task->last,
        .batch = task->batch,
        .job = task->job_id,
        .inputs = &task->input,
        .level = engine->kernels->level,
        .kernels = engine->kernels,
        .workers = engine->workers,
    };

    memcpy(order.input_seed, task->input_nonce.bytes, sizeof order.input_seed);
    memcpy(order.output_seed, task->output_nonce.bytes, sizeof order.output_seed);
    vch_random_bytes(order.proof_seed, sizeof order.proof_seed);
    vch_status status = source->read(source->context, order.annex_seed, &task->complaint);
    if (vch_is_ok(status)) status = write_proof(task, &order);
    vch_wipe(&order, sizeof order);
    return status;
}

static vch_status vote(const struct vch_engine *engine, struct vch_task *task)
{
    if (task->is_agreed) {
        task->leaf_count = task->last - task->first;
        task->digests = VCH_ARENA_NEW(&task->arena, struct vch_digest, task->leaf_count);
        if (task->digests == NULL) return VCH_FAIL(NO_MEMORY);
    }
    VCH_TRY(run_operators(engine, task, task->digests));
    task->reply[0] = (struct vch_task_part){task->output.data, task->output_size};
    return commit(engine, task);
}

// What an operator read, as far as it was computed, one value after the other.
static vch_status open_operator(const struct vch_engine *engine, struct vch_task *task)
{
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    struct vch_tensor values[VCH_GRAPH_OPERANDS_MAX];
    struct vch_trace_segment segment;
    const struct vch_kept_record record = {.first = task->first,
                                           .last = task->last,
                                           .batch = task->batch,
                                           .input = task->input.data,
                                           .input_size = task->input_size};
    struct vch_kept_opening opening = {&record, &segment, task->operator_, 0, reads};

    VCH_TRY(vch_trace_segment_init(&segment, task->model->package.graph, task->first, task->last,
                                   &task->input_nonce, &task->output_nonce, &task->arena));
    opening.count = vch_trace_reads(reads, &segment, task->operator_);
    task->output_size = vch_kept_operands_size(&opening);
    uint8_t *out = vch_arena_alloc(&task->arena, task->output_size, 1);
    if (out == NULL) return VCH_FAIL(NO_MEMORY);
    task->reply[0] = (struct vch_task_part){out, task->output_size};
    VCH_TRY(vch_kept_operands(values, &record, &segment, task->operator_, reads, opening.count,
                              engine->kernels, &task->arena, &task->complaint));
    for (uint32_t i = 0; i < opening.count; i++) {
        size_t size = vch_tensor_size(&values[i]) * task->batch;
        if (reads[i].operator_ == VCH_NONE) continue;
        memcpy(out, values[i].data, size);
        out += size;
    }
    return VCH_OK;
}

static vch_status execute(const struct vch_engine *engine, struct vch_task *task)
{
    const struct vch_crossing crossing = vch_engine_crossing(engine, task);

    if (is_cancelled(task)) return VCH_FAIL(TIMEOUT);
    if (task->referee != NULL) return vch_referee_execute(engine, task);
    VCH_TRY(check_input(task, &crossing, &task->complaint));
    if (task->is_proof) return prove(engine, task);
    if (task->is_opening) return open_operator(engine, task);
    task->output = tensor_of(task->model, task->out);
    task->output_size = vch_tensor_size(&task->output) * task->batch;
    task->output.data = vch_arena_alloc(&task->arena, task->output_size, 1);
    if (task->output.data == NULL) return VCH_FAIL(NO_MEMORY);
    return vote(engine, task);
}

void vch_engine_execute(void *unused, const struct vch_engine *engine, struct vch_task *task)
{
    vch_engine_compute(unused, engine, task);
    vch_engine_sign(engine, task);
}

void vch_engine_compute(void *unused, const struct vch_engine *engine, struct vch_task *task)
{
    uint64_t start_us = vch_clock_monotonic_us();

    (void)unused;
    VCH_ASSERT(task->received == task->input_size);
    task->status = execute(engine, task);
    task->compute_us = vch_clock_monotonic_us() - start_us;
}

// A layer of a middling size, all of it zeros: what a multiplication takes does not depend on it.
enum { PLACES = 64, CHANNELS = 64, DEPTH = 576 };

struct layer {
    struct vch_panels panels;
    uint32_t run, places[PLACES], shifts[CHANNELS];
    void *x;
    int8_t *out;
};

static bool build_layer(struct layer *layer, const struct vch_packing *packing,
                        struct vch_arena *arena)
{
    void *scaling = vch_arena_alloc(arena, CHANNELS, sizeof(int64_t));
    void *weights = vch_arena_alloc(arena, vch_packing_size(packing, CHANNELS, DEPTH), 1);

    layer->x = vch_arena_alloc(arena, (size_t)PLACES * DEPTH, packing->input_size);
    layer->out = VCH_ARENA_NEW(arena, int8_t, (size_t)PLACES * CHANNELS);
    for (uint32_t i = 0; i < PLACES; i++)
        layer->places[i] = i * DEPTH * packing->input_size;
    for (uint32_t i = 0; i < CHANNELS; i++)
        layer->shifts[i] = 1;
    layer->panels = (struct vch_panels){
        .weights = weights,
        .starts = scaling, // zeros, whatever they are taken for
        .addends = scaling,
        .multipliers = scaling,
        .shifts = layer->shifts,
        .runs = &layer->run,
        .run_count = 1,
        .run_steps = DEPTH / packing->group,
        .block_runs = 1,
        .channels = CHANNELS,
        .out_size = 1,
        .is_narrow = true,
    };
    return scaling != NULL && weights != NULL && layer->x != NULL && layer->out != NULL;
}

uint64_t vch_engine_speed(const struct vch_engine *engine, struct vch_arena *scratch)
{
    enum { TIME_US = 10000, ROUNDS = 4 };
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct layer layer = {0};
    const bool is_built = build_layer(&layer, &engine->kernels->packing_i8, scratch);
    uint64_t start_us = vch_clock_monotonic_us(), spent_us = 0, rounds = 0;
    size_t threads = engine->workers ? engine->workers->thread_count : 1;

    while (is_built && spent_us < TIME_US) {
        for (int i = 0; i < ROUNDS; i++, rounds++)
            engine->kernels->panels_i8(layer.out, CHANNELS, layer.x, layer.places, PLACES,
                                       &layer.panels, 0, CHANNELS);
        spent_us = vch_clock_monotonic_us() - start_us;
    }
    vch_arena_rewind(scratch, mark);
    if (spent_us == 0) return 1;
    return rounds * PLACES * CHANNELS * DEPTH * threads * 1000000u / spent_us;
}

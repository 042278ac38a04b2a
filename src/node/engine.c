#include "node/engine.h"

#include "base/check.h"
#include "host/clock.h"
#include "model/run.h"
#include "model/segment.h"

enum { SLACK = 1 << 20 }; // block granularity of the arena, vote, names

static struct vch_tensor tensor_of(const struct vch_model *model, const struct vch_cut *cut)
{
    const struct vch_value *value = &model->package.graph->values[cut->value];

    return (struct vch_tensor){.type = value->type, .shape = value->shape};
}

vch_status vch_engine_memory(size_t *out, const struct vch_model *model, uint32_t first,
                             uint32_t last, uint32_t batch, struct vch_arena *scratch)
{
    // The portable table: planning looks at shapes alone.
    struct vch_run run = {
        .graph = model->package.graph, .first = first, .last = last, .batch = batch};
    size_t crossing = 0;

    VCH_TRY(vch_run_memory(out, &run, scratch));
    for (uint32_t i = 0; i < model->cut_count; i++) {
        struct vch_tensor tensor = tensor_of(model, &model->cuts[i]);
        bool is_inside = model->cuts[i].position > first && model->cuts[i].position < last;
        size_t size = vch_tensor_size(&tensor) * batch;
        if (is_inside && size > crossing) crossing = size;
    }
    *out += 2 * crossing + SLACK;
    return VCH_OK;
}

static vch_status run_piece(const struct vch_engine *engine, struct vch_task *task,
                            const struct vch_cut *from, const struct vch_cut *to,
                            const struct vch_tensor *input, const struct vch_tensor *output)
{
    struct vch_run run = {.graph = task->model->package.graph,
                          .first = from->position,
                          .last = to->position,
                          .batch = task->batch,
                          .kernels = engine->kernels,
                          .workers = engine->workers};
    struct vch_arena_mark mark = vch_arena_mark(&task->arena);
    vch_status status = vch_run_execute(&run, &from->value, input, 1, &to->value, output, 1,
                                        &task->arena, &task->complaint);

    vch_arena_rewind(&task->arena, mark);
    return status;
}

// Memory for two crossing tensors, each the largest between the task's ends: a piece reads one and
// writes the other.
static vch_status allocate_crossings(void *out[2], struct vch_task *task)
{
    size_t largest = 0;

    for (const struct vch_cut *cut = task->in + 1; cut < task->out; cut++) {
        struct vch_tensor tensor = tensor_of(task->model, cut);
        size_t size = vch_tensor_size(&tensor);
        if (size > largest) largest = size;
    }
    for (int i = 0; i < 2; i++) {
        out[i] = vch_arena_alloc(&task->arena, largest, task->batch);
        if (out[i] == NULL) return VCH_FAIL(NO_MEMORY);
    }
    return VCH_OK;
}

static vch_status run_pieces(const struct vch_engine *engine, struct vch_task *task)
{
    struct vch_tensor input = task->input;
    void *crossings[2] = {NULL, NULL};
    int turn = 0;

    VCH_TRY(allocate_crossings(crossings, task));
    for (const struct vch_cut *from = task->in; from < task->out; from++) {
        const struct vch_cut *to = from + 1;
        struct vch_tensor output = tensor_of(task->model, to);

        if (atomic_load(&task->is_cancelled)) return VCH_FAIL(TIMEOUT);
        output.data = to == task->out ? task->output.data : crossings[turn];
        VCH_TRY(run_piece(engine, task, from, to, &input, &output));
        input = output;
        turn = !turn;
    }
    return VCH_OK;
}

static vch_status check_input(const struct vch_task *task, struct vch_complaint *complaint)
{
    if (!vch_is_ok(vch_tensor_check_range(&task->input, task->batch)))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the input tensor holds values outside the symmetric range of %s",
                            vch_tensor_type_name(task->input.type));
    if (!task->has_promised_input) return VCH_OK;
    struct vch_digest shown = vch_tensor_commit(&task->input, task->batch, &task->input_nonce);
    if (!vch_hash_is_equal(&shown, &task->promised_input))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the input tensor is not the one that the job commits to");
    return VCH_OK;
}

void vch_engine_vote(const struct vch_engine *engine, struct vch_task *task)
{
    task->vote.input = vch_tensor_commit(&task->input, task->batch, &task->input_nonce);
    task->vote.output = vch_tensor_commit(&task->output, task->batch, &task->output_nonce);
    vch_vote_sign(&task->vote, &task->job_id, task->segment, engine->key);
}

static vch_status execute(const struct vch_engine *engine, struct vch_task *task)
{
    if (atomic_load(&task->is_cancelled)) return VCH_FAIL(TIMEOUT);
    VCH_TRY(check_input(task, &task->complaint));
    task->output = tensor_of(task->model, task->out);
    task->output_size = vch_tensor_size(&task->output) * task->batch;
    task->output.data = vch_arena_alloc(&task->arena, task->output_size, 1);
    if (task->output.data == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(run_pieces(engine, task));
    vch_engine_vote(engine, task);
    return VCH_OK;
}

void vch_engine_execute(void *unused, const struct vch_engine *engine, struct vch_task *task)
{
    uint64_t start_us = vch_clock_monotonic_us();

    (void)unused;
    VCH_ASSERT(task->received == task->input_size);
    task->status = execute(engine, task);
    task->compute_us = vch_clock_monotonic_us() - start_us;
}

uint64_t vch_engine_speed(const struct vch_engine *engine, struct vch_arena *scratch)
{
    enum { SIDE = 256, DEPTH = 512, TIME_US = 10000 };
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    int8_t *a = VCH_ARENA_NEW(scratch, int8_t, (size_t)SIDE * DEPTH);
    int32_t *out = VCH_ARENA_NEW(scratch, int32_t, (size_t)SIDE * SIDE);
    uint64_t start_us = vch_clock_monotonic_us(), spent_us = 0, rounds = 0;
    size_t threads = engine->workers ? engine->workers->thread_count : 1;

    while (a != NULL && out != NULL && spent_us < TIME_US) {
        engine->kernels->product_i8(out, SIDE, a, SIDE, a, SIDE, DEPTH);
        rounds++;
        spent_us = vch_clock_monotonic_us() - start_us;
    }
    vch_arena_rewind(scratch, mark);
    if (spent_us == 0) return 1;
    return rounds * SIDE * SIDE * DEPTH * threads * 1000000u / spent_us;
}

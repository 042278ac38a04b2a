// Orders and answers between the process that has the connections and the one that computes.
#include "node/order.h"

#include <stdio.h>

#include "base/bytes.h"
#include "harness/session_annex.h"
#include "harness/test.h"

static struct session_fixture fixture;
static struct vch_referee referee;
static uint8_t bytes[VCH_ORDER_SIZE_MAX + 1];
static size_t size;
static struct vch_arena scratch;

static void set_up(void)
{
    session_init(&fixture);
    session_add_annex(&fixture, 1);
    vch_arena_init(&scratch, 1 << 20);
    memset(&referee, 0, sizeof referee);
}

static void tear_down(void)
{
    vch_arena_release(&scratch);
    session_release(&fixture);
}

static struct vch_task task_of(uint32_t first, uint32_t last)
{
    const struct vch_model *model = &fixture.models.models[0];

    return (struct vch_task){.model = model,
                             .first = first,
                             .last = last,
                             .in = vch_models_cut_at(model, first),
                             .out = vch_models_cut_at(model, last),
                             .batch = 3,
                             .memory = 1 << 20,
                             .input_size = (size_t)3 * SESSION_SIDE,
                             .job_id = {{1}},
                             .commitment_kind = VCH_COMMITMENT_SHA256,
                             .input_nonce = {{2}},
                             .output_nonce = {{3}},
                             .has_promised_input = true,
                             .promised_input = {{4}}};
}

static vch_status decode(struct vch_task *out)
{
    const struct vch_order_scope scope = {&fixture.models, &fixture.provers, SESSION_MEMORY_MAX};

    return vch_order_decode(out, &referee, bytes, size, &scope, &scratch);
}

static vch_status decode_again(const struct vch_task *task, struct vch_task *out)
{
    size = vch_order_encode(bytes, task);
    return decode(out);
}

static void check_round(const struct vch_task *task)
{
    uint8_t again[2048];
    struct vch_task out;

    size = vch_order_encode(bytes, task);
    CHECK_OK(decode(&out));
    CHECK_EQ(vch_order_encode(again, &out), size);
    CHECK(memcmp(again, bytes, size) == 0);
    CHECK(out.model == task->model && out.in == task->in && out.out == task->out);
    CHECK_EQ(out.is_agreed, task->is_agreed);
    CHECK_EQ(out.is_proof, task->is_proof);
    CHECK_EQ(out.memory, task->memory);
    CHECK_EQ(out.input_size, task->input_size);
    for (size_t whole = size; size > 0;) { // every shorter one, and a longer one
        size--;
        CHECK(!vch_is_ok(decode(&out)));
        if (size == 0) {
            size = whole + 1;
            CHECK_FAILS(decode(&out), MALFORMED);
            break;
        }
    }
}

TEST(order_comes_out_as_it_went_in)
{
    set_up();
    struct vch_task task = task_of(0, 2);
    check_round(&task);
    task.is_agreed = true;
    check_round(&task);
    task.is_agreed = false;
    task.commitment_kind = VCH_COMMITMENT_MATRIX;
    task.log_columns = SESSION_COLUMNS;
    check_round(&task);
    task.is_proof = true;
    task.prover = &fixture.provers.provers[0];
    check_round(&task);
    tear_down();
}

TEST(order_of_an_opening_names_an_operator_of_the_segment)
{
    set_up();
    struct vch_task task = task_of(0, 2), out;
    task.is_opening = true;
    task.operator_ = 1;
    check_round(&task);
    CHECK(decode_again(&task, &out).code == VCH_CODE_NONE && out.is_opening && out.operator_ == 1);
    task.operator_ = 2;
    CHECK_EQ(decode_again(&task, &out).code, VCH_CODE_MALFORMED);
    tear_down();
}

// A referee of the second operator, which reads what the first gave.
static struct vch_task referee_task(struct vch_referee *asked)
{
    struct vch_task task = task_of(0, 2);
    const struct vch_graph *graph = task.model->package.graph;

    *asked = (struct vch_referee){.operator_ = 1, .trace = {{5}}, .input = {{6}}};
    CHECK_OK(vch_trace_segment_init(&asked->segment, graph, 0, 2, &task.input_nonce,
                                    &task.output_nonce, &scratch));
    asked->operand_count = 1;
    asked->operands[0].path_count = 1;
    asked->operands[0].path[0].bytes[0] = 7;
    task.referee = asked;
    task.has_promised_input = false;
    return task;
}

TEST(order_for_a_referee_names_what_the_operator_reads)
{
    static struct vch_referee asked;

    set_up();
    struct vch_task task = referee_task(&asked);
    check_round(&task);
    CHECK(referee.operator_ == 1 && !referee.is_output && referee.operand_count == 1);
    CHECK_EQ(referee.operands[0].read.operator_, 0);
    CHECK_EQ(referee.operands[0].size, 3 * SESSION_SIDE);
    CHECK_EQ(referee.operands[0].path[0].bytes[0], 7);
    CHECK(referee.segment.graph == &fixture.graph);
    struct vch_task out;
    asked.operator_ = 2; // behind the segment
    size = vch_order_encode(bytes, &task);
    CHECK_FAILS(decode(&out), MALFORMED);
    asked.operator_ = 1;
    asked.operand_count = 2; // one more than it reads
    size = vch_order_encode(bytes, &task);
    CHECK_FAILS(decode(&out), MALFORMED);
    tear_down();
}

static void other_model(struct vch_task *task)
{
    static struct vch_model model;

    model = *task->model;
    model.package.identity.bytes[0] ^= 1;
    task->model = &model;
}
static void no_cut(struct vch_task *task)
{
    task->last = 3;
}
static void empty_range(struct vch_task *task)
{
    task->first = 2;
}
static void no_samples(struct vch_task *task)
{
    task->batch = 0;
}
static void many_samples(struct vch_task *task)
{
    task->batch = VCH_BATCH_MAX + 1;
}
static void much_memory(struct vch_task *task)
{
    task->memory = SESSION_MEMORY_MAX + 1;
}
static void small_input(struct vch_task *task)
{
    task->input_size--;
}
static void large_input(struct vch_task *task)
{
    task->input_size = SIZE_MAX;
}
static void no_commitments(struct vch_task *task)
{
    task->commitment_kind = 9;
}
static void wild_columns(struct vch_task *task)
{
    task->commitment_kind = VCH_COMMITMENT_MATRIX;
    task->log_columns = 63;
}
static void no_annex(struct vch_task *task)
{
    task->is_proof = true; // of commitments that no proof opens
}

TEST(order_of_what_is_not_there_is_none)
{
    static void (*const changes[])(struct vch_task *) = {
        other_model, no_cut,      empty_range, no_samples,     many_samples, much_memory,
        small_input, large_input, no_annex,    no_commitments, wild_columns};

    set_up();
    FOR_EACH(change, changes)
    {
        struct vch_task task = task_of(0, 2), out;
        (*change)(&task);
        size = vch_order_encode(bytes, &task);
        CHECK_FAILS(decode(&out), MALFORMED);
    }
    tear_down();
}

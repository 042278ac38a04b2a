// Any bytes as an order, and as an answer: what is taken stays within the model and within memory.
#include "node/order.h"

#include <stdlib.h>
#include <string.h>

#include "harness/session_annex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BESIDE_MAX = 256 };

static struct session_fixture fixture;

static void set_scene(void)
{
    static bool is_set;

    if (is_set) return;
    session_init(&fixture);
    session_add_annex(&fixture, 1);
    is_set = true;
}

static void check_order(const uint8_t *data, size_t size)
{
    static struct vch_referee referee;
    static uint8_t again[VCH_ORDER_SIZE_MAX];
    const struct vch_order_scope scope = {&fixture.models, &fixture.provers, SESSION_MEMORY_MAX};
    struct vch_arena scratch;
    struct vch_task task;

    vch_arena_init(&scratch, 1 << 20);
    if (vch_is_ok(vch_order_decode(&task, &referee, data, size, &scope, &scratch))) {
        VCH_ASSERT(task.first < task.last && task.last <= fixture.graph.operator_count);
        VCH_ASSERT(task.batch > 0 && task.memory <= SESSION_MEMORY_MAX);
        VCH_ASSERT(vch_order_encode(again, &task) == size && memcmp(again, data, size) == 0);
    }
    vch_arena_release(&scratch);
}

// To a task without a trace, to one with it, to one for a proof, to one for an opening.
static void check_answer(const uint8_t *data, size_t size, int kind)
{
    const struct vch_model *model = &fixture.models.models[0];
    uint8_t beside[BESIDE_MAX] = {1, 2, 3};
    struct vch_task task = {.model = model,
                            .in = vch_models_cut_at(model, 0),
                            .out = vch_models_cut_at(model, 2),
                            .last = 2,
                            .batch = 1,
                            .is_agreed = kind == 1,
                            .is_proof = kind == 2,
                            .is_opening = kind == 3,
                            .operator_ = 1,
                            .prover = &fixture.provers.provers[0]};

    vch_arena_init(&task.arena, 1 << 20);
    size_t taken = size < VCH_ORDER_ANSWER_SIZE ? size : VCH_ORDER_ANSWER_SIZE;
    size_t left = size - taken < BESIDE_MAX ? size - taken : BESIDE_MAX;
    memcpy(beside, data + taken, left);
    if (vch_is_ok(vch_order_decode_answer(&task, data, taken, beside, left)) &&
        vch_is_ok(task.status)) {
        VCH_ASSERT(task.leaf_count == (kind == 1 ? 2 : 0));
        VCH_ASSERT(kind == 2 || task.reply[0].size == SESSION_SIDE);
        VCH_ASSERT(memchr(task.complaint.text, '\0', sizeof task.complaint.text) != NULL);
    }
    vch_arena_release(&task.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    set_scene();
    check_order(data, size);
    for (int kind = 0; kind < 4; kind++)
        check_answer(data, size, kind);
    return 0;
}

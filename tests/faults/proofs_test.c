// Nodes that vote as they should and lie about their proofs: each is named, the next one is asked,
// and what the voucher says is true.
#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/graphs.h"
#include "harness/test.h"
#include "voucher/verify.h"

enum { OPERATORS = 3, COLUMNS = 9, BATCH = 2 };

struct fixture {
    struct vch_arena arena;
    struct network network;
    struct vch_tensor input, expected;
    struct vch_client_answer answer;
    struct vch_complaint complaint;
    struct vch_job_segment segment;
};

static struct vch_graph *build(struct vch_arena *arena)
{
    struct graphs graphs;

    graphs_init(&graphs, arena);
    uint32_t x = graphs_input(&graphs, VCH_TYPE_I8, graphs_shape(1, 8, 0, 0));
    x = graphs_relu(&graphs, graphs_linear(&graphs, x, 6, VCH_TYPE_I8));
    graphs_output(&graphs, graphs_linear(&graphs, x, 4, VCH_TYPE_I8));
    return graphs_finish(&graphs);
}

// Each of three operators has a node with the whole model and an annex of it.
static struct fixture *set_up(uint32_t openings)
{
    struct fixture *f = calloc(1, sizeof *f);

    CHECK(f != NULL);
    vch_arena_init(&f->arena, (size_t)1 << 30);
    network_init(&f->network, build(&f->arena));
    uint32_t end = f->network.package.graph->operator_count;
    for (uint32_t i = 0; i < OPERATORS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "operator-%u", i);
        (void)network_add(&f->network, name, 0, end);
    }
    network_prove(&f->network, COLUMNS, openings);
    network_start(&f->network);
    f->input = network_input(&f->network, BATCH, &f->arena);
    f->expected = network_reference(&f->network, &f->input, BATCH, &f->arena);
    f->segment = (struct vch_job_segment){0, end, VCH_JOB_BY_NODES};
    return f;
}

static void tear_down(struct fixture *f)
{
    network_release(&f->network);
    vch_arena_release(&f->arena);
    free(f);
}

static vch_status infer(struct fixture *f, uint32_t deadline_ms)
{
    struct vch_client_request request = network_request(&f->network, &f->input, BATCH, OPERATORS);

    request.segments = &f->segment;
    request.segment_count = 1;
    request.proves = true;
    request.deadline_ms = deadline_ms;
    f->complaint.text[0] = '\0';
    return vch_client_infer(f->network.client, &request, &f->answer, &f->arena, &f->complaint);
}

// A reader who knows the owner and nobody else.
static void check_voucher(struct fixture *f)
{
    static struct vch_voucher voucher;
    static struct vch_verify_report report;
    const struct vch_policy policy = {0};
    const struct vch_verify_input input = {.voucher = &voucher,
                                           .package = &f->network.package,
                                           .policy = &policy,
                                           .kernels = &f->network.kernels};

    CHECK_OK(vch_voucher_decode(&voucher, f->answer.voucher, f->answer.voucher_size, &f->arena,
                                &f->complaint));
    vch_status status = vch_verify_voucher(&report, &input, &f->arena, &f->complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", f->complaint.text);
    CHECK(report.findings[VCH_CLAIM_PROOF].verdict == VCH_VERDICT_SHOWN);
}

static void check_answer(struct fixture *f)
{
    vch_status status = infer(f, 20000);

    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", f->complaint.text);
    CHECK(network_is_equal(&f->answer.outputs[0], &f->expected, BATCH));
    CHECK_EQ(f->answer.segments[0].result.vote_count, OPERATORS);
    CHECK(f->answer.segments[0].is_proven);
    check_voucher(f);
}

static bool is_node(const struct fixture *f, uint32_t node, const struct vch_public_key *key)
{
    return memcmp(&f->network.nodes[node].key.public_key, key, sizeof *key) == 0;
}

static bool has_fault(const struct fixture *f, uint32_t node, enum vch_fault_kind kind)
{
    const struct vch_segment_result *result = &f->answer.segments[0].result;

    for (uint32_t i = 0; i < result->fault_count; i++)
        if (is_node(f, node, &result->faults[i].node) && result->faults[i].kind == kind)
            return true;
    return false;
}

static void set_fault(struct fixture *f, uint32_t node, enum fault_mode mode)
{
    atomic_store(&f->network.nodes[node].fault.mode, mode);
}

// What each lie about a proof must be called.
static const struct {
    enum fault_mode mode;
    enum vch_fault_kind kind;
} LIES[] = {
    {FAULT_BAD_PROOF, VCH_FAULT_BAD_PROOF},
    {FAULT_BAD_ANNEX, VCH_FAULT_BAD_PROOF},
    {FAULT_NO_PROOF, VCH_FAULT_NO_PROOF},
    {FAULT_NOT_A_PROOF, VCH_FAULT_NO_PROOF},
};

TEST(proofs_of_honest_nodes_show_the_run)
{
    struct fixture *f = set_up(2);

    check_answer(f);
    CHECK_EQ(f->answer.segments[0].result.fault_count, 0);
    check_answer(f); // over the same connections
    tear_down(f);
}

TEST(proofs_of_all_but_one_liar_are_passed_over_and_named)
{
    struct fixture *f = set_up(100);

    FOR_EACH(lie, LIES)
    {
        uint32_t honest = test_below(OPERATORS);
        for (uint32_t i = 0; i < OPERATORS; i++)
            set_fault(f, i, i == honest ? FAULT_NONE : lie->mode);
        check_answer(f);
        CHECK(is_node(f, honest, &f->answer.segments[0].prover));
        for (uint32_t i = 0; i < OPERATORS; i++)
            CHECK(i == honest || !has_fault(f, i, VCH_FAULT_REFUSED)); // their votes were fine
        for (uint32_t i = 0; i < f->answer.segments[0].result.fault_count; i++)
            CHECK_EQ(f->answer.segments[0].result.faults[i].kind, lie->kind);
    }
    tear_down(f);
}

TEST(proofs_by_liars_alone_end_in_a_refusal_that_names_them)
{
    struct fixture *f = set_up(100);

    FOR_EACH(lie, LIES)
    {
        for (uint32_t i = 0; i < OPERATORS; i++)
            set_fault(f, i, lie->mode);
        CHECK_FAILS(infer(f, 20000), UNAVAILABLE);
        CHECK(strstr(f->complaint.text, "has proven it; operator-") != NULL);
        for (uint32_t i = 0; i < OPERATORS; i++)
            if (!has_fault(f, i, lie->kind))
                test_fail(__FILE__, __LINE__, "%s: %s", fault_name(lie->mode), f->complaint.text);
    }
    tear_down(f);
}

TEST(proofs_of_an_earlier_job_are_not_believed)
{
    struct fixture *f = set_up(100);

    for (uint32_t i = 0; i < OPERATORS; i++)
        set_fault(f, i, FAULT_OLD_PROOF);
    for (int job = 0; job < OPERATORS; job++)
        (void)infer(f, 20000); // until each has given one
    CHECK_FAILS(infer(f, 20000), UNAVAILABLE);
    for (uint32_t i = 0; i < OPERATORS; i++)
        CHECK(has_fault(f, i, VCH_FAULT_BAD_PROOF));
    tear_down(f);
}

TEST(proofs_that_never_come_leave_time_for_the_next)
{
    struct fixture *f = set_up(100);
    uint32_t honest = test_below(OPERATORS);

    for (uint32_t i = 0; i < OPERATORS; i++)
        set_fault(f, i, i == honest ? FAULT_NONE : FAULT_STALL_PROOF);
    vch_status status = infer(f, 6000);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", f->complaint.text);
    CHECK(is_node(f, honest, &f->answer.segments[0].prover));
    check_voucher(f);
    tear_down(f);
}

TEST(proofs_beyond_the_last_opening_are_refused)
{
    struct fixture *f = set_up(1);

    for (uint32_t i = 0; i < OPERATORS; i++)
        check_answer(f); // one of each
    CHECK_FAILS(infer(f, 20000), UNAVAILABLE);
    for (uint32_t i = 0; i < OPERATORS; i++)
        CHECK(has_fault(f, i, VCH_FAULT_NO_PROOF));
    tear_down(f);
}

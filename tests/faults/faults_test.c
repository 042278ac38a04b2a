// One test for each way in which a node can fail: the answer is right or refused, the culprit is
// named, and nothing hangs.
#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/graphs.h"
#include "harness/test.h"
#include "host/clock.h"
#include "voucher/verify.h"

enum { OPERATORS = 5, PATIENCE_MS = 1000, GRACE_MS = 1000, HANG_MS = 60000 };

static struct vch_graph *build(struct vch_arena *arena)
{
    struct graphs graphs;

    graphs_init(&graphs, arena);
    uint32_t x = graphs_input(&graphs, VCH_TYPE_I8, graphs_shape(1, 12, 0, 0));
    for (int i = 0; i < 4; i++) {
        x = graphs_linear(&graphs, x, 20, VCH_TYPE_I8);
        if (i < 3) x = graphs_relu(&graphs, x);
    }
    graphs_output(&graphs, x);
    return graphs_finish(&graphs);
}

struct fixture {
    struct vch_arena arena;
    struct network network;
    struct vch_tensor input, expected;
    struct vch_client_answer answer;
    struct vch_complaint complaint;
    struct vch_job_segment segments[3];
};

// `operators` nodes of as many operators, each with the whole middle of the model.
static struct fixture *set_up(uint32_t operators)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    CHECK(fixture != NULL);
    vch_arena_init(&fixture->arena, (size_t)1 << 30);
    network_init(&fixture->network, build(&fixture->arena));
    uint32_t end = fixture->network.package.graph->operator_count;
    for (uint32_t i = 0; i < operators; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "operator-%u", i);
        (void)network_add(&fixture->network, name, 0, end);
    }
    network_start(&fixture->network);
    fixture->input = network_input(&fixture->network, 2, &fixture->arena);
    fixture->expected = network_reference(&fixture->network, &fixture->input, 2, &fixture->arena);
    fixture->segments[0] = (struct vch_job_segment){0, 1, VCH_JOB_BY_CLIENT};
    fixture->segments[1] = (struct vch_job_segment){1, end - 1, VCH_JOB_BY_NODES};
    fixture->segments[2] = (struct vch_job_segment){end - 1, end, VCH_JOB_BY_CLIENT};
    return fixture;
}

static void tear_down(struct fixture *fixture)
{
    network_release(&fixture->network);
    vch_arena_release(&fixture->arena);
    free(fixture);
}

static vch_status infer(struct fixture *fixture, uint32_t quorum)
{
    struct vch_client_request request =
        network_request(&fixture->network, &fixture->input, 2, quorum);
    uint64_t start_us = vch_clock_monotonic_us();

    request.segments = fixture->segments;
    request.segment_count = 3;
    request.patience_ms = PATIENCE_MS;
    request.grace_ms = GRACE_MS;
    request.deadline_ms = 4000;
    fixture->complaint = (struct vch_complaint){""};
    vch_status status = vch_client_infer(fixture->network.client, &request, &fixture->answer,
                                         &fixture->arena, &fixture->complaint);
    CHECK(vch_clock_monotonic_us() - start_us < 1000u * HANG_MS);
    return status;
}

static void check_answer(struct fixture *fixture, uint32_t quorum)
{
    vch_status status = infer(fixture, quorum);

    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", fixture->complaint.text);
    CHECK(network_is_equal(&fixture->answer.outputs[0], &fixture->expected, 2));
}

static void set_fault(struct fixture *fixture, uint32_t node, enum fault_mode mode)
{
    atomic_store(&fixture->network.nodes[node].fault.mode, mode);
}

// Honest again. A stream that dribbles stays as it is, so that node starts anew.
static void heal(struct fixture *fixture, uint32_t node)
{
    struct network_node *it = &fixture->network.nodes[node];
    bool is_slow = atomic_exchange(&it->fault.mode, FAULT_NONE) == FAULT_DRIBBLE;

    network_revive(&fixture->network);
    if (!is_slow) return;
    network_kill_node(it);
    network_start_node(it);
}

static bool is_node(struct fixture *fixture, uint32_t node, const struct vch_public_key *key)
{
    const struct vch_public_key *own = &fixture->network.nodes[node].key.public_key;

    return memcmp(own->bytes, key->bytes, sizeof own->bytes) == 0;
}

static bool has_fault(struct fixture *fixture, uint32_t node, enum vch_fault_kind kind)
{
    for (uint32_t i = 0; i < fixture->answer.segment_count; i++) {
        const struct vch_segment_result *result = &fixture->answer.segments[i].result;
        for (uint32_t j = 0; j < result->fault_count; j++)
            if (is_node(fixture, node, &result->faults[j].node) && result->faults[j].kind == kind)
                return true;
    }
    return false;
}

static bool has_dissented(struct fixture *fixture, uint32_t node)
{
    const struct vch_client_segment *segment = &fixture->answer.segments[0];

    for (uint32_t i = 0; i < segment->result.vote_count; i++)
        if (is_node(fixture, node, &segment->result.votes[i].node))
            return !vch_hash_is_equal(&segment->result.votes[i].output, &segment->output);
    return false;
}

// What a fault without a countable vote must be called.
static const struct {
    enum fault_mode mode;
    enum vch_fault_kind kind;
} KINDS[] = {
    {FAULT_WRONG_OUTPUT, VCH_FAULT_BAD_TENSOR},
    {FAULT_BAD_SIGNATURE, VCH_FAULT_BAD_SIGNATURE},
    {FAULT_WRONG_INPUT, VCH_FAULT_BAD_INPUT},
    {FAULT_OUT_OF_RANGE, VCH_FAULT_MALFORMED},
    {FAULT_STALL, VCH_FAULT_SILENT},
    {FAULT_REFUSE, VCH_FAULT_REFUSED},
    {FAULT_CRASH, VCH_FAULT_UNREACHABLE},
    {FAULT_DRIBBLE, VCH_FAULT_SILENT},
    {FAULT_HUGE_FRAME, VCH_FAULT_MALFORMED},
    {FAULT_MALFORMED_FRAME, VCH_FAULT_MALFORMED},
    {FAULT_CLOSE_MID_TENSOR, VCH_FAULT_UNREACHABLE},
};

TEST(faults_of_one_among_five_are_named_and_do_no_harm)
{
    struct fixture *fixture = set_up(OPERATORS);

    FOR_EACH(at, KINDS)
    {
        uint32_t culprit = test_below(OPERATORS);
        set_fault(fixture, culprit, at->mode);
        check_answer(fixture, OPERATORS);
        if (!has_fault(fixture, culprit, at->kind))
            test_fail(__FILE__, __LINE__, "%s was not named", fault_name(at->mode));
        CHECK_EQ(fixture->answer.segments[0].result.vote_count, OPERATORS - 1);
        CHECK_EQ(fixture->answer.segments[0].result.fault_count, 1);
        heal(fixture, culprit);
        check_answer(fixture, OPERATORS); // and it is welcome again
        CHECK_EQ(fixture->answer.segments[0].result.vote_count, OPERATORS);
    }
    tear_down(fixture);
}

TEST(faults_of_two_among_four_are_routed_around)
{
    struct fixture *fixture = set_up(4);

    FOR_EACH(at, KINDS)
    {
        uint32_t first = test_below(4), second = (first + 1 + test_below(3)) % 4;
        set_fault(fixture, first, at->mode);
        set_fault(fixture, second, at->mode);
        check_answer(fixture, 3); // two honest ones are more than half of three
        heal(fixture, first);
        heal(fixture, second);
    }
    tear_down(fixture);
}

TEST(faults_of_the_only_node_give_a_refusal_that_says_why)
{
    struct fixture *fixture = set_up(1);

    FOR_EACH(at, KINDS)
    {
        set_fault(fixture, 0, at->mode);
        vch_status status = infer(fixture, 1);
        CHECK(!vch_is_ok(status));
        if (!has_fault(fixture, 0, at->kind))
            test_fail(__FILE__, __LINE__, "%s: %s", fault_name(at->mode), fixture->complaint.text);
        CHECK(strstr(fixture->complaint.text, "operator-0") != NULL);
        heal(fixture, 0);
        check_answer(fixture, 1);
    }
    tear_down(fixture);
}

TEST(faults_signed_as_truth_are_outvoted_and_convict_themselves)
{
    struct fixture *fixture = set_up(OPERATORS);
    uint32_t culprit = test_below(OPERATORS);

    set_fault(fixture, culprit, FAULT_SIGNED_WRONG_OUTPUT);
    check_answer(fixture, OPERATORS);
    CHECK(has_dissented(fixture, culprit));
    CHECK_EQ(fixture->answer.segments[0].agreeing, OPERATORS - 1);
    tear_down(fixture);
}

TEST(faults_signed_as_truth_split_a_quorum_of_two_and_a_third_decides)
{
    struct fixture *fixture = set_up(3);

    for (uint32_t culprit = 0; culprit < 3; culprit++) {
        set_fault(fixture, culprit, FAULT_SIGNED_WRONG_OUTPUT);
        check_answer(fixture, 2);
        heal(fixture, culprit);
    }
    tear_down(fixture);
}

TEST(faults_by_a_majority_of_two_differing_liars_end_without_an_answer)
{
    struct fixture *fixture = set_up(2);

    set_fault(fixture, test_below(2), FAULT_SIGNED_WRONG_OUTPUT);
    CHECK_FAILS(infer(fixture, 2), BAD_PROOF);
    CHECK(strstr(fixture->complaint.text, "no majority") != NULL);
    CHECK(strstr(fixture->complaint.text, "operator-0") != NULL);
    CHECK(strstr(fixture->complaint.text, "operator-1") != NULL);
    tear_down(fixture);
}

TEST(faults_replaying_an_earlier_vote_are_bad_signatures)
{
    struct fixture *fixture = set_up(3);

    set_fault(fixture, 1, FAULT_REPLAY);
    check_answer(fixture, 3); // the vote that will be replayed
    CHECK_EQ(fixture->answer.segments[0].result.vote_count, 3);
    check_answer(fixture, 3);
    CHECK(has_fault(fixture, 1, VCH_FAULT_BAD_SIGNATURE));
    tear_down(fixture);
}

TEST(faults_of_everyone_end_in_a_refusal_before_the_deadline)
{
    struct fixture *fixture = set_up(3);

    for (uint32_t i = 0; i < 3; i++)
        set_fault(fixture, i, FAULT_STALL);
    CHECK_FAILS(infer(fixture, 3), TIMEOUT);
    CHECK(strstr(fixture->complaint.text, "no majority") != NULL);
    for (uint32_t i = 0; i < 3; i++)
        if (!has_fault(fixture, i, VCH_FAULT_SILENT))
            test_fail(__FILE__, __LINE__, "%s", fixture->complaint.text);
    tear_down(fixture);
}

TEST(faults_leave_a_voucher_that_verifies_and_names_the_liar)
{
    struct fixture *fixture = set_up(OPERATORS);
    struct network *network = &fixture->network;
    struct vch_voucher voucher;
    struct vch_opening opening;
    struct vch_verify_report report;
    struct vch_policy policy = {.founder_count = 1,
                                .founders = {network->founder.public_key},
                                .owner_count = 1,
                                .owners = {network->owner.public_key},
                                .client_count = 1,
                                .clients = {network->client_key.public_key}};
    struct vch_verify_input input = {.voucher = &voucher,
                                     .package = &network->package,
                                     .opening = &opening,
                                     .policy = &policy,
                                     .kernels = &network->kernels};

    set_fault(fixture, 2, FAULT_SIGNED_WRONG_OUTPUT);
    set_fault(fixture, 3, FAULT_STALL);
    check_answer(fixture, OPERATORS);
    CHECK_OK(vch_voucher_decode(&voucher, fixture->answer.voucher, fixture->answer.voucher_size,
                                &fixture->arena, &fixture->complaint));
    CHECK_OK(vch_opening_decode(&opening, fixture->answer.opening, fixture->answer.opening_size,
                                &fixture->arena, &fixture->complaint));
    vch_status status = vch_verify_voucher(&report, &input, &fixture->arena, &fixture->complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", fixture->complaint.text);
    CHECK_EQ(report.dissenter_count, 1);
    CHECK(is_node(fixture, 2, &report.dissenters[0].node));
    CHECK(has_fault(fixture, 3, VCH_FAULT_SILENT));
    tear_down(fixture);
}

// A campaign of random faults: fault_campaign [JOBS]. Every job has another input, quorum, split
// and set of misbehaving nodes, all from one seed (VCH_SEED replays a run). While more than half of
// the quorum is honest and reachable, every answer must be there, be right to the byte, and come
// with a voucher that verifies and names no honest node as a liar; beyond that, a job may be
// refused, but never answered wrongly as long as liars are in the minority.
#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/graphs.h"
#include "harness/test.h"
#include "host/clock.h"
#include "host/log.h"
#include "voucher/verify.h"

enum {
    NODES = 7,
    LIARS_MAX = 1,
    JOBS_DEFAULT = 100,
    PATIENCE_MS = 400,
    GRACE_MS = 400,
    DEADLINE_MS = 6000
};

struct campaign {
    struct network network;
    struct vch_arena arena; // of the graph
    uint32_t answered, refused, faults_seen, dissents_seen;
    uint64_t longest_us;
};

static struct vch_graph *build(struct vch_arena *arena)
{
    struct graphs graphs;

    graphs_init(&graphs, arena);
    uint32_t x = graphs_input(&graphs, VCH_TYPE_I8, graphs_shape(1, 20, 0, 0));
    for (int i = 0; i < 5; i++) {
        x = graphs_linear(&graphs, x, 24, i == 4 ? VCH_TYPE_I16 : VCH_TYPE_I8);
        if (i < 4) x = graphs_relu(&graphs, x);
    }
    graphs_output(&graphs, x);
    return graphs_finish(&graphs);
}

static void set_up(struct campaign *campaign)
{
    memset(campaign, 0, sizeof *campaign);
    vch_arena_init(&campaign->arena, (size_t)1 << 28);
    network_init(&campaign->network, build(&campaign->arena));
    for (uint32_t i = 0; i < NODES; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "operator-%u", i);
        (void)network_add(&campaign->network, name, 0,
                          campaign->network.package.graph->operator_count);
    }
    network_start(&campaign->network);
}

static bool is_lie(enum fault_mode mode)
{
    return mode == FAULT_SIGNED_WRONG_OUTPUT;
}

// Sets up to `count` nodes to random faults; at most LIARS_MAX of them lie under their own name.
static void spread_faults(struct campaign *campaign, uint32_t count)
{
    uint32_t liars = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct fault *fault = &campaign->network.nodes[test_below(NODES)].fault;
        enum fault_mode mode = (enum fault_mode)test_below(FAULT_BAD_PROOF); // others: proofs_test
        if (atomic_load(&fault->mode) != FAULT_NONE) continue;
        if (is_lie(mode) && liars++ >= LIARS_MAX) continue;
        atomic_store(&fault->mode, mode);
    }
}

static void heal(struct campaign *campaign)
{
    network_revive(&campaign->network);
    for (uint32_t i = 0; i < NODES; i++) {
        struct network_node *node = &campaign->network.nodes[i];
        if (atomic_exchange(&node->fault.mode, FAULT_NONE) != FAULT_DRIBBLE) continue;
        network_kill_node(node); // its streams go on dribbling
        network_start_node(node);
    }
}

// Cuts at random: client, one to three network segments, client.
static uint32_t cut_at_random(struct campaign *campaign, struct vch_job_segment *segments)
{
    const struct network *network = &campaign->network;
    uint32_t wanted = 1 + test_below(3), count = 0, at = 0;
    uint32_t end = network->package.graph->operator_count;

    for (uint32_t i = 1; i + 1 < network->cut_count && count <= wanted; i++) {
        if (test_below(3) != 0) continue;
        uint32_t position = network->cuts[i].position;
        segments[count] = (struct vch_job_segment){
            at, position, count == 0 ? VCH_JOB_BY_CLIENT : VCH_JOB_BY_NODES};
        at = position;
        count++;
    }
    segments[count] =
        (struct vch_job_segment){at, end, count == 1 ? VCH_JOB_BY_NODES : VCH_JOB_BY_CLIENT};
    if (count == 0) segments[0].by = VCH_JOB_BY_NODES;
    return count + 1;
}

static bool may_fail_honestly(uint32_t faulty, uint32_t quorum)
{
    return NODES - faulty < quorum / 2 + 1 + LIARS_MAX;
}

static void check_dissenters(const struct campaign *campaign,
                             const struct vch_verify_report *report)
{
    for (uint32_t i = 0; i < report->dissenter_count; i++)
        for (uint32_t j = 0; j < NODES; j++) {
            const struct network_node *node = &campaign->network.nodes[j];
            if (memcmp(node->key.public_key.bytes, report->dissenters[i].node.bytes, 32) == 0)
                CHECK(is_lie(atomic_load(&node->fault.mode)));
        }
}

static void check_voucher(struct campaign *campaign, const struct vch_client_answer *answer,
                          struct vch_arena *arena)
{
    const struct network *network = &campaign->network;
    struct vch_voucher *voucher = VCH_ARENA_NEW(arena, struct vch_voucher, 1);
    struct vch_policy *policy = VCH_ARENA_NEW(arena, struct vch_policy, 1);
    struct vch_opening opening;
    struct vch_complaint complaint = {""};
    struct vch_verify_report *report = VCH_ARENA_NEW(arena, struct vch_verify_report, 1);
    struct vch_verify_input input = {.voucher = voucher,
                                     .package = &network->package,
                                     .opening = &opening,
                                     .policy = policy,
                                     .kernels = &network->kernels};

    policy->founder_count = policy->owner_count = policy->client_count = 1;
    policy->founders[0] = network->founder.public_key;
    policy->owners[0] = network->owner.public_key;
    policy->clients[0] = network->client_key.public_key;
    CHECK_OK(vch_voucher_decode(voucher, answer->voucher, answer->voucher_size, arena, &complaint));
    CHECK_OK(
        vch_opening_decode(&opening, answer->opening, answer->opening_size, arena, &complaint));
    vch_status status = vch_verify_voucher(report, &input, arena, &complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
    check_dissenters(campaign, report);
    campaign->dissents_seen += report->dissenter_count;
}

static void run_job(struct campaign *campaign, struct vch_arena *arena)
{
    struct network *network = &campaign->network;
    uint32_t batch = 1 + test_below(3), quorum = 3 + test_below(3);
    struct vch_tensor input = network_input(network, batch, arena);
    struct vch_tensor expected = network_reference(network, &input, batch, arena);
    struct vch_client_request request = network_request(network, &input, batch, quorum);
    struct vch_job_segment segments[8];
    struct vch_client_answer answer;
    struct vch_complaint complaint = {""};
    uint32_t faulty = 0;

    request.segments = segments;
    request.segment_count = cut_at_random(campaign, segments);
    request.patience_ms = PATIENCE_MS;
    request.grace_ms = GRACE_MS;
    request.deadline_ms = DEADLINE_MS;
    spread_faults(campaign, test_below(10) == 0 ? NODES : test_below(4));
    for (uint32_t i = 0; i < NODES; i++)
        faulty += atomic_load(&network->nodes[i].fault.mode) != FAULT_NONE;
    vch_status status = vch_client_infer(network->client, &request, &answer, arena, &complaint);
    if (answer.total_us > campaign->longest_us) campaign->longest_us = answer.total_us;
    for (uint32_t i = 0; i < answer.segment_count; i++)
        campaign->faults_seen += answer.segments[i].result.fault_count;
    if (!vch_is_ok(status)) {
        if (!may_fail_honestly(faulty, quorum))
            test_fail(__FILE__, __LINE__, "%u faulty of %u, quorum %u: %s", faulty, NODES, quorum,
                      complaint.text);
        CHECK(complaint.text[0] != '\0');
        campaign->refused++;
        return;
    }
    CHECK(network_is_equal(&answer.outputs[0], &expected, batch));
    check_voucher(campaign, &answer, arena);
    campaign->answered++;
}

static uint32_t job_count = JOBS_DEFAULT;

TEST(fault_campaign_gives_no_wrong_answer)
{
    struct campaign *campaign = calloc(1, sizeof *campaign);
    struct vch_arena arena;

    CHECK(campaign != NULL);
    vch_log_set_level(VCH_LOG_ERROR);
    set_up(campaign);
    for (uint32_t i = 0; i < job_count; i++) {
        vch_arena_init(&arena, (size_t)1 << 28);
        run_job(campaign, &arena);
        vch_arena_release(&arena);
        heal(campaign);
    }
    printf("# %u jobs: %u answered and right, %u refused, 0 wrong; %u faults and %u signed lies "
           "named; longest job %llu ms\n",
           job_count, campaign->answered, campaign->refused, campaign->faults_seen,
           campaign->dissents_seen, (unsigned long long)(campaign->longest_us / 1000));
    CHECK(campaign->answered > job_count / 2);
    network_release(&campaign->network);
    vch_arena_release(&campaign->arena);
    free(campaign);
}

// The first argument is the harness's own (the name of a test), so the count comes in before main.
__attribute__((constructor)) static void take_job_count(int argc, char **argv)
{
    if (argc < 2) return;
    job_count = (uint32_t)strtoul(argv[1], NULL, 10);
    argv[1] = NULL;
}

// Honest networks over real connections: the split changes nothing, and every bound is kept.
#include "network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/graphs.h"
#include "harness/test.h"

// Six linear layers with a ReLU after each but the last; int8 throughout, so that every boundary
// has a forbidden value.
static struct vch_graph *build_mlp(struct vch_arena *arena)
{
    struct graphs build;

    graphs_init(&build, arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 24, 0, 0));
    for (int i = 0; i < 6; i++) {
        x = graphs_linear(&build, x, 16 + 4 * (uint32_t)i, VCH_TYPE_I8);
        if (i < 5) x = graphs_relu(&build, x);
    }
    graphs_output(&build, x);
    return graphs_finish(&build);
}

struct fixture {
    struct vch_arena arena; // of graph and answers
    struct network network;
};

static struct fixture *set_up(struct vch_graph *(*build)(struct vch_arena *))
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    CHECK(fixture != NULL);
    vch_arena_init(&fixture->arena, (size_t)1 << 30);
    network_init(&fixture->network, build(&fixture->arena));
    return fixture;
}

static void tear_down(struct fixture *fixture)
{
    network_release(&fixture->network);
    vch_arena_release(&fixture->arena);
    free(fixture);
}

static uint32_t operator_count(const struct fixture *fixture)
{
    return fixture->network.package.graph->operator_count;
}

static void add_whole(struct fixture *fixture, const char *operator_name)
{
    (void)network_add(&fixture->network, operator_name, 0, operator_count(fixture));
}

// One job whose output must be what the whole model gives in one process.
static void check_job(struct fixture *fixture, struct vch_client_request *request,
                      struct vch_client_answer *answer)
{
    struct network *network = &fixture->network;
    struct vch_complaint complaint = {""};
    struct vch_tensor expected =
        network_reference(network, request->input, request->batch, &fixture->arena);
    vch_status status =
        vch_client_infer(network->client, request, answer, &fixture->arena, &complaint);

    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
    CHECK(network_is_equal(&answer->outputs[0], &expected, request->batch));
}

TEST(network_gives_the_output_of_the_whole_model_for_every_pair_of_cuts)
{
    struct fixture *fixture = set_up(build_mlp);
    struct network *network = &fixture->network;
    struct vch_tensor input = network_input(network, 2, &fixture->arena);
    uint32_t end = operator_count(fixture), jobs = 0;

    add_whole(fixture, "alpha");
    network_start(network);
    for (uint32_t i = 0; i < network->cut_count; i++) {
        for (uint32_t j = i + 1; j < network->cut_count; j++) {
            struct vch_client_answer answer;
            struct vch_client_request request = network_request(network, &input, 2, 1);
            uint32_t first = network->cuts[i].position, last = network->cuts[j].position;
            struct vch_job_segment segments[3];
            uint32_t count = 0;
            if (first > 0)
                segments[count++] = (struct vch_job_segment){0, first, VCH_JOB_BY_CLIENT};
            segments[count++] = (struct vch_job_segment){first, last, VCH_JOB_BY_NODES};
            if (last < end)
                segments[count++] = (struct vch_job_segment){last, end, VCH_JOB_BY_CLIENT};
            request.segments = segments;
            request.segment_count = count;
            check_job(fixture, &request, &answer);
            CHECK_EQ(answer.segment_count, 1);
            CHECK_EQ(answer.segments[0].result.vote_count, 1);
            jobs++;
        }
    }
    CHECK(jobs > 10);
    tear_down(fixture);
}

TEST(network_gives_the_output_of_the_whole_model_with_a_node_for_every_piece)
{
    struct fixture *fixture = set_up(build_mlp);
    struct network *network = &fixture->network;
    struct vch_tensor input = network_input(network, 3, &fixture->arena);
    struct vch_client_request request = network_request(network, &input, 3, 1);
    struct vch_job_segment segments[64];
    struct vch_client_answer answer;
    uint32_t count = 0;

    for (uint32_t i = 0; i + 1 < network->cut_count; i++) {
        uint32_t first = network->cuts[i].position, last = network->cuts[i + 1].position;
        char name[32];
        // A piece without parameters is held by everyone and offered by nobody.
        bool is_ours = vch_segment_parameter_size(network->package.graph, first, last) == 0;
        (void)snprintf(name, sizeof name, "operator-%u", i);
        if (!is_ours) (void)network_add(network, name, first, last);
        segments[count++] =
            (struct vch_job_segment){first, last, is_ours ? VCH_JOB_BY_CLIENT : VCH_JOB_BY_NODES};
    }
    network_start(network);
    request.segments = segments;
    request.segment_count = count;
    check_job(fixture, &request, &answer);
    CHECK(answer.segment_count >= 6);
    tear_down(fixture);
}

TEST(network_asks_as_many_operators_as_the_quorum)
{
    struct fixture *fixture = set_up(build_mlp);
    struct network *network = &fixture->network;
    struct vch_tensor input = network_input(network, 1, &fixture->arena);
    struct vch_client_request request = network_request(network, &input, 1, 3);
    struct vch_job_segment all = {0, operator_count(fixture), VCH_JOB_BY_NODES};
    struct vch_client_answer answer;

    for (int i = 0; i < 5; i++) { // five nodes of four operators
        char name[16];
        (void)snprintf(name, sizeof name, "operator-%d", i / 2 + (i == 4));
        add_whole(fixture, name);
    }
    network_start(network);
    request.segments = &all;
    request.segment_count = 1;
    check_job(fixture, &request, &answer);
    CHECK_EQ(answer.segments[0].result.vote_count, 3);
    CHECK_EQ(answer.segments[0].result.fault_count, 0);
    CHECK_EQ(answer.operator_count, 3);
    tear_down(fixture);
}

static struct vch_graph *build_wide(struct vch_arena *arena)
{
    struct graphs build;

    graphs_init(&build, arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 64, 0, 0));
    x = graphs_linear(&build, x, 5000, VCH_TYPE_I8);
    x = graphs_relu(&build, x);
    x = graphs_linear(&build, x, 40, VCH_TYPE_I8);
    graphs_output(&build, x);
    return graphs_finish(&build);
}

TEST(network_streams_tensors_of_many_chunks)
{
    enum { BATCH = 400 }; // 2 MB between the layers: eight chunks each way
    struct fixture *fixture = set_up(build_wide);
    struct network *network = &fixture->network;
    struct vch_tensor input = network_input(network, BATCH, &fixture->arena);
    struct vch_client_request request = network_request(network, &input, BATCH, 1);
    struct vch_client_answer answer;
    struct vch_job_segment halves[] = {{0, 1, VCH_JOB_BY_NODES},
                                       {1, operator_count(fixture), VCH_JOB_BY_NODES}};

    add_whole(fixture, "alpha");
    network_start(network);
    request.segments = halves;
    request.segment_count = 2;
    check_job(fixture, &request, &answer);
    CHECK(answer.bytes_in > BATCH * 5000);
    CHECK(answer.bytes_out > BATCH * 5000);
    tear_down(fixture);
}

TEST(network_plans_over_what_the_nodes_hold)
{
    struct fixture *fixture = set_up(build_mlp);
    struct network *network = &fixture->network;
    struct vch_tensor input = network_input(network, 2, &fixture->arena);
    struct vch_client_request request = network_request(network, &input, 2, 2);
    struct vch_client_answer answer;
    uint32_t end = operator_count(fixture), middle = end / 2;

    for (uint32_t i = 0; i < 6; i++) { // halves, three operators each
        char name[16];
        (void)snprintf(name, sizeof name, "operator-%u", i);
        (void)network_add(network, name, i < 3 ? 0 : middle, i < 3 ? middle : end);
    }
    network_start(network);
    request.segments_min = 2;
    for (int repeat = 0; repeat < 3; repeat++) {
        check_job(fixture, &request, &answer);
        CHECK_EQ(answer.segment_count, 2);
        CHECK_EQ(answer.segments[0].result.vote_count, 2);
        CHECK_EQ(answer.segments[1].result.vote_count, 2);
        CHECK_EQ(answer.operator_count, 4);
        CHECK(answer.segments[0].first > 0);
        CHECK(answer.segments[1].last < end);
    }
    tear_down(fixture);
}

static vch_status refusal(struct fixture *fixture, struct vch_client_request *request,
                          const char *expected)
{
    struct vch_client_answer answer;
    struct vch_complaint complaint = {""};
    vch_status status =
        vch_client_infer(fixture->network.client, request, &answer, &fixture->arena, &complaint);

    if (strstr(complaint.text, expected) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", complaint.text, expected);
    return status;
}

TEST(network_refuses_what_no_node_can_do)
{
    struct fixture *fixture = set_up(build_mlp);
    struct network *network = &fixture->network;
    struct vch_tensor input = network_input(network, 1, &fixture->arena);
    struct vch_client_request request = network_request(network, &input, 1, 1);
    uint32_t end = operator_count(fixture);
    struct vch_job_segment not_held[] = {{0, 1, VCH_JOB_BY_CLIENT}, {1, end, VCH_JOB_BY_NODES}};
    struct vch_job_segment too_short[] = {{0, 1, VCH_JOB_BY_NODES}};

    (void)network_add(network, "alpha", 0, end - 1);
    network_start(network);
    request.segments = not_held;
    request.segment_count = 2;
    CHECK_FAILS(refusal(fixture, &request, "only 0 operators can be asked"), UNAVAILABLE);
    request.segments = too_short;
    request.segment_count = 1;
    CHECK_FAILS(refusal(fixture, &request, "the segments end at operator 1"), USAGE);
    request.quorum = 0;
    CHECK_FAILS(refusal(fixture, &request, "a quorum has 1 to"), USAGE);
    request.quorum = 1;
    request.batch = 0;
    CHECK_FAILS(refusal(fixture, &request, "a batch has 1 to"), USAGE);
    request.batch = 1;
    ((int8_t *)input.data)[0] = -128;
    CHECK_FAILS(refusal(fixture, &request, "outside the symmetric range"), MALFORMED);
    tear_down(fixture);
}

TEST(network_of_nobody_is_a_clear_refusal)
{
    struct fixture *fixture = set_up(build_mlp);
    struct network *network = &fixture->network;
    struct vch_tensor input = network_input(network, 1, &fixture->arena);
    struct vch_client_request request = network_request(network, &input, 1, 1);

    add_whole(fixture, "alpha");
    network_start(network);
    network_kill_node(&network->nodes[0]);
    CHECK_FAILS(refusal(fixture, &request, "none of the 1 peers can be reached"), UNAVAILABLE);
    tear_down(fixture);
}

TEST(network_plans_with_the_majority_of_a_quorum_while_a_node_is_down)
{
    struct fixture *fixture = set_up(build_mlp);
    struct network *network = &fixture->network;
    struct vch_tensor input = network_input(network, 1, &fixture->arena);
    struct vch_client_request request = network_request(network, &input, 1, 3);
    struct vch_client_answer answer;

    add_whole(fixture, "alpha");
    add_whole(fixture, "beta");
    add_whole(fixture, "gamma");
    network_start(network);
    network_kill_node(&network->nodes[0]);
    check_job(fixture, &request, &answer);
    CHECK_EQ(answer.segments[0].result.vote_count, 2);
    CHECK_EQ(answer.segments[0].needed, 2);
    network_kill_node(&network->nodes[1]);
    CHECK_FAILS(refusal(fixture, &request, "there are 1"), UNSUPPORTED);
    tear_down(fixture);
}

TEST(network_serves_on_after_a_node_drains)
{
    struct fixture *fixture = set_up(build_mlp);
    struct network *network = &fixture->network;
    struct vch_tensor input = network_input(network, 1, &fixture->arena);
    struct vch_client_request request = network_request(network, &input, 1, 1);
    struct vch_client_answer answer;

    add_whole(fixture, "alpha");
    add_whole(fixture, "beta");
    network_start(network);
    check_job(fixture, &request, &answer);
    network_stop_node(&network->nodes[0]);
    check_job(fixture, &request, &answer);
    network_start_node(&network->nodes[0]);
    network_stop_node(&network->nodes[1]);
    check_job(fixture, &request, &answer);
    tear_down(fixture);
}

static int dial(const struct vch_peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(peer->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    CHECK_EQ(inet_pton(AF_INET, peer->host, &address.sin_addr), 1);
    CHECK_EQ(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

TEST(network_serves_its_clients_while_strangers_take_every_place)
{
    enum { STRANGERS = 300 }; // more than connections_max
    static const uint8_t noise[] = {0x16, 3, 1, 2, 0, 1};
    struct fixture *fixture = set_up(build_mlp);
    struct network *network = &fixture->network;
    struct vch_tensor input = network_input(network, 1, &fixture->arena);
    struct vch_client_request request = network_request(network, &input, 1, 1);
    struct vch_client_answer answer;
    int strangers[STRANGERS];

    network->limits.handshake_ms = 600000; // so that no handshake ends by itself
    add_whole(fixture, "alpha");
    network_start(network);
    for (size_t i = 0; i < STRANGERS; i++) {
        strangers[i] = dial(&network->peers[0]);
        if (i % 2 == 0) // the start of a record that never goes on
            CHECK_EQ(send(strangers[i], noise, sizeof noise, MSG_NOSIGNAL), (int)sizeof noise);
    }
    check_job(fixture, &request, &answer);
    for (size_t i = 0; i < STRANGERS; i++)
        (void)close(strangers[i]);
    tear_down(fixture);
}

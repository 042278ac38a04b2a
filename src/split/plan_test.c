// Plans keep what they promise, refusals say what to change, and altered plans are caught.
#include "split/plan.h"

#include <stdio.h>
#include <string.h>

#include "harness/graphs.h"
#include "harness/test.h"
#include "model/segment.h"
#include "split/cuts.h"

static struct vch_arena arena;
static struct vch_plan plan;
static struct vch_complaint complaint;

enum { MANY = 64 };

static struct vch_plan_node nodes[VCH_PLAN_NODES_MAX];
static struct vch_plan_range ranges[VCH_PLAN_NODES_MAX];

static struct vch_graph *chain(uint32_t layers, uint32_t width)
{
    struct graphs build;

    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)1 << 28);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, width, 0, 0));
    for (uint32_t i = 0; i < layers; i++)
        x = graphs_linear(&build, x, width, VCH_TYPE_I8);
    graphs_output(&build, x);
    return graphs_finish(&build);
}

// Six layers, and `count` nodes alike of as many operators.
static struct vch_plan_problem example(const struct vch_graph *graph, uint32_t count)
{
    complaint.text[0] = '\0';
    for (uint32_t n = 0; n < count; n++)
        nodes[n] = (struct vch_plan_node){.operator_index = n,
                                          .work_per_second = 1000000,
                                          .latency_us = 1000 + n,
                                          .bytes_per_second = 1000000};
    return (struct vch_plan_problem){.graph = graph,
                                     .batch = 1,
                                     .node_count = count,
                                     .nodes = nodes,
                                     .client_work_per_second = 1000000,
                                     .keep_first = 1,
                                     .keep_last = 1,
                                     .quorum = 1,
                                     .segments_min = 1,
                                     .segments_max = VCH_PLAN_SEGMENTS_MAX,
                                     .share_percent_max = 100};
}

static void check_refusal(const struct vch_plan_problem *problem, const char *words)
{
    complaint.text[0] = '\0';
    CHECK_FAILS(vch_plan_solve(&plan, problem, &arena, &complaint), UNSUPPORTED);
    if (strstr(complaint.text, words) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", complaint.text, words);
}

TEST(plan_keeps_the_ends_at_the_client)
{
    struct vch_plan_problem problem = example(chain(6, 8), 3);

    problem.keep_first = 2;
    problem.segments_min = problem.segments_max = 2;
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.segment_count, 4);
    CHECK(plan.segments[0].by_client && plan.segments[3].by_client);
    CHECK(plan.segments[0].last >= 2);
    CHECK(plan.segments[3].first <= 5);
    CHECK(plan.segments[1].nodes[0] != plan.segments[2].nodes[0]);
    uint64_t sum = 0;
    for (uint32_t s = 0; s < 4; s++)
        sum += plan.segments[s].cost_us;
    CHECK_EQ(plan.latency_us, sum);
}

TEST(plan_uses_the_clients_own_speed_for_its_ends)
{
    struct vch_plan_problem problem = example(chain(6, 8), 1);

    problem.client_work_per_second = 1; // hardly anything: it keeps what it must
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.segments[0].last, 1);
    CHECK_EQ(plan.segments[2].first, 5);
    CHECK_EQ(plan.segments[0].cost_us, 64 * 1000000ull); // 8 x 8 multiplications
    problem.client_work_per_second = UINT64_MAX;         // it keeps all but one layer
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.segments[1].last - plan.segments[1].first, 1);
}

TEST(plan_leaves_out_ends_that_nobody_asked_for)
{
    struct vch_plan_problem problem = example(chain(6, 8), 1);

    problem.keep_first = problem.keep_last = 0;
    problem.client_work_per_second = 1;
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.segment_count, 1);
    CHECK(!plan.segments[0].by_client);
    CHECK_EQ(plan.segments[0].last, 6);
}

TEST(plan_lets_the_client_run_only_what_it_holds)
{
    struct vch_graph *graph = chain(6, 8);
    struct vch_plan_problem problem = example(graph, 2);

    problem.client_work_per_second = UINT64_MAX;
    problem.client_runs_held_only = true;
    for (uint32_t p = 2; p < 4; p++) // the two in the middle are elsewhere
        graph->parameters[graph->operators[p].parameters[0]].data = NULL;
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.segments[1].first, 2);
    CHECK_EQ(plan.segments[1].last, 4);
    problem.keep_first = 3;
    check_refusal(&problem, "held by it");
}

// Six layers that leak less and less.
static const struct vch_plan_leak leaks[] = {{0, 1},   {1, 0.9}, {2, 0.8}, {3, 0.6},
                                             {4, 0.5}, {5, 0.3}, {6, 0.2}};

static struct vch_plan_problem leaking_example(double leak_max)
{
    struct vch_plan_problem problem = example(chain(6, 8), 3);

    problem.leaks = leaks;
    problem.leak_count = sizeof leaks / sizeof *leaks;
    problem.leak_max = leak_max;
    return problem;
}

TEST(plan_shows_nodes_nothing_that_leaks_more_than_allowed)
{
    struct vch_plan_problem problem = leaking_example(0.6);

    problem.client_work_per_second = 1; // it would rather keep one layer at each end
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.segments[0].last, 3); // 0.6 is not more than 0.6
    problem.leak_max = 1;
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.segments[0].last, 1);
}

TEST(plan_shows_nodes_nothing_that_nobody_measured)
{
    struct vch_plan_problem problem = leaking_example(1);

    problem.client_work_per_second = 1;
    problem.leaks = leaks + 2; // from position 2
    problem.leak_count = 4;    // to position 5
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.segments[0].last, 2);
}

TEST(plan_that_would_leak_is_refused_with_the_cut_that_comes_closest)
{
    struct vch_plan_problem problem = leaking_example(0.4);

    // Position 5 leaks 0.3, but a segment must begin before it: at 4, which leaks 0.5.
    check_refusal(&problem, "position 4");
    CHECK(strstr(complaint.text, "leaks 0.500") != NULL);
    problem.keep_last = 3;
    check_refusal(&problem, "position 2"); // from 2 to 3
    problem.keep_last = 0;
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.segments[0].last, 5);
}

TEST(altered_plan_that_leaks_is_caught)
{
    struct vch_plan_problem problem = leaking_example(1);

    problem.client_work_per_second = 1;
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    problem.leak_max = 0.89;
    CHECK_FAILS(vch_plan_check(&plan, &problem, &arena, &complaint), REFUSED);
    CHECK(strstr(complaint.text, "too much") != NULL);
    complaint.text[0] = '\0';
    problem.leak_max = 1;
    problem.leaks = leaks + 2;
    problem.leak_count = 5;
    CHECK_FAILS(vch_plan_check(&plan, &problem, &arena, &complaint), REFUSED);
    CHECK(strstr(complaint.text, "nobody measured") != NULL);
}

TEST(plan_prefers_neighbours_without_a_common_operator)
{
    struct vch_plan_problem problem = example(chain(6, 8), 4);

    problem.quorum = 2;
    problem.segments_min = 3;
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.shared_neighbours, 0);
    problem.node_count = 3; // two teams of two among three must share
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.shared_neighbours, 2);
    problem.adjacency_is_strict = true;
    check_refusal(&problem, "neighbouring segments may not share an operator");
    CHECK(strstr(complaint.text, "only prefer it") != NULL);
}

TEST(plan_refusals_name_the_constraint_and_a_way_out)
{
    struct vch_graph *graph = chain(6, 8);
    struct vch_plan_problem problem = example(graph, 3);

    problem.quorum = 4;
    check_refusal(&problem, "a quorum of 4 needs nodes of 4 different operators; there are 3");

    problem = example(graph, 3);
    problem.keep_first = 5;
    check_refusal(&problem, "the model has 6 layers with weights; keeping 5 and 1");

    problem = example(graph, 3);
    problem.keep_first = problem.keep_last = UINT32_MAX;
    check_refusal(&problem, "leaves none for nodes");

    problem = example(graph, 3);
    problem.share_percent_max = 15; // one layer of six is 16.7 %
    check_refusal(&problem, "a plan needs 17 %");

    problem = example(graph, 3);
    problem.segments_min = problem.segments_max = 5;
    check_refusal(&problem, "one of 1 is");

    problem = example(graph, 3);
    for (uint32_t n = 0; n < 3; n++)
        nodes[n].memory = 10;
    check_refusal(&problem, "too little memory");

    problem = example(graph, 3);
    for (uint32_t n = 0; n < 3; n++) {
        ranges[n] = (struct vch_plan_range){0, 1};
        nodes[n].ranges = &ranges[n];
        nodes[n].range_count = 1;
    }
    check_refusal(&problem, "operator 1 of the model is held by nodes of 0 operators");

    problem = example(graph, 2);
    for (uint32_t n = 0; n < 2; n++) {
        nodes[n].memory = 10;
        ranges[n] = (struct vch_plan_range){0, 1};
        nodes[n].ranges = &ranges[n];
        nodes[n].range_count = 1;
    }
    check_refusal(&problem, "loosen more than one of them");
}

TEST(plan_refuses_problems_that_make_no_sense)
{
    struct vch_graph *graph = chain(3, 4);
    const struct vch_plan_problem good = example(graph, 2);
    struct vch_plan_problem problems[12];

    for (size_t i = 0; i < 12; i++)
        problems[i] = good;
    problems[0].batch = 0;
    problems[1].batch = VCH_BATCH_MAX + 1;
    problems[2].node_count = 0;
    problems[3].node_count = VCH_PLAN_NODES_MAX + 1;
    problems[4].client_work_per_second = 0;
    problems[5].quorum = 0;
    problems[6].quorum = VCH_PLAN_QUORUM_MAX + 1;
    problems[7].segments_min = 0;
    problems[8].segments_min = 5;
    problems[8].segments_max = 4;
    problems[9].segments_max = VCH_PLAN_SEGMENTS_MAX + 1;
    problems[10].share_percent_max = 0;
    problems[11].share_percent_max = 101;
    FOR_EACH(problem, problems)
    {
        complaint.text[0] = '\0';
        CHECK_FAILS(vch_plan_solve(&plan, problem, &arena, &complaint), USAGE);
        CHECK(complaint.text[0] != '\0');
    }
    CHECK_OK(vch_plan_solve(&plan, &good, &arena, NULL));
    nodes[1].work_per_second = 0;
    CHECK_FAILS(vch_plan_solve(&plan, &good, &arena, NULL), USAGE);
    nodes[1].work_per_second = 1;
    nodes[1].ranges = ranges;
    nodes[1].range_count = 1;
    ranges[0] = (struct vch_plan_range){0, 4}; // one more than there are
    CHECK_FAILS(vch_plan_solve(&plan, &good, &arena, NULL), USAGE);
    ranges[0] = (struct vch_plan_range){2, 2};
    CHECK_FAILS(vch_plan_solve(&plan, &good, &arena, NULL), USAGE);
}

TEST(plan_withstands_extreme_numbers)
{
    struct vch_plan_problem problem = example(chain(6, 8), 3);

    problem.batch = VCH_BATCH_MAX;
    problem.segments_min = 3;
    problem.client_work_per_second = 1;
    for (uint32_t n = 0; n < 3; n++) {
        nodes[n].latency_us = UINT64_MAX;
        nodes[n].work_per_second = nodes[n].bytes_per_second = n == 0 ? 1 : UINT64_MAX;
        nodes[n].memory = n == 1 ? UINT64_MAX : 0;
    }
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_OK(vch_plan_check(&plan, &problem, &arena, NULL));
}

TEST(plan_looks_at_a_selection_of_very_many_cuts)
{
    struct vch_graph *graph = chain(240, 2);
    struct vch_plan_problem problem = example(graph, 3);
    struct vch_cut cuts[VCH_PLAN_CUTS_MAX];
    uint32_t count = 0, ends = 0;
    bool is_thinned = false;

    for (uint32_t n = 0; n < 3; n++) { // only these ranges make a chain
        ranges[n] = (struct vch_plan_range){79 * n, 79 * n + 80};
        nodes[n].ranges = &ranges[n];
        nodes[n].range_count = 1;
    }
    CHECK_OK(vch_cuts_select(cuts, &count, &is_thinned, &problem, &arena));
    CHECK(is_thinned);
    CHECK_EQ(count, VCH_PLAN_CUTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(i == 0 || cuts[i - 1].position < cuts[i].position);
        for (uint32_t n = 0; n < 3; n++)
            ends += cuts[i].position == ranges[n].first || cuts[i].position == ranges[n].last;
    }
    CHECK_EQ(ends, 6);
    problem.client_work_per_second = 1; // so that the nodes take as much as they can
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.segment_count, 5);
}

// Problems too large to search in full: what is found keeps every constraint.
TEST(plan_never_breaks_a_constraint_on_large_problems)
{
    int found = 0;

    for (int round = 0; round < 25; round++) {
        struct vch_graph *graph = chain(5 + test_below(30), 1 + test_below(12));
        struct vch_plan_problem problem = example(graph, 1 + test_below(MANY));
        uint32_t operators = 1 + test_below(problem.node_count), count = graph->operator_count;
        for (uint32_t n = 0; n < problem.node_count; n++) {
            nodes[n].operator_index = test_below(operators);
            nodes[n].memory = test_below(3) == 0 ? 0 : 100 + test_below(2000);
            nodes[n].work_per_second = 1 + test_below(1000000);
            nodes[n].latency_us = test_below(20000);
            if (test_below(4) != 0) continue;
            ranges[n].first = test_below(count);
            ranges[n].last = ranges[n].first + 1 + test_below(count - ranges[n].first);
            nodes[n].ranges = &ranges[n];
            nodes[n].range_count = 1;
        }
        problem.quorum = 1 + test_below(4);
        problem.segments_min = 1 + test_below(3);
        problem.share_percent_max = test_below(2) == 0 ? 100 : 10 + test_below(90);
        problem.adjacency_is_strict = test_below(2) == 0;
        vch_status status = vch_plan_solve(&plan, &problem, &arena, &complaint);
        CHECK(vch_is_ok(status) || status.code == VCH_CODE_UNSUPPORTED);
        if (!vch_is_ok(status)) continue;
        found++;
        CHECK_OK(vch_plan_check(&plan, &problem, &arena, NULL));
    }
    CHECK(found > 0);
}

TEST(plan_works_on_graphs_with_branches)
{
    for (int round = 0; round < 30; round++) {
        vch_arena_release(&arena);
        vch_arena_init(&arena, (size_t)1 << 28);
        struct vch_plan_problem problem = example(graphs_random(&arena), 4);
        vch_status status = vch_plan_solve(&plan, &problem, &arena, &complaint);
        CHECK_EQ(vch_is_ok(status), complaint.text[0] == '\0');
        if (vch_is_ok(status)) CHECK_OK(vch_plan_check(&plan, &problem, &arena, NULL));
    }
}

TEST(plan_check_catches_every_altered_plan)
{
    struct vch_plan_problem problem = example(chain(6, 8), 6);
    static struct vch_plan lies[16];

    problem.quorum = 2;
    problem.segments_min = problem.segments_max = 2;
    problem.share_percent_max = 60;
    problem.adjacency_is_strict = true;
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.segment_count, 4);
    for (size_t i = 0; i < 16; i++)
        lies[i] = plan;
    struct vch_plan_segment *first = &plan.segments[1], *second = &plan.segments[2];
    lies[0].segment_count = 0;
    lies[1].segment_count = 3;
    lies[2].segments[0].last = lies[2].segments[1].first = 0; // the client keeps nothing
    lies[3].segments[1].last++;                               // overlaps
    lies[4].segments[1].by_client = true;
    lies[5].segments[0].by_client = false;
    lies[6].segments[1].nodes[0] = first->nodes[1];  // one node twice
    lies[7].segments[1].nodes[0] = second->nodes[0]; // a neighbour's
    lies[8].segments[1].nodes[1] = 6;
    lies[9].segments[1].node_count = 1;
    lies[10].segments[1].bytes_out++;
    lies[11].segments[2].bytes_in = 0;
    lies[12].shared_neighbours = 1;
    lies[13].largest_share_percent++;
    lies[14].segments[0].node_count = 1;
    lies[15].segment_count = UINT32_MAX;
    CHECK_OK(vch_plan_check(&plan, &problem, &arena, NULL));
    FOR_EACH(lie, lies)
    CHECK_FAILS(vch_plan_check(lie, &problem, &arena, NULL), REFUSED);

    // The same plan under constraints that it does not meet.
    const struct vch_plan_problem good = problem;
    problem.keep_first = 5;
    CHECK_FAILS(vch_plan_check(&plan, &problem, &arena, NULL), REFUSED);
    problem = good;
    problem.segments_min = problem.segments_max = 3;
    CHECK_FAILS(vch_plan_check(&plan, &problem, &arena, NULL), REFUSED);
    problem = good;
    problem.share_percent_max = 10;
    CHECK_FAILS(vch_plan_check(&plan, &problem, &arena, NULL), REFUSED);
    problem = good;
    nodes[first->nodes[0]].memory = 1;
    CHECK_FAILS(vch_plan_check(&plan, &problem, &arena, NULL), REFUSED);
    nodes[first->nodes[0]].memory = 0;
    nodes[first->nodes[0]].ranges = ranges;
    nodes[first->nodes[0]].range_count = 1;
    ranges[0] = (struct vch_plan_range){0, 1};
    CHECK_FAILS(vch_plan_check(&plan, &problem, &arena, NULL), REFUSED);
}

// The most of everything at once: ends in reasonable time and memory.
TEST(plan_takes_the_largest_problem)
{
    struct vch_plan_problem problem = example(chain(240, 2), VCH_PLAN_NODES_MAX);

    for (uint32_t n = 0; n < VCH_PLAN_NODES_MAX; n++) {
        nodes[n].operator_index = n / 4;
        nodes[n].memory = 2000 + test_below(2000);
        nodes[n].work_per_second = 1 + test_below(1000000);
        nodes[n].latency_us = test_below(20000);
    }
    problem.quorum = 3;
    problem.segments_min = 3;
    problem.share_percent_max = 30;
    CHECK_OK(vch_plan_solve(&plan, &problem, &arena, NULL));
    CHECK_EQ(plan.shared_neighbours, 0);
    vch_arena_release(&arena);
}

// The planner against brute force on small random problems: the same verdict, the same cost.
#include <string.h>

#include "harness/graphs.h"
#include "harness/test.h"
#include "model/segment.h"
#include "split/plan.h"

enum { NODES_MAX = 6, DEPTH_MAX = 4, OPERATORS_MAX = 12 };

static struct vch_plan_leak leaks[OPERATORS_MAX + 1]; // by position

static struct vch_arena arena;

// A chain of layers, so that what is alive at an operator is its input and its output.
static struct vch_graph *random_chain(void)
{
    struct graphs build;
    uint32_t layers = 3 + test_below(3);

    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 1 + test_below(40), 0, 0));
    for (uint32_t i = 0; i < layers; i++) {
        x = graphs_linear(&build, x, 1 + test_below(40), VCH_TYPE_I8);
        if (test_below(4) == 0) x = graphs_relu(&build, x);
    }
    graphs_output(&build, x);
    return graphs_finish(&build);
}

static void random_nodes(struct vch_plan_node *nodes, struct vch_plan_range *ranges,
                         const struct vch_plan_problem *problem)
{
    uint32_t operators = 1 + test_below(4), count = problem->graph->operator_count;

    for (uint32_t n = 0; n < problem->node_count; n++) {
        nodes[n] = (struct vch_plan_node){
            .operator_index = 100 * test_below(operators),
            .memory = test_below(2) == 0 ? 0 : 1 + test_below(6000),
            .work_per_second = 1 + test_below(100000),
            .latency_us = test_below(10000),
            .bytes_per_second = 1 + test_below(100000),
        };
        if (test_below(3) != 0) continue;
        ranges[n].first = test_below(count);
        ranges[n].last = ranges[n].first + 1 + test_below(count - ranges[n].first);
        nodes[n].ranges = &ranges[n];
        nodes[n].range_count = 1;
    }
}

static struct vch_plan_problem random_problem(struct vch_plan_node *nodes,
                                              struct vch_plan_range *ranges)
{
    struct vch_plan_problem problem = {
        .graph = random_chain(),
        .batch = 1 + test_below(3),
        .node_count = 1 + test_below(NODES_MAX),
        .nodes = nodes,
        .client_work_per_second = 1 + test_below(50000),
        .keep_first = test_below(3),
        .keep_last = test_below(2),
        .quorum = 1 + (test_below(3) == 0),
        .segments_min = 1 + test_below(3),
        .share_percent_max = test_below(2) == 0 ? 100 : 20 + test_below(80),
        .adjacency_is_strict = test_below(2) == 0,
    };

    problem.segments_max = problem.segments_min + test_below(DEPTH_MAX - 1);
    if (problem.segments_max > DEPTH_MAX) problem.segments_max = DEPTH_MAX;
    random_nodes(nodes, ranges, &problem);
    if (test_below(3) == 0) {
        problem.leaks = leaks;
        problem.leak_count = problem.graph->operator_count + 1;
        problem.leak_max = (double)test_below(100) / 100;
        for (uint32_t p = 0; p < problem.leak_count; p++)
            leaks[p] = (struct vch_plan_leak){p, (double)test_below(100) / 100};
    }
    return problem;
}

// Every plan there is, one segment after the other; each whole one is judged from its list.
struct brute {
    const struct vch_plan_problem *problem;
    bool is_strict;
    uint32_t depth;
    struct {
        uint32_t first, last;
        uint32_t nodes[2];
    } segments[DEPTH_MAX];
    bool is_found;
    uint64_t best_us;
    uint32_t best_shared;
};

static uint64_t size_of(const struct brute *brute, uint32_t value)
{
    const struct vch_value *facts = &brute->problem->graph->values[value];
    return brute->problem->batch * vch_tensor_shape_count(&facts->shape) *
           vch_tensor_type_size(facts->type);
}

static uint64_t in_size(const struct brute *brute, uint32_t p)
{
    return size_of(brute, brute->problem->graph->operators[p].inputs[0]);
}

static uint64_t out_size(const struct brute *brute, uint32_t p)
{
    return size_of(brute, brute->problem->graph->operators[p].output);
}

static uint64_t work_of(const struct brute *brute, uint32_t first, uint32_t last)
{
    uint64_t work = 0;

    for (uint32_t p = first; p < last; p++)
        work += vch_graph_work(brute->problem->graph, &brute->problem->graph->operators[p]);
    return work * brute->problem->batch;
}

static uint64_t time_of(uint64_t amount, uint64_t speed)
{
    return (amount * 1000000 + speed - 1) / speed; // everything is small here
}

static const struct vch_plan_node *node_of(const struct brute *brute, uint32_t s, uint32_t k)
{
    return &brute->problem->nodes[brute->segments[s].nodes[k]];
}

static bool serves(const struct brute *brute, uint32_t s, uint32_t operator_)
{
    for (uint32_t k = 0; k < brute->problem->quorum; k++)
        if (node_of(brute, s, k)->operator_index == operator_) return true;
    return false;
}

static bool fits(const struct brute *brute, uint32_t n)
{
    const struct vch_plan_node *node = &brute->problem->nodes[n];
    const struct vch_graph *graph = brute->problem->graph;
    uint64_t parameters = 0, alive = 0, layers = 0;

    for (uint32_t s = 0; s < brute->depth; s++) {
        uint32_t first = brute->segments[s].first, last = brute->segments[s].last;
        if (serves(brute, s, node->operator_index))
            layers += vch_segment_layer_count(graph, first, last);
        for (uint32_t k = 0; k < brute->problem->quorum; k++) {
            if (brute->segments[s].nodes[k] != n) continue;
            bool is_inside = node->range_count == 0 ||
                             (node->ranges[0].first <= first && last <= node->ranges[0].last);
            if (!is_inside) return false;
            parameters += vch_segment_parameter_size(graph, first, last);
            for (uint32_t p = first; p < last; p++)
                if (in_size(brute, p) + out_size(brute, p) > alive)
                    alive = in_size(brute, p) + out_size(brute, p);
        }
    }
    uint64_t all = vch_segment_layer_count(graph, 0, graph->operator_count);
    if (layers * 100 > all * brute->problem->share_percent_max) return false;
    return node->memory == 0 || parameters + alive <= node->memory;
}

static void judge(struct brute *brute)
{
    const struct vch_plan_problem *problem = brute->problem;
    uint32_t start = brute->segments[0].first, end = brute->segments[brute->depth - 1].last;
    uint32_t count = problem->graph->operator_count, shared = 0;
    uint64_t time_us = time_of(work_of(brute, 0, start), problem->client_work_per_second) +
                       time_of(work_of(brute, end, count), problem->client_work_per_second);

    if (brute->depth < problem->segments_min ||
        vch_segment_layer_count(problem->graph, end, count) < problem->keep_last)
        return;
    for (uint32_t n = 0; n < problem->node_count; n++)
        if (!fits(brute, n)) return;
    for (uint32_t s = 0; s < brute->depth && problem->leak_count > 0; s++)
        if (leaks[brute->segments[s].first].leak > problem->leak_max ||
            leaks[brute->segments[s].last].leak > problem->leak_max)
            return;
    for (uint32_t s = 0; s < brute->depth; s++) {
        uint32_t first = brute->segments[s].first, last = brute->segments[s].last;
        uint64_t slowest = 0, size = in_size(brute, first) + out_size(brute, last - 1);
        bool is_shared = false;
        for (uint32_t k = 0; k < problem->quorum; k++) {
            const struct vch_plan_node *node = node_of(brute, s, k);
            uint64_t cost = node->latency_us + time_of(size, node->bytes_per_second) +
                            time_of(work_of(brute, first, last), node->work_per_second);
            if (cost > slowest) slowest = cost;
            is_shared |= s > 0 && serves(brute, s - 1, node->operator_index);
        }
        time_us += slowest;
        shared += is_shared;
    }
    if (shared > 0 && brute->is_strict) return;
    bool is_better = !brute->is_found || shared < brute->best_shared ||
                     (shared == brute->best_shared && time_us < brute->best_us);
    if (!is_better) return;
    brute->is_found = true;
    brute->best_shared = shared;
    brute->best_us = time_us;
}

static void enumerate(struct brute *brute, uint32_t first)
{
    const struct vch_plan_problem *problem = brute->problem;
    uint32_t count = problem->graph->operator_count, nodes = problem->node_count;

    if (brute->depth > 0) judge(brute);
    if (brute->depth == problem->segments_max) return;
    for (uint32_t last = first + 1; last <= count; last++) {
        if (vch_segment_layer_count(problem->graph, first, last) == 0) continue;
        for (uint32_t a = 0; a < nodes; a++)
            for (uint32_t b = problem->quorum == 2 ? a + 1 : a;
                 b < (problem->quorum == 2 ? nodes : a + 1); b++) {
                if (a != b && problem->nodes[a].operator_index == problem->nodes[b].operator_index)
                    continue;
                brute->segments[brute->depth].first = first;
                brute->segments[brute->depth].last = last;
                brute->segments[brute->depth].nodes[0] = a;
                brute->segments[brute->depth].nodes[1] = b;
                brute->depth++;
                enumerate(brute, last);
                brute->depth--;
            }
    }
}

static void brute_force(struct brute *brute, const struct vch_plan_problem *problem)
{
    bool has_choice = false;

    memset(brute, 0, sizeof *brute);
    brute->problem = problem;
    for (uint32_t n = 1; n < problem->node_count; n++)
        has_choice |= problem->nodes[n].operator_index != problem->nodes[0].operator_index;
    brute->is_strict = problem->adjacency_is_strict || (problem->quorum == 1 && has_choice);
    for (uint32_t first = 0; first < problem->graph->operator_count; first++)
        if (vch_segment_layer_count(problem->graph, 0, first) >= problem->keep_first)
            enumerate(brute, first);
}

TEST(plan_agrees_with_brute_force)
{
    struct vch_plan_node nodes[NODES_MAX];
    struct vch_plan_range ranges[NODES_MAX];
    static struct vch_plan plan;
    static struct brute brute;
    int found = 0, refused = 0;

    vch_arena_init(&arena, (size_t)1 << 28);
    for (int round = 0; round < 400; round++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        struct vch_complaint complaint = {.text = ""};
        struct vch_plan_problem problem = random_problem(nodes, ranges);
        brute_force(&brute, &problem);
        vch_status status = vch_plan_solve(&plan, &problem, &arena, &complaint);
        CHECK_EQ(status.code, brute.is_found ? VCH_CODE_NONE : VCH_CODE_UNSUPPORTED);
        CHECK_EQ(complaint.text[0] == '\0', brute.is_found);
        if (brute.is_found) {
            CHECK_OK(vch_plan_check(&plan, &problem, &arena, NULL));
            CHECK_EQ(plan.shared_neighbours, brute.best_shared);
            CHECK_EQ(plan.latency_us, brute.best_us);
        }
        found += brute.is_found;
        refused += !brute.is_found;
        vch_arena_rewind(&arena, mark);
    }
    vch_arena_release(&arena);
    CHECK(found > 50); // both verdicts were put to the test
    CHECK(refused > 50);
}

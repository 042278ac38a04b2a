#include "cli/split_plan.h"

#include <stdio.h>
#include <string.h>

#include "cli/split_leak.h"
#include "model/segment.h"
#include "split/plan.h"

#define NODES_SIZE_MAX (4u << 20)
#define DEFAULT_WORK_PER_SECOND 5000000000u

struct network {
    uint32_t node_count;
    struct vch_plan_node *nodes;
    const char **names, **operators;
};

static uint64_t number(const json_t *object, const char *key, uint64_t otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) && json_integer_value(value) >= 0
               ? (uint64_t)json_integer_value(value)
               : otherwise;
}

static vch_status read_ranges(struct vch_plan_node *node, struct vch_tool *tool,
                              const json_t *ranges)
{
    size_t count = json_array_size(ranges);
    struct vch_plan_range *out = VCH_ARENA_NEW(&tool->arena, struct vch_plan_range, count);

    if (out == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        json_int_t first = 0, last = 0;
        if (json_unpack(json_array_get(ranges, i), "[II]", &first, &last) != 0 || first < 0 ||
            last <= first || last > UINT32_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                                "\"holds\" expects pairs [first, last]");
        out[i] = (struct vch_plan_range){(uint32_t)first, (uint32_t)last};
    }
    node->ranges = out;
    node->range_count = (uint32_t)count;
    return VCH_OK;
}

static vch_status read_node(struct network *network, uint32_t i, struct vch_tool *tool,
                            const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    const char *operator_name = json_string_value(json_object_get(row, "operator"));

    if (name == NULL || operator_name == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "node %u needs a \"name\" and an \"operator\"", i);
    network->names[i] = vch_arena_string(&tool->arena, name, strlen(name));
    network->operators[i] = vch_arena_string(&tool->arena, operator_name, strlen(operator_name));
    if (network->names[i] == NULL || network->operators[i] == NULL) return VCH_FAIL(NO_MEMORY);
    uint32_t first_with_operator = 0;
    while (strcmp(network->operators[first_with_operator], operator_name) != 0)
        first_with_operator++;
    network->nodes[i] = (struct vch_plan_node){
        .operator_index = first_with_operator,
        .memory = number(row, "memory", 0),
        .work_per_second = number(row, "work_per_second", DEFAULT_WORK_PER_SECOND),
        .latency_us = number(row, "latency_us", 1000),
        .bytes_per_second = number(row, "bytes_per_second", 100000000),
    };
    return read_ranges(&network->nodes[i], tool, json_object_get(row, "holds"));
}

static vch_status fill_network(struct network *out, struct vch_tool *tool, const json_t *rows)
{
    size_t count = json_array_size(rows);

    if (count == 0 || count > VCH_PLAN_NODES_MAX)
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "--nodes expects a JSON array of 1 to %u objects {\"name\", "
                            "\"operator\", \"memory\", \"work_per_second\", \"latency_us\", "
                            "\"bytes_per_second\", \"holds\"}",
                            VCH_PLAN_NODES_MAX);
    out->node_count = (uint32_t)count;
    out->nodes = VCH_ARENA_NEW(&tool->arena, struct vch_plan_node, count);
    out->names = VCH_ARENA_NEW(&tool->arena, const char *, count);
    out->operators = VCH_ARENA_NEW(&tool->arena, const char *, count);
    if (out->nodes == NULL || out->names == NULL || out->operators == NULL)
        return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < out->node_count; i++)
        VCH_TRY(read_node(out, i, tool, json_array_get(rows, i)));
    return VCH_OK;
}

static vch_status read_network(struct network *out, struct vch_tool *tool)
{
    const char *path = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    json_error_t error;

    VCH_TRY(vch_options_required(&path, tool->options, "nodes", &tool->complaint));
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, NODES_SIZE_MAX));
    json_t *rows = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, &error);
    if (rows == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED, "%.100s, line %d: %s", path,
                            error.line, error.text);
    vch_status status = fill_network(out, tool, rows);
    json_decref(rows);
    return status;
}

static json_t *plan_segment_json(const struct vch_plan_segment *segment,
                                 const struct network *network)
{
    json_t *names = json_array();

    for (uint32_t i = 0; i < segment->node_count; i++)
        json_array_append_new(names, json_string(network->names[segment->nodes[i]]));
    return json_pack("{s:s, s:i, s:i, s:I, s:I, s:I, s:o}", "by",
                     segment->by_client ? "client" : "nodes", "first", (int)segment->first, "last",
                     (int)segment->last, "cost_us", (json_int_t)segment->cost_us, "bytes_in",
                     (json_int_t)segment->bytes_in, "bytes_out", (json_int_t)segment->bytes_out,
                     "nodes", names);
}

static json_t *plan_json(const struct vch_plan *plan, const struct network *network)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < plan->segment_count; i++)
        json_array_append_new(rows, plan_segment_json(&plan->segments[i], network));
    return json_pack("{s:o, s:I, s:i, s:i}", "segments", rows, "latency_us",
                     (json_int_t)plan->latency_us, "shared_neighbours",
                     (int)plan->shared_neighbours, "largest_share_percent",
                     (int)plan->largest_share_percent);
}

// The most that any boundary with a node leaks, as measured.
static double plan_leak(const struct vch_plan *plan, const struct vch_plan_problem *problem)
{
    double most = 0;

    for (uint32_t s = 0; s < plan->segment_count; s++)
        for (uint32_t i = 0; i < problem->leak_count && !plan->segments[s].by_client; i++) {
            const struct vch_plan_leak *cut = &problem->leaks[i];
            bool is_seen =
                cut->position == plan->segments[s].first || cut->position == plan->segments[s].last;
            if (is_seen && cut->leak > most) most = cut->leak;
        }
    return most;
}

static void print_plan(const struct vch_plan *plan, const struct vch_plan_problem *problem,
                       const struct network *network)
{
    printf("operators    layers  bytes in  bytes out  cost/us  by\n");
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct vch_plan_segment *s = &plan->segments[i];
        printf("%4u to %4u  %6u  %8llu  %9llu  %7llu ", s->first, s->last - 1,
               vch_segment_layer_count(problem->graph, s->first, s->last),
               (unsigned long long)s->bytes_in, (unsigned long long)s->bytes_out,
               (unsigned long long)s->cost_us);
        if (s->by_client) printf(" the client");
        for (uint32_t k = 0; k < s->node_count; k++)
            printf("%s %s (%s)", k > 0 ? "," : "", network->names[s->nodes[k]],
                   network->operators[s->nodes[k]]);
        putchar('\n');
    }
    printf("estimated latency %llu us; largest share of one operator %u %% of the layers; "
           "neighbouring\nsegments with an operator in common: %u\n",
           (unsigned long long)plan->latency_us, plan->largest_share_percent,
           plan->shared_neighbours);
    if (problem->leak_count > 0)
        printf("what nodes see leaks at most %.3f of the input, as measured; %.3f was allowed\n",
               plan_leak(plan, problem), problem->leak_max);
    printf("A split alone does not hide activations from a node that knows the weights: see "
           "SOUNDNESS.md.\n");
}

// --leak beside --plan: measures where the plan shows something to nodes.
static vch_status measure_boundaries(struct vch_leak *out, struct vch_tool *tool,
                                     const struct vch_package *package, const struct vch_plan *plan)
{
    uint32_t positions[VCH_PLAN_SEGMENTS_MAX + 1], count = 0;

    for (uint32_t s = 0; s < plan->segment_count; s++) {
        if (plan->segments[s].by_client) continue;
        if (count == 0) positions[count++] = plan->segments[s].first;
        positions[count++] = plan->segments[s].last;
    }
    return vch_split_leak_measure(out, tool, package, positions, count);
}

static vch_status show_plan(const struct vch_plan *plan, const struct vch_plan_problem *problem,
                            struct vch_tool *tool, const struct vch_package *package,
                            const struct network *network)
{
    bool is_json = vch_options_has(tool->options, "json");
    json_t *json = NULL, *leak_json = NULL;
    struct vch_leak leak;

    if (!is_json) print_plan(plan, problem, network);
    if (vch_options_has(tool->options, "leak")) {
        VCH_TRY(measure_boundaries(&leak, tool, package, plan));
        if (!is_json) {
            putchar('\n');
            return vch_split_leak_show(&leak, tool, package);
        }
        VCH_TRY(vch_split_leak_json(&leak_json, &leak, tool, package));
    }
    if (!is_json) return VCH_OK;
    json = plan_json(plan, network);
    if (leak_json != NULL) json_object_set_new(json, "leak", leak_json);
    if (problem->leak_count > 0)
        json_object_set_new(json, "leak_of_nodes", json_real(plan_leak(plan, problem)));
    return vch_tool_print_json(json);
}

vch_status vch_split_plan_run(struct vch_tool *tool, const struct vch_package *package)
{
    uint64_t quorum = 1, segments = 0, keep_first = 1, keep_last = 1, share = 100, batch = 1;
    static struct vch_plan plan;
    struct network network = {0};
    struct vch_complaint *c = &tool->complaint;

    VCH_TRY(read_network(&network, tool));
    VCH_TRY(vch_options_u64(&quorum, tool->options, "quorum", 1, 101, c));
    VCH_TRY(vch_options_u64(&segments, tool->options, "segments", 1, VCH_PLAN_SEGMENTS_MAX, c));
    VCH_TRY(vch_options_u64(&keep_first, tool->options, "keep-first", 0, UINT32_MAX, c));
    VCH_TRY(vch_options_u64(&keep_last, tool->options, "keep-last", 0, UINT32_MAX, c));
    VCH_TRY(vch_options_u64(&share, tool->options, "share", 1, 100, c));
    VCH_TRY(vch_options_u64(&batch, tool->options, "batch", 1, VCH_BATCH_MAX, c));
    struct vch_plan_problem problem = {
        .graph = package->graph,
        .batch = (uint32_t)batch,
        .node_count = network.node_count,
        .nodes = network.nodes,
        .client_work_per_second = DEFAULT_WORK_PER_SECOND,
        .keep_first = (uint32_t)keep_first,
        .keep_last = (uint32_t)keep_last,
        .quorum = (uint32_t)quorum,
        .segments_min = segments > 0 ? (uint32_t)segments : 1,
        .segments_max = segments > 0 ? (uint32_t)segments : VCH_PLAN_SEGMENTS_MAX,
        .share_percent_max = (uint32_t)share,
        .adjacency_is_strict = vch_options_has(tool->options, "strict"),
    };
    VCH_TRY(vch_split_leak_limit(&problem, tool, package));
    VCH_TRY(vch_plan_solve(&plan, &problem, &tool->arena, c));
    return show_plan(&plan, &problem, tool, package, &network);
}

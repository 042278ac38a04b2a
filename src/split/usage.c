#include "split/usage.h"

vch_status vch_usage_init(struct vch_usage *usage, const struct vch_cost *cost,
                          struct vch_arena *arena)
{
    const struct vch_plan_problem *problem = cost->problem;
    const uint32_t nodes = problem->node_count, operators = cost->operator_count;
    const uint32_t last = cost->cut_count - 1;
    const uint64_t parameters = vch_cost_parameters(cost, 0, last);
    const uint64_t alive = cost->activations[0][last];

    *usage = (struct vch_usage){
        .cost = cost,
        .parameters = VCH_ARENA_NEW(arena, uint64_t, nodes),
        .activations = VCH_ARENA_NEW(arena, uint64_t, nodes),
        .layers = VCH_ARENA_NEW(arena, uint32_t, operators),
        .is_neighbour = VCH_ARENA_NEW(arena, bool, operators),
        .is_limited = VCH_ARENA_NEW(arena, bool, nodes),
        .is_share_limited = problem->share_percent_max < 100,
    };
    if (usage->parameters == NULL || usage->activations == NULL || usage->layers == NULL ||
        usage->is_neighbour == NULL || usage->is_limited == NULL)
        return VCH_FAIL(NO_MEMORY);
    for (uint32_t n = 0; n < nodes; n++) {
        uint64_t memory = problem->nodes[n].memory;
        usage->is_limited[n] = memory != 0 && (memory < parameters || memory - parameters < alive);
    }
    return VCH_OK;
}

// SplitMix64's finish: spreads a number over all bits.
static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

// What a node has taken, and its operator.
struct share {
    uint64_t parameters, activations;
    uint32_t layers;
};

static struct share share_of(const struct vch_usage *usage, uint32_t node)
{
    return (struct share){usage->parameters[node], usage->activations[node],
                          usage->layers[usage->cost->operators[node]]};
}

static struct share share_with(const struct vch_usage *usage, uint32_t node, uint32_t i, uint32_t j)
{
    const uint64_t alive = usage->cost->activations[i][j];
    struct share share = share_of(usage, node);

    share.parameters += vch_cost_parameters(usage->cost, i, j);
    share.layers += vch_cost_layers(usage->cost, i, j);
    if (alive > share.activations) share.activations = alive;
    return share;
}

// Its part of the hash; nothing where nothing is taken or limited.
static uint64_t hash(const struct vch_usage *usage, uint32_t node, struct share share)
{
    uint64_t sum = 0;

    if (usage->is_limited[node] && (share.parameters != 0 || share.activations != 0))
        sum += mix(mix(mix(node) ^ share.parameters) ^ share.activations);
    if (usage->is_share_limited && share.layers != 0)
        sum += mix(~mix(usage->cost->operators[node]) ^ share.layers);
    return sum;
}

static void set(struct vch_usage *usage, uint32_t node, struct share share)
{
    usage->hash += hash(usage, node, share) - hash(usage, node, share_of(usage, node));
    usage->parameters[node] = share.parameters;
    usage->activations[node] = share.activations;
    usage->layers[usage->cost->operators[node]] = share.layers;
}

void vch_usage_take(struct vch_usage *usage, uint32_t i, uint32_t j, const uint16_t *members)
{
    for (uint32_t k = 0; k < usage->cost->problem->quorum; k++)
        set(usage, members[k], share_with(usage, members[k], i, j));
}

void vch_usage_forget(struct vch_usage *usage, const uint16_t *members)
{
    for (uint32_t k = 0; k < usage->cost->problem->quorum; k++) {
        set(usage, members[k], (struct share){0});
        usage->is_neighbour[usage->cost->operators[members[k]]] = false;
    }
}

void vch_usage_set_neighbours(struct vch_usage *usage, const uint16_t *members)
{
    for (uint32_t k = 0; k < usage->cost->problem->quorum; k++)
        usage->is_neighbour[usage->cost->operators[members[k]]] = true;
}

struct vch_usage_outlook vch_usage_look(const struct vch_usage *usage, uint32_t i, uint32_t j,
                                        const uint16_t *members)
{
    struct vch_usage_outlook out = {.state = usage->hash};

    for (uint32_t k = 0; k < usage->cost->problem->quorum; k++) {
        uint32_t node = members[k], operator_ = usage->cost->operators[node];
        out.state += hash(usage, node, share_with(usage, node, i, j)) -
                     hash(usage, node, share_of(usage, node));
        out.company += mix(operator_);
        out.is_shared |= usage->is_neighbour[operator_];
    }
    out.state = mix(out.state) + out.company;
    return out;
}

uint32_t vch_usage_largest_percent(const struct vch_usage *usage)
{
    const uint64_t all = usage->cost->layer_count;
    uint64_t largest = 0;

    for (uint32_t o = 0; o < usage->cost->operator_count; o++)
        if (usage->layers[o] > largest) largest = usage->layers[o];
    return (uint32_t)((largest * 100 + all - 1) / all);
}

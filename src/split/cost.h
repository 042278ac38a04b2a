// What a planner's problem looks like in numbers: cuts, and the cost of what lies between two.
//
// "Segment (i, j)" is the operators from cut i to cut j, i < j, as indices into `cuts`.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "split/plan.h"

// No sum of a whole plan's costs overflows.
#define VCH_COST_MAX ((uint64_t)1 << 56)

struct vch_cost_cut {
    uint32_t position;                   // before this operator
    uint64_t size;                       // bytes that cross, whole batch
    uint32_t layers;                     // parametric, before the cut
    uint64_t work;                       // before the cut, whole batch
    uint64_t parameters;                 // bytes, before the cut
    bool is_start, is_end;               // may the nodes' part start, or end, here?
    uint64_t start_cost_us, end_cost_us; // the client's, when it does
};

struct vch_cost {
    const struct vch_plan_problem *problem;
    uint32_t cut_count;
    struct vch_cost_cut cuts[VCH_PLAN_CUTS_MAX];
    uint64_t (*activations)[VCH_PLAN_CUTS_MAX]; // [i][j]: most bytes alive at once in (i, j)
    uint32_t layer_count;                       // of the whole graph
    uint32_t operator_count;                    // different ones among the nodes
    uint16_t operators[VCH_PLAN_NODES_MAX];     // by node: 0..operator_count
    bool is_thinned;                            // not all legal cuts are here
};

// A checked problem's numbers, in the arena.
vch_status vch_cost_new(struct vch_cost **out, const struct vch_plan_problem *problem,
                        struct vch_arena *arena);

uint32_t vch_cost_layers(const struct vch_cost *cost, uint32_t i, uint32_t j);
uint64_t vch_cost_parameters(const struct vch_cost *cost, uint32_t i, uint32_t j);
uint64_t vch_cost_on_node(const struct vch_cost *cost, uint32_t i, uint32_t j, uint32_t node);

// Could the node serve the segment if it had nothing else to do?
bool vch_cost_is_servable(const struct vch_cost *cost, uint32_t i, uint32_t j, uint32_t node);

// The most layers that one operator may serve.
uint32_t vch_cost_share_limit(const struct vch_cost *cost);

// 1,000,000 * amount / per_second, rounded up, at most VCH_COST_MAX.
uint64_t vch_cost_time_us(uint64_t amount, uint64_t per_second);

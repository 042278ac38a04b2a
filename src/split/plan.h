// The planner: which operators run where.
//
//     client | segment on nodes | segment on nodes | ... | client
//
// Given legal cuts, what each segment costs and what each node can do, dynamic programming over
// (cut, node) finds the chain of least latency that keeps the client's ends, memory, operator
// shares and adjacency.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "model/graph.h"
#include "model/segment.h"

#define VCH_PLAN_NODES_MAX 1024u
#define VCH_PLAN_SEGMENTS_MAX 64u

struct vch_plan_range {
    uint32_t first, last; // operators it holds
};

struct vch_plan_node {
    uint32_t operator_index;   // who runs it; equal numbers are one operator
    uint64_t memory;           // bytes for parameters and activations; 0: no limit
    uint64_t work_per_second;  // multiplications
    uint64_t latency_us;       // round trip between client and node
    uint64_t bytes_per_second; // of the link
    uint32_t range_count;      // 0: holds nothing yet, may be given anything
    const struct vch_plan_range *ranges;
};

struct vch_plan_problem {
    const struct vch_graph *graph;
    uint32_t batch;
    uint32_t node_count;
    const struct vch_plan_node *nodes;
    uint64_t client_work_per_second;
    uint32_t keep_first, keep_last;      // parametric layers the client keeps at each end; 1 and 1
    uint32_t quorum;                     // nodes of different operators per segment
    uint32_t segments_min, segments_max; // on nodes; 1..VCH_PLAN_SEGMENTS_MAX
    uint32_t share_percent_max; // of all parametric layers, for one operator; 100: no limit
    bool adjacency_is_strict;   // neighbouring segments never share an operator; always so for
                                // quorum 1 with two or more operators, else only preferred
};

struct vch_plan_segment {
    uint32_t first, last;
    bool by_client;
    uint32_t node_count; // quorum, or 0 for the client
    uint32_t nodes[101]; // indices, fastest first
    uint64_t cost_us;
    uint64_t bytes_in, bytes_out; // of its boundaries, whole batch
};

struct vch_plan {
    uint32_t segment_count;
    struct vch_plan_segment segments[VCH_PLAN_SEGMENTS_MAX + 2];
    uint64_t latency_us;        // estimate
    uint32_t shared_neighbours; // adjacent segment pairs with an operator in common
    uint32_t largest_share_percent;
};

// UNSUPPORTED, with a complaint that says which constraint cannot be met, when there is no plan.
vch_status vch_plan_solve(struct vch_plan *out, const struct vch_plan_problem *problem,
                          struct vch_arena *arena, struct vch_complaint *complaint);

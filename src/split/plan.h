// The planner: which operators run where.
//
//     client | segment on nodes | segment on nodes | ... | client
//
// The client runs both ends, at its own speed, and hands every segment to `quorum` nodes of
// different operators at once; the segment is done when the slowest of them is. So, in whole
// microseconds rounded up,
//
//     client's end      work / client speed
//     segment on node   round trip + (bytes in + bytes out) / link + work / node's speed
//     segment           the slowest of its nodes
//     latency           the sum over the chain
//
// work being vch_graph_work times batch. A node's memory must hold the parameters of all its
// segments and the largest activations among them. A segment on nodes has at least one parametric
// layer. Among the plans that meet every constraint the best has the fewest shared neighbours,
// then the least latency.
//
// How it searches: dynamic programming over (segments so far, cut), which keeps for each such
// state not one path but several, told apart by the operators of the last segment and by what they
// took of limited memory and shares; each extension tries the fastest sets of nodes, and the
// fastest without each of their operators.
//
//     exact      for quorum 1 without a share limit, where memory and ranges only decide which
//                segments a node can take (no node runs out by taking several)
//     exact      for small problems of any kind: as long as nothing had to be dropped
//     heuristic  otherwise: share limits and memory spent over several segments make the problem
//                NP-hard. Constraints always hold; the latency may not be the least, and a plan
//                may be missed
//
// Models with more than VCH_PLAN_CUTS_MAX legal cuts are planned over a selection of them: where
// the nodes' ranges end, then the narrowest cut between each two layers, spread evenly.
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
#define VCH_PLAN_QUORUM_MAX 101u
#define VCH_PLAN_CUTS_MAX 80u

struct vch_plan_range {
    uint32_t first, last; // operators [first, last) that it holds
};

struct vch_plan_node {
    uint32_t operator_index;   // who runs it; equal numbers are one operator
    uint64_t memory;           // bytes for parameters and activations; 0: no limit
    uint64_t work_per_second;  // multiplications
    uint64_t latency_us;       // round trip between client and node
    uint64_t bytes_per_second; // of the link
    uint32_t range_count;      // 0: holds nothing yet, may be given anything; else it serves
    const struct vch_plan_range *ranges; // segments that lie inside one of these
};

// What crosses a cut, measured (split/leak.h): 0 is nothing, 1 the input itself.
struct vch_plan_leak {
    uint32_t position;
    double leak;
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
    bool client_runs_held_only; // the client's ends lie in parameters that the graph holds
    uint32_t leak_count;        // 0: whatever leaks; else every boundary with a node is at one of
    const struct vch_plan_leak *leaks; // these cuts, and leaks
    double leak_max;                   // no more than this
};

struct vch_plan_segment {
    uint32_t first, last;
    bool by_client;
    uint32_t node_count;                 // quorum, or 0 for the client
    uint32_t nodes[VCH_PLAN_QUORUM_MAX]; // indices, fastest first
    uint64_t cost_us;
    uint64_t bytes_in, bytes_out; // over its boundaries, whole batch; 0 where the client's ends
                                  // meet the outside
};

// The client's ends are its first and last segments; one that would be empty is left out.
struct vch_plan {
    uint32_t segment_count;
    struct vch_plan_segment segments[VCH_PLAN_SEGMENTS_MAX + 2];
    uint64_t latency_us;            // estimate: the sum of the segments' costs
    uint32_t shared_neighbours;     // adjacent segment pairs with an operator in common
    uint32_t largest_share_percent; // rounded up
};

// UNSUPPORTED, with a complaint that says which constraint cannot be met and what to change, when
// there is no plan; USAGE when the problem makes no sense. `arena` is rewound.
vch_status vch_plan_solve(struct vch_plan *out, const struct vch_plan_problem *problem,
                          struct vch_arena *arena, struct vch_complaint *complaint);

// Does the plan, wherever it comes from, meet every constraint of the (sensible) problem, and are
// its counts true? REFUSED with a complaint where not. Memory is checked for parameters, costs are
// not looked at. Shares no code with the search.
vch_status vch_plan_check(const struct vch_plan *plan, const struct vch_plan_problem *problem,
                          struct vch_arena *arena, struct vch_complaint *complaint);

// Where a job's segments run: the plan, and in which order nodes are asked for each segment.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "client/ask.h"
#include "client/client.h"
#include "client/pool.h"
#include "consensus/job.h"
#include "model/graph.h"
#include "split/plan.h"

struct vch_route {
    struct vch_pool *pool;
    const struct vch_graph *graph;
    const struct vch_client_request *request;
    uint32_t log_columns; // nodes that can prove with commitments of so many go first; 0: no matter
    uint32_t segment_count;
    struct vch_job_segment segments[VCH_JOB_SEGMENTS_MAX];
    // The planner's nodes, as indices into the pool; none when the caller gave the segments.
    uint32_t planned_counts[VCH_JOB_SEGMENTS_MAX];
    const uint32_t *planned[VCH_JOB_SEGMENTS_MAX];
    // Whom the job has asked so far: nodes by pool index, and layers shown to each operator.
    bool *is_neighbour; // asked for the network segment before this one
    uint32_t *layers;   // by operator index
    bool *was_asked;    // by operator index, in the whole job
    uint32_t operator_room;
    uint32_t merged_count; // operators that are one machine with another
};

// Plans over the nodes that are ready, or takes and checks the request's own segments.
vch_status vch_route_init(struct vch_route *route, struct vch_pool *pool,
                          const struct vch_graph *graph, uint32_t operator_room,
                          const struct vch_client_request *request, struct vch_arena *arena,
                          struct vch_complaint *complaint);

// Chooses the columns with which the most segments by nodes can be proven, the fewest of these; or
// takes `wanted` where that is not 0. UNAVAILABLE when a segment has no node that can prove it.
vch_status vch_route_columns(struct vch_route *route, uint32_t wanted,
                             struct vch_complaint *complaint);

// All nodes that may be asked for a segment, best first: planned ones, then those whose operators
// were not asked for the segment before, without recent faults, with the least estimate. Nodes
// whose operator would see too large a share of the layers are left out, and so are neighbours
// where adjacency is strict. UNAVAILABLE when they cannot make a majority.
vch_status vch_route_candidates(struct vch_ask_candidate **out, uint32_t *count,
                                const struct vch_route *route, uint32_t index,
                                struct vch_arena *arena, struct vch_complaint *complaint);

// After a segment: who has seen it.
void vch_route_note(struct vch_route *route, uint32_t segment, const struct vch_ask *ask);
uint32_t vch_route_operator_count(const struct vch_route *route); // asked so far

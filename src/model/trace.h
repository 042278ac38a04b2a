// The trace of a segment: what each of its operators gave, committed to under one root, so that two
// nodes that disagree can be told apart by running a single operator.
//
//     commitment i   to the tensor that operator i gave, the whole batch, of kind 1
//     leaf i         vch_merkle_leaf of commitment i
//     root           of the Merkle tree over the leaves, in the graph's order
//
// The nonces derive from that of the segment's output boundary (specs/trace.md), so that only those
// who know it can test guesses. The operator whose output leaves the segment has the boundary's own
// commitment, the one that is voted on: so a trace and a vote cannot speak of two outputs.
//
// Two roots over the same number of leaves are bisected from the root down, the left half first,
// and end at the first operator that the two sides differ about: its operands are agreed on, so
// that whoever runs this operator alone (vch_trace_replay) knows who lied.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "crypto/commitment.h"
#include "crypto/hash.h"
#include "kernels/kernels.h"
#include "model/graph.h"
#include "model/tensor.h"

struct vch_trace_segment {
    const struct vch_graph *graph;              // checked
    uint32_t first, last;                       // operators, first < last; both cuts are legal
    uint32_t input, output;                     // the values that cross there (model/segment.h)
    struct vch_nonce input_nonce, output_nonce; // of these boundaries
};

// USAGE when the range is empty or one of its ends is no legal cut.
vch_status vch_trace_segment_init(struct vch_trace_segment *out, const struct vch_graph *graph,
                                  uint32_t first, uint32_t last,
                                  const struct vch_nonce *input_nonce,
                                  const struct vch_nonce *output_nonce, struct vch_arena *scratch);

static inline uint32_t vch_trace_count(const struct vch_trace_segment *segment)
{
    return segment->last - segment->first;
}

// Operators are the graph's, [segment->first, segment->last), everywhere below. Leaf i is of
// operator segment->first + i.

// The nonce of an operator's commitment: the boundary's own for the one that writes the output.
void vch_trace_nonce(struct vch_nonce *out, const struct vch_trace_segment *segment,
                     uint32_t operator_);
// The commitment to an operator's output with that vch_tensor_digest, of kind 1.
struct vch_digest vch_trace_commitment(const struct vch_trace_segment *segment, uint32_t operator_,
                                       const struct vch_digest *digest);

// The commitments of all operators from the digests of a traced run (vch_run.trace), which may be
// the same memory. `voted` is the commitment to the output: NULL where it is of kind 1.
void vch_trace_commit(struct vch_digest *commitments, const struct vch_trace_segment *segment,
                      const struct vch_digest *digests, const struct vch_digest *voted);
// Leaves of `count` commitments, likewise. vch_merkle_root of them is the trace root,
// vch_merkle_open opens one of them, and vch_merkle_root of a span's leaves is the span's node.
void vch_trace_leaves(struct vch_digest *leaves, const struct vch_digest *commitments,
                      size_t count);

// VCH_OK exactly when `commitment` is that of an operator under the root; BAD_PROOF otherwise.
vch_status vch_trace_verify(const struct vch_digest *root, const struct vch_trace_segment *segment,
                            uint32_t operator_, const struct vch_digest *commitment,
                            const struct vch_digest *path, size_t path_count);

// A node of the tree, by the leaves below it.
struct vch_trace_span {
    uint32_t first, count; // count is at least 1; count 1 is a leaf
};

// The two nodes below one of at least two leaves.
void vch_trace_split(struct vch_trace_span *left, struct vch_trace_span *right,
                     struct vch_trace_span span);

// A bisection under way: two sides, and the node at `span` that each has committed to. They differ.
struct vch_trace_bisection {
    struct vch_trace_span span;
    struct vch_digest nodes[2];
};

// USAGE where the roots are the same, or there are no leaves.
vch_status vch_trace_bisect(struct vch_trace_bisection *out, const struct vch_digest roots[2],
                            uint32_t count);
// VCH_OK exactly when these are the nodes below `nodes[side]`; BAD_PROOF otherwise, and the side
// has no other answer to give. USAGE at a leaf.
vch_status vch_trace_check_children(const struct vch_trace_bisection *bisection, unsigned side,
                                    const struct vch_digest children[2]);
// One level down, to the left where the sides differ there. `children` are checked, by side.
void vch_trace_descend(struct vch_trace_bisection *bisection,
                       const struct vch_digest children[2][2]);
// VCH_OK exactly when this is the commitment behind the leaf that `side` is held to at the end.
vch_status vch_trace_check_commitment(const struct vch_trace_bisection *bisection, unsigned side,
                                      const struct vch_digest *commitment);

// What an operator reads: each value once, in the order of its operands.
struct vch_trace_read {
    uint32_t value;
    uint32_t operator_; // that gave it, or VCH_NONE: it enters the segment
};

// At most VCH_GRAPH_OPERANDS_MAX of them; returns how many.
uint32_t vch_trace_reads(struct vch_trace_read *out, const struct vch_trace_segment *segment,
                         uint32_t operator_);

// A value that an operator reads, with the commitment that both sides agree on.
struct vch_trace_operand {
    struct vch_tensor tensor;
    struct vch_digest commitment;
};

struct vch_trace_replay {
    const struct vch_trace_segment *segment; // whose graph holds the operator's parameters
    uint32_t operator_;
    uint32_t batch;
    const struct vch_kernels *kernels;
    struct vch_workers *workers;              // NULL runs alone
    const struct vch_trace_operand *operands; // one for each of vch_trace_reads
};

// VCH_OK exactly when operand `i` has the type and shape of its value and opens its commitment, of
// kind 1; BAD_PROOF otherwise, with a complaint. A boundary of kind 2 is opened by
// vch_crossing_verify (circuit/crossing.h) in its place.
vch_status vch_trace_open(const struct vch_trace_replay *replay, uint32_t i,
                          struct vch_complaint *complaint);
// Runs the operator alone on the operands as they are; the output is in the arena, as is what it
// takes to run.
vch_status vch_trace_execute(struct vch_tensor *out, const struct vch_trace_replay *replay,
                             struct vch_arena *arena, struct vch_complaint *complaint);
// Opens every operand, runs the operator, and gives its commitment of kind 1: what an honest trace
// has for it. `arena` is for what it takes, and rewound.
vch_status vch_trace_replay(struct vch_digest *commitment, const struct vch_trace_replay *replay,
                            struct vch_arena *arena, struct vch_complaint *complaint);

// The accumulators of a segment: what a node shows an auditor, who then checks the linear operators
// by products with a secret vector and does everything else again. specs/audit.md is normative.
//
// The linear operators are LINEAR, CONVOLUTION and MATMUL. Nothing in the file is believed but what
// it is: a reader brings graph, range and batch, and the file has exactly the bytes that follow.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "model/graph.h"
#include "model/tensor.h"

#define VCH_ACCUMULATORS_MAGIC "VOUCHACC" // first 8 bytes
#define VCH_ACCUMULATORS_VERSION 1u
#define VCH_ACCUMULATORS_HEAD_SIZE 128 // check: 8 + 4 * 4 + 3 * 32 + 8
#define VCH_ACCUMULATORS_ALIGNMENT 64u

struct vch_accumulators_layer { // one linear operator
    uint32_t operator_;
    bool is_wide;  // int64: its public bound is not below VCH_DIGITS_I32_MAX; else int32
    size_t count;  // elements of one sample, in the order of the operator's output
    size_t offset; // in the file
};

// What a file about these operators and so many samples looks like.
struct vch_accumulators_plan {
    const struct vch_graph *graph; // checked
    struct vch_digest identity;    // of the model
    uint32_t first, last, batch;
    uint32_t input_count, output_count; // what crosses at the ends: a value, or the graph's ports
    uint32_t inputs[VCH_GRAPH_PORTS_MAX], outputs[VCH_GRAPH_PORTS_MAX];
    uint32_t layer_count;
    struct vch_accumulators_layer *layers; // in the graph's order
    size_t size;                           // of the file
};

bool vch_accumulators_is_linear(enum vch_operator_kind kind);

// USAGE for an empty range or an end that is no legal cut, LIMIT for a batch or a file too large;
// NO_MEMORY.
vch_status vch_accumulators_plan(struct vch_accumulators_plan *out, const struct vch_graph *graph,
                                 const struct vch_digest *identity, uint32_t first, uint32_t last,
                                 uint32_t batch, struct vch_arena *arena,
                                 struct vch_complaint *complaint);

struct vch_accumulators {
    const struct vch_accumulators_plan *plan;
    const uint8_t *bytes;            // the file, borrowed, 8-byte aligned
    struct vch_digest input, output; // vch_accumulators_digest of what goes in and what comes out
};

// The digest of what crosses at an end, in the order of the plan.
struct vch_digest vch_accumulators_digest(const struct vch_tensor *tensors, uint32_t count,
                                          uint32_t batch);

// Fills the head and all that is 0 of a file of plan->size bytes; the arrays are the caller's.
void vch_accumulators_encode_head(uint8_t *bytes, const struct vch_accumulators_plan *plan,
                                  const struct vch_digest *input, const struct vch_digest *output);

// Strict: the head says what the plan says, the size is the plan's, unused bytes are 0. MALFORMED,
// TRUNCATED or UNSUPPORTED with a complaint. Accumulators may still be any numbers.
vch_status vch_accumulators_decode(struct vch_accumulators *out,
                                   const struct vch_accumulators_plan *plan, const uint8_t *bytes,
                                   size_t size, struct vch_complaint *complaint);

// Range and batch as a file's head claims them, for whoever has to plan before anything is decoded;
// MALFORMED or TRUNCATED where it is no such file.
vch_status vch_accumulators_peek(uint32_t *first, uint32_t *last, uint32_t *batch,
                                 const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint);

// Accumulators of a layer from sample `sample` on.
const void *vch_accumulators_at(const struct vch_accumulators *accumulators, uint32_t layer,
                                uint32_t sample);

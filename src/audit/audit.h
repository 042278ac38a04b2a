// A cheap audit of a segment: is this what the model gives for this input?
//
// The auditor holds the weights, and 32 secret bytes that the audited party does not know. From
// those and the weights come vectors, once for each key (layer.h). An audit then takes a segment's
// input and the accumulators of its linear operators, refuses what is beyond an operator's public
// bound, requantises the rest, runs every other operator again, and checks each linear operator by
// products with its vectors, in the field: exactly, but for a probability.
//
// Whoever does not know the key passes one wrong test with a probability of at most 2/p, about
// 2^-63; a key serves VCH_AUDIT_KEY_TESTS_MAX tests (SOUNDNESS.md).
#pragma once

#include <stdint.h>

#include "audit/accumulators.h"
#include "audit/layer.h"
#include "base/workers.h"
#include "kernels/kernels.h"
#include "model/program.h"

#define VCH_AUDIT_LANES_MAX 16u

struct vch_audit_order {
    const struct vch_accumulators_plan *plan; // of any batch; the range's parameters are held
    const uint8_t *secret;                    // VCH_LAYER_SECRET_SIZE
    const struct vch_kernels *kernels;
    uint32_t lanes; // audits are divided between so many threads at most: 1..VCH_AUDIT_LANES_MAX
};

// A key and a segment made ready for many audits. Secret: wipe with what it is in.
struct vch_audit {
    struct vch_accumulators_plan plan; // its batch means nothing
    const struct vch_kernels *kernels;
    uint32_t lanes;
    uint32_t samples;       // that are looked at together
    struct vch_graph graph; // without the linear operators of the range
    struct vch_program program;
    uint32_t run_first, run_last; // what of it is run
    struct vch_layer *layers;
    uint32_t *given, given_count;   // values that it is run on: ends, then outputs of layers
    uint32_t *wanted, wanted_count; // values that it gives
    size_t *places;                 // per value: in a lane's memory, for given and wanted ones
    size_t *sums_places;            // per layer
    size_t tensors_place, run_place, scratch_place, lane_size;
    uint8_t *memory;
};

// Memory is in the arena for as long as the audit is used. NO_MEMORY, LIMIT.
vch_status vch_audit_prepare(struct vch_audit *out, const struct vch_audit_order *order,
                             struct vch_arena *arena);

// How many tests an audit of so many samples makes.
uint64_t vch_audit_tests(const struct vch_audit *audit, uint32_t batch);

// What did not hold, in the order of an audit: the first sample, and there the first operator.
struct vch_audit_finding {
    uint32_t operator_; // VCH_NONE: none of them
    uint32_t sample;    // of this one or the few that were looked at together with it
};

// VCH_OK exactly when `inputs` are those that the accumulators are said to belong to, every test
// passed, and what follows from them is the output that they are said to lead to, which is then in
// `outputs` (the caller's memory, in the order of the plan). BAD_PROOF with a complaint and a
// finding otherwise; MALFORMED for inputs out of range. One audit at a time.
vch_status vch_audit_run(struct vch_audit_finding *finding, const struct vch_audit *audit,
                         const struct vch_accumulators *accumulators,
                         const struct vch_tensor *inputs, const struct vch_tensor *outputs,
                         struct vch_workers *workers, struct vch_complaint *complaint);

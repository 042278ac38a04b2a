// A referee: runs the one operator that two sides of a dispute differ about, on what either of them
// opens (specs/wire.md, section 8).
//
// A side may send anything. What counts opens commitments that both sides are held to; what does
// not is refused, and the other side may still send what does.
#pragma once

#include <stdint.h>

#include "agreement/state.h"
#include "base/complaint.h"
#include "base/status.h"
#include "model/trace.h"
#include "node/admission.h"
#include "node/engine.h"
#include "node/task.h"
#include "schema/wire.pb-c.h"

struct vch_referee_operand {
    struct vch_trace_read read;
    size_t size; // bytes, all samples
    uint32_t path_count;
    struct vch_digest path[VCH_MERKLE_DEPTH_MAX];
};

struct vch_referee {
    struct vch_contest_id contest; // of the dispute, where this node has a seat
    struct vch_trace_segment segment;
    uint32_t operator_;
    bool is_output;          // the disputed place is the output: its commitment is the answer
    struct vch_digest trace; // root of the side that sends
    struct vch_digest input; // the segment's, by the ledger
    uint32_t operand_count;
    struct vch_referee_operand operands[VCH_GRAPH_OPERANDS_MAX];
    struct vch_digest answer; // what to reveal, once executed
};

// Fills what the task was asked, with a referee on the heap (vch_session_free_task frees it), and
// what it would take. `admission->client` is the side that asks. REFUSED, MALFORMED, UNSUPPORTED,
// LIMIT, with a complaint for the side.
vch_status vch_referee_check(struct vch_task *task, const Vouch__RefereeRequest *request,
                             const struct vch_admission *admission, const struct vch_state *state,
                             const struct vch_public_key *self, struct vch_complaint *complaint);

// By the worker: opens every operand, runs the operator, fills the answer. REFUSED where something
// does not open.
vch_status vch_referee_execute(const struct vch_engine *engine, struct vch_task *task);

// The operator of the graph that a dispute is about; VCH_NONE: none of the segment.
uint32_t vch_referee_operator(const struct vch_dispute *dispute,
                              const struct vch_trace_segment *segment);

// The round of a dispute's contest in which that node has a seat and may commit; NULL: none.
const struct vch_contest *vch_referee_contest(const struct vch_state *state,
                                              const struct vch_digest *dispute);

// Whether this node has a seat in a dispute that `side` is a side of, and may still answer there.
bool vch_referee_awaits(const struct vch_state *state, const struct vch_public_key *self,
                        const struct vch_public_key *side);

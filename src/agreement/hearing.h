// What witnesses have signed about a log (tlog/testimony.h), heard against the log itself while it
// is replayed: which promises were kept, which refusals were right, and which convict the clerk
// (specs/witness.md, sections 4 and 5).
//
// Call vch_hearing_before and vch_hearing_after around each entry, and vch_hearing_end when there
// are no more.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "entry/charter.h"
#include "entry/entry.h"
#include "tlog/testimony.h"

enum vch_hearing_finding {
    VCH_HEARING_OPEN,      // the log has no answer: it ends before, or is silent
    VCH_HEARING_KEPT,      // the log has the draft
    VCH_HEARING_RIGHT,     // its state refuses the draft, as the clerk said
    VCH_HEARING_CONVICTED, // the clerk signed a refusal of what its own log takes
    VCH_HEARING_FORKED,    // a tree was signed that is not this log's
};

struct vch_hearing {
    struct vch_testimony said;
    uint32_t witness; // in the charter
    enum vch_hearing_finding finding;
    uint64_t position;        // where the draft is: of KEPT
    struct vch_complaint why; // of a refusal: what the state says
    // For how long the log's state would have taken the draft after it was handed over, by the
    // witness's word, and how many entries the log wrote meanwhile. Of KEPT: before it did.
    uint64_t late_ms, late_entries;
    // Of a log's state: anchors up to that size, and those among them with this witness's line.
    uint64_t anchors, own_anchors;

    // Inside.
    bool is_draft, is_taken, was_taken;
    struct vch_entry entry; // the draft, decoded
    uint64_t next_ms, passed;
};

// Reads a testimony about this charter's log. MALFORMED: it is none. REFUSED: it is about another
// log, or by a witness that the charter does not name. BAD_PROOF: who is said to have signed it did
// not. The arena holds what was decoded, for as long as the hearing lasts.
vch_status vch_hearing_open(struct vch_hearing *out, const char *text, size_t size,
                            const struct vch_charter *charter, struct vch_arena *arena,
                            struct vch_complaint *complaint);

// The state has all entries before `entry`, which comes next.
void vch_hearing_before(struct vch_hearing *hearing, struct vch_state *state,
                        const struct vch_entry *entry);
// It was taken at that position.
void vch_hearing_after(struct vch_hearing *hearing, uint64_t position,
                       const struct vch_entry *entry);
void vch_hearing_end(struct vch_hearing *hearing, struct vch_state *state);

// What came of a dispute that a state has forgotten: where the window had passed, the entry that
// ends the last dispute takes the whole job along (specs/agreement.md, sections 7 and 8).
#pragma once

#include "agreement/state.h"
#include "entry/entry.h"

// `last`: the dispute as the state had it before `entry`, after which it has it no more.
enum vch_dispute_result vch_outcome_of(const struct vch_dispute *last,
                                       const struct vch_entry *entry);
// Whether the segment's verdict does not stand any more.
bool vch_outcome_overturns(enum vch_dispute_result result);

// What a verdict does: pays, fines, opens the next round, ends the job. agreement.md, section 7.
#pragma once

#include "agreement/inside.h"

// Makes sure of room for the round that follows, if one does.
vch_status vch_settle_check_next(struct vch_state *state, struct step *step,
                                 const struct vch_state_tally *tally,
                                 struct vch_complaint *complaint);
// After the step's contest ended with that tally.
void vch_settle_verdict(struct vch_state *state, const struct step *step,
                        const struct vch_state_tally *tally);
// The job ends without being decided.
void vch_settle_fail(struct vch_state *state, struct job *job, uint64_t now);
// And nothing that it waited for came: seats that waited are paid first.
void vch_settle_expire(struct vch_state *state, struct job *job, uint64_t now);

// Whether a seat revealed what the segment was decided on.
bool vch_settle_has_won(const struct segment *segment, const struct vch_seat *seat);

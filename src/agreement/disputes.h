// Disputes: two sides, the operator they differ in, and the referees' word. agreement.md,
// section 8.
#pragma once

#include "agreement/inside.h"

struct dispute *vch_disputes_find(const struct vch_state *state, const struct vch_digest *id);
// Whether a seat of the segment has to defend its verdict.
bool vch_disputes_is_defence(const struct segment *segment, const struct vch_seat *seat);
// The same of a node, in whatever rounds it was.
bool vch_disputes_defends(const struct segment *segment, const struct vch_public_key *node);

// The referees are done, with that tally in their last round.
void vch_disputes_judge(struct vch_state *state, struct dispute *dispute,
                        const struct vch_state_tally *tally, uint64_t now);
void vch_disputes_free(struct vch_state *state, struct dispute *dispute);

vch_inside_check vch_disputes_check_open, vch_disputes_check_move, vch_disputes_check_default;
vch_inside_take vch_disputes_take_open, vch_disputes_take_move, vch_disputes_take_default;

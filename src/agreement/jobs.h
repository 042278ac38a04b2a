// Jobs: opening them, their inputs, trials' results, their end. agreement.md, section 4.
#pragma once

#include "agreement/inside.h"

struct job *vch_jobs_find(const struct vch_state *state, const struct vch_digest *id);
struct segment *vch_jobs_segment(const struct job *job, uint32_t index); // NULL: not by nodes

// After anything about one of its contests changed: when it may expire.
void vch_jobs_refresh(struct vch_state *state, struct job *job);
// One more of its segments is final.
void vch_jobs_finish(struct vch_state *state, struct job *job, uint64_t now);
// Forgets those that are final and whose deadline is past.
void vch_jobs_forget(struct vch_state *state, uint64_t now);

vch_inside_check vch_jobs_check_open, vch_jobs_check_input, vch_jobs_check_expire,
    vch_jobs_check_trial_result;
vch_inside_take vch_jobs_take_open, vch_jobs_take_input, vch_jobs_take_expire,
    vch_jobs_take_trial_result;

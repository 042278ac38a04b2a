// Phases of a proof: a progress bar, and how long each took.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "annex/answer_prove.h"
#include "host/progress.h"
#include "proof/proof_prove.h"

enum { VCH_PROOF_PROGRESS_STEPS = VCH_ANSWER_PHASE_COUNT + VCH_PROOF_DONE };

struct vch_proof_progress {
    struct vch_progress bar;
    struct vch_proof_watch watch;
    uint64_t started_us;
    uint64_t began_us[VCH_PROOF_PROGRESS_STEPS + 1]; // 0: not yet
};

// The watch is for vch_proof_prove; it and the two below take the progress as context.
const struct vch_proof_watch *vch_proof_progress_start(struct vch_proof_progress *progress,
                                                       const char *label);
void vch_proof_progress_phase(void *context, enum vch_answer_phase phase);
void vch_proof_progress_proof_phase(void *context, enum vch_proof_phase phase);
void vch_proof_progress_finish(struct vch_proof_progress *progress);

// Microseconds by phase; what did not happen is left out.
json_t *vch_proof_progress_json(const struct vch_proof_progress *progress);

// The claim "attested" of a voucher: every node that answered had shown what it runs.
#pragma once

#include "base/arena.h"
#include "voucher/recount.h"
#include "voucher/verify.h"

// Fills in the finding, and what each attestation comes to. `agreed` as in vch_recount_votes.
void vch_attested_claim(struct vch_verify_report *report, const struct vch_verify_input *input,
                        const struct vch_recount *recount,
                        const struct vch_contest_finding *const *agreed, struct vch_arena *scratch);

// Judges every claim of a voucher; whether that is enough is for voucher/verify.h to say.
#pragma once

#include "base/arena.h"
#include "voucher/verify.h"

// Fills in a zeroed report. `scratch` is for the caller to rewind.
void vch_judge_claims(struct vch_verify_report *report, const struct vch_verify_input *input,
                      struct vch_arena *scratch);

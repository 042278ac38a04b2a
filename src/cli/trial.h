// The job by which a founder tries a node (specs/agreement.md, section 4), from the operands of
// `vouch entry trial` and its options.
#pragma once

#include "cli/tool.h"
#include "entry/entry.h"

// NODE MODEL FIRST:LAST INPUT OUTPUT NONCE. The job_open lies in the tool's arena.
vch_status vch_trial_make(const struct vch_entry_job_open **out, struct vch_tool *tool,
                          const struct vch_public_key *founder, const char *const *operands);
// JOB OUTPUT NONCE: what the trial is opened with.
vch_status vch_trial_make_result(struct vch_entry *out, struct vch_tool *tool,
                                 const char *const *operands);

// Accumulators of a segment: made by whoever runs it, checked by whoever holds an auditor's key.
#pragma once

#include "cli/tensors.h"

// `vouch run --accumulators FILE [--range FIRST:LAST]`: the file for these inputs.
vch_status vch_audit_segment_make(struct vch_tool *tool, const struct vch_package *package,
                                  const struct vch_tensors *inputs);

// `vouch audit --segment M.vouch --accumulators FILE --input X.npy --key K.audit`: counts the
// key's tests, makes the audit and says what it found; BAD_PROOF where something is wrong. A key
// that is not there is made.
vch_status vch_audit_segment_check(struct vch_tool *tool);

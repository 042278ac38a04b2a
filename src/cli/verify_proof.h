// The half of `vouch verify` that looks at proofs.
#pragma once

#include "annex/proof_file.h"
#include "cli/tool.h"

// Judges the proof file in `bytes` by --model, --annex, --opening, --owner and --job, and prints
// the verdicts. As vch_answer_verify.
vch_status vch_verify_proof_run(struct vch_tool *tool, const uint8_t *bytes, size_t size);

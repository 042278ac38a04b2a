// What is in annexes, their keys, proofs and openings of proofs, for `vouch inspect`.
#pragma once

#include "cli/tool.h"

// Sets `*out` where the first bytes say that the file is one of these, and leaves it otherwise.
// Nothing secret is in it.
vch_status vch_describe_proof(json_t **out, struct vch_tool *tool, const uint8_t *bytes,
                              size_t size);

// `vouch verify`: rules for evidence of hardware, and what of it is told.
#pragma once

#include <jansson.h>

#include "cli/tool.h"
#include "voucher/verify.h"

// --attest-policy, signed by a key of the policy's or of --attest-signer; `*rules` stays NULL
// without. `time_s`: when evidence is judged.
vch_status vch_verify_attested_load(const struct vch_rules **rules, struct vch_tool *tool,
                                    const struct vch_policy *policy, int64_t time_s);

// Each node's level and what decided about it; then, for every level that occurs, who may read what
// is private there.
void vch_verify_attested_print(const struct vch_verify_report *report);
void vch_verify_attested_print_level(enum vch_rules_level level);
json_t *vch_verify_attested_json(const struct vch_verify_report *report);

// How likely committees of a ledger's network are to have a dishonest majority: agreement.md,
// section 12, for the operators and weights at hand.
#pragma once

#include <jansson.h>

#include "agreement/state.h"
#include "cli/tool.h"

// `seed` is what everybody who audits the same log has: the root that it was audited up to.
vch_status vch_audit_capture_print(const struct vch_state *state, const struct vch_digest *seed,
                                   struct vch_tool *tool);
vch_status vch_audit_capture_json(json_t **out, const struct vch_state *state,
                                  const struct vch_digest *seed, struct vch_tool *tool);

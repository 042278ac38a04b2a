// The measurement of a guest of SEV-SNP, for vouch attest refvalues.
#pragma once

#include "cli/tool.h"

// Adds "measurements" to the object, where --firmware is given.
vch_status vch_attest_launch_find(json_t *out, struct vch_tool *tool);

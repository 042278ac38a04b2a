// vouch attest policy: rules for evidence written, looked at, signed.
#pragma once

#include "cli/tool.h"

vch_status vch_attest_policy_run(struct vch_tool *tool);

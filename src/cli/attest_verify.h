// `vouch attest verify`: evidence out of a file, judged by a policy.
#pragma once

#include "cli/tool.h"

vch_status vch_attest_verify_run(struct vch_tool *tool);

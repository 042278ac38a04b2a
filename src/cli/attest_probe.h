// `vouch attest probe`: what this machine's kernel grants to confine processes and keep keys.
#pragma once

#include "cli/tool.h"

vch_status vch_attest_probe_run(struct vch_tool *tool);

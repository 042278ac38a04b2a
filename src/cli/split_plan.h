// vouch split --plan: the nodes' file read, the planner asked, the plan shown.
#pragma once

#include "cli/tool.h"

vch_status vch_split_plan_run(struct vch_tool *tool, const struct vch_package *package);

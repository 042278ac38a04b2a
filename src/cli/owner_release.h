// vouch owner release: the key of sealed weights to a node that shows what it is.
#pragma once

#include "cli/tool.h"

vch_status vch_owner_release_run(struct vch_tool *tool);

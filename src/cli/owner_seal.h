// vouch owner seal: a package, sealed for whoever its owner will release the key to.
#pragma once

#include "cli/tool.h"

vch_status vch_owner_seal_run(struct vch_tool *tool);

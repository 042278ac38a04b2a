// Sealed weights of a node, by its options.
#pragma once

#include "cli/tool.h"
#include "node/weights.h"

// --sealed M.sealed, repeatable; --owner KEY; --opened FILE, or KEY.node/opened
// (cli/node_folder.h). Without the first nothing is filled in. Who unseals is the caller's to say.
vch_status vch_weights_files_load(struct vch_weights_setup *out, struct vch_tool *tool);

// Sealed weights of a node, by its options.
#pragma once

#include "agent/opened.h"
#include "cli/tool.h"
#include "node/weights.h"

// --sealed M.sealed, repeatable; --owner KEY; --opened FILE, or KEY.opened. Without the first
// nothing is filled in, and no file opened. `opened` is for whoever unseals, which is the caller's
// to say.
vch_status vch_weights_files_load(struct vch_weights_setup *out, struct vch_opened *opened,
                                  struct vch_tool *tool);

// What `vouch node` writes without being told where: files in the folder KEY.node beside its key
// file, and not beside that file itself, which a node that was taken over should not find.
#pragma once

#include "cli/tool.h"

// KEY.node/NAME; the folder is made where it is not there.
vch_status vch_node_folder_file(const char **out, struct vch_tool *tool, const char *name);

// configfs-tsm where the kernel has it: files below a folder.
#pragma once

#include "collect/tsm.h"

// `folder` has to outlive the calls.
struct vch_tsm_calls vch_tsm_files_calls(const char *folder);

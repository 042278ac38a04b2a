// System calls by an allow-list. What is not on it fails with EPERM; what only an attack asks for
// ends the process.
#pragma once

#include "confine/fence.h"
#include "confine/profile.h"

void vch_filter_enter(struct vch_fence_result *out, const struct vch_profile *profile);

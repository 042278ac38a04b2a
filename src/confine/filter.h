// System calls by an allow-list. What is not on it fails with EPERM; what only an attack asks for
// ends the process.
#pragma once

#include <stdbool.h>

#include "confine/fence.h"
#include "confine/profile.h"

// Later, for a process with all the threads that it is to have: none of them starts another. False,
// with errno, where that could not be.
bool vch_filter_settle(void);

void vch_filter_enter(struct vch_fence_result *out, const struct vch_profile *profile);

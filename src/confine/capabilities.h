// Rights of root's, one by one.
#pragma once

#include <stdbool.h>

#include "confine/fence.h"
#include "confine/profile.h"

// None is left but the profile's, in any of the five sets.
void vch_capabilities_enter(struct vch_fence_result *out, const struct vch_profile *profile);

// The same for a mask of 1 << CAP_...; false, with errno, where one is left that should not be.
bool vch_capabilities_keep(uint64_t mask);

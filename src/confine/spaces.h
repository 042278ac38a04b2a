// Namespaces of its own for this process, and a root of its own in them.
#pragma once

#include "confine/fence.h"
#include "confine/profile.h"

// On success the caller goes on as a child of what it was; that waits, and ends as the child does.
void vch_spaces_enter(struct vch_fence_result *out);

// An empty root that holds the profile's paths where they were, read-only unless it says otherwise.
void vch_spaces_root(struct vch_fence_result *out, const struct vch_profile *profile);

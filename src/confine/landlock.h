// Landlock: what files, ports and processes this thread, and what it starts, can reach from now on.
#pragma once

#include "confine/fence.h"
#include "confine/profile.h"

// The version of the interface that this kernel speaks; 0 where it has none.
uint32_t vch_landlock_version(void);

// Nothing but the profile's paths, and no TCP of its own (connecting with VCH_PROFILE_CONNECT). Of
// what newer versions know, this kernel does what it can: `why` of a grant says what is missing.
void vch_landlock_enter(struct vch_fence_result *out, const struct vch_profile *profile);

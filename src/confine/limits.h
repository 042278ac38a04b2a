// What a process may take of the machine, by the kernel's limits (setrlimit).
#pragma once

#include "confine/fence.h"
#include "confine/profile.h"

// Lowers the limits to the profile's, never raises one. Granted where all of them hold.
void vch_limits_enter(struct vch_fence_result *out, const struct vch_profile *profile);

// Bytes that this process has mapped, as the limit counts them; 0: nobody says.
uint64_t vch_limits_mapped(void);

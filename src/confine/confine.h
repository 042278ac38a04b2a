// Confines this process, for good. Meant for a child just started (child.h): it needs a process
// with one thread.
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "confine/fence.h"
#include "confine/profile.h"

struct vch_confine_facts {
    struct vch_fence_result fences[VCH_FENCE_COUNT];
};

// Puts up each fence that the profile asks for, whatever became of those before; `out` says what
// was granted. REFUSED, with a complaint, where one that the profile requires was not.
//
// Where NAMESPACES is granted, the caller goes on in a child of the process that called, which does
// nothing but wait and end as the child ends.
vch_status vch_confine_self(struct vch_confine_facts *out, const struct vch_profile *profile,
                            struct vch_complaint *complaint);

// No thread more, for a process confined by SYSCALLS that has all its threads. REFUSED.
vch_status vch_confine_settle(struct vch_complaint *complaint);

// Whether all that the profile requires was granted.
vch_status vch_confine_check(const struct vch_confine_facts *facts,
                             const struct vch_profile *profile, struct vch_complaint *complaint);

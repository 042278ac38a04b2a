#include "confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/check.h"
#include "confine/capabilities.h"
#include "confine/filter.h"
#include "confine/landlock.h"
#include "confine/limits.h"
#include "confine/spaces.h"

// Ends the step: granted, or refused with errno as it is.
static void settle(struct vch_fence_result *out, bool is_done, const char *call)
{
    if (is_done)
        out->outcome = VCH_FENCE_GRANTED;
    else
        (void)vch_fence_refuse(out, call);
}

static bool is_nowhere(int descriptor)
{
    struct stat facts;

    return fstat(descriptor, &facts) == 0 && S_ISCHR(facts.st_mode) &&
           facts.st_rdev == makedev(1, 3); // /dev/null, whatever its name is here
}

// Standard input and output stay taken, so that nothing opened later is written to by mistake. A
// starter's child has them so already, and perhaps no name for it.
static bool lead_nowhere(void)
{
    if (is_nowhere(0) && is_nowhere(1)) return true;
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    return nowhere >= 0 && dup2(nowhere, 0) == 0 && dup2(nowhere, 1) == 1;
}

// Descriptors from 3 on are closed, but those kept.
static void close_descriptors(struct vch_fence_result *out, const struct vch_profile *profile)
{
    unsigned first = 3;

    if (!lead_nowhere()) {
        (void)vch_fence_refuse(out, "/dev/null in the place of standard input and output");
        return;
    }
    for (uint32_t i = 0; i < profile->kept_count; i++) {
        unsigned kept = (unsigned)profile->kept[i];
        VCH_ASSERT(kept >= first && kept < INT_MAX);
        if (kept > first && close_range(first, kept - 1, 0) != 0) {
            (void)vch_fence_refuse(out, "close_range");
            return;
        }
        first = kept + 1;
    }
    settle(out, close_range(first, UINT_MAX, 0) == 0, "close_range");
}

static void hide_from_equals(struct vch_fence_result *out, const struct vch_profile *profile)
{
    (void)profile;
    settle(out, prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "PR_SET_DUMPABLE");
}

static void gain_nothing(struct vch_fence_result *out, const struct vch_profile *profile)
{
    (void)profile;
    settle(out, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS");
}

static void enter_namespaces(struct vch_fence_result *out, const struct vch_profile *profile)
{
    (void)profile;
    vch_spaces_enter(out);
}

typedef void put_up(struct vch_fence_result *out, const struct vch_profile *profile);

static put_up *const FENCES[VCH_FENCE_COUNT] = {
    [VCH_FENCE_DESCRIPTORS] = close_descriptors,       [VCH_FENCE_LIMITS] = vch_limits_enter,
    [VCH_FENCE_DUMPABLE] = hide_from_equals,           [VCH_FENCE_PRIVILEGES] = gain_nothing,
    [VCH_FENCE_NAMESPACES] = enter_namespaces,         [VCH_FENCE_ROOT] = vch_spaces_root,
    [VCH_FENCE_CAPABILITIES] = vch_capabilities_enter, [VCH_FENCE_LANDLOCK] = vch_landlock_enter,
    [VCH_FENCE_SYSCALLS] = vch_filter_enter,
};

// Without a mount namespace of its own, root's process would change the root of the whole machine.
static bool is_possible(struct vch_confine_facts *facts, enum vch_fence fence)
{
    struct vch_fence_result *out = &facts->fences[fence];

    if (fence != VCH_FENCE_ROOT || facts->fences[VCH_FENCE_NAMESPACES].outcome == VCH_FENCE_GRANTED)
        return true;
    out->outcome = VCH_FENCE_REFUSED;
    (void)snprintf(out->why, sizeof out->why, "needs namespaces, which were not granted");
    return false;
}

vch_status vch_confine_self(struct vch_confine_facts *out, const struct vch_profile *profile,
                            struct vch_complaint *complaint)
{
    VCH_ASSERT(profile->path_count <= VCH_PROFILE_PATHS_MAX);
    VCH_ASSERT(profile->kept_count <= VCH_PROFILE_KEPT_MAX);
    memset(out, 0, sizeof *out);
    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++)
        if ((profile->asked >> fence & 1) != 0 && is_possible(out, fence))
            FENCES[fence](&out->fences[fence], profile);
    return vch_confine_check(out, profile, complaint);
}

vch_status vch_confine_check(const struct vch_confine_facts *facts,
                             const struct vch_profile *profile, struct vch_complaint *complaint)
{
    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++) {
        const struct vch_fence_result *one = &facts->fences[fence];
        if ((profile->required >> fence & 1) != 0 && one->outcome != VCH_FENCE_GRANTED)
            return vch_complain(complaint, VCH_CODE_REFUSED,
                                "the process \"%s\" must be confined by \"%s\" (%s), which this "
                                "kernel refused: %s; `vouch attest probe` lists what it grants",
                                profile->role, vch_fence_name(fence), vch_fence_text(fence),
                                one->why);
    }
    return VCH_OK;
}

vch_status vch_confine_settle(struct vch_complaint *complaint)
{
    if (vch_filter_settle()) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "this kernel does not let a process give up starting threads: %s",
                        strerror(errno));
}

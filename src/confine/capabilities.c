#include "confine/capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { COUNT = 64 }; // bits; a kernel knows fewer capabilities

struct sets {
    struct __user_cap_data_struct halves[2];
};

static bool is_in(uint64_t mask, unsigned capability)
{
    return (mask >> capability & 1) != 0;
}

static bool read_sets(struct sets *out)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};

    return syscall(SYS_capget, &head, out->halves) == 0;
}

static bool write_sets(const struct sets *sets)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};

    return syscall(SYS_capset, &head, sets->halves) == 0;
}

// Of what is permitted, what the mask keeps; nothing goes to a program that is started.
static struct sets keep_of(const struct sets *now, uint64_t mask)
{
    struct sets out = {0};

    for (int i = 0; i < 2; i++)
        out.halves[i].permitted = out.halves[i].effective =
            now->halves[i].permitted & (uint32_t)(mask >> 32 * i);
    return out;
}

// The bounding set changes only while CAP_SETPCAP is there. Who has not got that has nothing that
// the set still bounds, once no program gains rights any more.
static bool narrow_bounds(const struct sets *now, uint64_t mask)
{
    const bool may = is_in(now->halves[0].effective, CAP_SETPCAP);

    for (unsigned capability = 0; capability < COUNT; capability++) {
        if (is_in(mask, capability) || prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1) continue;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && may) return false;
    }
    return true;
}

bool vch_capabilities_keep(uint64_t mask)
{
    struct sets now, left;

    if (!read_sets(&now) || !narrow_bounds(&now, mask)) return false;
    const struct sets kept = keep_of(&now, mask);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); // goes with the others anyway
    if (!write_sets(&kept) || !read_sets(&left)) return false;
    errno = EPERM;
    return memcmp(&left, &kept, sizeof left) == 0;
}

void vch_capabilities_enter(struct vch_fence_result *out, const struct vch_profile *profile)
{
    if (vch_capabilities_keep(profile->capabilities))
        out->outcome = VCH_FENCE_GRANTED;
    else
        (void)vch_fence_refuse(out, "capset");
}

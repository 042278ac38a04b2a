#include "confine/fence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

static const struct {
    const char *name, *text;
} STEPS[VCH_FENCE_COUNT] = {
#define X(id, name, text) {name, text},
    VCH_FENCES(X)
#undef X
};

const char *vch_fence_name(enum vch_fence step)
{
    VCH_ASSERT(step < VCH_FENCE_COUNT);
    return STEPS[step].name;
}

const char *vch_fence_text(enum vch_fence step)
{
    VCH_ASSERT(step < VCH_FENCE_COUNT);
    return STEPS[step].text;
}

const char *vch_fence_outcome_text(enum vch_fence_outcome outcome)
{
    static const char *const texts[] = {"not asked", "granted", "refused"};

    VCH_ASSERT(outcome <= VCH_FENCE_REFUSED);
    return texts[outcome];
}

// A root of its own takes mounts of its own; who could still gain rights may not narrow itself.
uint32_t vch_fence_needs(enum vch_fence fence)
{
    static const uint32_t needs[VCH_FENCE_COUNT] = {
        [VCH_FENCE_ROOT] = VCH_FENCE_BIT(NAMESPACES),
        [VCH_FENCE_LANDLOCK] = VCH_FENCE_BIT(PRIVILEGES),
        [VCH_FENCE_SYSCALLS] = VCH_FENCE_BIT(PRIVILEGES),
    };

    VCH_ASSERT(fence < VCH_FENCE_COUNT);
    return needs[fence];
}

enum vch_fence_outcome vch_fence_refuse(struct vch_fence_result *out, const char *call)
{
    (void)snprintf(out->why, sizeof out->why, "%s: %s", call, strerror(errno));
    out->outcome = VCH_FENCE_REFUSED;
    return out->outcome;
}

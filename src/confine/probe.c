#include "confine/probe.h"

#include <stdio.h>
#include <string.h>

#include "confine/child.h"
#include "confine/landlock.h"

static int do_nothing(int channel, void *context)
{
    (void)channel, (void)context;
    return 0;
}

// What became of the profile's fences in a child. One that did not live to tell is no error here.
static vch_status try_profile(struct vch_confine_facts *out, const struct vch_profile *profile,
                              struct vch_complaint *complaint)
{
    struct vch_child child;
    struct vch_complaint refusal = {0};
    struct vch_profile all = *profile;

    all.required = 0;
    vch_status status = vch_child_start(&child, &all, do_nothing, NULL, &refusal);
    *out = child.facts;
    if (vch_is_ok(status)) status = vch_child_end(&child, &refusal);
    if (vch_is_ok(status)) return VCH_OK;
    if (status.code == VCH_CODE_IO) return vch_complain(complaint, VCH_CODE_IO, "%s", refusal.text);
    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++)
        if ((profile->asked >> fence & 1) != 0) {
            out->fences[fence].outcome = VCH_FENCE_REFUSED;
            (void)snprintf(out->fences[fence].why, sizeof out->fences[fence].why, "%.100s",
                           refusal.text);
        }
    return VCH_OK;
}

static vch_status try_alone(struct vch_confine_facts *out, struct vch_complaint *complaint)
{
    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++) {
        struct vch_confine_facts facts;
        struct vch_profile profile = vch_profile_parser();
        profile.role = vch_fence_name(fence);
        profile.asked = 1u << fence | vch_fence_needs(fence);
        VCH_TRY(try_profile(&facts, &profile, complaint));
        out->fences[fence] = facts.fences[fence];
    }
    return VCH_OK;
}

static void try_secret(struct vch_probe *out)
{
    struct vch_secret secret;

    out->has_secret = vch_is_ok(vch_secret_new(&secret, 32, NULL));
    out->home = secret.home;
    vch_secret_free(&secret);
}

vch_status vch_probe_run(struct vch_probe *out, struct vch_complaint *complaint)
{
    const struct vch_profile roles[VCH_PROBE_ROLES] = {
        vch_profile_parser(),
        vch_profile_key_agent(NULL),
        vch_profile_collector(NULL),
        vch_profile_inference(NULL, 0, NULL, 0, VCH_PROFILE_ANY),
    };

    memset(out, 0, sizeof *out);
    out->landlock_version = vch_landlock_version();
    VCH_TRY(try_alone(&out->alone, complaint));
    for (uint32_t i = 0; i < VCH_PROBE_ROLES; i++) {
        struct vch_probe_role *role = &out->roles[i];
        role->role = roles[i].role;
        role->limits = roles[i].limits;
        VCH_TRY(try_profile(&role->facts, &roles[i], complaint));
        role->can_run = vch_is_ok(vch_confine_check(&role->facts, &roles[i], NULL));
    }
    try_secret(out);
    return VCH_OK;
}

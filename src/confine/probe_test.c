// The probe says what children were granted, and leaves this process as it was.
#include "confine/probe.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "harness/test.h"

TEST(probe_answers_for_every_fence_and_role)
{
    static struct vch_probe probe;

    CHECK_OK(vch_probe_run(&probe, NULL));
    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++) {
        const struct vch_fence_result *alone = &probe.alone.fences[fence];
        CHECK(alone->outcome != VCH_FENCE_NOT_ASKED);
        CHECK(alone->outcome == VCH_FENCE_GRANTED || alone->why[0] != '\0');
        for (uint32_t i = 0; i < VCH_PROBE_ROLES; i++)
            CHECK(probe.roles[i].facts.fences[fence].outcome != VCH_FENCE_NOT_ASKED);
    }
    // What every kernel grants that vouch runs on.
    CHECK_EQ(probe.alone.fences[VCH_FENCE_LIMITS].outcome, VCH_FENCE_GRANTED);
    CHECK_EQ(probe.alone.fences[VCH_FENCE_DUMPABLE].outcome, VCH_FENCE_GRANTED);
    CHECK_EQ(probe.alone.fences[VCH_FENCE_PRIVILEGES].outcome, VCH_FENCE_GRANTED);
}

TEST(probe_confines_nobody_but_its_children)
{
    static struct vch_probe probe;

    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    CHECK_OK(vch_probe_run(&probe, NULL));
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    CHECK_EQ(waitpid(-1, NULL, WNOHANG), -1); // and has waited for them
    CHECK_EQ(errno, ECHILD);
}

TEST(fence_names_are_told_apart)
{
    for (enum vch_fence a = 0; a < VCH_FENCE_COUNT; a++)
        for (enum vch_fence b = 0; b < a; b++)
            CHECK(strcmp(vch_fence_name(a), vch_fence_name(b)) != 0);
}

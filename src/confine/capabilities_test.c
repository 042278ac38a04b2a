// Root's processes lose root's rights, each in its role, and whoever starts them keeps few.
#include "confine/capabilities.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/starter.h"
#include "harness/test.h"

enum { PERMITTED, EFFECTIVE, INHERITABLE, BOUNDING, AMBIENT, SETS };

struct rights {
    uint64_t sets[SETS];
    bool gains_nothing; // by starting a program
};

static void skip_unless_root(void)
{
    if (geteuid() != 0) test_skip("only root's processes have capabilities to lose");
}

static void read_own(struct rights *out)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct halves[2];

    memset(out, 0, sizeof *out);
    CHECK_EQ(syscall(SYS_capget, &head, halves), 0);
    for (int i = 0; i < 2; i++) {
        out->sets[PERMITTED] |= (uint64_t)halves[i].permitted << 32 * i;
        out->sets[EFFECTIVE] |= (uint64_t)halves[i].effective << 32 * i;
        out->sets[INHERITABLE] |= (uint64_t)halves[i].inheritable << 32 * i;
    }
    for (unsigned long i = 0; i <= CAP_LAST_CAP; i++) {
        bool is_bounded_by = prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1;
        bool is_ambient = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1;
        out->sets[BOUNDING] |= (uint64_t)is_bounded_by << i;
        out->sets[AMBIENT] |= (uint64_t)is_ambient << i;
    }
    out->gains_nothing = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static int tell_rights(int channel, void *context)
{
    struct rights rights;

    (void)context;
    read_own(&rights);
    return vch_is_ok(vch_child_write(channel, &rights, sizeof rights)) ? 0 : 1;
}

// Without the filter, inside which it could not even ask.
static void check_has_none(const struct vch_profile *role, uint32_t without)
{
    struct vch_profile profile = *role;
    struct vch_complaint complaint = {0};
    struct rights rights;
    struct vch_child child;

    profile.asked &= ~(VCH_FENCE_BIT(SYSCALLS) | without);
    profile.required &= profile.asked;
    vch_status status = vch_child_start(&child, &profile, tell_rights, NULL, &complaint);
    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text);
    CHECK_OK(status);
    CHECK_OK(vch_child_read(child.channel, &rights, sizeof rights));
    CHECK_OK(vch_child_end(&child, NULL));
    for (int i = 0; i < SETS; i++)
        if (rights.sets[i] != 0)
            test_fail(__FILE__, __LINE__, "%s: %llx in set %d", profile.role,
                      (unsigned long long)rights.sets[i], i);
    CHECK(rights.gains_nothing);
}

TEST(capabilities_are_lost_by_each_role_with_and_without_namespaces)
{
    const struct vch_profile roles[] = {
        vch_profile_parser(), vch_profile_key_agent(NULL), vch_profile_collector(NULL),
        vch_profile_inference(NULL, 0, NULL, 0, 256 << 20), vch_profile_node(NULL, 0)};
    struct rights rights;

    skip_unless_root();
    read_own(&rights);
    if (rights.sets[PERMITTED] == 0) test_skip("this root has no capabilities to lose");
    FOR_EACH(role, roles)
    {
        CHECK((role->asked & VCH_FENCE_BIT(CAPABILITIES)) != 0);
        check_has_none(role, 0);
        check_has_none(role, VCH_FENCE_BIT(NAMESPACES) | VCH_FENCE_BIT(ROOT));
    }
}

// As the kernel shows another process.
static struct rights read_of(pid_t pid)
{
    static const char *const names[SETS] = {"CapPrm:", "CapEff:", "CapInh:", "CapBnd:", "CapAmb:"};
    char path[64], line[256];
    struct rights out = {0};

    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *status = fopen(path, "re");
    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL)
        for (int i = 0; i < SETS; i++)
            if (strncmp(line, names[i], 7) == 0) out.sets[i] = strtoull(line + 7, NULL, 16);
    CHECK_EQ(fclose(status), 0);
    return out;
}

static uint64_t all_of(const struct rights *rights)
{
    uint64_t all = 0;

    for (int i = 0; i < SETS; i++)
        all |= rights->sets[i];
    return all;
}

static int wait_for_end(int channel, void *context)
{
    uint8_t byte = 0;

    (void)context;
    return vch_child_read(channel, &byte, 1).code == VCH_CODE_TRUNCATED ? 0 : 1;
}

TEST(capabilities_of_a_starter_are_those_that_fences_take)
{
    const struct vch_profile profile = vch_profile_parser();
    const uint64_t needed =
        UINT64_C(1) << CAP_SYS_ADMIN | UINT64_C(1) << CAP_SETFCAP | UINT64_C(1) << CAP_SETPCAP;
    struct vch_complaint complaint = {0};
    struct vch_child child, direct;
    struct vch_starter starter;

    skip_unless_root();
    CHECK_OK(vch_starter_new(&starter, &profile, wait_for_end, NULL, NULL));
    const struct rights rights = read_of(starter.pid);
    CHECK_EQ(all_of(&rights) & ~needed, 0);
    CHECK_EQ(rights.sets[INHERITABLE] | rights.sets[AMBIENT], 0);
    // And they are enough: it grants what is granted without it.
    vch_status status = vch_starter_start(&starter, &child, &complaint);
    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text);
    CHECK_OK(status);
    CHECK_OK(vch_child_start(&direct, &profile, wait_for_end, NULL, NULL));
    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++)
        CHECK_EQ(child.facts.fences[fence].outcome, direct.facts.fences[fence].outcome);
    CHECK_OK(vch_child_end(&direct, NULL));
    CHECK_OK(vch_starter_end(&starter, &child, NULL));
    vch_starter_free(&starter);
}

TEST(capabilities_are_lost_by_who_waits_for_a_process_in_namespaces)
{
    const struct vch_profile profile = vch_profile_parser();
    struct vch_complaint complaint = {0};
    struct vch_child child;

    skip_unless_root();
    vch_status status = vch_child_start(&child, &profile, wait_for_end, NULL, &complaint);
    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text);
    CHECK_OK(status);
    struct rights rights = read_of(child.pid);
    while (all_of(&rights) != 0) // it does so beside its child; hangs if it does not
        rights = read_of(child.pid);
    CHECK_OK(vch_child_end(&child, NULL));
}

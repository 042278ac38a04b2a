// What a confined process tries in vain: each attempt against each fence by itself, and against
// each role. An attempt that fails without any fence shows nothing here, and is skipped by name.
#include "confine/confine.h"

#include "confine/landlock.h"
#include "harness/attempts_made.h"

enum { MEMORY = 256 << 20 }; // of address space, for those without a role of their own

// One fence, and what it stands on.
static struct vch_profile alone(enum vch_fence fence)
{
    uint32_t asked = 1u << fence | vch_fence_needs(fence);

    return (struct vch_profile){.role = vch_fence_name(fence),
                                .asked = asked,
                                .required = asked,
                                .calls = VCH_PROFILE_COMPUTE,
                                .limits = {.memory = MEMORY, .written = MEMORY, .files = 64}};
}

// What the kernel refuses is named once; whatever else is there must hold.
static void check_alone(const struct attempt *attempt, enum vch_fence fence)
{
    struct vch_profile profile = alone(fence);
    bool is_old = fence == VCH_FENCE_LANDLOCK && vch_landlock_version() < attempt->landlock_version;

    enum attempts_outcome outcome =
        is_old ? ATTEMPTS_NOT_STARTED : attempts_make(&profile, attempt);
    if (outcome == ATTEMPTS_NOT_STARTED) {
        printf("# skipped: %s against %s, which this kernel does not grant\n", attempt->what,
               vch_fence_name(fence));
        return;
    }
    bool is_deadly = fence == VCH_FENCE_SYSCALLS && attempt->is_deadly;
    if (outcome != (is_deadly ? ATTEMPTS_KILLED : ATTEMPTS_DENIED))
        test_fail(__FILE__, __LINE__, "%s against %s alone: outcome %d", attempt->what,
                  vch_fence_name(fence), outcome);
}

TEST(confine_stops_each_attempt_by_each_of_its_fences_alone)
{
    attempts_set_up();
    FOR_EACH(attempt, ATTEMPTS)
    {
        if (attempts_make(&ATTEMPTS_OPEN, attempt) != ATTEMPTS_GOT_IT) {
            printf("# skipped: %s, which fails here without any fence\n", attempt->what);
            continue;
        }
        (void)unlink(attempts_victim.created);
        for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++)
            if ((attempt->fences >> fence & 1) != 0) check_alone(attempt, fence);
    }
}

static void check_role(const struct vch_profile *profile)
{
    FOR_EACH(attempt, ATTEMPTS)
    {
        enum attempts_outcome outcome = attempts_make(profile, attempt);
        if (outcome == ATTEMPTS_NOT_STARTED)
            test_skip("this kernel does not grant what every role needs");
        if (outcome != (attempt->is_deadly ? ATTEMPTS_KILLED : ATTEMPTS_DENIED))
            test_fail(__FILE__, __LINE__, "%s by the %s: outcome %d", attempt->what, profile->role,
                      outcome);
    }
}

TEST(confine_stops_each_attempt_of_the_parser)
{
    struct vch_profile profile = vch_profile_parser();

    attempts_set_up();
    check_role(&profile);
}

TEST(confine_stops_each_attempt_of_the_key_agent)
{
    struct vch_profile profile = vch_profile_key_agent(NULL);

    attempts_set_up();
    check_role(&profile);
}

TEST(confine_stops_each_attempt_of_the_collector)
{
    struct vch_profile profile = vch_profile_collector(NULL);

    attempts_set_up();
    check_role(&profile);
}

// It may write: to its folder alone.
TEST(confine_stops_each_attempt_of_a_collector_with_a_folder)
{
    char folder[256];

    folder_make(folder, sizeof folder);
    const struct vch_profile_path path = {folder, true};
    struct vch_profile profile = vch_profile_collector(&path);
    attempts_set_up();
    profile.required |= VCH_FENCE_BIT(LANDLOCK);
    check_role(&profile);
    folder_remove(folder);
}

TEST(confine_stops_each_attempt_of_the_inference_process)
{
    struct vch_profile profile = vch_profile_inference(NULL, 0, NULL, 0, MEMORY);

    attempts_set_up();
    check_role(&profile);
}

TEST(confine_stops_each_attempt_that_no_node_makes)
{
    struct vch_profile profile = vch_profile_node(NULL, 0);

    attempts_set_up();
    profile.required = profile.asked;
    FOR_EACH(attempt, ATTEMPTS)
    {
        enum attempts_outcome outcome = attempts_make(&profile, attempt);
        enum attempts_outcome expected = attempt->is_deadly ? ATTEMPTS_KILLED : ATTEMPTS_DENIED;
        if (outcome == ATTEMPTS_NOT_STARTED)
            test_skip("this kernel does not grant a node's fences");
        if (outcome != (attempt->is_for_nodes ? ATTEMPTS_GOT_IT : expected))
            test_fail(__FILE__, __LINE__, "%s by a node: outcome %d", attempt->what, outcome);
    }
}

static int try_rename_in_folder(void)
{
    char other[320];
    int file = open(attempts_victim.created, O_RDWR | O_CREAT | O_TRUNC, 0600);

    (void)snprintf(other, sizeof other, "%s.new", attempts_victim.created);
    if (file < 0 || write(file, "x", 1) != 1 || fsync(file) != 0) return errno;
    if (ftruncate(file, 0) != 0 || rename(attempts_victim.created, other) != 0) return errno;
    return unlink(other) == 0 ? 0 : errno;
}

TEST(confine_lets_a_node_write_to_its_folder_alone)
{
    const struct attempt work = {"a journal", try_rename_in_folder, 0, 0, false, true};

    attempts_set_up();
    const struct vch_profile_path folder = {attempts_victim.folder, true},
                                  read_only = {attempts_victim.folder, false};
    struct vch_profile profile = vch_profile_node(&folder, 1);
    if (vch_landlock_version() == 0) test_skip("this kernel has no Landlock");
    CHECK_EQ(attempts_make(&profile, &work), ATTEMPTS_GOT_IT);
    profile.paths = &read_only;
    CHECK_EQ(attempts_make(&profile, &work), ATTEMPTS_DENIED);
    profile.path_count = 0;
    CHECK_EQ(attempts_make(&profile, &work), ATTEMPTS_DENIED);
}

TEST(confine_refuses_to_go_on_without_a_fence_that_is_required)
{
    const struct vch_profile_path nowhere = {.path = "/nonexistent/weights"};
    struct vch_profile profile = vch_profile_inference(&nowhere, 1, NULL, 0, MEMORY);
    struct vch_complaint complaint = {0};
    struct vch_child child;
    struct attempt any = ATTEMPTS[0];

    profile.required = VCH_FENCE_BIT(LANDLOCK);
    CHECK_FAILS(vch_child_start(&child, &profile, attempts_attack, &any, &complaint), REFUSED);
    CHECK(strstr(complaint.text, "landlock") != NULL);
    CHECK(strstr(complaint.text, "attest probe") != NULL);
    CHECK_EQ(child.facts.fences[VCH_FENCE_LANDLOCK].outcome, VCH_FENCE_REFUSED);
    CHECK_EQ(child.facts.fences[VCH_FENCE_ROOT].outcome, VCH_FENCE_REFUSED);
    CHECK(child.facts.fences[VCH_FENCE_ROOT].why[0] != '\0');
}

TEST(confine_says_what_was_not_asked)
{
    struct vch_profile profile = {.role = "limits",
                                  .asked = VCH_FENCE_BIT(LIMITS),
                                  .limits = {.memory = MEMORY, .files = 64}};
    struct vch_child child;
    struct attempt any = {"a descriptor", attempts_descriptor, 0, 0, false, true};

    attempts_set_up();
    int error = -1;
    CHECK_OK(vch_child_start(&child, &profile, attempts_attack, &any, NULL));
    CHECK_OK(vch_child_read(child.channel, &error, sizeof error));
    CHECK_OK(vch_child_end(&child, NULL));
    CHECK_EQ(error, 0); // it still has what it inherited
    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++)
        CHECK_EQ(child.facts.fences[fence].outcome,
                 fence == VCH_FENCE_LIMITS ? VCH_FENCE_GRANTED : VCH_FENCE_NOT_ASKED);
}

// What a confined process tries in vain: each attempt against each fence by itself, and against
// each role. An attempt that fails without any fence shows nothing here, and is skipped by name.
#include "confine/confine.h"

#include "confine/child.h"
#include "confine/landlock.h"
#include "harness/attempts.h"

enum { MEMORY = 256 << 20 }; // of address space, for those without a role of their own

static int attack(int channel, void *context)
{
    const struct attempt *attempt = context;
    int error = attempt->make();

    return vch_is_ok(vch_child_write(channel, &error, sizeof error)) ? 0 : 1;
}

enum outcome { GOT_IT, DENIED, KILLED, NOT_STARTED };

static enum outcome make(const struct vch_profile *profile, const struct attempt *attempt)
{
    struct vch_child child;
    struct attempt copy = *attempt;
    int error = 0;

    if (!vch_is_ok(vch_child_start(&child, profile, attack, &copy, NULL))) return NOT_STARTED;
    bool has_answer = vch_is_ok(vch_child_read(child.channel, &error, sizeof error));
    vch_status end = vch_child_end(&child, NULL);
    if (!vch_is_ok(end)) return end.code == VCH_CODE_REFUSED ? KILLED : DENIED;
    return has_answer && error != 0 ? DENIED : GOT_IT; // an exec that succeeds answers nothing
}

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

static const struct vch_profile OPEN = {.role = "open"};

// What the kernel refuses is named once; whatever else is there must hold.
static void check_alone(const struct attempt *attempt, enum vch_fence fence)
{
    struct vch_profile profile = alone(fence);
    bool is_old = fence == VCH_FENCE_LANDLOCK && vch_landlock_version() < attempt->landlock_version;

    enum outcome outcome = is_old ? NOT_STARTED : make(&profile, attempt);
    if (outcome == NOT_STARTED) {
        printf("# skipped: %s against %s, which this kernel does not grant\n", attempt->what,
               vch_fence_name(fence));
        return;
    }
    bool is_deadly = fence == VCH_FENCE_SYSCALLS && attempt->is_deadly;
    if (outcome != (is_deadly ? KILLED : DENIED))
        test_fail(__FILE__, __LINE__, "%s against %s alone: outcome %d", attempt->what,
                  vch_fence_name(fence), outcome);
}

TEST(confine_stops_each_attempt_by_each_of_its_fences_alone)
{
    attempts_set_up();
    FOR_EACH(attempt, ATTEMPTS)
    {
        if (make(&OPEN, attempt) != GOT_IT) {
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
        enum outcome outcome = make(profile, attempt);
        if (outcome == NOT_STARTED) test_skip("this kernel does not grant what every role needs");
        if (outcome != (attempt->is_deadly ? KILLED : DENIED))
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
    const uint16_t ports[] = {0};
    struct vch_profile profile = vch_profile_node(NULL, 0, ports, 1);

    attempts_set_up();
    profile.required = profile.asked;
    FOR_EACH(attempt, ATTEMPTS)
    {
        enum outcome outcome = make(&profile, attempt);
        enum outcome expected = attempt->is_deadly ? KILLED : DENIED;
        if (outcome == NOT_STARTED) test_skip("this kernel does not grant a node's fences");
        if (outcome != (attempt->is_for_nodes ? GOT_IT : expected))
            test_fail(__FILE__, __LINE__, "%s by a node: outcome %d", attempt->what, outcome);
    }
}

static int listen_at(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int ours = socket(AF_INET, SOCK_STREAM, 0);

    if (ours < 0 || bind(ours, (struct sockaddr *)&at, sizeof at) != 0) return errno;
    return listen(ours, 1) == 0 ? 0 : errno;
}

static int try_any_port(void)
{
    return listen_at(0);
}

static int try_other_port(void)
{
    return listen_at(attempts_victim.port == 47811 ? 47812 : 47811);
}

TEST(confine_lets_a_node_listen_on_its_ports_alone)
{
    const uint16_t ports[] = {0};
    const struct attempt any = {"any port", try_any_port, 0, 0, false, true};
    const struct attempt other = {"another port", try_other_port, 0, 0, false, false};
    struct vch_profile profile = vch_profile_node(NULL, 0, ports, 1);

    if (vch_landlock_version() < 4) test_skip("this kernel's Landlock does not fence ports");
    attempts_set_up();
    CHECK_EQ(make(&profile, &any), GOT_IT);
    CHECK_EQ(make(&profile, &other), DENIED);
    profile.port_count = 0;
    CHECK_EQ(make(&profile, &any), DENIED);
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
    struct vch_profile profile = vch_profile_node(&folder, 1, NULL, 0);
    if (vch_landlock_version() == 0) test_skip("this kernel has no Landlock");
    CHECK_EQ(make(&profile, &work), GOT_IT);
    profile.paths = &read_only;
    CHECK_EQ(make(&profile, &work), DENIED);
    profile.path_count = 0;
    CHECK_EQ(make(&profile, &work), DENIED);
}

TEST(confine_refuses_to_go_on_without_a_fence_that_is_required)
{
    const struct vch_profile_path nowhere = {.path = "/nonexistent/weights"};
    struct vch_profile profile = vch_profile_inference(&nowhere, 1, NULL, 0, MEMORY);
    struct vch_complaint complaint = {0};
    struct vch_child child;
    struct attempt any = ATTEMPTS[0];

    profile.required = VCH_FENCE_BIT(LANDLOCK);
    CHECK_FAILS(vch_child_start(&child, &profile, attack, &any, &complaint), REFUSED);
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
    CHECK_OK(vch_child_start(&child, &profile, attack, &any, NULL));
    CHECK_OK(vch_child_read(child.channel, &error, sizeof error));
    CHECK_OK(vch_child_end(&child, NULL));
    CHECK_EQ(error, 0); // it still has what it inherited
    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++)
        CHECK_EQ(child.facts.fences[fence].outcome,
                 fence == VCH_FENCE_LIMITS ? VCH_FENCE_GRANTED : VCH_FENCE_NOT_ASKED);
}

// What a confined process can still do: its work.
#include "confine/child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/folder.h"
#include "harness/test.h"

enum { MEMORY = 256 << 20 }; // for one that runs no model

static void start(struct vch_child *child, const struct vch_profile *profile, vch_child_work *work,
                  void *context)
{
    struct vch_complaint complaint = {0};
    vch_status status = vch_child_start(child, profile, work, context, &complaint);

    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text); // which fence, and why
    CHECK_OK(status);
}

// Adds up numbers until there are no more.
static int add(int channel, void *context)
{
    uint32_t number = 0, sum = *(uint32_t *)context;

    while (vch_is_ok(vch_child_read(channel, &number, sizeof number))) {
        sum += number;
        if (!vch_is_ok(vch_child_write(channel, &sum, sizeof sum))) return 1;
    }
    return 0;
}

TEST(child_works_for_who_started_it_until_its_channel_ends)
{
    const struct vch_profile profiles[] = {vch_profile_parser(), vch_profile_key_agent(NULL),
                                           vch_profile_inference(NULL, 0, NULL, 0, MEMORY)};
    struct vch_complaint complaint = {0};

    FOR_EACH(profile, profiles)
    {
        uint32_t sum = 7, expected = 7;
        struct vch_child child;
        start(&child, profile, add, &sum);
        for (uint32_t i = 0; i < 1000; i++) {
            expected += i;
            CHECK_OK(vch_child_write(child.channel, &i, sizeof i));
            CHECK_OK(vch_child_read(child.channel, &sum, sizeof sum));
            CHECK_EQ(sum, expected);
        }
        CHECK_OK(vch_child_end(&child, &complaint));
        CHECK_EQ(child.channel, -1);
    }
}

static int fail(int channel, void *context)
{
    (void)channel;
    return *(int *)context;
}

TEST(child_that_fails_is_told_of)
{
    struct vch_profile profile = vch_profile_parser();
    struct vch_complaint complaint = {0};
    struct vch_child child;
    int code = 3;

    start(&child, &profile, fail, &code);
    CHECK_FAILS(vch_child_end(&child, &complaint), BAD_PROOF);
    CHECK(strstr(complaint.text, "code 3") != NULL);
}

static int wait_for_ever(int channel, void *context)
{
    const volatile bool *is_over = context;

    (void)channel;
    while (!*is_over)
        (void)usleep(1000);
    return 0;
}

TEST(child_that_does_not_end_is_stopped)
{
    struct vch_profile profile = vch_profile_parser();
    struct vch_child child;
    bool is_over = false;

    start(&child, &profile, wait_for_ever, &is_over);
    pid_t pid = child.pid;
    vch_child_stop(&child);
    CHECK_EQ(waitpid(pid, NULL, WNOHANG), -1);
    CHECK_EQ(errno, ECHILD);
    vch_child_stop(&child); // twice does no harm
}

struct paths {
    char folder[256], weights[300], beside[300];
};

static void make_file(const char *path, const char *text)
{
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    CHECK(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK_EQ(close(file), 0);
}

// 0, or the number of what does not hold.
static int use_weights(int channel, void *context)
{
    const struct paths *paths = context;
    char text[8] = {0};

    (void)channel;
    int file = open(paths->weights, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 1;
    if (read(file, text, sizeof text) != 7 || memcmp(text, "weights", 7) != 0) return 2;
    if (mmap(NULL, 7, PROT_READ, MAP_PRIVATE, file, 0) == MAP_FAILED) return 3;
    if (mmap(NULL, 7, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) != MAP_FAILED) return 4;
    if (open(paths->weights, O_RDWR) >= 0) return 5;
    if (open(paths->weights, O_RDONLY | O_TRUNC) >= 0) return 6;
    if (open(paths->beside, O_RDONLY) >= 0) return 7;
    if (open("/", O_RDONLY | O_DIRECTORY) >= 0) return 8; // Landlock: not even what is there
    return 0;
}

TEST(child_reads_its_weights_and_nothing_beside_them)
{
    struct paths paths;
    struct vch_complaint complaint = {0};
    struct vch_child child;

    folder_make(paths.folder, sizeof paths.folder);
    (void)snprintf(paths.weights, sizeof paths.weights, "%s/weights", paths.folder);
    (void)snprintf(paths.beside, sizeof paths.beside, "%s/beside", paths.folder);
    make_file(paths.weights, "weights");
    make_file(paths.beside, "secrets");
    const struct vch_profile_path weights = {.path = paths.weights};
    struct vch_profile profile = vch_profile_inference(&weights, 1, NULL, 0, MEMORY);
    vch_status status = vch_child_start(&child, &profile, use_weights, &paths, &complaint);
    if (vch_is_ok(status)) status = vch_child_end(&child, &complaint);
    folder_remove(paths.folder);
    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
}

static void *answer(void *context)
{
    int peer = accept(*(int *)context, NULL, NULL);

    if (peer < 0 || write(peer, "served", 6) != 6 || close(peer) != 0) return NULL;
    return context;
}

static int serve(int channel, void *context)
{
    pthread_t thread;
    void *result = NULL;

    (void)channel;
    if (pthread_create(&thread, NULL, answer, context) != 0) return 1;
    if (pthread_join(thread, &result) != 0) return 2;
    return result == context ? 0 : 3;
}

TEST(child_serves_the_socket_that_it_was_given_with_threads)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct vch_complaint complaint = {0};
    struct vch_child child;
    char text[8] = {0};

    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(listening, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(listening, 4), 0);
    CHECK_EQ(getsockname(listening, (struct sockaddr *)&at, &size), 0);
    struct vch_profile profile = vch_profile_inference(NULL, 0, &listening, 1, MEMORY);
    start(&child, &profile, serve, &listening);
    int ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(connect(ours, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(recv(ours, text, sizeof text, MSG_WAITALL), 6);
    CHECK_EQ(memcmp(text, "served", 6), 0);
    CHECK_EQ(close(ours) | close(listening), 0);
    vch_status status = vch_child_end(&child, &complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
}

#ifndef VCH_SANITIZED // where SIGSEGV is the sanitizer's
static const struct vch_profile_limits ROOMY = {VCH_PROFILE_ANY, VCH_PROFILE_ANY, VCH_PROFILE_ANY,
                                                VCH_PROFILE_ANY};

// Whether a process that crashes leaves a core, with as much room as one could want for it unless
// fences are up.
static bool leaves_core(const struct vch_profile *profile)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    struct vch_confine_facts facts;
    int state = 0;

    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        (void)setrlimit(RLIMIT_CORE, &all);
        if (!vch_is_ok(vch_confine_self(&facts, profile, NULL))) _exit(1);
        _exit(raise(SIGSEGV));
    }
    CHECK_EQ(waitpid(child, &state, 0), child);
    if (!WIFSIGNALED(state))
        test_fail(__FILE__, __LINE__, "%s: state %x", profile->role, (unsigned)state);
    return WCOREDUMP(state);
}

TEST(child_that_crashes_leaves_no_core_by_either_fence)
{
    const struct vch_profile open = {.role = "open"};
    const uint32_t fences[] = {VCH_FENCE_BIT(LIMITS), VCH_FENCE_BIT(DUMPABLE)};
    char folder[256], before[4096];

    folder_make(folder, sizeof folder);
    CHECK(getcwd(before, sizeof before) != NULL);
    CHECK_EQ(chdir(folder), 0);
    bool left = leaves_core(&open), confined = false;
    FOR_EACH(fence, fences)
    {
        const struct vch_profile profile = {
            .role = "no core", .asked = *fence, .required = *fence, .limits = ROOMY};
        confined = confined || leaves_core(&profile);
    }
    CHECK_EQ(chdir(before), 0);
    folder_remove(folder);
    CHECK(!confined);
    if (!left) test_skip("nothing leaves a core here (kernel.core_pattern, RLIMIT_CORE)");
}
#endif

// What a role may take of the machine: enough for its work, then the kernel refuses, and who
// started it goes on.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine/child.h"
#include "harness/folder.h"
#include "harness/test.h"

enum { INFERENCE_MEMORY = 256 << 20, CHUNK = 1 << 20 };

static struct vch_profile profiles(uint32_t i)
{
    switch (i) {
    case 0: return vch_profile_parser();
    case 1: return vch_profile_key_agent(NULL);
    case 2: return vch_profile_collector(NULL);
    default: return vch_profile_inference(NULL, 0, NULL, 0, INFERENCE_MEMORY);
    }
}

enum { ROLES = 4 };

static void start(struct vch_child *child, const struct vch_profile *profile, vch_child_work *work,
                  void *context)
{
    struct vch_complaint complaint = {0};
    vch_status status = vch_child_start(child, profile, work, context, &complaint);

    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text); // which fence, and why
    CHECK_OK(status);
}

// How much it gets, and what it is told then.
struct taken {
    uint64_t size;
    int error;
};

#ifndef VCH_SANITIZED
static int take_memory(int channel, void *context)
{
    const int *kind = context;
    struct taken taken = {0};

    while (taken.error == 0 && taken.size < (uint64_t)1 << 36) {
        void *place =
            mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, *kind | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (place == MAP_FAILED)
            taken.error = errno;
        else
            taken.size += CHUNK;
    }
    return vch_is_ok(vch_child_write(channel, &taken, sizeof taken)) ? 0 : 1;
}
#endif

TEST(limits_give_each_role_its_memory_and_no_more)
{
#ifdef VCH_SANITIZED
    test_skip("a sanitizer maps terabytes: no limit of memory is set beside it");
#else
    int kinds[] = {MAP_PRIVATE, MAP_SHARED};

    for (uint32_t i = 0; i < ROLES * 2; i++) {
        const struct vch_profile profile = profiles(i / 2);
        struct taken taken;
        struct vch_child child;
        start(&child, &profile, take_memory, &kinds[i % 2]);
        CHECK_OK(vch_child_read(child.channel, &taken, sizeof taken));
        CHECK_OK(vch_child_end(&child, NULL));
        CHECK_EQ(taken.error, ENOMEM);
        CHECK(taken.size <= profile.limits.memory);
        CHECK(taken.size >= profile.limits.memory - 4 * CHUNK);
    }
#endif
}

#ifndef VCH_SANITIZED // whose allocator ends the process by itself
// Believes that there is always memory.
static int take_blindly(int channel, void *context)
{
    (void)channel, (void)context;
    for (int i = 0; i < 4096; i++) {
        volatile char *volatile place = calloc(64, CHUNK);
        *place = 1;
    }
    return 0;
}

TEST(limits_end_nobody_but_who_does_not_heed_them)
{
    for (uint32_t i = 0; i < ROLES; i++) {
        const struct vch_profile profile = profiles(i);
        struct vch_complaint complaint = {0};
        struct vch_child child;
        start(&child, &profile, take_blindly, NULL);
        CHECK_FAILS(vch_child_end(&child, &complaint), BAD_PROOF);
        CHECK(strstr(complaint.text, "signal 11") != NULL);
    }
}
#endif

static int take_descriptors(int channel, void *context)
{
    struct rlimit now;
    struct taken taken = {0};

    (void)context;
    if (getrlimit(RLIMIT_NOFILE, &now) != 0) return 1;
    taken.size = now.rlim_max;
    taken.error = getrlimit(RLIMIT_CORE, &now) == 0 ? (int)now.rlim_max : -1;
    return vch_is_ok(vch_child_write(channel, &taken, sizeof taken)) ? 0 : 1;
}

TEST(limits_leave_each_role_few_descriptors_and_no_core)
{
    for (uint32_t i = 0; i < ROLES; i++) {
        struct vch_profile profile = profiles(i);
        struct taken taken;
        struct vch_child child;
        profile.asked &= ~VCH_FENCE_BIT(SYSCALLS); // else it could not ask what its limits are
        profile.required = VCH_FENCE_BIT(LIMITS);
        start(&child, &profile, take_descriptors, NULL);
        CHECK_OK(vch_child_read(child.channel, &taken, sizeof taken));
        CHECK_OK(vch_child_end(&child, NULL));
        CHECK_EQ(taken.size, profile.limits.files);
        CHECK(taken.size <= 16);
        CHECK_EQ(taken.error, 0);
    }
}

// Writes to the log for as long as it takes.
static int fill_log(int channel, void *context)
{
    static char lines[CHUNK / 4];
    struct taken taken = {0};

    (void)context;
    memset(lines, 'x', sizeof lines);
    while (taken.error == 0 && taken.size < 64 * (uint64_t)CHUNK) {
        ssize_t put = write(STDERR_FILENO, lines, sizeof lines);
        if (put < 0)
            taken.error = errno;
        else
            taken.size += (uint64_t)put;
    }
    return vch_is_ok(vch_child_write(channel, &taken, sizeof taken)) ? 0 : 1;
}

static void check_fills(const struct vch_profile *profile)
{
    struct taken taken;
    struct vch_child child;
    struct stat facts;

    CHECK_EQ(fstat(STDERR_FILENO, &facts), 0);
    start(&child, profile, fill_log, NULL);
    CHECK_OK(vch_child_read(child.channel, &taken, sizeof taken));
    CHECK_OK(vch_child_end(&child, NULL));
    CHECK_EQ(taken.error, EFBIG);
    CHECK_EQ(taken.size, profile->limits.written);
}

TEST(limits_let_no_role_fill_the_disk_through_the_log)
{
    char folder[256], path[300];

    folder_make(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/log", folder);
    int log = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600), before = dup(2);
    CHECK(log >= 0 && before >= 0 && dup2(log, STDERR_FILENO) == STDERR_FILENO);
    for (uint32_t i = 0; i < ROLES; i++) {
        const struct vch_profile profile = profiles(i);
        check_fills(&profile); // each beyond what the one before has left
    }
    CHECK_EQ(dup2(before, STDERR_FILENO), STDERR_FILENO);
    CHECK_EQ(close(log) | close(before), 0);
    folder_remove(folder);
}

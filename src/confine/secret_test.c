// Keys are where no other process finds them: as each home promises, and no more.
#include "confine/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/child.h"
#include "harness/test.h"

enum { SIZE = 32, MASK = 0x5a };

static void make(struct vch_secret *out, enum vch_secret_home home)
{
    struct vch_complaint complaint = {0};
    vch_status status = vch_secret_new_in(out, SIZE, home, &complaint);

    if (!vch_is_ok(status)) test_skip(complaint.text);
}

TEST(secret_is_zeros_and_keeps_what_it_is_given)
{
    struct vch_complaint complaint = {0};
    struct vch_secret secret;

    if (!vch_is_ok(vch_secret_new(&secret, SIZE, &complaint))) test_skip(complaint.text);
    for (size_t i = 0; i < SIZE; i++)
        CHECK_EQ(secret.bytes[i], 0);
    memset(secret.bytes, 1, SIZE);
    CHECK_EQ(secret.bytes[SIZE - 1], 1);
    printf("# %s\n", vch_secret_home_name(secret.home));
    CHECK_EQ(vch_secret_notice(secret.home) == NULL, secret.home == VCH_SECRET_MEMFD);
    vch_secret_free(&secret);
    CHECK(secret.bytes == NULL);
    vch_secret_free(&secret); // twice does no harm
}

// Asks the kernel, which says EFAULT where a read by ourselves would be the end.
static bool is_readable(const uint8_t *bytes)
{
    int ends[2];

    if (pipe(ends) != 0) return false;
    bool is_there = write(ends[1], bytes, 1) == 1;
    (void)close(ends[0]), (void)close(ends[1]);
    return is_there;
}

TEST(secret_lies_between_pages_that_fault)
{
    struct vch_secret secret;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    for (enum vch_secret_home home = VCH_SECRET_MEMFD; home <= VCH_SECRET_LOCKED; home++) {
        if (!vch_is_ok(vch_secret_new_in(&secret, SIZE, home, NULL))) continue;
        CHECK(is_readable(secret.bytes));
        CHECK(!is_readable(secret.bytes - 1));
        CHECK(!is_readable(secret.bytes + page));
        vch_secret_free(&secret);
    }
}

// What a forked child has: 0 nothing, 1 zeros, 2 the secret.
static int seen_by_child(const struct vch_secret *secret)
{
    int state = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        if (!is_readable(secret->bytes)) _exit(0);
        for (size_t i = 0; i < SIZE; i++)
            if (secret->bytes[i] != 0) _exit(2);
        _exit(1);
    }
    CHECK_EQ(waitpid(child, &state, 0), child);
    CHECK(WIFEXITED(state));
    return WEXITSTATUS(state);
}

TEST(secret_of_memfd_is_not_there_in_a_child)
{
    struct vch_secret secret;

    make(&secret, VCH_SECRET_MEMFD);
    memset(secret.bytes, 0xaa, SIZE);
    CHECK_EQ(seen_by_child(&secret), 0);
    CHECK_EQ(secret.bytes[0], 0xaa);
    vch_secret_free(&secret);
}

TEST(secret_that_is_locked_is_zeros_in_a_child)
{
    struct vch_secret secret;

    make(&secret, VCH_SECRET_LOCKED);
    memset(secret.bytes, 0xaa, SIZE);
    CHECK_EQ(seen_by_child(&secret), 1);
    CHECK_EQ(secret.bytes[0], 0xaa);
    vch_secret_free(&secret);
}

TEST(secret_beyond_the_limit_is_refused_with_the_reason)
{
    struct vch_profile profile = {.role = "limits", .asked = VCH_FENCE_BIT(LIMITS)};
    struct vch_confine_facts facts;
    struct vch_complaint complaint = {0};
    struct vch_secret secret;
    int state = 0;

    if (geteuid() == 0) test_skip("root may lock as much as it likes");
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK_OK(vch_confine_self(&facts, &profile, NULL));
        CHECK_FAILS(vch_secret_new(&secret, SIZE, &complaint), IO);
        CHECK(strstr(complaint.text, "ulimit -l") != NULL);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &state, 0), child);
    CHECK_EQ(state, 0);
}

// A process with two random strings that it alone has: one in a secret, one in plain memory. It
// tells them one masked byte at a time, so that no copy of the secret lies about.
static uint8_t plain[SIZE];

static int hold(int channel, void *context)
{
    struct vch_secret secret;
    uint8_t end = 0;

    if (!vch_is_ok(vch_secret_new_in(&secret, SIZE, *(enum vch_secret_home *)context, NULL)))
        return 1;
    if (getrandom(secret.bytes, SIZE, 0) < 0 || getrandom(plain, SIZE, 0) != SIZE) {
        // A kernel that may not write there by itself fills nothing: then byte by byte.
        for (size_t i = 0; i < SIZE; i++) {
            uint8_t byte = 0;
            if (getrandom(&byte, 1, 0) != 1) return 2;
            secret.bytes[i] = byte;
        }
    }
    for (size_t i = 0; i < (size_t)2 * SIZE; i++) {
        uint8_t masked = (i < SIZE ? secret.bytes : plain)[i % SIZE] ^ MASK;
        if (!vch_is_ok(vch_child_write(channel, &masked, 1))) return 3;
    }
    (void)vch_child_read(channel, &end, 1);
    vch_secret_free(&secret);
    return 0;
}

// How often `wanted` lies in what can be read of [from, to).
static int count_in(int memory, uint64_t from, uint64_t to, const uint8_t *wanted)
{
    static uint8_t block[(1 << 20) + SIZE];
    int count = 0;

    for (uint64_t at = from; at < to; at += 1 << 20) {
        size_t size = to - at < sizeof block ? (size_t)(to - at) : sizeof block;
        ssize_t got = pread(memory, block, size, (off_t)at);
        if (got > 0 && memmem(block, (size_t)got, wanted, SIZE) != NULL) count++;
    }
    return count;
}

// Every mapping of process `pid`, as a debugger sees it; -1 where it may not be looked at.
static int scan(pid_t pid, const uint8_t *wanted)
{
    char path[64], line[512];
    int count = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = memory < 0 ? NULL : fopen(path, "re");
    if (maps == NULL) return -1;
    while (fgets(line, sizeof line, maps) != NULL) {
        char *middle = NULL, *end = NULL;
        uint64_t from = strtoull(line, &middle, 16), to = strtoull(middle + 1, &end, 16);
        if (end[1] == 'r' && to - from < (uint64_t)1 << 32) // not a sanitizer's shadow
            count += count_in(memory, from, to, wanted);
    }
    (void)fclose(maps);
    (void)close(memory);
    return count;
}

struct found {
    int secret, plain;
};

static struct found look_for_secret(enum vch_secret_home home, uint32_t asked)
{
    struct vch_profile profile = vch_profile_key_agent(NULL);
    struct vch_complaint complaint = {0};
    struct vch_child child;
    uint8_t told[SIZE + SIZE];
    struct found found;

    profile.asked = profile.required = asked;
    vch_status status = vch_child_start(&child, &profile, hold, &home, &complaint);
    if (vch_is_ok(status) && !vch_is_ok(vch_child_read(child.channel, told, sizeof told))) {
        vch_child_stop(&child);
        test_skip("this kernel has no such memory");
    }
    CHECK_OK(status);
    for (size_t i = 0; i < sizeof told; i++)
        told[i] ^= MASK;
    found.secret = scan(child.pid, told);
    found.plain = scan(child.pid, told + SIZE);
    CHECK_OK(vch_child_end(&child, &complaint));
    return found;
}

TEST(secret_of_memfd_is_not_found_by_a_second_process_even_of_root)
{
    struct found found = look_for_secret(VCH_SECRET_MEMFD, VCH_FENCE_BIT(LIMITS));

    if (found.plain == -1) test_skip("here no process may look at its equal");
    CHECK(found.plain > 0); // or the scan could find nothing at all
    CHECK_EQ(found.secret, 0);
}

// Locked memory of a process that is not dumpable: closed to equals, open to root, which the notice
// says. If this fails for root, the notice promises too little.
TEST(secret_that_is_locked_is_closed_to_equals_alone)
{
    struct found found = look_for_secret(VCH_SECRET_LOCKED, VCH_FENCE_BIT(DUMPABLE));

    if (geteuid() == 0 && found.plain == -1) test_skip("here root may not look at a process");
    if (geteuid() == 0)
        CHECK(found.secret > 0);
    else
        CHECK_EQ(found.secret, -1);
    CHECK(strstr(vch_secret_notice(VCH_SECRET_LOCKED), "root can read") != NULL);
}

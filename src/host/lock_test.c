// A count in a file, raised by many processes at once, some of which are killed: no two may ever
// hold the same number, and none that was given out may come again.
#include "host/lock.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "harness/test.h"
#include "host/file.h"

enum { PROCESSES = 4, TIMES = 25 };

static char path[64];

static void begin(void)
{
    uint8_t zero[4] = {0};

    memcpy(path, "/tmp/vouch-lock-test-XXXXXX", sizeof "/tmp/vouch-lock-test-XXXXXX");
    int file = mkstemp(path);
    CHECK(file >= 0);
    (void)close(file);
    CHECK_OK(vch_file_write(path, zero, sizeof zero, true, NULL));
}

static vch_status read_count(uint32_t *out)
{
    struct vch_arena arena;
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_arena_init(&arena, 1 << 20);
    vch_status status = vch_file_read(&bytes, &size, path, 4, &arena, NULL);
    if (vch_is_ok(status)) *out = vch_get_u32le(bytes);
    vch_arena_release(&arena);
    return status;
}

// The count before, which is now one more on disk.
static vch_status take_number(uint32_t *out)
{
    struct vch_lock lock;
    uint8_t raised[4];

    VCH_TRY(vch_lock_take(&lock, path, NULL));
    vch_status status = read_count(out);
    vch_put_u32le(raised, *out + 1);
    if (vch_is_ok(status)) status = vch_file_write(path, raised, sizeof raised, true, NULL);
    vch_lock_release(&lock);
    return status;
}

// Tells each number it was given, as bytes, which a pipe takes whole.
static _Noreturn void take_numbers(int pipe_end, int times)
{
    for (int i = 0; i < times; i++) {
        uint32_t number = 0;
        if (!vch_is_ok(take_number(&number))) _exit(1);
        if (write(pipe_end, &number, sizeof number) != sizeof number) _exit(1);
    }
    _exit(0);
}

static pid_t start(int pipe_end, int times)
{
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) take_numbers(pipe_end, times);
    return child;
}

static bool next_number(uint32_t *out, int pipe_end)
{
    ssize_t got = 0;

    do
        got = read(pipe_end, out, sizeof *out);
    while (got < 0 && errno == EINTR);
    return got == sizeof *out;
}

TEST(lock_gives_every_number_once)
{
    bool is_seen[PROCESSES * TIMES] = {false};
    pid_t children[PROCESSES];
    uint32_t number = 0, seen = 0;
    int ends[2], status = 0;

    begin();
    CHECK(pipe(ends) == 0);
    FOR_EACH(child, children) *child = start(ends[1], TIMES);
    FOR_EACH(child, children)
    {
        CHECK(waitpid(*child, &status, 0) == *child);
        CHECK_EQ(status, 0);
    }
    (void)close(ends[1]);
    for (; next_number(&number, ends[0]); seen++) {
        CHECK(number < PROCESSES * TIMES && !is_seen[number]);
        is_seen[number] = true;
    }
    CHECK_EQ(seen, PROCESSES * TIMES);
    (void)close(ends[0]);
    (void)unlink(path);
}

TEST(lock_loses_numbers_to_kills_but_never_gives_one_twice)
{
    bool is_seen[4096] = {false};
    uint32_t number = 0, most = 0;
    int ends[2];

    begin();
    CHECK(pipe(ends) == 0);
    for (int round = 0; round < 12; round++) {
        pid_t child = start(ends[1], 1000);
        uint32_t wanted = 1 + test_below(5);
        for (uint32_t i = 0; i < wanted && next_number(&number, ends[0]); i++) {
            CHECK(number < 4096 && !is_seen[number]);
            is_seen[number] = true;
        }
        CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    }
    (void)close(ends[1]);
    for (; next_number(&number, ends[0]); is_seen[number] = true)
        CHECK(number < 4096 && !is_seen[number]);
    for (uint32_t i = 0; i < 4096; i++)
        if (is_seen[i]) most = i;
    CHECK_OK(read_count(&number));
    CHECK(number > most);
    (void)close(ends[0]);
    (void)unlink(path);
}

TEST(lock_needs_a_file)
{
    struct vch_lock lock;
    struct vch_complaint complaint = {0};

    CHECK_FAILS(vch_lock_take(&lock, "/tmp/vouch-no-such-file/x", &complaint), IO);
    CHECK(complaint.text[0] != '\0');
}

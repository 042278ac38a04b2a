// What was opened is on disk before anybody is told, at whatever moment somebody is killed; and
// what nobody was told is cut off.
#include "agent/opened.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/folder.h"
#include "harness/test.h"

enum { RECORD = VCH_COUNTERS_RECORD_SIZE, KILLS = 40, RAISES = 400 };

static const struct vch_public_key owner = {{7}};
static struct vch_opened opened;
static struct vch_complaint complaint;
static char folder[200], path[256];

static void set_up(void)
{
    folder_make_quick(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/opened", folder);
    complaint.text[0] = '\0';
}

static void tear_down(void)
{
    vch_opened_close(&opened);
    folder_remove(folder);
}

static vch_status again(void)
{
    vch_opened_close(&opened);
    return vch_opened_open(&opened, path, &owner, &complaint);
}

static vch_status raise_to(uint8_t model, uint64_t counter)
{
    const struct vch_counters_one seen = {owner, {{model}}, counter};

    return vch_opened_raise(&opened, &seen, &complaint);
}

static uint64_t find(uint8_t model)
{
    const struct vch_digest digest = {{model}};

    return vch_counters_find(&opened.counters, &owner, &digest);
}

static off_t size_of(void)
{
    struct stat facts;

    CHECK_EQ(stat(path, &facts), 0);
    return facts.st_size;
}

TEST(opened_is_remembered_and_only_grows)
{
    struct stat facts;

    set_up();
    opened.file = -1;
    CHECK_OK(again());
    CHECK_EQ(stat(path, &facts), 0);
    CHECK_EQ(facts.st_mode & 0777, 0600);
    CHECK_EQ(find(1), 0);
    CHECK_OK(raise_to(1, 3));
    CHECK_OK(raise_to(2, 5));
    CHECK_OK(raise_to(1, 4));
    CHECK_EQ(size_of(), 3 * RECORD);
    CHECK_OK(raise_to(1, 4)); // nothing new
    CHECK_OK(raise_to(1, 2));
    CHECK_EQ(size_of(), 3 * RECORD);
    CHECK_OK(again());
    CHECK_EQ(find(1), 4);
    CHECK_EQ(find(2), 5);
    CHECK_EQ(size_of(), 2 * RECORD); // as short as it may be
    CHECK_OK(raise_to(2, 6));
    CHECK_OK(again());
    CHECK_EQ(find(1), 4);
    CHECK_EQ(find(2), 6);
    tear_down();
}

TEST(opened_has_rules_by_its_file_and_the_clock_of_this_process)
{
    const struct vch_counters_one seen = {owner, {{1}}, 9};

    set_up();
    opened.file = -1;
    CHECK_OK(again());
    const struct vch_unsealer_rules *rules = &opened.rules;
    CHECK(memcmp(&rules->owner, &owner, sizeof owner) == 0);
    CHECK(rules->now_s(rules->context) > 1700000000);
    CHECK_OK(rules->raise(rules->context, &seen, NULL));
    CHECK_EQ(vch_counters_find(rules->counters, &owner, &seen.model), 9);
    CHECK_EQ(size_of(), RECORD);
    tear_down();
}

TEST(opened_file_with_an_unfinished_end_is_mended)
{
    uint8_t bytes[3 * RECORD];

    set_up();
    opened.file = -1;
    CHECK_OK(again());
    for (uint64_t i = 1; i <= 3; i++)
        CHECK_OK(raise_to(1, i));
    CHECK_EQ(pread(opened.file, bytes, sizeof bytes, 0), (ssize_t)sizeof bytes);
    for (size_t cut = 1; cut < RECORD; cut += 7) {
        int file = open(path, O_WRONLY | O_TRUNC);
        CHECK_EQ(write(file, bytes, sizeof bytes - cut), (ssize_t)(sizeof bytes - cut));
        CHECK_EQ(close(file), 0);
        CHECK_OK(again());
        CHECK_EQ(find(1), 2);
        CHECK_EQ(size_of(), RECORD);
        CHECK_OK(raise_to(1, 3));
        CHECK_OK(again());
        CHECK_EQ(find(1), 3);
    }
    tear_down();
}

TEST(opened_file_that_was_altered_is_refused_and_left_as_it_is)
{
    uint8_t byte = 0;

    set_up();
    opened.file = -1;
    CHECK_OK(again());
    CHECK_OK(raise_to(1, 1));
    CHECK_OK(raise_to(1, 2));
    for (off_t at = RECORD; at < 2 * RECORD; at += 13) { // of the last record, too
        int file = open(path, O_RDWR);
        CHECK_EQ(pread(file, &byte, 1, at), 1);
        byte ^= 1;
        CHECK_EQ(pwrite(file, &byte, 1, at), 1);
        CHECK(!vch_is_ok(again()));
        CHECK_EQ(opened.file, -1);
        CHECK_EQ(size_of(), 2 * RECORD);
        byte ^= 1;
        CHECK_EQ(pwrite(file, &byte, 1, at), 1);
        CHECK_EQ(close(file), 0);
    }
    CHECK_OK(again());
    tear_down();
}

TEST(opened_file_that_is_a_folder_or_a_link_is_refused)
{
    set_up();
    opened.file = -1;
    CHECK_EQ(symlink("elsewhere", path), 0);
    CHECK_FAILS(again(), IO);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(mkdir(path, 0700), 0);
    CHECK_FAILS(again(), IO);
    tear_down();
}

// A disk that is full: nothing was acknowledged, and a part of a record may lie there. The next
// attempt writes over it.
TEST(opened_that_cannot_be_written_is_not_acknowledged_and_may_be_tried_again)
{
    struct rlimit limit, before;

    set_up();
    opened.file = -1;
    CHECK_OK(again());
    CHECK_OK(raise_to(1, 1));
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    limit = (struct rlimit){RECORD + 50, before.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    CHECK_FAILS(raise_to(1, 2), IO);
    CHECK_EQ(find(1), 1);
    CHECK_EQ(size_of(), RECORD + 50);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    CHECK_OK(raise_to(1, 3));
    CHECK_EQ(size_of(), 2 * RECORD);
    CHECK_OK(again());
    CHECK_EQ(find(1), 3);
    tear_down();
}

// Acknowledges each counter over the pipe, once it was raised.
static _Noreturn void raise_until_killed(int pipe, uint64_t from)
{
    if (!vch_is_ok(again())) _exit(1);
    for (uint64_t i = 1; i <= RAISES; i++) {
        const uint64_t counter = from + i;
        if (!vch_is_ok(raise_to((uint8_t)(counter % 3), counter))) _exit(1);
        if (write(pipe, &counter, sizeof counter) != sizeof counter) _exit(1);
    }
    _exit(0);
}

// Kills it once it has acknowledged so many; what it acknowledged last.
static uint64_t kill_after(uint32_t count, uint64_t from)
{
    uint64_t counter = 0, last = from;
    int ends[2];

    CHECK_EQ(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) raise_until_killed(ends[1], from);
    CHECK_EQ(close(ends[1]), 0);
    for (uint32_t i = 0; i < count && read(ends[0], &counter, sizeof counter) > 0; i++)
        last = counter;
    CHECK_EQ(kill(child, SIGKILL), 0);
    while (read(ends[0], &counter, sizeof counter) == sizeof counter)
        last = counter; // on its way when it was killed
    CHECK_EQ(close(ends[0]), 0);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    return last;
}

TEST(opened_by_who_is_killed_at_any_moment_keeps_all_that_was_acknowledged)
{
    uint64_t last = 0;

    set_up();
    opened.file = -1;
    for (uint32_t i = 0; i < KILLS; i++) {
        last = kill_after(test_below(RAISES), last);
        CHECK_OK(again());
        for (uint64_t back = 0; back < 3 && back < last; back++)
            CHECK(find((uint8_t)((last - back) % 3)) >= last - back);
        vch_opened_close(&opened);
    }
    CHECK(last > 0);
    tear_down();
}

// The second one waits until the first has ended, and sees what that has written.
TEST(opened_is_one_nodes_at_a_time)
{
    int ends[2];
    uint64_t seen = 0;

    set_up();
    opened.file = -1;
    CHECK_OK(again());
    CHECK_EQ(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        vch_opened_close(&opened); // the parent's, which still has it
        seen = vch_is_ok(again()) ? find(1) : 1000;
        _exit(write(ends[1], &seen, sizeof seen) == sizeof seen ? 0 : 1);
    }
    for (uint64_t i = 1; i <= 50; i++)
        CHECK_OK(raise_to(1, i));
    vch_opened_close(&opened);
    CHECK_EQ(read(ends[0], &seen, sizeof seen), (ssize_t)sizeof seen);
    CHECK_EQ(seen, 50);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    CHECK_EQ(close(ends[0]) + close(ends[1]), 0);
    tear_down();
}

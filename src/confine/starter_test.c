// Children of a process that can fork for who no longer can.
#include "confine/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/test.h"

static void begin(struct vch_starter *starter, vch_child_work *work, void *context)
{
    const struct vch_profile profile = vch_profile_parser();

    CHECK_OK(vch_starter_new(starter, &profile, work, context, NULL));
}

static void start(struct vch_starter *starter, struct vch_child *child)
{
    struct vch_complaint complaint = {0};
    vch_status status = vch_starter_start(starter, child, &complaint);

    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text); // which fence, and why
    CHECK_OK(status);
}

// Doubles numbers; what it is not to be asked ends it.
static int twice(int channel, void *context)
{
    uint32_t number = 0;

    (void)context;
    while (vch_is_ok(vch_child_read(channel, &number, sizeof number))) {
        if (number == 666) (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        if (number == 13) return 13;
        number *= 2;
        if (!vch_is_ok(vch_child_write(channel, &number, sizeof number))) return 1;
    }
    return 0;
}

static void check_works(struct vch_child *child)
{
    uint32_t number = 21;

    CHECK_OK(vch_child_write(child->channel, &number, sizeof number));
    CHECK_OK(vch_child_read(child->channel, &number, sizeof number));
    CHECK_EQ(number, 42);
}

TEST(starter_starts_one_after_the_other)
{
    struct vch_starter starter;
    struct vch_child child;

    begin(&starter, twice, NULL);
    for (int i = 0; i < 3; i++) {
        start(&starter, &child);
        CHECK_EQ(child.facts.fences[VCH_FENCE_SYSCALLS].outcome, VCH_FENCE_GRANTED);
        check_works(&child);
        CHECK_OK(vch_starter_end(&starter, &child, NULL));
        CHECK_EQ(child.channel, -1);
    }
    vch_starter_free(&starter);
    vch_starter_free(&starter); // twice does no harm
}

static void check_dies(struct vch_starter *starter, uint32_t word, enum vch_code code,
                       const char *why)
{
    struct vch_complaint complaint = {0};
    struct vch_child child;
    uint32_t number = word;

    start(starter, &child);
    CHECK_OK(vch_child_write(child.channel, &number, sizeof number));
    CHECK_FAILS(vch_child_read(child.channel, &number, sizeof number), TRUNCATED);
    vch_status status = vch_starter_end(starter, &child, &complaint);
    CHECK_EQ(status.code, code);
    CHECK(strstr(complaint.text, why) != NULL);
}

TEST(starter_says_how_a_child_ended_and_starts_another)
{
    struct vch_starter starter;
    struct vch_child child;

    begin(&starter, twice, NULL);
#ifndef VCH_SANITIZED
    check_dies(&starter, 666, VCH_CODE_REFUSED, "ended by the kernel");
#endif
    check_dies(&starter, 13, VCH_CODE_BAD_PROOF, "code 13");
    start(&starter, &child);
    check_works(&child);
    CHECK_OK(vch_starter_end(&starter, &child, NULL));
    vch_starter_free(&starter);
}

static int stay(int channel, void *context)
{
    const volatile bool *is_over = context;

    (void)channel;
    while (!*is_over)
        (void)usleep(1000);
    return 0;
}

TEST(starter_ends_a_child_that_does_not_end_by_itself)
{
    struct vch_complaint complaint = {0};
    struct vch_starter starter;
    struct vch_child child;
    bool is_over = false;

    begin(&starter, stay, &is_over);
    start(&starter, &child);
    CHECK_FAILS(vch_starter_end(&starter, &child, &complaint), BAD_PROOF);
    CHECK(strstr(complaint.text, "signal 9") != NULL);
    start(&starter, &child); // one that nobody ends makes way for the next
    (void)close(child.channel);
    start(&starter, &child);
    (void)close(child.channel);
    vch_starter_free(&starter);
}

TEST(starter_stops_a_child_at_once)
{
    struct vch_complaint complaint = {0};
    struct vch_starter starter;
    struct vch_child child;
    bool is_over = false;

    begin(&starter, stay, &is_over);
    start(&starter, &child);
    CHECK_FAILS(vch_starter_stop(&starter, &child, &complaint), BAD_PROOF);
    CHECK(strstr(complaint.text, "signal 9") != NULL);
    CHECK_OK(vch_starter_stop(&starter, &child, NULL)); // there is none any more
    start(&starter, &child);
    CHECK_FAILS(vch_starter_stop(&starter, &child, NULL), BAD_PROOF);
    vch_starter_free(&starter);
}

TEST(starter_that_is_gone_is_said_so)
{
    struct vch_complaint complaint = {0};
    struct vch_starter starter;
    struct vch_child child;

    begin(&starter, twice, NULL);
    start(&starter, &child);
    CHECK_EQ(kill(starter.pid, SIGKILL), 0);
    CHECK_FAILS(vch_starter_end(&starter, &child, &complaint), UNAVAILABLE);
    complaint.text[0] = '\0';
    CHECK_FAILS(vch_starter_start(&starter, &child, &complaint), UNAVAILABLE);
    CHECK(strstr(complaint.text, "anew") != NULL);
    vch_starter_free(&starter);
}

// Not even a child that heeds no channel outlives who could end it.
TEST(starter_that_is_killed_takes_its_child_with_it)
{
    struct vch_starter starter;
    struct vch_child child;
    bool is_over = false;
    uint8_t byte = 0;

    begin(&starter, stay, &is_over);
    start(&starter, &child);
    CHECK_EQ(kill(starter.pid, SIGKILL), 0);
    CHECK_FAILS(vch_child_read(child.channel, &byte, 1), TRUNCATED); // hangs if it stays
    (void)close(child.channel);
    vch_starter_free(&starter);
}

// A parent in a process of its own, with a child; says through a pipe what it is, then is killed.
static void be_parent(int out)
{
    struct vch_starter starter;
    struct vch_child child;
    uint32_t number = 1;

    begin(&starter, twice, NULL);
    bool is_started = vch_is_ok(vch_starter_start(&starter, &child, NULL));
    if (!is_started) number = 0;
    (void)!write(out, &number, sizeof number);
    for (;;)
        (void)pause();
}

TEST(starter_and_child_end_as_who_needs_them_is_killed)
{
    int ends[2];
    uint32_t number = 0;

    CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0); // who is left over becomes ours
    CHECK_EQ(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) be_parent(ends[1]);
    CHECK_EQ(read(ends[0], &number, sizeof number), sizeof number);
    CHECK_EQ(kill(parent, SIGKILL), 0);
    int count = 0;
    while (waitpid(-1, NULL, 0) > 0) // hangs if one stays
        count++;
    CHECK_EQ(errno, ECHILD);
    CHECK(count >= (number == 1 ? 2 : 1));
    CHECK_EQ(close(ends[0]) | close(ends[1]), 0);
}

// Says its number, and waits to be ended.
static int say_number(int channel, void *context)
{
    int32_t number = getpid();

    (void)context;
    if (!vch_is_ok(vch_child_write(channel, &number, sizeof number))) return 1;
    return vch_is_ok(vch_child_read(channel, &number, 1)) ? 1 : 0;
}

static bool has_namespaces(const struct vch_child *child)
{
    return child->facts.fences[VCH_FENCE_NAMESPACES].outcome == VCH_FENCE_GRANTED;
}

// The first of a process space is its number one: at first the child, then who starts it.
TEST(starter_that_moved_in_starts_children_with_the_same_fences)
{
    const struct vch_profile profile = vch_profile_parser();
    struct vch_confine_facts first = {0};
    struct vch_starter starter;
    struct vch_child child;

    CHECK_OK(vch_starter_new_inside(&starter, &profile, say_number, NULL, NULL));
    for (int i = 0; i < 4; i++) {
        int32_t number = 0;
        start(&starter, &child);
        if (i == 0) first = child.facts;
        CHECK(memcmp(&first, &child.facts, sizeof first) == 0);
        CHECK_OK(vch_child_read(child.channel, &number, sizeof number));
        if (has_namespaces(&child)) CHECK_EQ(number == 1, i == 0);
        if (i % 2 == 0)
            CHECK_OK(vch_starter_end(&starter, &child, NULL)); // or the next one ends it
        if (i % 2 == 1) CHECK_EQ(close(child.channel), 0);
    }
    vch_starter_free(&starter);
}

TEST(starter_that_moved_in_is_killed_with_its_child)
{
    const struct vch_profile profile = vch_profile_parser();
    struct vch_starter starter;
    struct vch_child child;
    bool is_over = false;
    uint8_t byte = 0;

    CHECK_OK(vch_starter_new_inside(&starter, &profile, stay, &is_over, NULL));
    for (int i = 0; i < 2; i++) {
        start(&starter, &child);
        if (i == 0) CHECK_FAILS(vch_starter_stop(&starter, &child, NULL), BAD_PROOF);
    }
    CHECK_EQ(kill(starter.pid, SIGKILL), 0);
    CHECK_FAILS(vch_child_read(child.channel, &byte, 1), TRUNCATED); // hangs if it stays
    (void)close(child.channel);
    vch_starter_free(&starter);
}

struct book {
    char path[64];
    int file;
};

static vch_status open_book(int *descriptor, void *context, struct vch_complaint *complaint)
{
    struct book *book = context;

    book->file = *descriptor = open(book->path, O_RDONLY | O_CLOEXEC);
    return *descriptor >= 0 ? VCH_OK
                            : vch_complain(complaint, VCH_CODE_UNAVAILABLE, "there is no book");
}

// Reads what it was handed, which it could not open.
static int read_book(int channel, void *context)
{
    const struct book *book = context;
    char text[4] = "";

    if (open(book->path, O_RDONLY | O_CLOEXEC) >= 0) return 1;
    if (read(book->file, text, sizeof text) != sizeof text) return 2;
    return vch_is_ok(vch_child_write(channel, text, sizeof text)) ? 0 : 3;
}

TEST(starter_opens_for_each_child_what_it_may_not_open_itself)
{
    const struct vch_profile profile = vch_profile_parser();
    struct book book = {"/tmp/vouch-test-XXXXXX", -1};
    struct vch_complaint complaint = {0};
    struct vch_starter starter;
    struct vch_child child;

    int file = mkstemp(book.path);
    CHECK(file >= 0 && close(file) == 0);
    CHECK_OK(vch_starter_new_with(&starter, &profile, read_book, open_book, &book, NULL));
    const char *const TEXTS[] = {"once", "more"};
    FOR_EACH(text, TEXTS)
    {
        char found[4];
        file = open(book.path, O_WRONLY | O_CLOEXEC);
        CHECK(file >= 0 && write(file, *text, 4) == 4 && close(file) == 0);
        start(&starter, &child);
        CHECK_OK(vch_child_read(child.channel, found, sizeof found));
        CHECK(memcmp(found, *text, 4) == 0);
        CHECK_OK(vch_starter_end(&starter, &child, NULL));
    }
    CHECK_EQ(remove(book.path), 0);
    CHECK_FAILS(vch_starter_start(&starter, &child, &complaint), UNAVAILABLE);
    CHECK(strstr(complaint.text, "no book") != NULL);
    vch_starter_free(&starter);
}

// What appears on standard error: log lines and progress bars.
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/test.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/progress.h"

static int saved_error = -1, memory_file = -1;

// Standard error becomes a file in memory.
static void begin_capture(void)
{
    saved_error = dup(STDERR_FILENO);
    memory_file = memfd_create("captured", MFD_CLOEXEC);
    CHECK(saved_error >= 0 && memory_file >= 0);
    CHECK(dup2(memory_file, STDERR_FILENO) >= 0);
}

static size_t end_capture(char *out, size_t room)
{
    CHECK(dup2(saved_error, STDERR_FILENO) >= 0);
    ssize_t size = pread(memory_file, out, room - 1, 0);
    CHECK(size >= 0);
    out[size] = '\0';
    (void)close(saved_error);
    (void)close(memory_file);
    return (size_t)size;
}

TEST(log_writes_one_line_per_event)
{
    char text[4096];

    vch_log_set_level(VCH_LOG_INFO);
    begin_capture();
    vch_log_write(VCH_LOG_INFO, "listening on port %d", 4711);
    vch_log_write(VCH_LOG_ERROR, "no");
    (void)end_capture(text, sizeof text);
    unsigned year = 0, ms = 0;
    char level[16], word[16];
    CHECK_EQ(sscanf(text, "%4u-%*2u-%*2uT%*2u:%*2u:%*2u.%3uZ %15s %15s", &year, &ms, level, word),
             4);
    CHECK(year >= 2020);
    CHECK(strcmp(level, "info") == 0);
    CHECK(strstr(text, "Z info listening on port 4711\n") != NULL);
    CHECK(strstr(text, "Z error no\n") != NULL);
}

TEST(log_escapes_control_characters)
{
    char text[4096];

    begin_capture();
    vch_log_write(VCH_LOG_ERROR, "%s",
                  "a\n2031-01-01T00:00:00.000Z info forged\r\x1b[2J\x7f\xc2\x9b");
    size_t size = end_capture(text, sizeof text);
    CHECK(strchr(text, '\n') == text + size - 1);
    for (size_t i = 0; i + 1 < size; i++)
        CHECK(text[i] >= 0x20 && text[i] <= 0x7e);
    CHECK(strstr(text, "a?2031-01-01T00:00:00.000Z info forged??[2J???\n") != NULL);
}

TEST(log_cuts_long_lines_and_still_ends_them)
{
    static char text[8192], word[4000];

    memset(word, 'w', sizeof word - 1);
    begin_capture();
    vch_log_write(VCH_LOG_ERROR, "%s", word);
    size_t size = end_capture(text, sizeof text);
    CHECK(size > 1000 && size <= 2048);
    CHECK(strchr(text, '\n') == text + size - 1);
}

TEST(log_stays_silent_below_its_level)
{
    char text[4096];

    begin_capture();
    vch_log_set_level(VCH_LOG_WARNING);
    vch_log_write(VCH_LOG_DEBUG, "debug");
    vch_log_write(VCH_LOG_INFO, "info");
    vch_log_write(VCH_LOG_WARNING, "seen");
    vch_log_set_level(VCH_LOG_DEBUG);
    vch_log_write(VCH_LOG_DEBUG, "noticed");
    vch_log_set_level(VCH_LOG_INFO);
    (void)end_capture(text, sizeof text);
    CHECK(strstr(text, "info") == NULL);
    CHECK(strstr(text, "seen") != NULL);
    CHECK(strstr(text, "debug noticed") != NULL);
}

TEST(progress_is_silent_where_there_is_no_terminal)
{
    char text[4096];
    struct vch_progress progress;

    begin_capture();
    vch_progress_start(&progress, "work", 10);
    progress.started_us = 0; // long ago
    for (uint64_t i = 0; i <= 10; i++)
        vch_progress_update(&progress, i);
    vch_progress_finish(&progress);
    CHECK_EQ(end_capture(text, sizeof text), 0);
}

static int open_terminal(int *controller)
{
    char name[64];

    *controller = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (*controller < 0 || grantpt(*controller) != 0 || unlockpt(*controller) != 0 ||
        ptsname_r(*controller, name, sizeof name) != 0)
        return -1;
    return open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

// A pseudo-terminal hands over what was written in its own time and pieces: read until the line is
// erased, or nothing more comes.
static ssize_t read_all(int controller, char *text, size_t room)
{
    size_t size = 0;

    while (size < room) {
        struct pollfd ready = {.fd = controller, .events = POLLIN};
        bool is_erased = size >= 8 && memcmp(text + size - 4, "\r\033[K", 4) == 0;
        if (poll(&ready, 1, is_erased ? 50 : 5000) <= 0) break;
        ssize_t some = read(controller, text + size, room - size);
        if (some <= 0) break;
        size += (size_t)some;
    }
    return (ssize_t)size;
}

TEST(progress_draws_on_a_terminal_and_erases_itself)
{
    char text[65536];
    struct vch_progress progress;
    int controller = -1, terminal = open_terminal(&controller);

    if (terminal < 0) {
        printf("# SKIP: this machine offers no pseudo-terminals\n");
        return;
    }
    int saved = dup(STDERR_FILENO);
    CHECK(dup2(terminal, STDERR_FILENO) >= 0);
    vch_progress_start(&progress, "proving\nmuch", UINT64_MAX);
    vch_progress_update(&progress, 1); // too early to bother anyone
    progress.started_us -= 1000000;
    uint64_t began_us = vch_clock_monotonic_us();
    for (int i = 0; i < 20000; i++)
        vch_progress_update(&progress, UINT64_MAX / 2);
    uint64_t took_us = vch_clock_monotonic_us() - began_us;
    vch_progress_finish(&progress);
    vch_progress_finish(&progress);
    CHECK(dup2(saved, STDERR_FILENO) >= 0);
    ssize_t size = read_all(controller, text, sizeof text - 1);
    (void)close(saved);
    (void)close(terminal);
    (void)close(controller);

    CHECK(size > 0);
    text[size] = '\0';
    uint64_t drawn = 0;
    for (const char *at = text; (at = strstr(at, "proving?much [")) != NULL; at++)
        drawn++;
    CHECK(drawn >= 1);
    CHECK(drawn <= 2 + took_us / 100000); // at most ten a second
    CHECK(strstr(text, "%") != NULL);
    CHECK(strcmp(text + size - 4, "\r\033[K") == 0);
    CHECK(strcmp(text + size - 8, "\r\033[K\r\033[K") != 0); // erased once
}

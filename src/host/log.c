#include "host/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"

enum { LINE_SIZE = 2048 };

static atomic_int least_level = VCH_LOG_INFO;

static const char *const names[] = {
    [VCH_LOG_DEBUG] = "debug",
    [VCH_LOG_INFO] = "info",
    [VCH_LOG_WARNING] = "warning",
    [VCH_LOG_ERROR] = "error",
};

void vch_log_set_level(enum vch_log_level least)
{
    atomic_store(&least_level, (int)least);
}

// "2025-01-31T12:34:56.789Z warning "
static size_t write_head(char *line, size_t room, enum vch_log_level level)
{
    uint64_t now_ms = vch_clock_unix_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm parts = {0};

    (void)gmtime_r(&seconds, &parts);
    size_t size = strftime(line, room, "%Y-%m-%dT%H:%M:%S", &parts);
    size += (size_t)snprintf(line + size, room - size, ".%03uZ %s ", (unsigned)(now_ms % 1000),
                             names[level]);
    return size;
}

void vch_log_write(enum vch_log_level level, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;

    if ((int)level < atomic_load(&least_level)) return;
    size_t head = write_head(line, sizeof line, level);
    va_start(args, format);
    (void)vsnprintf(line + head, sizeof line - head - 1, format, args); // cut to fit
    va_end(args);
    for (char *c = line + head; *c != '\0'; c++)
        if (*c < 0x20 || *c > 0x7e) *c = '?';
    size_t size = strlen(line);
    line[size++] = '\n';
    // One write per line, so that lines of several threads do not mix. There is nowhere to
    // complain when standard error is gone.
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written;
}

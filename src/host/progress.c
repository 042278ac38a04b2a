#include "host/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/clock.h"

enum {
    WIDTH = 24,               // of the bar
    LABEL_MAX = 28,           // printed part of the label
    PATIENCE_US = 300 * 1000, // nothing is drawn for what ends sooner
    INTERVAL_US = 100 * 1000, // between two drawings
};

static void put(const char *text, size_t size)
{
    ssize_t written = write(STDERR_FILENO, text, size);
    (void)written; // a bar that cannot be drawn is no loss
}

static void draw(const struct vch_progress *progress, uint64_t now_us)
{
    char line[256], bar[WIDTH + 1], label[LABEL_MAX + 1];
    uint64_t total = progress->total, done = progress->done;
    uint64_t elapsed_s = (now_us - progress->started_us) / 1000000;
    // Totals may be bytes: scaled down first, so that nothing overflows.
    while (total > UINT32_MAX) {
        total >>= 1;
        done >>= 1;
    }
    if (total == 0) total = done = 1;
    uint64_t percent = done * 100 / total;
    uint64_t left_s = done > 0 ? elapsed_s * (total - done) / done : 0;

    memset(bar, ' ', WIDTH);
    memset(bar, '=', (size_t)(done * WIDTH / total));
    bar[WIDTH] = '\0';
    (void)snprintf(label, sizeof label, "%s", progress->label);
    for (char *c = label; *c != '\0'; c++)
        if (*c < 0x20 || *c > 0x7e) *c = '?';
    int size = snprintf(line, sizeof line, "\r\033[K%s [%s] %3u%% %us, about %us left", label, bar,
                        (unsigned)percent, (unsigned)elapsed_s, (unsigned)left_s);
    if (size > 0) put(line, (size_t)size);
}

void vch_progress_start(struct vch_progress *progress, const char *label, uint64_t total)
{
    *progress = (struct vch_progress){
        .label = label,
        .total = total,
        .started_us = vch_clock_monotonic_us(),
        .is_shown = isatty(STDERR_FILENO),
    };
}

void vch_progress_update(struct vch_progress *progress, uint64_t done)
{
    progress->done = done < progress->total ? done : progress->total;
    if (!progress->is_shown) return;

    uint64_t now_us = vch_clock_monotonic_us();
    if (now_us - progress->started_us < PATIENCE_US) return;
    if (progress->drawn_us != 0 && now_us - progress->drawn_us < INTERVAL_US) return;
    progress->drawn_us = now_us;
    draw(progress, now_us);
}

void vch_progress_finish(struct vch_progress *progress)
{
    static const char erase[] = "\r\033[K";

    if (progress->is_shown && progress->drawn_us != 0) put(erase, sizeof erase - 1);
    progress->is_shown = 0;
}

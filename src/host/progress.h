// A progress bar on standard error, for anything that takes over a second. Silent unless standard
// error is a terminal; erased when finished.
#pragma once

#include <stdint.h>

struct vch_progress {
    const char *label; // borrowed
    uint64_t total, done;
    uint64_t started_us, drawn_us;
    int is_shown;
};

void vch_progress_start(struct vch_progress *progress, const char *label, uint64_t total);
void vch_progress_update(struct vch_progress *progress, uint64_t done); // draws at most 10 times/s
void vch_progress_finish(struct vch_progress *progress);

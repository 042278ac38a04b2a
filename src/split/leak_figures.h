// What held-out inputs and guesses at them come to.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "split/leak.h"

struct vch_leak_figures {
    const struct vch_leak *leak; // samples, image, range
    const float *originals;      // (test, targets)
    const float *blind;          // (targets): the guess without an activation
    const float *spreads;        // (targets): one unit of each
    struct vch_workers *workers;
};

// The figures of `guesses` (test, targets), except `ridge`; what is shown is copied.
vch_status vch_leak_figures_make(struct vch_leak_guess *out, const struct vch_leak_figures *of,
                                 const float *guesses, struct vch_arena *arena);

// The best column's R2 and index; 0 where no column varies.
double vch_leak_figures_best_column(uint32_t *column, const double *column_r2, uint32_t count);

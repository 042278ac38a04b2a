// Rows that only a softmax reads: what is far below the largest element of its row counts as no
// more than that, so that masks do not set the scale of what they mask.
#pragma once

#include "base/status.h"
#include "import/layers.h"

// Per value of the network: the length of its rows, and how far below the largest element of a row
// the others may be; a length of 0 for values that others read as well.
struct vch_calibrate_rows {
    uint32_t length;
    double depth;
};

vch_status vch_calibrate_rows_find(struct vch_calibrate_rows **out, const struct vch_layers *layers,
                                   struct vch_arena *arena);
// Lifts what is further below.
void vch_calibrate_rows_lift(const struct vch_calibrate_rows *rows, double *x, size_t count);

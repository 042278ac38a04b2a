// The linear inverter: ridge regression from an activation back to the input.
//
//     minimise  sum over samples |y - W x|^2 + ridge |W|^2
//
// x is centred, y are the inputs in standard units. Solved in closed form, in double, by Cholesky:
// over the features, or in the dual form over the samples (Saunders, Gammerman and Vovk, "Ridge
// regression learning algorithm in dual variables", 1998), whichever are fewer. The strength is
// the one of VCH_INVERT_LINEAR_RIDGES, relative to the mean of the system's diagonal, that does
// best on the validation samples: for an image as a whole, for each column of a table by itself,
// since one that crosses whole must not suffer from others that do not cross at all.
#pragma once

#include "base/status.h"
#include "split/inversion.h"

#define VCH_INVERT_LINEAR_RIDGES \
    { \
        1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10 \
    }
#define VCH_INVERT_LINEAR_PART_COUNT 8u // of progress: one a strength

// NO_MEMORY only.
vch_status vch_invert_linear_run(struct vch_inversion_result *out, const struct vch_inversion *of);

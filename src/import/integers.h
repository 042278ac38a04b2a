// How large whole numbers can become: what decides the type that computes with them exactly.
#pragma once

#include "base/status.h"
#include "import/layers.h"

struct vch_integers_range {
    double lo, hi; // both inside int32; meaningless for real values
};

// For every value of the network: what its layer can give for any whole numbers inside the ranges
// of the layers' inputs. `largest` (per value) says how far each input of the model goes; those of
// 8 bits and booleans go as far as their type does.
vch_status vch_integers_ranges(struct vch_integers_range **out, const struct vch_layers *layers,
                               const double *largest, struct vch_arena *arena);

// Whether the list holds whole numbers only.
bool vch_integers_are(const double *list, size_t count);

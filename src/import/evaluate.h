// Computes layers in double precision: the float model that calibration and the report refer to.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "import/layers.h"

// One layer. `inputs` point at the operands' elements, `output` at room for the result, which must
// not overlap them. `scratch` is rewound.
vch_status vch_evaluate_layer(double *output, const struct vch_layers *layers,
                              const struct vch_layer *layer, const double *const *inputs,
                              struct vch_arena *scratch);

// All layers for one sample. `values` holds a buffer for every value that is not NULL: constants
// and inputs filled in, layers' outputs written.
vch_status vch_evaluate_all(double *const *values, const struct vch_layers *layers,
                            struct vch_arena *scratch);

// Buffers for vch_evaluate_all: constants converted, everything else zero.
vch_status vch_evaluate_buffers(double ***out, const struct vch_layers *layers,
                                struct vch_arena *arena);

// Bytes of scratch that vch_evaluate_all takes.
size_t vch_evaluate_scratch(const struct vch_layers *layers);

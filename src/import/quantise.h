// Between a person's numbers and a model's integers: the client's first and last step.
// The only floats outside the importer's compile step; specs/arithmetic.md gives every rounding.
#pragma once

#include <stddef.h>

#include "base/complaint.h"
#include "base/status.h"
#include "model/graph.h"

// `count` float32 values to the port's integers: REAL: clamp(floor(x / scale + 0.5)) in binary64
// (NaN refused); KEYS: vch_trees_key (NaN refused unless trees alone read it); INTEGER: exact or
// refused. MALFORMED with a complaint.
vch_status vch_quantise_input(void *out, const struct vch_graph *graph, const struct vch_port *port,
                              const float *values, size_t count, struct vch_complaint *complaint);

// The same for whole numbers that float32 may not hold. Port: INTEGER.
vch_status vch_quantise_integers(void *out, const struct vch_graph *graph,
                                 const struct vch_port *port, const int64_t *values, size_t count,
                                 struct vch_complaint *complaint);

// A port's integers to float32: REAL: scale * q; KEYS, INTEGER, CLASS: the number itself.
void vch_quantise_output(float *out, const struct vch_graph *graph, const struct vch_port *port,
                         const void *values, size_t count);

// A port's integers as they are.
void vch_quantise_output_integers(int64_t *out, const struct vch_graph *graph,
                                  const struct vch_port *port, const void *values, size_t count);

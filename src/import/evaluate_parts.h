// The kinds of layers, each computed into `out`, whose elements are those of the layer's output.
#pragma once

#include "import/layers.h"

typedef void vch_evaluate_parts_function(double *out, const struct vch_layers *layers,
                                         const struct vch_layer *layer,
                                         const double *const *inputs);

// Products, element by element or of rows.
vch_evaluate_parts_function vch_evaluate_parts_linear, vch_evaluate_parts_matmul;
// Two operands, broadcasting: ADD, MULTIPLY, COMPARE, DIVIDE. One, with a number for each: AFFINE.
vch_evaluate_parts_function vch_evaluate_parts_pairs, vch_evaluate_parts_affine;
// Elements elsewhere.
vch_evaluate_parts_function vch_evaluate_parts_transpose, vch_evaluate_parts_slice,
    vch_evaluate_parts_pad, vch_evaluate_parts_concat, vch_evaluate_parts_gather;
// Along one axis.
vch_evaluate_parts_function vch_evaluate_parts_softmax, vch_evaluate_parts_normalise,
    vch_evaluate_parts_argmax;

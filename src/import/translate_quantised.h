// Quantised models: their integers stay as they are.
//
// What QuantizeLinear gives is two values: the real numbers on the grid of the file's scale, which
// DequantizeLinear gives back and layers compute with, and the integers, for whoever reads those.
// Nobody does in most models, and simplifying takes them away.
#pragma once

#include "import/translate.h"

// The scales of weights that are integers in the file, with their output channels along `axis`,
// after the layer's channels and weights (channels, depth) are known.
vch_status vch_translate_quantised_weights(struct vch_layer *layer, struct vch_translate *at,
                                           uint32_t value, uint32_t axis, double factor,
                                           size_t depth);

// An operator that only moves elements, on integers that stand for real numbers: moves both.
bool vch_translate_quantised_moves(const struct vch_translate *at);
vch_status vch_translate_quantised_move(struct vch_translate *at,
                                        vch_translate_function *translate);

// For translate_qlinear.c. One scale and zero point for all, or lists along an axis.
struct vch_translate_quantised_grid {
    double *steps, *zeros;
    size_t count, zero_count;
    int32_t element; // ONNX's type of the integers
    double lo, hi;   // its range
};
// From operands; `zero` may be absent. `element` stands in for the type of an absent one.
vch_status vch_translate_quantised_read(struct vch_translate_quantised_grid *out,
                                        const struct vch_translate *at, uint32_t step,
                                        uint32_t zero, int32_t element);
// Integers to the real numbers they stand for; x to integers in `output`.
vch_status vch_translate_quantised_reals(struct vch_translate *at, uint32_t x,
                                         const struct vch_translate_quantised_grid *grid,
                                         uint32_t axis, uint32_t *output);
vch_status vch_translate_quantised_integers(struct vch_translate *at, uint32_t x,
                                            const struct vch_translate_quantised_grid *grid,
                                            uint32_t output);
// One of the importer's operators on other operands, with the node's attributes.
vch_status vch_translate_quantised_apply(struct vch_translate *at,
                                         vch_translate_function *translate, const char *operator_,
                                         uint32_t *inputs, uint32_t input_count, uint32_t *output);

// Taking elements from where constants say: what most operators that move elements are made of.
#pragma once

#include "import/translate.h"

// Constants that the file does not hold.
vch_status vch_translate_pick_list(struct vch_translate *at, const struct vch_network_shape *shape,
                                   const int64_t *list, uint32_t *value);
vch_status vch_translate_pick_filled(struct vch_translate *at,
                                     const struct vch_network_shape *shape,
                                     enum vch_network_type type, double fill, uint32_t *value);
// Element `i` of such a constant.
void vch_translate_pick_set(const struct vch_network_tensor *tensor, size_t i, double number);

// `count` elements of one axis from `begin` on, by `step`; all of the others.
vch_status vch_translate_pick_slice(struct vch_translate *at, uint32_t x, uint32_t axis,
                                    int64_t begin, size_t count, int64_t step, uint32_t *output);
// Several values along one axis, more than an operator takes too.
vch_status vch_translate_pick_join(struct vch_translate *at, const uint32_t *values, size_t count,
                                   uint32_t axis, uint32_t *output);

// Elements of one axis by `indices`, all inside it: slices where they come in a few even runs.
vch_status vch_translate_pick(struct vch_translate *at, uint32_t x, uint32_t axis,
                              const int64_t *indices, size_t count, uint32_t *output);
// An output of `shape` made of the elements of x at `positions` in row-major order.
vch_status vch_translate_pick_flat(struct vch_translate *at, uint32_t x, const int64_t *positions,
                                   const struct vch_network_shape *shape, uint32_t *output);

// x[..., index, ...] by a value of whole numbers, which may be computed when the model runs.
vch_status vch_translate_pick_by(struct vch_translate *at, uint32_t x, uint32_t index,
                                 uint32_t axis, uint32_t *output);

// The value with one dimension, all its elements in row-major order.
vch_status vch_translate_pick_flatten(struct vch_translate *at, uint32_t x, uint32_t *output);

// Constant indices of an axis of `size`, those below 0 counted from the end; MALFORMED beyond it.
vch_status vch_translate_pick_indices(const int64_t **out, const struct vch_translate *at,
                                      const struct vch_network_tensor *tensor, uint32_t size);

// Layers in a row, for operators that become several: each gives a value of its own, or constants
// where its operands are. *output as for vch_translate_emit.
#pragma once

#include "import/translate.h"

// a + sign * b, a * b: broadcasting; what is constant goes into weights.
vch_status vch_translate_build_sum(struct vch_translate *at, uint32_t a, uint32_t b, double sign,
                                   uint32_t *output);
vch_status vch_translate_build_product(struct vch_translate *at, uint32_t a, uint32_t b,
                                       uint32_t *output);
// scale * x + offset
vch_status vch_translate_build_scaled(struct vch_translate *at, uint32_t x, double scale,
                                      double offset, uint32_t *output);
vch_status vch_translate_build_function(struct vch_translate *at, uint32_t x,
                                        enum vch_layer_function function, double alpha, double beta,
                                        uint32_t *output);
vch_status vch_translate_build_clamp(struct vch_translate *at, uint32_t x, double lo, double hi,
                                     uint32_t *output);
// -1, 0 or 1: the sign of a - b, clamped, and of x; 1 - x; 1 where x is not 0. Whole numbers.
vch_status vch_translate_build_compare(struct vch_translate *at, uint32_t a, uint32_t b, double lo,
                                       double hi, uint32_t *output);
vch_status vch_translate_build_sign(struct vch_translate *at, uint32_t x, uint32_t *output);
vch_status vch_translate_build_not(struct vch_translate *at, uint32_t x, uint32_t *output);
vch_status vch_translate_build_is_not_zero(struct vch_translate *at, uint32_t x, uint32_t *output);
// x as real numbers; as whole ones, by a function that rounds.
vch_status vch_translate_build_real(struct vch_translate *at, uint32_t x, uint32_t *output);
vch_status vch_translate_build_whole(struct vch_translate *at, uint32_t x,
                                     enum vch_layer_function rounding, uint32_t *output);
// a / b, broadcasting: NEAREST gives real numbers, the others whole ones.
vch_status vch_translate_build_quotient(struct vch_translate *at, uint32_t a, uint32_t b,
                                        enum vch_rounding rounding, uint32_t *output);
// Weights (channels, last axis of x) and bias (channels), both in the arena.
vch_status vch_translate_build_linear(struct vch_translate *at, uint32_t x, const double *weights,
                                      const double *bias, uint32_t channels, uint32_t *output);
// The sum of the last axis, which stays with one element, times a factor.
vch_status vch_translate_build_row_sum(struct vch_translate *at, uint32_t x, double factor,
                                       uint32_t *output);
// The largest of the last axis, which stays with one element.
vch_status vch_translate_build_row_max(struct vch_translate *at, uint32_t x, uint32_t *output);
vch_status vch_translate_build_matmul(struct vch_translate *at, uint32_t a, uint32_t b,
                                      uint32_t *output);
vch_status vch_translate_build_softmax(struct vch_translate *at, uint32_t x, uint32_t *output);
vch_status vch_translate_build_normalise(struct vch_translate *at, uint32_t x, bool is_centred,
                                         double epsilon, uint32_t *output);
// `count` elements along an axis, from `begin` by `step`.
vch_status vch_translate_build_slice(struct vch_translate *at, uint32_t x, uint32_t axis,
                                     int64_t begin, int64_t step, uint32_t count, uint32_t *output);
vch_status vch_translate_build_concat(struct vch_translate *at, uint32_t *values, uint32_t count,
                                      uint32_t axis, uint32_t *output);
// A constant of `shape`; the numbers are copied.
vch_status vch_translate_build_constant(struct vch_translate *at, const double *reals,
                                        const struct vch_network_shape *shape, uint32_t *output);

// Axes moved to the end and made one: (kept, marked together); as it is where the last axis alone
// is marked. `order` and `moved` lead back.
struct vch_translate_build_rows {
    struct vch_network_shape whole, moved;
    uint32_t order[VCH_NETWORK_RANK_MAX];
};
vch_status vch_translate_build_rows(struct vch_translate_build_rows *rows, struct vch_translate *at,
                                    uint32_t x, const bool *marks, uint32_t *output);
vch_status vch_translate_build_unrows(const struct vch_translate_build_rows *rows,
                                      struct vch_translate *at, uint32_t x, uint32_t *output);

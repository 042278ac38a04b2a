// Secret vectors over the field, cut into bytes, so that the model's own kernels form their
// products with tensors and accumulators.
//
// An element is the sum of digit[d] * 256^d, d < 8, with digits of -128..127 (or that minus p). A
// product of data with eight rows of digits is exact in int32 or int64, and eight such sums make
// one element again: nothing is ever reduced modulo 2^64.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "field/field.h"
#include "kernels/kernels.h"
#include "model/tensor.h"

#define VCH_DIGITS_COUNT 8u

struct vch_digits {
    size_t depth;
    size_t block; // so many elements lie together: eight rows of digits of them
    int8_t *bytes;
};

// Room for a vector of `depth` elements.
vch_status vch_digits_new(struct vch_digits *out, size_t depth, struct vch_arena *arena);
// The same in the caller's memory, VCH_DIGITS_COUNT bytes for each element.
struct vch_digits vch_digits_at(int8_t *bytes, size_t depth);
// Element `i` of the vector: canonical.
void vch_digits_set(const struct vch_digits *digits, size_t i, uint64_t element);

// out[i] = the product of row i of the data with the vector, in the field; `data` is (rows, depth)
// of int8 or int16.
void vch_digits_dot_i8(uint64_t *out, const struct vch_digits *digits, const int8_t *data,
                       size_t rows, const struct vch_kernels *kernels);
void vch_digits_dot_i16(uint64_t *out, const struct vch_digits *digits, const int16_t *data,
                        size_t rows, const struct vch_kernels *kernels);

// Accumulators as halves: an int32 is two int16, an int64 four, the lowest first, each signed, that
// are worth 1, 2^16, 2^32 and 2^48. What is halved is below VCH_DIGITS_I32_MAX or 2^62 in
// magnitude.
#define VCH_DIGITS_I32_MAX 2147450880 // check: 2**31 - 2**15

void vch_digits_halve_i64(int16_t *out, const int64_t *data, size_t count);
// Element `i` of a vector over accumulators of so many halves each: depth is count * halves.
void vch_digits_set_halves(const struct vch_digits *digits, size_t i, uint32_t halves,
                           uint64_t element);

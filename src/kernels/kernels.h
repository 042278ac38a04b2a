// Hot loops over arrays, one table of them per instruction set.
//
// A kernel takes plain pointers and counts, allocates nothing, and has no state. Every variant of
// a kernel returns bit-for-bit what its _portable variant returns: the portable file is the
// specification, the others are only faster. kernels_test.c holds them to it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

// One requantisation: clamp(floor((acc * multiplier + 2^(shift-1)) / 2^shift), lo, hi).
// |acc * multiplier| + 2^(shift-1) < 2^63 is the caller's promise (the graph's stored bounds).
struct vch_requantise {
    int32_t multiplier; // |multiplier| < 2^15
    uint32_t shift;     // 1..62
    int64_t lo, hi;
};

struct vch_kernels {
    enum vch_cpu_level level;

    // out[i * out_stride + j] = sum over k of a[i * depth + k] * b[j * depth + k], exact in int32:
    // depth <= VCH_DOT_I8_COUNT_MAX. Row-major a (rows, depth), b (columns, depth).
    void (*product_i8)(int32_t *out, size_t out_stride, const int8_t *a, size_t rows,
                       const int8_t *b, size_t columns, size_t depth);

    // The same for int16 a and int8 b, summed exactly in int64.
    void (*product_i16)(int64_t *out, size_t out_stride, const int16_t *a, size_t rows,
                        const int8_t *b, size_t columns, size_t depth);

    // out[i] = requantise(acc[i] + bias). The int8 variants are for lo, hi inside int8, and so on.
    void (*requantise_i32_to_i8)(int8_t *out, const int32_t *acc, size_t count, int64_t bias,
                                 const struct vch_requantise *how);
    void (*requantise_i32_to_i16)(int16_t *out, const int32_t *acc, size_t count, int64_t bias,
                                  const struct vch_requantise *how);
    void (*requantise_i64_to_i8)(int8_t *out, const int64_t *acc, size_t count, int64_t bias,
                                 const struct vch_requantise *how);
    void (*requantise_i64_to_i16)(int16_t *out, const int64_t *acc, size_t count, int64_t bias,
                                  const struct vch_requantise *how);
    void (*requantise_i64_to_i32)(int32_t *out, const int64_t *acc, size_t count, int64_t bias,
                                  const struct vch_requantise *how);
};

#define VCH_DOT_I8_COUNT_MAX 131071u // check: (2**31 - 1) // 128**2

// The kernels for `level`, falling back to the next lower level where a variant is missing.
struct vch_kernels vch_kernels_select(enum vch_cpu_level level);

// The definition of one requantisation, which every kernel equals.
int64_t vch_requantise_one(int64_t acc, const struct vch_requantise *how);

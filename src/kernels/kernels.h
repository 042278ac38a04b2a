// Hot loops over arrays, one table of them per instruction set.
//
// A kernel takes plain pointers and counts, allocates nothing, and has no state. Every variant of
// a kernel returns bit-for-bit what its _portable variant returns: the portable file is the
// specification, the others are only faster. kernels_test.c holds them to it.
#pragma once

#include <stdbool.h>
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

struct vch_add {
    int32_t multipliers[2]; // |M| < 2^15
    uint32_t shift;         // 1..31
    int32_t lo, hi;         // inside the output's type
};

// Products over packed operands, requantised as they leave the registers: the inner loop of LINEAR
// and CONVOLUTION. Each level wants weights and activations in its own way (packing.h does it):
// weights once, in panels of channels; activations for each tile of places.
struct vch_packing {
    uint32_t panel;       // channels whose weights lie side by side
    uint32_t group;       // terms of one channel that lie together
    uint32_t weight_size; // bytes of a packed weight: 1, or 2 where it is widened
    uint32_t input_size;  // bytes of a laid out activation: 1, or 2
    uint32_t input_flip;  // 0, or 0x80: exclusive-or of each laid out byte, which adds 128
};

// The terms of a sum are `run_count` runs of `run_steps` groups. Place i of a tile begins at byte
// places[i] of the activations, and run r lies runs[r] bytes further. What lies past the end of a
// run meets weights of 0, so that it must be readable and may be anything.
//
//     sum(i, n) = sum over runs r, terms k of x(i, r, k) * w(n, r, k)
//     out(i, n) = clamp(floor((sum * multipliers[n] + addends[n]) / 2^shifts[n]), lo, hi)
//
// with addends[n] = bias * multiplier + 2^(shift-1): one requantisation as above, under the same
// promise.
struct vch_panels {
    const void *weights;
    const int32_t *starts; // packing.h; the four arrays have an entry for each channel of a panel
    const int64_t *addends;
    const int32_t *multipliers;
    const uint32_t *shifts;
    const uint32_t *runs;
    uint32_t run_count, run_steps;
    uint32_t block_runs; // so many runs sum up exactly in int32; panels_i8: all of them do
    uint32_t channels;
    uint32_t out_size; // bytes of an output: 1, 2 or 4
    bool is_narrow;    // floor(...) fits int32 before it is clamped
    int32_t lo, hi;    // inside the output's type
};

struct vch_kernels {
    enum vch_cpu_level level;

    // out[i * out_stride + n] for `count` places and the channels [first, last), where first is
    // the first of a panel, and last is too or is the end. panels_i16 is for int16 activations,
    // and for int8 ones widened to int16 whose sums int32 does not hold.
    struct vch_packing packing_i8, packing_i16;
    void (*panels_i8)(void *out, size_t out_stride, const void *x, const uint32_t *places,
                      size_t count, const struct vch_panels *panels, size_t first, size_t last);
    void (*panels_i16)(void *out, size_t out_stride, const void *x, const uint32_t *places,
                       size_t count, const struct vch_panels *panels, size_t first, size_t last);
    // The same for sums of one channel each: nothing is packed or flipped, weights are (run_count,
    // channels), and run t is one row of channels, x(i, t, n), so that
    // sum(i, n) = sum over t of x(i, t, n) * w(t, n).
    void (*depthwise_i8)(void *out, size_t out_stride, const int8_t *x, const uint32_t *places,
                         size_t count, const struct vch_panels *panels);
    void (*depthwise_i16)(void *out, size_t out_stride, const int16_t *x, const uint32_t *places,
                          size_t count, const struct vch_panels *panels);

    // The last step of these alone, for sums that are there, row-major (count, channels):
    // sum(i, n) = sums[i * channels + n]. Of `panels` it reads what follows a sum.
    void (*rescale_i32)(void *out, size_t out_stride, const int32_t *sums, size_t count,
                        const struct vch_panels *panels);

    // out[i] = x[i] as panels_i8 wants it: flipped, or widened.
    void (*lay_i8)(void *out, const int8_t *x, size_t count);
    // out[j * out_stride + i] = x[i * x_stride + j]: i < rows, j < columns.
    void (*transpose_i8)(int8_t *out, size_t out_stride, const int8_t *x, size_t x_stride,
                         size_t rows, size_t columns);
    void (*transpose_i16)(int16_t *out, size_t out_stride, const int16_t *x, size_t x_stride,
                          size_t rows, size_t columns);

    // out[i * channels + c] = the largest x[places[i] + taps[t] + c] of tap_count >= 1 taps.
    // Offsets are in elements here.
    void (*max_pool_i8)(int8_t *out, const int8_t *x, const uint32_t *places, size_t count,
                        const uint32_t *taps, size_t tap_count, size_t channels);
    void (*max_pool_i16)(int16_t *out, const int16_t *x, const uint32_t *places, size_t count,
                         const uint32_t *taps, size_t tap_count, size_t channels);
    // sums[c] = the sum of x[taps[t] + c], exact in int32: tap_count <= VCH_SUM_TAPS_MAX.
    void (*sum_taps_i8)(int32_t *sums, const int8_t *x, const uint32_t *taps, size_t tap_count,
                        size_t channels);
    void (*sum_taps_i16)(int32_t *sums, const int16_t *x, const uint32_t *taps, size_t tap_count,
                         size_t channels);

    // out[i] = clamp(floor((a[i] * multipliers[0] + b[i] * multipliers[1] + 2^(shift-1)) /
    // 2^shift), lo, hi): ADD, and RESCALE with a second multiplier of 0. The sum with its half is
    // below 2^31: the caller's promise.
    void (*add_i8)(int8_t *out, const int8_t *a, const int8_t *b, size_t count,
                   const struct vch_add *how);
    void (*add_i16)(int16_t *out, const int16_t *a, const int16_t *b, size_t count,
                    const struct vch_add *how);

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

    // Is every |x[i]| <= bound, which is at least 0?
    bool (*is_within_i32)(const int32_t *x, size_t count, int32_t bound);
    // x[i] = out[2 * i] + 2^16 out[2 * i + 1], for |x[i]| < 2^31 - 2^15.
    void (*halve_i32)(int16_t *out, const int32_t *x, size_t count);

    // Multiplies and adds in registers alone, as fast as the level can: what products are measured
    // against. Tells how many multiplications that was; `sink` is 64 bytes, read and written.
    uint64_t (*peak)(size_t rounds, void *sink);
};

#define VCH_DOT_I8_COUNT_MAX 131071u // check: (2**31 - 1) // 128**2
#define VCH_DOT_I16_COUNT_MAX 516u   // check: (2**31 - 1) // (2**15 * 127)
#define VCH_SUM_TAPS_MAX 65538u      // check: (2**31 - 1) // (2**15 - 1)

// The kernels for `level`, falling back to the next lower level where a variant is missing.
struct vch_kernels vch_kernels_select(enum vch_cpu_level level);

// The definition of one requantisation, which every kernel equals.
int64_t vch_requantise_one(int64_t acc, const struct vch_requantise *how);

// NumPy's .npy (format 1.0 to 3.0) and .npz files: arrays of numbers, as inputs and calibration.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"

#define VCH_NPY_RANK_MAX 8
#define VCH_NPY_COUNT_MAX ((size_t)1 << 30)

struct vch_npy {
    uint32_t rank;
    uint64_t dims[VCH_NPY_RANK_MAX];
    size_t count;
    float *values; // in the arena, row-major, converted from f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1
    // The numbers themselves, where they are whole and float32 rounded one of them; else NULL. What
    // is beyond int64 is its largest number.
    int64_t *integers;
};

// C and Fortran order, either byte order. Objects, strings and complex numbers are refused.
vch_status vch_npy_decode(struct vch_npy *out, const uint8_t *bytes, size_t size,
                          struct vch_arena *arena, struct vch_complaint *complaint);

// .npz: the array called `name` (NULL: the only one), stored or deflated.
vch_status vch_npy_decode_archive(struct vch_npy *out, const char *name, const uint8_t *bytes,
                                  size_t size, struct vch_arena *arena,
                                  struct vch_complaint *complaint);

// A .npy of float32, format 1.0, in the arena.
vch_status vch_npy_encode(uint8_t **out, size_t *size, const float *values, const uint64_t *dims,
                          uint32_t rank, struct vch_arena *arena);
// Likewise of int64.
vch_status vch_npy_encode_integers(uint8_t **out, size_t *size, const int64_t *values,
                                   const uint64_t *dims, uint32_t rank, struct vch_arena *arena);

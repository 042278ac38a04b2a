// What the elements of a NumPy array look like in the file, and their way to float32.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

struct vch_npy_type {
    char kind;     // 'f', 'i', 'u' or 'b'
    uint32_t size; // bytes: f 2 4 8, i and u 1 2 4 8, b 1
    bool is_big_endian;
};

// `text` is NumPy's descr, such as "<f4". UNSUPPORTED for any type that is not a real number.
vch_status vch_npy_type_parse(struct vch_npy_type *out, const char *text, size_t size,
                              struct vch_complaint *complaint);

// The number at `bytes`, rounded to the nearest float32 (ties to even). A finite float64 beyond
// float32 becomes an infinity.
float vch_npy_type_read(const struct vch_npy_type *type, const uint8_t *bytes);

// The number at `bytes` of an array of whole numbers; beyond int64 its largest number.
int64_t vch_npy_type_read_integer(const struct vch_npy_type *type, const uint8_t *bytes);

// Did reading this element turn a finite float64 into an infinity?
bool vch_npy_type_is_overflow(const struct vch_npy_type *type, const uint8_t *bytes, float value);

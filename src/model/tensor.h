// A tensor: integers of one type in row-major order.
//
// Shapes are per sample. A batch is an outer dimension that every tensor of a run shares and no
// graph mentions: a tensor of `batch` samples is `batch` consecutive tensors in memory.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "crypto/commitment.h"
#include "crypto/hash.h"

#define VCH_RANK_MAX 6
#define VCH_TENSOR_COUNT_MAX (1u << 28) // elements of one sample
#define VCH_BATCH_MAX 4096u

enum vch_type {
    VCH_TYPE_I8 = 1,
    VCH_TYPE_I16 = 2,
    VCH_TYPE_I32 = 3,
    VCH_TYPE_I64 = 4,
};

struct vch_shape {
    uint32_t rank; // 0..VCH_RANK_MAX; rank 0 is a scalar
    uint32_t dims[VCH_RANK_MAX];
};

struct vch_tensor {
    enum vch_type type;
    struct vch_shape shape;
    void *data; // borrowed; little-endian, row-major, vch_tensor_size bytes a sample
};

bool vch_tensor_is_type(uint32_t type);               // is the number one of enum vch_type?
size_t vch_tensor_type_size(enum vch_type type);      // 1, 2, 4, 8
const char *vch_tensor_type_name(enum vch_type type); // "int8", ...
int64_t vch_tensor_type_min(enum vch_type type);      // symmetric for I8 and I16: -127, -32767
int64_t vch_tensor_type_max(enum vch_type type);

// Element i of an array of `type`. Here, so that loops over them are specialised by the compiler.
static inline int64_t vch_tensor_load(enum vch_type type, const void *data, size_t i)
{
    switch (type) {
    case VCH_TYPE_I8: return ((const int8_t *)data)[i];
    case VCH_TYPE_I16: return ((const int16_t *)data)[i];
    case VCH_TYPE_I32: return ((const int32_t *)data)[i];
    case VCH_TYPE_I64: return ((const int64_t *)data)[i];
    }
    return 0;
}

// LIMIT when the rank, a dimension (0 is refused) or the product is out of range.
vch_status vch_tensor_shape_check(const struct vch_shape *shape);
size_t vch_tensor_shape_count(const struct vch_shape *shape); // of a checked shape
bool vch_tensor_shape_is_equal(const struct vch_shape *a, const struct vch_shape *b);
size_t vch_tensor_size(const struct vch_tensor *tensor); // bytes of one sample

// VCH_OK when every element is inside its type's symmetric range (int8 -128 and int16 -32768 are
// refused: the bounds of the whole model rest on it); MALFORMED otherwise.
vch_status vch_tensor_check_range(const struct vch_tensor *tensor, uint32_t batch);

// What signatures and commitments speak of: type, shape, batch and every byte.
struct vch_digest vch_tensor_digest(const struct vch_tensor *tensor, uint32_t batch);

// The hiding commitment to that digest, of kind 1.
struct vch_digest vch_tensor_commit(const struct vch_tensor *tensor, uint32_t batch,
                                    const struct vch_nonce *nonce);
// The commitment of kind 2 to what has this type, shape and batch, and as matrix of 2^log_columns
// cells a row this root. Of the tensor's data nothing is read: the root holds and hides it.
struct vch_digest vch_tensor_commit_root(const struct vch_tensor *tensor, uint32_t batch,
                                         uint32_t log_columns, const struct vch_digest *root);

// The header of a .npy file: a magic string, a version, and a Python dictionary in text.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "import/npy.h"
#include "import/npy_type.h"

#define VCH_NPY_HEADER_SIZE_MAX 65536u

struct vch_npy_header {
    struct vch_npy_type type;
    bool is_fortran_order;
    uint32_t rank;
    uint64_t dims[VCH_NPY_RANK_MAX];
    size_t count;       // elements: the product of dims, 1..VCH_NPY_COUNT_MAX
    size_t data_offset; // of the first element in the file
};

// Refuses whatever is not exactly the dictionary that NumPy writes: descr, fortran_order and
// shape, each once. TRUNCATED, MALFORMED, LIMIT, UNSUPPORTED.
vch_status vch_npy_header_decode(struct vch_npy_header *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint);

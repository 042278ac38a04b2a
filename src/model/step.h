// One operator of a run: its definition in specs/arithmetic.md, turned into loops over kernels.
//
// A step reads its operands and writes its output, both whole batches. Work is divided by problem
// size into tasks that write disjoint parts, so that neither threads nor batch size can change a
// byte. Everything has been checked before: graph, parameters, operands' ranges.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/workers.h"
#include "kernels/kernels.h"
#include "model/graph.h"
#include "model/prepare.h"

struct vch_step {
    const struct vch_graph *graph;
    const struct vch_operator *operator_;
    const void *prepared; // by vch_step_prepare
    uint32_t batch;
    const struct vch_kernels *kernels;
    struct vch_workers *workers;
    const void *inputs[VCH_GRAPH_OPERANDS_MAX];
    void *output;
    uint8_t *scratch; // vch_step_scratch_size bytes, 64-byte aligned
};

// CONVOLUTION writes channel-last images (H, W, C) and pooling reads and writes them, which the
// shapes of their values say; everyone else follows the operator's definition. A convolution reads
// either order, as `is_channel_last` says. Programs (program.h) see to it.
//
// Fills `out` with what the operator needs; NULL where that is nothing. NO_MEMORY.
vch_status vch_step_prepare(const void **out, struct vch_prepare *prepare,
                            const struct vch_operator *operator_, bool is_channel_last);
// Scratch bytes of a prepared operator for a batch, from shapes alone.
size_t vch_step_scratch_size(const struct vch_graph *graph, const struct vch_operator *operator_,
                             const void *prepared, uint32_t batch);
void vch_step_execute(const struct vch_step *step);
// Does the level lay out this convolution of row-major values as patches, which come from row-major
// images alone?
bool vch_step_convolution_is_patched(const struct vch_graph *graph,
                                     const struct vch_operator *operator_,
                                     const struct vch_kernels *kernels);

// The pool, or NULL where `work` (multiplications, or as many simple operations) is too little to
// be worth waking threads for. Depends on the problem alone.
struct vch_workers *vch_step_workers(const struct vch_step *step, uint64_t work);

const struct vch_value *vch_step_input(const struct vch_step *step, uint32_t i);
const struct vch_value *vch_step_output(const struct vch_step *step);
const void *vch_step_parameter(const struct vch_step *step, uint32_t i); // its bytes; NULL if none

static inline void vch_step_store(enum vch_type type, void *data, size_t i, int64_t value)
{
    switch (type) {
    case VCH_TYPE_I8: ((int8_t *)data)[i] = (int8_t)value; return;
    case VCH_TYPE_I16: ((int16_t *)data)[i] = (int16_t)value; return;
    case VCH_TYPE_I32: ((int32_t *)data)[i] = (int32_t)value; return;
    case VCH_TYPE_I64: ((int64_t *)data)[i] = value; return;
    }
}

// Work of `tiles` parts is cut into pieces worth a thread's while, at most
// VCH_STEP_PIECES_MAX, by size alone. A piece does the tiles [first, last).
#define VCH_STEP_PIECES_MAX 64u
struct vch_step_part {
    size_t first, last;
};
size_t vch_step_piece_count(uint64_t work, size_t tiles); // work in multiplications, whole batch
size_t vch_step_packed_pieces(uint64_t work,
                              size_t tiles); // of the packed products, which are fast
struct vch_step_part vch_step_part(size_t piece, size_t pieces, size_t tiles);

// Requantises `count` accumulators into elements from `at` on of an array of `type` (I8, I16, I32).
void vch_step_requantise_i32(const struct vch_step *step, enum vch_type type, void *out, size_t at,
                             const int32_t *acc, size_t count, int64_t bias,
                             const struct vch_requantise *how);
void vch_step_requantise_i64(const struct vch_step *step, enum vch_type type, void *out, size_t at,
                             const int64_t *acc, size_t count, int64_t bias,
                             const struct vch_requantise *how);
// Multiplier and shift of output channel `channel`, with the operator's clamp.
struct vch_requantise vch_step_scaling(const struct vch_operator *operator_, uint32_t channel);

void vch_step_constant(const struct vch_step *step);
void vch_step_linear(const struct vch_step *step);
void vch_step_convolution(const struct vch_step *step);
void vch_step_matmul(const struct vch_step *step);
void vch_step_add(const struct vch_step *step);
bool vch_step_sum(const struct vch_step *step); // the common ADD and RESCALE; false: another one
void vch_step_multiply(const struct vch_step *step);
void vch_step_rescale(const struct vch_step *step);
void vch_step_table(const struct vch_step *step);
void vch_step_max_pool(const struct vch_step *step);
void vch_step_average_pool(const struct vch_step *step);
void vch_step_concat(const struct vch_step *step);
void vch_step_reshape(const struct vch_step *step);
void vch_step_transpose(const struct vch_step *step);
void vch_step_slice(const struct vch_step *step);
void vch_step_pad(const struct vch_step *step);
void vch_step_softmax(const struct vch_step *step);
void vch_step_argmax(const struct vch_step *step);
void vch_step_trees(const struct vch_step *step);
void vch_step_normalise(const struct vch_step *step);
void vch_step_gather(const struct vch_step *step);
void vch_step_divide(const struct vch_step *step);

vch_status vch_step_linear_prepare(const void **out, struct vch_prepare *prepare,
                                   const struct vch_operator *operator_);
vch_status vch_step_convolution_prepare(const void **out, struct vch_prepare *prepare,
                                        const struct vch_operator *operator_, bool is_channel_last);
size_t vch_step_linear_scratch(const void *prepared, uint32_t samples);
size_t vch_step_convolution_scratch(const void *prepared, uint32_t samples);
size_t vch_step_matmul_scratch(const struct vch_graph *graph, const struct vch_operator *operator_,
                               uint32_t samples);

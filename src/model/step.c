#include "model/step.h"

#include <string.h>

#include "base/check.h"

// Waking a thread costs tens of microseconds: about what this many multiplications take.
#define WORK_MIN 1000000u

enum { PIECE_WORK = 1 << 17, PACKED_PIECE_WORK = 1 << 17, PACKED_PIECES_MAX = 16 };

struct vch_workers *vch_step_workers(const struct vch_step *step, uint64_t work)
{
    return work >= WORK_MIN ? step->workers : NULL;
}

const struct vch_value *vch_step_input(const struct vch_step *step, uint32_t i)
{
    VCH_ASSERT(i < step->operator_->input_count);
    return &step->graph->values[step->operator_->inputs[i]];
}

const struct vch_value *vch_step_output(const struct vch_step *step)
{
    return &step->graph->values[step->operator_->output];
}

const void *vch_step_parameter(const struct vch_step *step, uint32_t i)
{
    if (i >= step->operator_->parameter_count) return NULL;
    return step->graph->parameters[step->operator_->parameters[i]].data;
}

size_t vch_step_piece_count(uint64_t work, size_t tiles)
{
    uint64_t pieces = work < WORK_MIN ? 1 : work / PIECE_WORK;

    if (pieces > VCH_STEP_PIECES_MAX) pieces = VCH_STEP_PIECES_MAX;
    return pieces < tiles ? (size_t)pieces : tiles;
}

// Two pieces at the least work that a thread, if it is awake, is worth.
size_t vch_step_packed_pieces(uint64_t work, size_t tiles)
{
    uint64_t pieces = work / PACKED_PIECE_WORK;

    if (pieces < 1) pieces = 1;
    if (pieces > PACKED_PIECES_MAX) pieces = PACKED_PIECES_MAX;
    return pieces < tiles ? (size_t)pieces : tiles;
}

struct vch_step_part vch_step_part(size_t piece, size_t pieces, size_t tiles)
{
    // No product overflows: pieces are few, tiles below 2^58.
    return (struct vch_step_part){piece * tiles / pieces, (piece + 1) * tiles / pieces};
}

struct vch_requantise vch_step_scaling(const struct vch_operator *operator_, uint32_t channel)
{
    const struct vch_scaling *scaling = &operator_->scaling;
    uint32_t i = scaling->count > 1 ? channel : 0;

    return (struct vch_requantise){
        .multiplier = scaling->multipliers[i],
        .shift = scaling->shifts[i],
        .lo = scaling->lo,
        .hi = scaling->hi,
    };
}

void vch_step_requantise_i32(const struct vch_step *step, enum vch_type type, void *out, size_t at,
                             const int32_t *acc, size_t count, int64_t bias,
                             const struct vch_requantise *how)
{
    if (type == VCH_TYPE_I8)
        step->kernels->requantise_i32_to_i8((int8_t *)out + at, acc, count, bias, how);
    else if (type == VCH_TYPE_I16)
        step->kernels->requantise_i32_to_i16((int16_t *)out + at, acc, count, bias, how);
    else
        for (size_t i = 0; i < count; i++)
            vch_step_store(type, out, at + i, vch_requantise_one(acc[i] + bias, how));
}

void vch_step_requantise_i64(const struct vch_step *step, enum vch_type type, void *out, size_t at,
                             const int64_t *acc, size_t count, int64_t bias,
                             const struct vch_requantise *how)
{
    VCH_ASSERT(type != VCH_TYPE_I64); // requantised tensors are at most 32 bits wide
    if (type == VCH_TYPE_I8)
        step->kernels->requantise_i64_to_i8((int8_t *)out + at, acc, count, bias, how);
    else if (type == VCH_TYPE_I16)
        step->kernels->requantise_i64_to_i16((int16_t *)out + at, acc, count, bias, how);
    else
        step->kernels->requantise_i64_to_i32((int32_t *)out + at, acc, count, bias, how);
}

vch_status vch_step_prepare(const void **out, struct vch_prepare *prepare,
                            const struct vch_operator *operator_, bool is_channel_last)
{
    *out = NULL;
    if (operator_->kind == VCH_OPERATOR_LINEAR)
        return vch_step_linear_prepare(out, prepare, operator_);
    if (operator_->kind == VCH_OPERATOR_CONVOLUTION)
        return vch_step_convolution_prepare(out, prepare, operator_, is_channel_last);
    return VCH_OK;
}

size_t vch_step_scratch_size(const struct vch_graph *graph, const struct vch_operator *operator_,
                             const void *prepared, uint32_t batch)
{
    if (operator_->kind == VCH_OPERATOR_LINEAR) return vch_step_linear_scratch(prepared, batch);
    if (operator_->kind == VCH_OPERATOR_CONVOLUTION)
        return vch_step_convolution_scratch(prepared, batch);
    if (operator_->kind == VCH_OPERATOR_MATMUL)
        return vch_step_matmul_scratch(graph, operator_, batch);
    return 0;
}

void vch_step_execute(const struct vch_step *step)
{
    switch (step->operator_->kind) {
    case VCH_OPERATOR_CONSTANT: vch_step_constant(step); return;
    case VCH_OPERATOR_LINEAR: vch_step_linear(step); return;
    case VCH_OPERATOR_CONVOLUTION: vch_step_convolution(step); return;
    case VCH_OPERATOR_MATMUL: vch_step_matmul(step); return;
    case VCH_OPERATOR_ADD: vch_step_add(step); return;
    case VCH_OPERATOR_MULTIPLY: vch_step_multiply(step); return;
    case VCH_OPERATOR_RESCALE: vch_step_rescale(step); return;
    case VCH_OPERATOR_TABLE: vch_step_table(step); return;
    case VCH_OPERATOR_MAX_POOL: vch_step_max_pool(step); return;
    case VCH_OPERATOR_AVERAGE_POOL: vch_step_average_pool(step); return;
    case VCH_OPERATOR_CONCAT: vch_step_concat(step); return;
    case VCH_OPERATOR_RESHAPE: vch_step_reshape(step); return;
    case VCH_OPERATOR_TRANSPOSE: vch_step_transpose(step); return;
    case VCH_OPERATOR_SLICE: vch_step_slice(step); return;
    case VCH_OPERATOR_PAD: vch_step_pad(step); return;
    case VCH_OPERATOR_SOFTMAX: vch_step_softmax(step); return;
    case VCH_OPERATOR_ARGMAX: vch_step_argmax(step); return;
    case VCH_OPERATOR_TREES: vch_step_trees(step); return;
    case VCH_OPERATOR_NORMALISE: vch_step_normalise(step); return;
    case VCH_OPERATOR_GATHER: vch_step_gather(step); return;
    case VCH_OPERATOR_DIVIDE: vch_step_divide(step); return;
    case VCH_OPERATOR_COUNT: break;
    }
    VCH_ASSERT(step->operator_->kind < VCH_OPERATOR_COUNT); // vch_graph_check has seen to it
}

// What disputes about a kept run (node/kept.h) come down to: the operands of one operator.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "kernels/kernels.h"
#include "model/tensor.h"
#include "model/trace.h"
#include "node/kept_record.h"

// What is asked of a kept run.
struct vch_kept_opening {
    const struct vch_kept_record *record;
    const struct vch_trace_segment *segment;
    uint32_t operator_, count;
    const struct vch_trace_read *reads; // `count` of them: vch_trace_reads of the operator
};

// Bytes of those values that have to be computed: all but what enters the segment.
size_t vch_kept_operands_size(const struct vch_kept_opening *opening);
// The same values out of such bytes, one after the other, which stay where they are.
void vch_kept_operands_place(struct vch_tensor *out, const struct vch_kept_opening *opening,
                             const uint8_t *bytes);

// What an operator reads, computed again: tensors with their data in the arena, or where the record
// has it, in the order of `reads`.
vch_status vch_kept_operands(struct vch_tensor *out, const struct vch_kept_record *record,
                             const struct vch_trace_segment *segment, uint32_t operator_,
                             const struct vch_trace_read *reads, uint32_t count,
                             const struct vch_kernels *kernels, struct vch_arena *arena,
                             struct vch_complaint *complaint);

// Runs that a node may have to open again: what its seats in agreed jobs were given, kept until
// nobody can dispute them any more, within a limit of memory. The oldest give way.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/commitment.h"
#include "crypto/hash.h"
#include "entry/entry.h"
#include "kernels/kernels.h"
#include "model/trace.h"
#include "node/models.h"
#include "node/task.h"

#define VCH_KEPT_MAX 4096u
#define VCH_KEPT_BYTES_MAX ((size_t)256 << 20)

struct vch_kept_run {
    struct vch_contest_id contest;
    const struct vch_model *model;
    uint32_t first, last, batch;
    struct vch_nonce input_nonce, output_nonce;
    uint8_t *job; // canonical
    size_t job_size;
    uint8_t *input; // the tensor's bytes
    size_t input_size;
    uint32_t leaf_count;
    struct vch_digest *leaves, trace;
};

struct vch_kept {
    uint32_t next;
    size_t bytes;
    struct vch_kept_run *runs; // a ring of VCH_KEPT_MAX
};

vch_status vch_kept_init(struct vch_kept *kept, struct vch_arena *arena);
void vch_kept_release(struct vch_kept *kept);

// Copies what the task was given and gave. Without memory nothing is kept, and a dispute about it
// is for others to fight.
void vch_kept_add(struct vch_kept *kept, const struct vch_task *task);
// A run of that job and segment whose trace this is; NULL.
const struct vch_kept_run *vch_kept_find(const struct vch_kept *kept, const struct vch_digest *job,
                                         uint32_t segment, const struct vch_digest *trace);

// What an operator reads, computed again: tensors with their data in the arena, in the order of
// `reads`.
vch_status vch_kept_operands(struct vch_tensor *out, const struct vch_kept_run *run,
                             const struct vch_trace_segment *segment, uint32_t operator_,
                             const struct vch_trace_read *reads, uint32_t count,
                             const struct vch_kernels *kernels, struct vch_arena *arena,
                             struct vch_complaint *complaint);

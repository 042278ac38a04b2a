// What is asked of a process that computes and what it answers, as bytes; tensors lie beside them.
//
// Both sides read what the other wrote as if a stranger had: the one that computes looks up model,
// cuts and annex itself, and the one that asked believes no size.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "node/models.h"
#include "node/provers.h"
#include "node/referee.h"
#include "node/task.h"

// An order for a referee holds a path for each operand.
#define VCH_ORDER_SIZE_MAX (1024u + VCH_GRAPH_OPERANDS_MAX * (4 + 32 * VCH_MERKLE_DEPTH_MAX))
#define VCH_ORDER_ANSWER_SIZE (4u + VCH_COMPLAINT_SIZE + 4 * VCH_DIGEST_SIZE + 4 + 8)

// What can be ordered.
struct vch_order_scope {
    const struct vch_models *models;
    const struct vch_provers *provers;
    size_t memory_max;
};

// Of an admitted task whose input is complete; at most VCH_ORDER_SIZE_MAX bytes, whose number it
// returns.
size_t vch_order_encode(uint8_t *out, const struct vch_task *task);

// Fills what the task was asked, its input's shape and size, and the memory that it may take.
// `referee` is filled, and the task's, where the order is one for a referee. `scratch` holds the
// referee's segment. MALFORMED.
vch_status vch_order_decode(struct vch_task *out, struct vch_referee *referee, const uint8_t *bytes,
                            size_t size, const struct vch_order_scope *scope,
                            struct vch_arena *scratch);

// What came of a task, VCH_ORDER_ANSWER_SIZE bytes. What goes beside it is in `parts`, one after
// the other: the output and the leaves of its trace; or the proof; or nothing.
void vch_order_encode_answer(uint8_t *out, struct vch_task_part parts[static VCH_TASK_PARTS],
                             const struct vch_task *task);

// Into the task that was asked for, in its arena: status, complaint, output, commitments (but no
// signature), trace, proof. `beside_max` bytes can be read from `beside`, which others may write to
// meanwhile. MALFORMED where it is no answer to this task.
vch_status vch_order_decode_answer(struct vch_task *task, const uint8_t *bytes, size_t size,
                                   const uint8_t *beside, size_t beside_max);

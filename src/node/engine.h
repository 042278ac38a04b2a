// The engine: runs an admitted task and signs for the result.
#pragma once

#include "base/workers.h"
#include "circuit/crossing.h"
#include "crypto/signer.h"
#include "kernels/kernels.h"
#include "node/task.h"

struct vch_engine {
    const struct vch_kernels *kernels;
    struct vch_workers *workers;     // NULL: alone
    const struct vch_signer *signer; // signs votes; NULL where others do
};

// Who executes tasks: vch_engine_execute, or another process (node/apart.h). Tests hand in one that
// lies.
typedef void (*vch_engine_executor)(void *context, const struct vch_engine *engine,
                                    struct vch_task *task);

// Checks the input against its promise and its type, runs the operators (looking at is_cancelled
// in between), commits and signs; or, for a task that asks for a proof, proves. Fills the task's
// status, complaint, output, vote, of an agreed job its trace, and compute_us.
void vch_engine_execute(void *unused, const struct vch_engine *engine, struct vch_task *task);

// The same without a signature: what a process without keys can do of it, and what is left.
void vch_engine_compute(void *unused, const struct vch_engine *engine, struct vch_task *task);
bool vch_engine_is_vote(const struct vch_task *task); // else nothing of it is signed
void vch_engine_sign(const struct vch_engine *engine, struct vch_task *task);

// Commits to the task's input and output as they are, and signs; where there is a trace already,
// its last word becomes that output.
vch_status vch_engine_vote(const struct vch_engine *engine, struct vch_task *task);

// How the task's job commits to what crosses its boundaries.
struct vch_crossing vch_engine_crossing(const struct vch_engine *engine,
                                        const struct vch_task *task);

// Bytes that execution takes beside input and output. `scratch` is rewound.
vch_status vch_engine_memory(size_t *out, const struct vch_kernels *kernels,
                             const struct vch_model *model, uint32_t first, uint32_t last,
                             uint32_t batch, bool is_traced, struct vch_arena *scratch);

// Multiplications per second, measured for some milliseconds.
uint64_t vch_engine_speed(const struct vch_engine *engine, struct vch_arena *scratch);

// One thread that executes tasks in the order they came, so that the event loop never computes.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "node/engine.h"
#include "node/task.h"

struct vch_worker;

struct vch_worker_setup {
    struct vch_engine engine;
    vch_engine_executor execute;
    void *execute_context;
    uint32_t queue_max; // tasks waiting, beside the one that runs
};

vch_status vch_worker_new(struct vch_worker **out, const struct vch_worker_setup *setup);

// Lends the task to the worker until it is collected. BUSY when the queue is full.
vch_status vch_worker_submit(struct vch_worker *worker, struct vch_task *task);
// The next finished task, or NULL.
struct vch_task *vch_worker_collect(struct vch_worker *worker);
// Becomes readable when something may be collected.
int vch_worker_descriptor(const struct vch_worker *worker);
uint32_t vch_worker_room(struct vch_worker *worker);
uint32_t vch_worker_queued(struct vch_worker *worker); // the running one included

// Cancels and waits for what runs. Tasks not collected are handed to `discard`.
void vch_worker_free(struct vch_worker *worker, void (*discard)(void *, struct vch_task *),
                     void *context);

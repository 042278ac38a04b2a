// A pool of threads as the pure modules see it: something that runs `count` independent tasks.
//
// Pure code never starts a thread; it is handed a pool, or NULL to run alone. Tasks are divided by
// problem size and write disjoint memory, so that no result can depend on the number of threads.
#pragma once

#include <stddef.h>

struct vch_workers {
    size_t thread_count; // for sizing per-thread scratch; at least 1
    // Calls task(context, index) once for each index below `count`, in any order and on any
    // thread, and returns when all are done.
    void (*run)(struct vch_workers *self, void (*task)(void *context, size_t index), void *context,
                size_t count);
};

static inline void vch_workers_run(struct vch_workers *workers,
                                   void (*task)(void *context, size_t index), void *context,
                                   size_t count)
{
    if (workers != NULL && workers->thread_count > 1 && count > 1) {
        workers->run(workers, task, context, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        task(context, i);
}

// A pool of `thread_count` threads that take indices in turn: enough to be a different order.
#pragma once

#include "base/workers.h"

struct pool {
    struct vch_workers workers; // what the code under test is handed
    void (*task)(void *context, size_t index);
    void *context;
    size_t count;
    _Atomic size_t next;
};

enum { POOL_THREADS_MAX = 8 };

void pool_init(struct pool *pool, size_t thread_count);

// A fixed pool of threads behind base/workers.h.
#pragma once

#include "base/status.h"
#include "base/workers.h"

struct vch_threads;

// `count` threads including the caller's; 0 means one per processor. Free with vch_threads_free
// when no run is going on. One run at a time per pool: concurrent callers queue, and a run started
// inside a task stays on that task's thread. LIMIT above 1,024 threads, UNAVAILABLE where the
// system starts no more.
vch_status vch_threads_new(struct vch_threads **out, unsigned count);
struct vch_workers *vch_threads_workers(struct vch_threads *threads);
void vch_threads_free(struct vch_threads *threads);
unsigned vch_threads_processor_count(void);

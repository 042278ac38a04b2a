#include "node/inference_memory.h"

#include <pthread.h>

#include "host/threads.h"

enum { THREAD_SLACK = 1 << 20 }; // guards, what is local to a thread

static uint64_t stack_size(void)
{
    pthread_attr_t attributes;
    size_t size = 0;

    if (pthread_attr_init(&attributes) != 0) return 0;
    (void)pthread_attr_getstacksize(&attributes, &size);
    (void)pthread_attr_destroy(&attributes);
    return size + THREAD_SLACK;
}

// Programs; what a task takes, and its input, which may be as large; packages that are mapped
// later; threads.
uint64_t vch_inference_memory_max(const struct vch_inference_setup *setup)
{
    const uint64_t threads = setup->threads > 0 ? setup->threads : vch_threads_processor_count();

    return VCH_INFERENCE_MEMORY_ARENA + 2 * (uint64_t)setup->memory_max +
           VCH_INFERENCE_MEMORY_SCRATCH + setup->later_max + threads * stack_size() +
           VCH_INFERENCE_MEMORY_KEPT;
}

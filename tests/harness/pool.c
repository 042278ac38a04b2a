#include "harness/pool.h"

#include <pthread.h>

#include "harness/test.h"

static void *work(void *argument)
{
    struct pool *pool = argument;

    for (size_t i = 0; (i = pool->next++) < pool->count;)
        pool->task(pool->context, pool->count - 1 - i);
    return NULL;
}

static void run_pool(struct vch_workers *self, void (*task)(void *context, size_t index),
                     void *context, size_t count)
{
    struct pool *pool = (struct pool *)self;
    pthread_t threads[POOL_THREADS_MAX];

    pool->task = task;
    pool->context = context;
    pool->count = count;
    pool->next = 0;
    for (size_t i = 1; i < self->thread_count; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, work, pool), 0);
    (void)work(pool);
    for (size_t i = 1; i < self->thread_count; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

void pool_init(struct pool *pool, size_t thread_count)
{
    CHECK(thread_count <= POOL_THREADS_MAX);
    *pool = (struct pool){.workers = {thread_count, run_pool}};
}

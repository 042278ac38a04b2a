// Every index runs once, on any number of threads.
#include "host/threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "harness/test.h"

enum { COUNT_MAX = 1000 };

static void count_call(void *context, size_t index)
{
    atomic_int *calls = context;
    atomic_fetch_add(&calls[index], 1);
}

static const unsigned thread_counts[] = {1, 2, 7};

TEST(threads_run_every_index_once)
{
    FOR_EACH(count, thread_counts)
    {
        struct vch_threads *threads = NULL;
        CHECK_OK(vch_threads_new(&threads, *count));
        struct vch_workers *workers = vch_threads_workers(threads);
        CHECK_EQ(workers->thread_count, *count);
        for (int round = 0; round < 200; round++) {
            static atomic_int calls[COUNT_MAX + 1];
            size_t tasks = test_below(COUNT_MAX + 1);
            for (size_t i = 0; i <= COUNT_MAX; i++)
                atomic_store(&calls[i], 0);
            workers->run(workers, count_call, calls, tasks);
            for (size_t i = 0; i <= COUNT_MAX; i++)
                CHECK_EQ(atomic_load(&calls[i]), i < tasks);
        }
        vch_threads_free(threads);
    }
}

struct meeting {
    pthread_barrier_t barrier;
};

static void meet(void *context, size_t index)
{
    struct meeting *meeting = context;

    (void)index;
    (void)pthread_barrier_wait(&meeting->barrier); // nobody passes alone
}

TEST(threads_work_at_the_same_time)
{
    struct meeting meeting;
    struct vch_threads *threads = NULL;

    CHECK_OK(vch_threads_new(&threads, 4));
    CHECK_EQ(pthread_barrier_init(&meeting.barrier, NULL, 4), 0);
    vch_workers_run(vch_threads_workers(threads), meet, &meeting, 4);
    (void)pthread_barrier_destroy(&meeting.barrier);
    vch_threads_free(threads);
}

struct caller {
    struct vch_workers *workers;
    atomic_int calls[COUNT_MAX];
};

static void *call_many_times(void *context)
{
    struct caller *caller = context;

    for (int i = 0; i < 50; i++)
        vch_workers_run(caller->workers, count_call, caller->calls, COUNT_MAX);
    return NULL;
}

TEST(threads_queue_callers_that_come_together)
{
    static struct caller callers[3];
    pthread_t handles[3];
    struct vch_threads *threads = NULL;

    CHECK_OK(vch_threads_new(&threads, 3));
    for (size_t i = 0; i < 3; i++) {
        memset(&callers[i], 0, sizeof callers[i]);
        callers[i].workers = vch_threads_workers(threads);
        CHECK_EQ(pthread_create(&handles[i], NULL, call_many_times, &callers[i]), 0);
    }
    for (size_t i = 0; i < 3; i++)
        CHECK_EQ(pthread_join(handles[i], NULL), 0);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < COUNT_MAX; j++)
            CHECK_EQ(atomic_load(&callers[i].calls[j]), 50);
    vch_threads_free(threads);
}

static void run_inside(void *context, size_t index)
{
    struct caller *caller = context;

    (void)index;
    caller->workers->run(caller->workers, count_call, caller->calls, 10);
}

TEST(threads_let_a_task_start_a_run)
{
    static struct caller caller;
    struct vch_threads *threads = NULL;

    CHECK_OK(vch_threads_new(&threads, 3));
    memset(&caller, 0, sizeof caller);
    caller.workers = vch_threads_workers(threads);
    vch_workers_run(caller.workers, run_inside, &caller, 20);
    for (size_t i = 0; i < COUNT_MAX; i++)
        CHECK_EQ(atomic_load(&caller.calls[i]), i < 10 ? 20 : 0);
    vch_threads_free(threads);
}

TEST(threads_take_the_number_of_processors_for_zero_and_refuse_too_many)
{
    struct vch_threads *threads = NULL;

    CHECK(vch_threads_processor_count() >= 1);
    CHECK_OK(vch_threads_new(&threads, 0));
    CHECK_EQ(vch_threads_workers(threads)->thread_count, vch_threads_processor_count());
    vch_threads_free(threads);
    threads = NULL;
    CHECK_FAILS(vch_threads_new(&threads, 100000), LIMIT);
    CHECK(threads == NULL);
}

#include "host/threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"

enum { THREADS_MAX = 1024 };

struct vch_threads {
    struct vch_workers workers; // first, so that a pool is found from what callers hold
    pthread_mutex_t one_run;    // held for the length of a run
    pthread_mutex_t lock;       // guards what follows
    pthread_cond_t begun, ended;
    uint64_t run_number;
    size_t busy; // threads that have not finished the current run
    bool is_stopping;
    void (*task)(void *context, size_t index); // of the current run; constant during it
    void *context;
    size_t task_count;
    atomic_size_t next; // first index that nobody has taken
    size_t started;     // threads to join
    pthread_t handles[];
};

// A task that starts another run would wait for itself, so a run inside a run stays on its thread.
static _Thread_local bool is_inside;

static void take_tasks(struct vch_threads *threads)
{
    is_inside = true;
    for (;;) {
        size_t index = atomic_fetch_add_explicit(&threads->next, 1, memory_order_relaxed);
        if (index >= threads->task_count) break;
        threads->task(threads->context, index);
    }
    is_inside = false;
}

static void *thread_main(void *context)
{
    struct vch_threads *threads = context;
    uint64_t seen = 0;

    (void)pthread_mutex_lock(&threads->lock);
    for (;;) {
        while (threads->run_number == seen && !threads->is_stopping)
            (void)pthread_cond_wait(&threads->begun, &threads->lock);
        if (threads->is_stopping) break;
        seen = threads->run_number;
        (void)pthread_mutex_unlock(&threads->lock);
        take_tasks(threads);
        (void)pthread_mutex_lock(&threads->lock);
        if (--threads->busy == 0) (void)pthread_cond_signal(&threads->ended);
    }
    (void)pthread_mutex_unlock(&threads->lock);
    return NULL;
}

static void run(struct vch_workers *self, void (*task)(void *context, size_t index), void *context,
                size_t count)
{
    struct vch_threads *threads = (struct vch_threads *)(void *)self;

    if (is_inside) {
        for (size_t i = 0; i < count; i++)
            task(context, i);
        return;
    }
    (void)pthread_mutex_lock(&threads->one_run);
    (void)pthread_mutex_lock(&threads->lock);
    threads->task = task;
    threads->context = context;
    threads->task_count = count;
    atomic_store(&threads->next, 0);
    threads->busy = threads->started;
    threads->run_number++;
    (void)pthread_cond_broadcast(&threads->begun);
    (void)pthread_mutex_unlock(&threads->lock);

    take_tasks(threads);

    (void)pthread_mutex_lock(&threads->lock);
    while (threads->busy > 0)
        (void)pthread_cond_wait(&threads->ended, &threads->lock);
    (void)pthread_mutex_unlock(&threads->lock);
    (void)pthread_mutex_unlock(&threads->one_run);
}

// Signals are the main thread's business: the workers start with all of them blocked.
static vch_status start(struct vch_threads *threads, unsigned count)
{
    sigset_t all, before;
    vch_status status = VCH_OK;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; threads->started + 1 < count; threads->started++)
        if (pthread_create(&threads->handles[threads->started], NULL, thread_main, threads) != 0) {
            status = VCH_FAIL(UNAVAILABLE);
            break;
        }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

vch_status vch_threads_new(struct vch_threads **out, unsigned count)
{
    if (count == 0) count = vch_threads_processor_count();
    if (count > THREADS_MAX) return VCH_FAIL(LIMIT);

    struct vch_threads *threads = calloc(1, sizeof *threads + count * sizeof(pthread_t));
    if (threads == NULL) return VCH_FAIL(NO_MEMORY);
    threads->workers = (struct vch_workers){.thread_count = count, .run = run};
    VCH_ASSERT(pthread_mutex_init(&threads->one_run, NULL) == 0);
    VCH_ASSERT(pthread_mutex_init(&threads->lock, NULL) == 0);
    VCH_ASSERT(pthread_cond_init(&threads->begun, NULL) == 0);
    VCH_ASSERT(pthread_cond_init(&threads->ended, NULL) == 0);

    vch_status status = start(threads, count);
    if (!vch_is_ok(status)) {
        vch_threads_free(threads);
        return status;
    }
    *out = threads;
    return VCH_OK;
}

struct vch_workers *vch_threads_workers(struct vch_threads *threads)
{
    return &threads->workers;
}

void vch_threads_free(struct vch_threads *threads)
{
    if (threads == NULL) return;

    (void)pthread_mutex_lock(&threads->lock);
    threads->is_stopping = true;
    (void)pthread_cond_broadcast(&threads->begun);
    (void)pthread_mutex_unlock(&threads->lock);
    for (size_t i = 0; i < threads->started; i++)
        (void)pthread_join(threads->handles[i], NULL);
    (void)pthread_cond_destroy(&threads->ended);
    (void)pthread_cond_destroy(&threads->begun);
    (void)pthread_mutex_destroy(&threads->lock);
    (void)pthread_mutex_destroy(&threads->one_run);
    free(threads);
}

// Those this process may run on, which in a container are fewer than the machine has.
unsigned vch_threads_processor_count(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    if (count < 1) return 1;
    return count > THREADS_MAX ? THREADS_MAX : (unsigned)count;
}

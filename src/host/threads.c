#include "host/threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

// A run is over when every index is taken and those who took them are done. Threads that slept
// through it are not waited for, and threads that just worked stay awake for a while: waking one
// costs more than a small operator takes. SPINS are some tens of microseconds.
enum { THREADS_MAX = 1024, SPINS = 2000 };

// The gate counts the threads inside the run; only while it is open may others join. One number
// holds all of it, so that whoever joins knows which run it is in.
#define GATE_INSIDE UINT64_C(0xffff) // threads inside, beside the caller
#define GATE_OPEN (UINT64_C(1) << 16)
#define GATE_WAITED (UINT64_C(1) << 17) // the caller sleeps until the last one leaves
#define GATE_RUN (UINT64_C(1) << 32)    // the run's number, from here up

struct vch_threads {
    struct vch_workers workers; // first, so that a pool is found from what callers hold
    pthread_mutex_t one_run;    // held for the length of a run
    pthread_mutex_t lock;       // for sleeping and waking alone
    pthread_cond_t begun, ended;
    void (*task)(void *context, size_t index); // of the current run; constant while the gate is
    void *context;                             // open or anyone is inside
    size_t task_count;
    unsigned spins; // 0 where threads outnumber processors: spinning would keep others from work
    size_t started; // threads to join
    atomic_bool is_stopping;
    _Alignas(64) atomic_uint_fast64_t gate;
    atomic_size_t sleeper_count;
    _Alignas(64) atomic_size_t next; // first index that nobody has taken
    pthread_t handles[];
};

// A task that starts another run would wait for itself, so a run inside a run stays on its thread.
static _Thread_local bool is_inside;

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

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

// Is there a run that this thread has not seen, or the end?
static bool is_called(struct vch_threads *threads, uint64_t seen)
{
    const uint64_t gate = atomic_load(&threads->gate);
    return atomic_load(&threads->is_stopping) ||
           ((gate & GATE_OPEN) != 0 && gate / GATE_RUN != seen);
}

// Returns when called, and when woken too late: the next run may be near, and spinning meets it.
static void wait_for_call(struct vch_threads *threads, uint64_t seen)
{
    for (unsigned i = 0; i < threads->spins; i++) {
        if (is_called(threads, seen)) return;
        pause_briefly();
    }
    // Counted before looking once more: whoever opens the gate afterwards sees a sleeper.
    (void)pthread_mutex_lock(&threads->lock);
    atomic_fetch_add(&threads->sleeper_count, 1);
    if (!is_called(threads, seen)) (void)pthread_cond_wait(&threads->begun, &threads->lock);
    atomic_fetch_sub(&threads->sleeper_count, 1);
    (void)pthread_mutex_unlock(&threads->lock);
}

// Joins the run if its gate is still open.
static bool join(struct vch_threads *threads, uint64_t *seen)
{
    uint64_t gate = atomic_load(&threads->gate);

    do {
        if ((gate & GATE_OPEN) == 0) return false;
    } while (!atomic_compare_exchange_weak(&threads->gate, &gate, gate + 1));
    *seen = gate / GATE_RUN;
    return true;
}

static void leave(struct vch_threads *threads)
{
    const uint64_t before = atomic_fetch_sub(&threads->gate, 1);

    if ((before & GATE_INSIDE) != 1 || (before & GATE_WAITED) == 0) return;
    (void)pthread_mutex_lock(&threads->lock);
    (void)pthread_cond_signal(&threads->ended);
    (void)pthread_mutex_unlock(&threads->lock);
}

static void *thread_main(void *context)
{
    struct vch_threads *threads = context;
    uint64_t seen = 0;

    for (;;) {
        wait_for_call(threads, seen);
        if (atomic_load(&threads->is_stopping)) return NULL;
        if (!join(threads, &seen)) continue;
        take_tasks(threads);
        leave(threads);
    }
}

static void open_gate(struct vch_threads *threads)
{
    const uint64_t run = atomic_load(&threads->gate) / GATE_RUN + 1;

    atomic_store(&threads->next, 0);
    atomic_store(&threads->gate, run * GATE_RUN | GATE_OPEN);
    if (atomic_load(&threads->sleeper_count) == 0) return;
    (void)pthread_mutex_lock(&threads->lock);
    (void)pthread_cond_broadcast(&threads->begun);
    (void)pthread_mutex_unlock(&threads->lock);
}

static bool is_anyone_inside(struct vch_threads *threads)
{
    return (atomic_load(&threads->gate) & GATE_INSIDE) != 0;
}

static void close_gate(struct vch_threads *threads)
{
    atomic_fetch_and(&threads->gate, ~GATE_OPEN);
    for (unsigned i = 0; i < threads->spins && is_anyone_inside(threads); i++)
        pause_briefly();
    if (!is_anyone_inside(threads)) return;
    (void)pthread_mutex_lock(&threads->lock);
    atomic_fetch_or(&threads->gate, GATE_WAITED);
    while (is_anyone_inside(threads))
        (void)pthread_cond_wait(&threads->ended, &threads->lock);
    (void)pthread_mutex_unlock(&threads->lock);
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
    threads->task = task;
    threads->context = context;
    threads->task_count = count;
    open_gate(threads);
    take_tasks(threads);
    close_gate(threads);
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

    const size_t size = sizeof(struct vch_threads) + count * sizeof(pthread_t);
    struct vch_threads *threads = aligned_alloc(64, (size + 63) / 64 * 64);
    if (threads == NULL) return VCH_FAIL(NO_MEMORY);
    memset(threads, 0, size);
    threads->workers = (struct vch_workers){.thread_count = count, .run = run};
    threads->spins = count <= vch_threads_processor_count() ? SPINS : 0;
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
    atomic_store(&threads->is_stopping, true);
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

#include "node/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct list {
    struct vch_task *first, **end;
    uint32_t count;
};

struct vch_worker {
    struct vch_worker_setup setup;
    pthread_t thread;
    pthread_mutex_t lock; // over everything below
    pthread_cond_t work;
    struct list waiting, finished;
    struct vch_task *running;
    bool is_stopping;
    int descriptor;
};

static void append(struct list *list, struct vch_task *task)
{
    task->next = NULL;
    *list->end = task;
    list->end = &task->next;
    list->count++;
}

static struct vch_task *take(struct list *list)
{
    struct vch_task *task = list->first;

    if (task == NULL) return NULL;
    list->first = task->next;
    if (list->first == NULL) list->end = &list->first;
    list->count--;
    return task;
}

static void *work(void *context)
{
    struct vch_worker *worker = context;
    static const uint64_t one = 1;

    (void)pthread_mutex_lock(&worker->lock);
    while (!worker->is_stopping) {
        worker->running = take(&worker->waiting);
        if (worker->running == NULL) {
            (void)pthread_cond_wait(&worker->work, &worker->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&worker->lock);
        worker->setup.execute(worker->setup.execute_context, &worker->setup.engine,
                              worker->running);
        (void)pthread_mutex_lock(&worker->lock);
        append(&worker->finished, worker->running);
        worker->running = NULL;
        // A full counter still reads as "something is there".
        ssize_t written = write(worker->descriptor, &one, sizeof one);
        (void)written;
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return NULL;
}

vch_status vch_worker_new(struct vch_worker **out, const struct vch_worker_setup *setup)
{
    struct vch_worker *worker = calloc(1, sizeof *worker);

    if (worker == NULL) return VCH_FAIL(NO_MEMORY);
    worker->setup = *setup;
    worker->waiting.end = &worker->waiting.first;
    worker->finished.end = &worker->finished.first;
    worker->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    (void)pthread_mutex_init(&worker->lock, NULL);
    (void)pthread_cond_init(&worker->work, NULL);
    if (worker->descriptor < 0 || pthread_create(&worker->thread, NULL, work, worker) != 0) {
        if (worker->descriptor >= 0) (void)close(worker->descriptor);
        free(worker);
        return VCH_FAIL(IO);
    }
    *out = worker;
    return VCH_OK;
}

vch_status vch_worker_submit(struct vch_worker *worker, struct vch_task *task)
{
    vch_status status = VCH_FAIL(BUSY);

    (void)pthread_mutex_lock(&worker->lock);
    if (worker->waiting.count < worker->setup.queue_max) {
        append(&worker->waiting, task);
        (void)pthread_cond_signal(&worker->work);
        status = VCH_OK;
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return status;
}

struct vch_task *vch_worker_collect(struct vch_worker *worker)
{
    uint64_t ignored = 0;
    ssize_t taken = read(worker->descriptor, &ignored, sizeof ignored);

    (void)taken;
    (void)pthread_mutex_lock(&worker->lock);
    struct vch_task *task = take(&worker->finished);
    (void)pthread_mutex_unlock(&worker->lock);
    return task;
}

int vch_worker_descriptor(const struct vch_worker *worker)
{
    return worker->descriptor;
}

uint32_t vch_worker_room(struct vch_worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    uint32_t room = worker->setup.queue_max - worker->waiting.count;
    (void)pthread_mutex_unlock(&worker->lock);
    return room;
}

uint32_t vch_worker_queued(struct vch_worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    uint32_t count = worker->waiting.count + (worker->running != NULL);
    (void)pthread_mutex_unlock(&worker->lock);
    return count;
}

static void discard_all(struct list *list, void (*discard)(void *, struct vch_task *),
                        void *context)
{
    for (struct vch_task *task = take(list); task != NULL; task = take(list))
        discard(context, task);
}

void vch_worker_free(struct vch_worker *worker, void (*discard)(void *, struct vch_task *),
                     void *context)
{
    if (worker == NULL) return;
    (void)pthread_mutex_lock(&worker->lock);
    worker->is_stopping = true;
    if (worker->running != NULL) atomic_store(&worker->running->is_cancelled, true);
    (void)pthread_cond_signal(&worker->work);
    (void)pthread_mutex_unlock(&worker->lock);
    (void)pthread_join(worker->thread, NULL);
    discard_all(&worker->waiting, discard, context);
    discard_all(&worker->finished, discard, context);
    (void)pthread_cond_destroy(&worker->work);
    (void)pthread_mutex_destroy(&worker->lock);
    (void)close(worker->descriptor);
    free(worker);
}

#include "ledger/lane.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

struct list {
    struct vch_lane_job *first, **end;
};

struct vch_lane {
    void *subject;
    uint32_t thread_count;
    pthread_t threads[VCH_LANE_THREADS_MAX];
    pthread_mutex_t lock; // over the lists
    pthread_cond_t work;
    struct list urgent, waiting, finished;
    atomic_bool is_ending;
    int descriptor;
};

static void clear(struct list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void append(struct list *list, struct vch_lane_job *job)
{
    job->next = NULL;
    *list->end = job;
    list->end = &job->next;
}

static struct vch_lane_job *take(struct list *list)
{
    struct vch_lane_job *job = list->first;

    if (job == NULL) return NULL;
    list->first = job->next;
    if (list->first == NULL) list->end = &list->first;
    return job;
}

static void say_finished(struct vch_lane *lane)
{
    static const uint64_t one = 1;
    // A full counter still reads as "something is there".
    ssize_t written = write(lane->descriptor, &one, sizeof one);

    (void)written;
}

// Called, and returns, with the lock held, but says it without: whoever wakes up wants the lock.
// Where others are not collected yet, the loop was told, or is about to be.
static void finish(struct vch_lane *lane, struct vch_lane_job *job)
{
    bool is_first = lane->finished.first == NULL;

    append(&lane->finished, job);
    if (!is_first) return;
    (void)pthread_mutex_unlock(&lane->lock);
    say_finished(lane);
    (void)pthread_mutex_lock(&lane->lock);
}

static void *work(void *context)
{
    struct vch_lane *lane = context;

    (void)pthread_mutex_lock(&lane->lock);
    while (!atomic_load(&lane->is_ending)) {
        struct vch_lane_job *job = take(&lane->urgent);
        if (job == NULL) job = take(&lane->waiting);
        if (job == NULL) {
            (void)pthread_cond_wait(&lane->work, &lane->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&lane->lock);
        job->run(lane->subject, job);
        (void)pthread_mutex_lock(&lane->lock);
        finish(lane, job);
    }
    (void)pthread_mutex_unlock(&lane->lock);
    return NULL;
}

static void join(struct vch_lane *lane)
{
    (void)pthread_mutex_lock(&lane->lock);
    atomic_store(&lane->is_ending, true);
    (void)pthread_cond_broadcast(&lane->work);
    (void)pthread_mutex_unlock(&lane->lock);
    for (uint32_t i = 0; i < lane->thread_count; i++)
        (void)pthread_join(lane->threads[i], NULL);
}

static void give_back(struct list *list)
{
    for (struct vch_lane_job *job = take(list); job != NULL; job = take(list)) {
        job->status = VCH_FAIL(UNAVAILABLE);
        job->done(job->context, job);
    }
}

vch_status vch_lane_new(struct vch_lane **out, uint32_t threads, void *subject)
{
    struct vch_lane *lane = calloc(1, sizeof *lane);

    VCH_ASSERT(threads > 0 && threads <= VCH_LANE_THREADS_MAX);
    if (lane == NULL) return VCH_FAIL(NO_MEMORY);
    lane->subject = subject;
    clear(&lane->urgent);
    clear(&lane->waiting);
    clear(&lane->finished);
    (void)pthread_mutex_init(&lane->lock, NULL);
    (void)pthread_cond_init(&lane->work, NULL);
    lane->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    while (lane->descriptor >= 0 && lane->thread_count < threads) {
        if (pthread_create(&lane->threads[lane->thread_count], NULL, work, lane) != 0) break;
        lane->thread_count++;
    }
    if (lane->thread_count == threads) {
        *out = lane;
        return VCH_OK;
    }
    vch_lane_free(lane);
    return VCH_FAIL(IO);
}

void vch_lane_submit(struct vch_lane *lane, struct vch_lane_job *job)
{
    job->status = VCH_OK;
    job->complaint.text[0] = '\0';
    (void)pthread_mutex_lock(&lane->lock);
    append(job->is_urgent ? &lane->urgent : &lane->waiting, job);
    (void)pthread_mutex_unlock(&lane->lock);
    (void)pthread_cond_signal(&lane->work); // without the lock, which the woken one wants
}

int vch_lane_descriptor(const struct vch_lane *lane)
{
    return lane->descriptor;
}

void vch_lane_collect(struct vch_lane *lane)
{
    uint64_t ignored = 0;
    ssize_t taken = read(lane->descriptor, &ignored, sizeof ignored);
    struct list finished;

    (void)taken;
    clear(&finished);
    (void)pthread_mutex_lock(&lane->lock);
    if (lane->finished.first != NULL) {
        finished = lane->finished;
        clear(&lane->finished);
    }
    (void)pthread_mutex_unlock(&lane->lock);
    for (struct vch_lane_job *job = take(&finished); job != NULL; job = take(&finished))
        job->done(job->context, job);
}

bool vch_lane_is_ending(const struct vch_lane *lane)
{
    return atomic_load(&lane->is_ending);
}

void vch_lane_free(struct vch_lane *lane)
{
    if (lane == NULL) return;
    join(lane);
    for (struct vch_lane_job *job = take(&lane->finished); job != NULL; job = take(&lane->finished))
        job->done(job->context, job);
    give_back(&lane->urgent);
    give_back(&lane->waiting);
    (void)pthread_cond_destroy(&lane->work);
    (void)pthread_mutex_destroy(&lane->lock);
    if (lane->descriptor >= 0) (void)close(lane->descriptor);
    free(lane);
}

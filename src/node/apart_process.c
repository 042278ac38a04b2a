#include "node/apart_process.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/clock.h"
#include "host/log.h"

enum {
    GLANCE_MS = 20,       // between looks at whether a task is still wanted
    KEPT_SIZE = 32 << 20, // shared pages that stay after a task
};

static uint64_t now_ms(void)
{
    return vch_clock_monotonic_us() / 1000;
}

bool vch_apart_process_is_running(const struct vch_apart *apart)
{
    return apart->child.channel >= 0;
}

// What a task left there. Of a large one the pages go back, and read as zeros.
void vch_apart_process_wipe(struct vch_apart *apart, size_t text, size_t data)
{
    struct vch_inference_shared *shared = apart->setup.shared;
    const size_t page = (size_t)getpagesize(), head = sizeof *shared;
    const size_t whole = (head + page - 1) / page * page; // pages of data alone

    vch_wipe(shared->text, text);
    if (data <= KEPT_SIZE) {
        vch_wipe(shared->data, data);
        return;
    }
    vch_wipe(shared->data, whole - head);
    (void)madvise((uint8_t *)shared + whole, apart->shared_size - whole, MADV_REMOVE);
}

vch_status vch_apart_process_start(struct vch_apart *apart, struct vch_complaint *complaint)
{
    uint64_t *oldest = &apart->starts_ms[apart->start_count % VCH_APART_STARTS_MAX];

    if (apart->start_count >= VCH_APART_STARTS_MAX && now_ms() - *oldest < VCH_APART_WINDOW_MS)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "the process that computes ended %u times within a minute: ask other "
                            "nodes; this one's log says why",
                            VCH_APART_STARTS_MAX);
    *oldest = now_ms();
    apart->start_count++;
    apart->is_loaded = false;
    vch_status status = vch_starter_start(&apart->starter, &apart->child, complaint);
    (void)pthread_mutex_lock(&apart->lock);
    apart->facts = apart->child.facts;
    for (uint32_t i = 0; i < apart->more_count; i++)
        apart->more[i].is_taken = false;
    (void)pthread_mutex_unlock(&apart->lock);
    return status;
}

// It has ended, or is to: says how.
void vch_apart_process_end(struct vch_apart *apart, bool is_stopped, struct vch_complaint *why)
{
    vch_status status = vch_starter_end(&apart->starter, &apart->child, why);

    if (vch_is_ok(status)) (void)vch_complain(why, VCH_CODE_NONE, "it ended by itself");
    vch_log_write(VCH_LOG_WARNING, "the process that computes is gone: %s", why->text);
    (void)pthread_mutex_lock(&apart->lock);
    apart->ended++;
    apart->stopped += is_stopped;
    (void)pthread_mutex_unlock(&apart->lock);
    vch_apart_process_wipe(apart, sizeof apart->text, apart->setup.data_max);
}

// Who was told to stop may take his time, and no more.
static vch_status look_at(struct vch_apart *apart, const struct vch_task *task, uint64_t *told_ms)
{
    if (task == NULL || !atomic_load(&task->is_cancelled)) return VCH_OK;
    atomic_store(&apart->setup.shared->stop, true);
    if (*told_ms == 0) *told_ms = now_ms();
    return now_ms() - *told_ms < apart->setup.stop_ms ? VCH_OK : VCH_FAIL(TIMEOUT);
}

// What there is of a word: whoever says half of one must not keep us waiting for the rest.
static vch_status hear_some(int channel, struct vch_inference_word *word, size_t *done)
{
    ssize_t got = recv(channel, (uint8_t *)word + *done, sizeof *word - *done, MSG_DONTWAIT);

    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return VCH_OK;
    if (got < 0) return VCH_FAIL(IO);
    if (got == 0) return VCH_FAIL(TRUNCATED);
    *done += (size_t)got;
    return VCH_OK;
}

// TIMEOUT where it was told to stop, and does not.
vch_status vch_apart_process_hear(struct vch_apart *apart, struct vch_inference_word *word,
                                  const struct vch_task *task)
{
    struct pollfd channel = {.fd = apart->child.channel, .events = POLLIN};
    uint64_t told_ms = 0;
    size_t done = 0;

    while (done < sizeof *word) {
        if (poll(&channel, 1, task != NULL ? GLANCE_MS : -1) > 0)
            VCH_TRY(hear_some(channel.fd, word, &done));
        else
            VCH_TRY(look_at(apart, task, &told_ms));
    }
    return VCH_OK;
}

// A report, in memory of our own.
static vch_status hear_report(struct vch_apart *apart, struct vch_inference_report *report,
                              enum vch_inference_kind kind)
{
    struct vch_inference_word word = {0};

    VCH_TRY(vch_apart_process_hear(apart, &word, NULL));
    if (word.kind != (uint32_t)kind || word.size != sizeof *report) return VCH_FAIL(MALFORMED);
    memcpy(report, apart->setup.shared->text, sizeof *report);
    report->complaint.text[sizeof report->complaint.text - 1] = '\0';
    return VCH_OK;
}

static vch_status hand_over(struct vch_apart *apart, const struct vch_apart_model *more)
{
    const struct vch_inference_word word = {VCH_INFERENCE_MODEL, 0, more->size};
    struct vch_inference_report report;

    VCH_TRY(vch_child_write_with(apart->child.channel, &word, sizeof word, more->memory));
    VCH_TRY(hear_report(apart, &report, VCH_INFERENCE_TAKEN));
    if (!vch_is_ok(report.status))
        vch_log_write(VCH_LOG_WARNING, "the process that computes does not take a model: %s",
                      report.complaint.text[0] ? report.complaint.text
                                               : vch_code_text(report.status.code));
    return VCH_OK;
}

// Models that were added since it was started.
static vch_status hand_over_all(struct vch_apart *apart)
{
    for (uint32_t i = 0;; i++) {
        (void)pthread_mutex_lock(&apart->lock);
        bool is_one = i < apart->more_count;
        const struct vch_apart_model more =
            is_one ? apart->more[i] : (struct vch_apart_model){.memory = -1};
        if (is_one) apart->more[i].is_taken = true;
        (void)pthread_mutex_unlock(&apart->lock);
        if (!is_one) return VCH_OK;
        if (!more.is_taken) VCH_TRY(hand_over(apart, &more));
    }
}

static vch_status load(struct vch_apart *apart, struct vch_complaint *complaint)
{
    struct vch_inference_report report;

    VCH_TRY(hear_report(apart, &report, VCH_INFERENCE_READY));
    if (!vch_is_ok(report.status))
        return vch_complain(complaint, report.status.code, "%s",
                            report.complaint.text[0] ? report.complaint.text
                                                     : vch_code_text(report.status.code));
    apart->speed = report.speed;
    apart->is_loaded = true;
    return VCH_OK;
}

// One that ended while nobody asked anything of it takes no task with it.
static void look_after(struct vch_apart *apart)
{
    struct pollfd channel = {.fd = apart->child.channel, .events = POLLIN};
    struct vch_complaint why = {""};

    if (vch_apart_process_is_running(apart) && apart->is_loaded && poll(&channel, 1, 0) != 0)
        vch_apart_process_end(apart, false, &why);
}

vch_status vch_apart_process_ready(struct vch_apart *apart, struct vch_complaint *complaint)
{
    struct vch_complaint why = {""};

    look_after(apart);
    if (!vch_apart_process_is_running(apart)) VCH_TRY(vch_apart_process_start(apart, complaint));
    vch_status status = apart->is_loaded ? VCH_OK : load(apart, complaint);
    if (vch_is_ok(status)) status = hand_over_all(apart);
    if (vch_is_ok(status)) return VCH_OK;
    vch_apart_process_end(apart, false, &why);
    if (complaint->text[0] != '\0') return status; // it said itself what it has against its models
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                        "the process that computes ended as it was started: %s", why.text);
}

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

// Whether one may be started now.
static vch_status check_starts(const struct vch_apart *apart, uint64_t now,
                               struct vch_complaint *complaint)
{
    const uint64_t oldest = apart->starts_ms[apart->start_count % VCH_APART_STARTS_MAX];

    if (apart->start_count >= VCH_APART_STARTS_MAX && now - oldest < VCH_APART_WINDOW_MS)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "the process that computes ended %u times within a minute: ask other "
                            "nodes; this one's log says why",
                            VCH_APART_STARTS_MAX);
    if (apart->hung_count >= VCH_APART_HANGS_MAX && now - apart->hung_ms < VCH_APART_WINDOW_MS)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "the process that computes hung %u times in a row as it loaded its "
                            "models: ask other nodes; this one tries again in a minute",
                            apart->hung_count);
    return VCH_OK;
}

vch_status vch_apart_process_start(struct vch_apart *apart, struct vch_complaint *complaint)
{
    const uint64_t now = vch_clock_monotonic_ms();

    VCH_TRY(check_starts(apart, now, complaint));
    apart->starts_ms[apart->start_count % VCH_APART_STARTS_MAX] = now;
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
    vch_status status =
        (is_stopped ? vch_starter_stop : vch_starter_end)(&apart->starter, &apart->child, why);

    if (vch_is_ok(status)) (void)vch_complain(why, VCH_CODE_NONE, "it ended by itself");
    vch_log_write(VCH_LOG_WARNING, "the process that computes is gone: %s", why->text);
    (void)pthread_mutex_lock(&apart->lock);
    apart->ended++;
    apart->stopped += is_stopped;
    (void)pthread_mutex_unlock(&apart->lock);
    vch_apart_process_wipe(apart, sizeof apart->text, apart->setup.data_max);
}

// For what, and for how long, a word is waited for.
struct wait {
    const struct vch_task *task; // NULL: for none
    bool is_told;                // to stop
    uint64_t end_ms;
};

// Who was told to stop may take his time, and no more.
static vch_status look_at(struct vch_apart *apart, struct wait *wait)
{
    const uint64_t now = vch_clock_monotonic_ms();

    if (wait->task != NULL && !wait->is_told && atomic_load(&wait->task->is_cancelled)) {
        atomic_store(&apart->setup.shared->stop, true);
        wait->is_told = true;
        wait->end_ms = now + apart->setup.stop_ms;
    }
    return now < wait->end_ms ? VCH_OK : VCH_FAIL(TIMEOUT);
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

static vch_status hear(struct vch_apart *apart, struct vch_inference_word *word, struct wait wait)
{
    struct pollfd channel = {.fd = apart->child.channel, .events = POLLIN};
    size_t done = 0;

    while (done < sizeof *word) {
        if (poll(&channel, 1, GLANCE_MS) > 0)
            VCH_TRY(hear_some(channel.fd, word, &done));
        else
            VCH_TRY(look_at(apart, &wait));
    }
    return VCH_OK;
}

vch_status vch_apart_process_hear(struct vch_apart *apart, struct vch_inference_word *word,
                                  const struct vch_task *task)
{
    return hear(apart, word, (struct wait){.task = task, .end_ms = UINT64_MAX});
}

// A report, in memory of our own. TIMEOUT where none comes in time.
static vch_status hear_report(struct vch_apart *apart, struct vch_inference_report *report,
                              enum vch_inference_kind kind, uint64_t patience_ms)
{
    struct vch_inference_word word = {0};

    VCH_TRY(hear(apart, &word, (struct wait){.end_ms = vch_clock_monotonic_ms() + patience_ms}));
    if (word.kind != (uint32_t)kind || word.size != sizeof *report) return VCH_FAIL(MALFORMED);
    memcpy(report, apart->setup.shared->text, sizeof *report);
    report->complaint.text[sizeof report->complaint.text - 1] = '\0';
    return VCH_OK;
}

static uint64_t patience_for(uint32_t asked_ms, uint64_t size)
{
    return asked_ms != 0 ? asked_ms : VCH_APART_LOAD_MS + (size >> 20) * VCH_APART_LOAD_MIB_MS;
}

static vch_status hand_over(struct vch_apart *apart, const struct vch_apart_model *more)
{
    const struct vch_inference_word word = {VCH_INFERENCE_MODEL, 0, more->size};
    struct vch_inference_report report;

    VCH_TRY(vch_child_write_with(apart->child.channel, &word, sizeof word, more->memory));
    VCH_TRY(hear_report(apart, &report, VCH_INFERENCE_TAKEN,
                        patience_for(apart->setup.take_ms, more->size)));
    if (!vch_is_ok(report.status))
        vch_log_write(VCH_LOG_WARNING, "the process that computes does not take a model: %s",
                      report.complaint.text[0] ? report.complaint.text
                                               : vch_code_text(report.status.code));
    return VCH_OK;
}

// A model that each process ends over would keep all others from being computed.
static void count_failure(struct vch_apart *apart, uint32_t place)
{
    (void)pthread_mutex_lock(&apart->lock);
    const uint32_t failures = ++apart->more[place].failures;
    (void)pthread_mutex_unlock(&apart->lock);
    if (failures == VCH_APART_HANGS_MAX)
        vch_log_write(VCH_LOG_ERROR,
                      "a model that came later is given up: %u processes ended or hung as they "
                      "took it",
                      failures);
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
        if (more.is_taken || more.failures >= VCH_APART_HANGS_MAX) continue;
        vch_status status = hand_over(apart, &more);
        if (!vch_is_ok(status)) count_failure(apart, i);
        VCH_TRY(status);
    }
}

static uint64_t size_to_load(const struct vch_inference_setup *setup)
{
    uint64_t size = 0;

    for (uint32_t i = 0; i < setup->package_count; i++)
        size += setup->packages[i].size;
    for (uint32_t i = 0; i < setup->annex_count; i++)
        size += setup->annexes[i].size;
    return size;
}

static vch_status load(struct vch_apart *apart, struct vch_complaint *complaint)
{
    struct vch_inference_report report;

    VCH_TRY(hear_report(apart, &report, VCH_INFERENCE_READY,
                        patience_for(apart->setup.load_ms, size_to_load(&apart->setup))));
    apart->hung_count = 0;
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

// One that is not ready, nor will be: says why, unless it did so itself.
static vch_status fail(struct vch_apart *apart, vch_status status, struct vch_complaint *complaint)
{
    const bool has_said = complaint->text[0] != '\0';
    const bool is_hung = status.code == VCH_CODE_TIMEOUT && !has_said;
    struct vch_complaint why = {""};

    if (is_hung) (void)vch_complain(&why, status.code, "it hung, and was ended");
    if (is_hung && !apart->is_loaded) {
        apart->hung_count++;
        apart->hung_ms = vch_clock_monotonic_ms();
    }
    vch_apart_process_end(apart, is_hung, &why);
    if (has_said) return status;
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                        "the process that computes ended as it was started: %s; ask again, or "
                        "another node",
                        why.text);
}

vch_status vch_apart_process_ready(struct vch_apart *apart, struct vch_complaint *complaint)
{
    look_after(apart);
    if (!vch_apart_process_is_running(apart)) VCH_TRY(vch_apart_process_start(apart, complaint));
    vch_status status = apart->is_loaded ? VCH_OK : load(apart, complaint);
    if (vch_is_ok(status)) status = hand_over_all(apart);
    if (vch_is_ok(status)) return VCH_OK;
    return fail(apart, status, complaint);
}

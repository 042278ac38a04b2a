#include "node/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "confine/starter.h"
#include "host/clock.h"
#include "host/log.h"

enum {
    GLANCE_MS = 20,       // between looks at whether a task is still wanted
    KEPT_SIZE = 32 << 20, // shared pages that stay after a task
    GRANTS_MAX = 64,      // to one proof: more are not listened to, and fill the channel
    DATA_SLACK = 1 << 20, // leaves of traces beside what a task's memory counts
};

struct more {
    int memory;
    size_t size;
    bool is_taken; // by the process that runs
};

struct granted {
    uint32_t count;
    bool is_opened;
};

struct vch_apart {
    struct vch_inference_setup setup; // as the other process has it
    size_t shared_size;
    struct vch_starter starter;
    struct vch_child child; // channel -1: none runs
    bool is_loaded;
    uint64_t speed;
    uint64_t starts_ms[VCH_APART_STARTS_MAX]; // the last ones, a ring
    uint32_t start_count;
    size_t text_used;                 // by the last order and its answer
    uint8_t text[VCH_ORDER_SIZE_MAX]; // copied out of what is shared
    pthread_mutex_t lock;             // over everything below
    struct vch_confine_facts facts;
    uint64_t ended, stopped;
    uint32_t more_count;
    struct more more[VCH_APART_MODELS_MAX];
};

static uint64_t now_ms(void)
{
    return vch_clock_monotonic_us() / 1000;
}

static bool is_running(const struct vch_apart *apart)
{
    return apart->child.channel >= 0;
}

// What a task left there. Of a large one the pages go back, and read as zeros.
static void wipe_shared(struct vch_apart *apart, size_t text, size_t data)
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

static vch_status start_process(struct vch_apart *apart, struct vch_complaint *complaint)
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
static void end_process(struct vch_apart *apart, bool is_stopped, struct vch_complaint *why)
{
    vch_status status = vch_starter_end(&apart->starter, &apart->child, why);

    if (vch_is_ok(status)) (void)vch_complain(why, VCH_CODE_NONE, "it ended by itself");
    vch_log_write(VCH_LOG_WARNING, "the process that computes is gone: %s", why->text);
    (void)pthread_mutex_lock(&apart->lock);
    apart->ended++;
    apart->stopped += is_stopped;
    (void)pthread_mutex_unlock(&apart->lock);
    wipe_shared(apart, sizeof apart->text, apart->setup.data_max);
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
static vch_status hear(struct vch_apart *apart, struct vch_inference_word *word,
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

    VCH_TRY(hear(apart, &word, NULL));
    if (word.kind != (uint32_t)kind || word.size != sizeof *report) return VCH_FAIL(MALFORMED);
    memcpy(report, apart->setup.shared->text, sizeof *report);
    report->complaint.text[sizeof report->complaint.text - 1] = '\0';
    return VCH_OK;
}

static vch_status hand_over(struct vch_apart *apart, const struct more *more)
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
        const struct more more = is_one ? apart->more[i] : (struct more){.memory = -1};
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

    if (is_running(apart) && apart->is_loaded && poll(&channel, 1, 0) != 0)
        end_process(apart, false, &why);
}

static vch_status make_ready(struct vch_apart *apart, struct vch_complaint *complaint)
{
    struct vch_complaint why = {""};

    look_after(apart);
    if (!is_running(apart)) VCH_TRY(start_process(apart, complaint));
    vch_status status = apart->is_loaded ? VCH_OK : load(apart, complaint);
    if (vch_is_ok(status)) status = hand_over_all(apart);
    if (vch_is_ok(status)) return VCH_OK;
    end_process(apart, false, &why);
    if (complaint->text[0] != '\0') return status; // it said itself what it has against its models
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                        "the process that computes ended as it was started: %s", why.text);
}

// One that computes a proof is told the seed of its annex, and given one opening of it.
static vch_status grant(struct vch_apart *apart, const struct vch_task *task,
                        const struct vch_inference_word *asked, struct granted *granted)
{
    const struct vch_inference_word word = {VCH_INFERENCE_GRANT, asked->index,
                                            sizeof(struct vch_inference_report)};
    struct vch_inference_report said = {.status = VCH_OK};
    bool is_opening = asked->kind == VCH_INFERENCE_OPENING;

    if (!task->is_proof || asked->index >= apart->setup.annex_count ||
        apart->setup.annexes[asked->index].bytes != task->prover->source.bytes ||
        (is_opening && granted->is_opened) || granted->count == GRANTS_MAX)
        return VCH_FAIL(MALFORMED);
    const struct vch_annex_source *source = &task->prover->source;
    said.status = is_opening ? source->take(source->context, &said.complaint)
                             : source->read(source->context, said.seed, &said.complaint);
    granted->is_opened |= is_opening;
    granted->count++;
    memcpy(apart->setup.shared->text, &said, sizeof said);
    vch_wipe(&said, sizeof said);
    return vch_child_write(apart->child.channel, &word, sizeof word);
}

static vch_status take_answer(struct vch_apart *apart, struct vch_task *task, uint64_t size)
{
    const struct vch_inference_shared *shared = apart->setup.shared;

    if (size != VCH_ORDER_ANSWER_SIZE) return VCH_FAIL(MALFORMED);
    memcpy(apart->text, shared->text, VCH_ORDER_ANSWER_SIZE);
    vch_status status = vch_order_decode_answer(task, apart->text, VCH_ORDER_ANSWER_SIZE,
                                                shared->data, apart->setup.data_max);
    if (status.code != VCH_CODE_NO_MEMORY) return status;
    task->status = status; // ours was not enough
    return VCH_OK;
}

// Anything but OK: that process is of no use any more.
static vch_status converse(struct vch_apart *apart, struct vch_task *task)
{
    struct vch_inference_shared *shared = apart->setup.shared;
    struct vch_inference_word word = {.kind = VCH_INFERENCE_ORDER};
    struct granted granted = {0};

    VCH_ASSERT(task->received == task->input_size && task->input_size <= apart->setup.data_max);
    atomic_store(&shared->stop, false);
    memcpy(shared->data, task->input.data, task->input_size);
    word.size = vch_order_encode(shared->text, task);
    apart->text_used = word.size > VCH_ORDER_ANSWER_SIZE ? word.size : VCH_ORDER_ANSWER_SIZE;
    VCH_TRY(vch_child_write(apart->child.channel, &word, sizeof word));
    for (;;) {
        VCH_TRY(hear(apart, &word, task));
        if (word.kind == VCH_INFERENCE_ANSWER) return take_answer(apart, task, word.size);
        if (word.kind != VCH_INFERENCE_SEED && word.kind != VCH_INFERENCE_OPENING)
            return VCH_FAIL(MALFORMED);
        VCH_TRY(grant(apart, task, &word, &granted));
    }
}

// How much of the shared memory the task has used: its input, then what came beside the answer.
static size_t used_by(const struct vch_task *task)
{
    size_t answer = task->reply[1].size + task->leaf_count * sizeof *task->leaves;

    if (!task->is_proof) answer += task->output_size;
    return answer > task->input_size ? answer : task->input_size;
}

static vch_status give_up(struct vch_apart *apart, struct vch_task *task, vch_status status)
{
    struct vch_complaint why = {""};

    if (status.code == VCH_CODE_TIMEOUT) {
        (void)vch_complain(&why, status.code, "it did not stop when it was told to");
    } else if (status.code == VCH_CODE_MALFORMED) {
        (void)vch_complain(&why, status.code, "it gave an answer that is none");
    }
    end_process(apart, status.code == VCH_CODE_TIMEOUT, &why);
    task->complaint.text[0] = '\0';
    vch_status said =
        vch_complain(&task->complaint, VCH_CODE_UNAVAILABLE,
                     "the process that computes ended: %s; ask again, or another node", why.text);
    vch_status next = start_process(apart, NULL); // which loads until the next task comes
    (void)next;
    return said;
}

void vch_apart_execute(void *context, const struct vch_engine *engine, struct vch_task *task)
{
    struct vch_apart *apart = context;
    uint64_t start_us = vch_clock_monotonic_us();

    task->status = make_ready(apart, &task->complaint);
    if (vch_is_ok(task->status)) {
        vch_status status = converse(apart, task);
        if (vch_is_ok(status))
            wipe_shared(apart, apart->text_used, used_by(task));
        else
            task->status = give_up(apart, task, status);
    }
    vch_engine_sign(engine, task);
    task->compute_us = vch_clock_monotonic_us() - start_us;
}

vch_status vch_apart_wait(struct vch_apart *apart, struct vch_complaint *complaint)
{
    return make_ready(apart, complaint);
}

uint64_t vch_apart_speed(const struct vch_apart *apart)
{
    return apart->speed;
}

vch_status vch_apart_add(struct vch_apart *apart, int memory, size_t size,
                         struct vch_complaint *complaint)
{
    vch_status status = VCH_OK;

    (void)pthread_mutex_lock(&apart->lock);
    if (apart->more_count == VCH_APART_MODELS_MAX) {
        status = vch_complain(complaint, VCH_CODE_LIMIT, "a node takes at most %u models later",
                              VCH_APART_MODELS_MAX);
    } else {
        int ours = fcntl(memory, F_DUPFD_CLOEXEC, 3);
        if (ours < 0)
            status = vch_complain(complaint, VCH_CODE_IO, "cannot keep a model's descriptor");
        else
            apart->more[apart->more_count++] = (struct more){ours, size, false};
    }
    (void)pthread_mutex_unlock(&apart->lock);
    return status;
}

struct vch_confine_facts vch_apart_facts(struct vch_apart *apart)
{
    (void)pthread_mutex_lock(&apart->lock);
    struct vch_confine_facts facts = apart->facts;
    (void)pthread_mutex_unlock(&apart->lock);
    return facts;
}

void vch_apart_count(struct vch_apart *apart, struct vch_metrics *out)
{
    (void)pthread_mutex_lock(&apart->lock);
    out->inference_ended = apart->ended;
    out->inference_stopped = apart->stopped;
    (void)pthread_mutex_unlock(&apart->lock);
}

static vch_status share(struct vch_apart *apart, struct vch_complaint *complaint)
{
    struct vch_inference_setup *setup = &apart->setup;

    setup->data_max = setup->memory_max + DATA_SLACK;
    apart->shared_size = sizeof *setup->shared + setup->data_max;
    void *memory = mmap(NULL, apart->shared_size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY,
                            "cannot share %zu bytes with the process that computes: allow requests "
                            "less memory",
                            apart->shared_size);
    setup->shared = memory;
    return VCH_OK;
}

static vch_status start(struct vch_apart *apart, struct vch_complaint *complaint)
{
    const struct vch_profile profile = vch_profile_inference(NULL, 0, NULL, 0);

    VCH_TRY(share(apart, complaint));
    VCH_TRY(
        vch_starter_new(&apart->starter, &profile, vch_inference_work, &apart->setup, complaint));
    return start_process(apart, complaint);
}

vch_status vch_apart_new(struct vch_apart **out, const struct vch_inference_setup *setup,
                         struct vch_complaint *complaint)
{
    struct vch_apart *apart = calloc(1, sizeof *apart);

    if (apart == NULL) return VCH_FAIL(NO_MEMORY);
    apart->setup = *setup;
    if (setup->stop_ms == 0) apart->setup.stop_ms = VCH_APART_STOP_MS;
    apart->child.channel = -1;
    (void)pthread_mutex_init(&apart->lock, NULL);
    vch_status status = start(apart, complaint);
    if (!vch_is_ok(status)) {
        vch_apart_free(apart);
        return status;
    }
    *out = apart;
    return VCH_OK;
}

void vch_apart_free(struct vch_apart *apart)
{
    if (apart == NULL) return;
    if (is_running(apart)) (void)close(apart->child.channel);
    vch_starter_free(&apart->starter);
    for (uint32_t i = 0; i < apart->more_count; i++)
        (void)close(apart->more[i].memory);
    if (apart->setup.shared != NULL) {
        wipe_shared(apart, sizeof apart->text, apart->setup.data_max);
        (void)munmap(apart->setup.shared, apart->shared_size);
    }
    (void)pthread_mutex_destroy(&apart->lock);
    free(apart);
}

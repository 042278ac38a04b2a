#include "node/apart.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "host/clock.h"
#include "node/apart_process.h"
#include "node/inference_memory.h"

enum {
    GRANTS_MAX = 64,      // to one proof: more are not listened to, and fill the channel
    DATA_SLACK = 1 << 20, // leaves of traces beside what a task's memory counts
};

struct granted {
    uint32_t count;
    bool is_opened;
};

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
        VCH_TRY(vch_apart_process_hear(apart, &word, task));
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
    vch_apart_process_end(apart, status.code == VCH_CODE_TIMEOUT, &why);
    task->complaint.text[0] = '\0';
    vch_status said =
        vch_complain(&task->complaint, VCH_CODE_UNAVAILABLE,
                     "the process that computes ended: %s; ask again, or another node", why.text);
    vch_status next = vch_apart_process_start(apart, NULL); // which loads until the next task comes
    (void)next;
    return said;
}

void vch_apart_execute(void *context, const struct vch_engine *engine, struct vch_task *task)
{
    struct vch_apart *apart = context;
    uint64_t start_us = vch_clock_monotonic_us();

    task->status = vch_apart_process_ready(apart, &task->complaint);
    if (vch_is_ok(task->status)) {
        vch_status status = converse(apart, task);
        if (vch_is_ok(status))
            vch_apart_process_wipe(apart, apart->text_used, used_by(task));
        else
            task->status = give_up(apart, task, status);
    }
    vch_engine_sign(engine, task);
    task->compute_us = vch_clock_monotonic_us() - start_us;
}

vch_status vch_apart_wait(struct vch_apart *apart, struct vch_complaint *complaint)
{
    return vch_apart_process_ready(apart, complaint);
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
            apart->more[apart->more_count++] =
                (struct vch_apart_model){.memory = ours, .size = size};
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
    const struct vch_profile profile =
        vch_profile_inference(NULL, 0, NULL, 0, vch_inference_memory_max(&apart->setup));

    VCH_TRY(share(apart, complaint));
    VCH_TRY(
        vch_starter_new(&apart->starter, &profile, vch_inference_work, &apart->setup, complaint));
    return vch_apart_process_start(apart, complaint);
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
    if (vch_apart_process_is_running(apart)) (void)close(apart->child.channel);
    vch_starter_free(&apart->starter);
    for (uint32_t i = 0; i < apart->more_count; i++)
        (void)close(apart->more[i].memory);
    if (apart->setup.shared != NULL) {
        vch_apart_process_wipe(apart, sizeof apart->text, apart->setup.data_max);
        (void)munmap(apart->setup.shared, apart->shared_size);
    }
    (void)pthread_mutex_destroy(&apart->lock);
    free(apart);
}

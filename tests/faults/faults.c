#include "faults.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static const char *const NAMES[] = {
#define X(name, text) text,
    FAULTS(X)
#undef X
};

const char *fault_name(enum fault_mode mode)
{
    return NAMES[mode];
}

enum fault_mode fault_parse(const char *name)
{
    for (int mode = 0; mode < FAULT_COUNT; mode++)
        if (strcmp(NAMES[mode], name) == 0) return (enum fault_mode)mode;
    return FAULT_COUNT;
}

static void change_output(struct vch_task *task)
{
    uint8_t *last = (uint8_t *)task->output.data + task->output_size - 1;

    // The last byte is the sign of a number: 0 and 1 are within every type's range.
    *last = task->output.type == VCH_TYPE_I8 ? (*last == 0) : (*last == 0 ? 0xff : 0);
}

static void leave_range(struct vch_task *task)
{
    uint8_t *first = task->output.data;

    memset(first, 0, vch_tensor_type_size(task->output.type));
    first[vch_tensor_type_size(task->output.type) - 1] = 0x80; // the value that no tensor has
}

static void replay(struct fault *fault, struct vch_task *task)
{
    if (fault->has_vote)
        task->vote = fault->vote;
    else
        fault->vote = task->vote;
    fault->has_vote = true;
}

static void wait_for_cancel(struct vch_task *task)
{
    while (!atomic_load(&task->is_cancelled))
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    task->status = VCH_FAIL(TIMEOUT);
}

static void crash(const struct fault *fault, struct vch_task *task)
{
    if (fault->crash == NULL) (void)raise(SIGKILL);
    fault->crash(fault->crash_context);
    wait_for_cancel(task);
}

// A copy of a part of the reply with one bit changed.
static void change_part(struct fault *fault, struct vch_task_part *part)
{
    free(fault->changed);
    fault->changed = malloc(part->size);
    if (fault->changed == NULL) abort();
    memcpy(fault->changed, part->bytes, part->size);
    fault->changed[part->size / 3] ^= 1;
    part->bytes = fault->changed;
}

static void change_annex(struct fault *fault, struct vch_task *task)
{
    change_part(fault, &task->reply[0]);
}

static void change_proof(struct fault *fault, struct vch_task *task)
{
    change_part(fault, &task->reply[1]);
}

static void replay_proof(struct fault *fault, struct vch_task *task)
{
    struct vch_task_part *part = &task->reply[1];

    if (fault->old_proof != NULL) {
        *part = (struct vch_task_part){fault->old_proof, fault->old_proof_size};
        return;
    }
    fault->old_proof = malloc(part->size);
    if (fault->old_proof == NULL) abort();
    memcpy(fault->old_proof, part->bytes, part->size);
    fault->old_proof_size = part->size;
}

static void refuse(struct fault *fault, struct vch_task *task)
{
    (void)fault;
    task->status = vch_complain(&task->complaint, VCH_CODE_REFUSED, "out of spite");
}

static void vote_instead(struct fault *fault, struct vch_task *task)
{
    (void)fault;
    task->is_proof = false;
}

static void stall(struct fault *fault, struct vch_task *task)
{
    (void)fault;
    wait_for_cancel(task);
}

static void (*const LIES_ABOUT_PROOFS[FAULT_COUNT])(struct fault *, struct vch_task *) = {
    [FAULT_BAD_PROOF] = change_proof, [FAULT_OLD_PROOF] = replay_proof,
    [FAULT_BAD_ANNEX] = change_annex, [FAULT_NO_PROOF] = refuse,
    [FAULT_STALL_PROOF] = stall,      [FAULT_NOT_A_PROOF] = vote_instead,
};

static void execute(void *context, const struct vch_engine *engine, struct vch_task *task)
{
    struct fault *fault = context;
    enum fault_mode mode = atomic_load(&fault->mode);

    vch_engine_execute(NULL, engine, task);
    if (!vch_is_ok(task->status) || task->referee != NULL || task->is_opening) return;
    if (LIES_ABOUT_PROOFS[mode] != NULL) {
        if (task->is_proof) LIES_ABOUT_PROOFS[mode](fault, task);
        return;
    }
    switch (mode) {
    case FAULT_WRONG_OUTPUT: change_output(task); break;
    case FAULT_SIGNED_WRONG_OUTPUT:
    case FAULT_LATE_DISPUTE:
        change_output(task);
        task->status = vch_engine_vote(engine, task);
        break;
    case FAULT_OUT_OF_RANGE:
        leave_range(task);
        task->status = vch_engine_vote(engine, task);
        break;
    case FAULT_BAD_SIGNATURE: task->vote.signature.bytes[40] ^= 1; break;
    case FAULT_WRONG_INPUT:
        task->vote.input.bytes[0] ^= 1;
        task->status = vch_vote_sign_by(&task->vote, &task->job_id, task->segment, engine->signer);
        break;
    case FAULT_REPLAY: replay(fault, task); break;
    case FAULT_STALL: wait_for_cancel(task); break;
    case FAULT_CRASH: crash(fault, task); break;
    case FAULT_REFUSE: refuse(fault, task); break;
    case FAULT_NONE:
    case FAULT_DRIBBLE:
    case FAULT_HUGE_FRAME:
    case FAULT_MALFORMED_FRAME:
    case FAULT_CLOSE_MID_TENSOR:
    case FAULT_BAD_PROOF:
    case FAULT_OLD_PROOF:
    case FAULT_BAD_ANNEX:
    case FAULT_NO_PROOF:
    case FAULT_STALL_PROOF:
    case FAULT_NOT_A_PROOF:
    case FAULT_COPY_COMMIT:
    case FAULT_WITHHOLD_REVEAL:
    case FAULT_WITHHOLD_COMMIT:
    case FAULT_FALSE_REVEAL:
    case FAULT_COUNT:
    default: break;
    }
}

static void replace(struct evbuffer *bytes, const void *with, size_t size)
{
    (void)evbuffer_drain(bytes, evbuffer_get_length(bytes));
    (void)evbuffer_add(bytes, with, size);
}

static void dribble(struct fault *fault, struct vch_stream *stream)
{
    static const struct timeval tick = {.tv_usec = 200000};

    if (fault->slowly == NULL) fault->slowly = ev_token_bucket_cfg_new(1000, 1000, 1, 1, &tick);
    (void)bufferevent_set_rate_limit(vch_stream_transport(stream), fault->slowly);
}

// Everything before this frame goes out whole, half of this frame follows, and then silence.
static void close_half_way(struct vch_stream *stream, struct evbuffer *bytes)
{
    struct bufferevent *transport = vch_stream_transport(stream);
    struct evbuffer *output = bufferevent_get_output(transport);
    uint8_t copy[4096];
    size_t half = evbuffer_get_length(bytes) / 2;

    for (size_t size = evbuffer_get_length(output); size > 0; size = evbuffer_get_length(output)) {
        int taken = evbuffer_remove(output, copy, sizeof copy);
        if (taken <= 0) break;
        (void)SSL_write(bufferevent_openssl_get_ssl(transport), copy, taken);
    }
    int taken = evbuffer_remove(bytes, copy, half < sizeof copy ? half : sizeof copy);
    if (taken > 0) (void)SSL_write(bufferevent_openssl_get_ssl(transport), copy, taken);
    (void)evbuffer_drain(bytes, evbuffer_get_length(bytes));
    (void)shutdown(bufferevent_getfd(transport), SHUT_RDWR);
}

static void on_send(void *context, struct vch_stream *stream, const Vouch__Frame *frame,
                    struct evbuffer *bytes)
{
    static const uint8_t huge[] = {0x40, 0, 0, 0, 0x2a, 0x10}; // 1 GB, they say
    static const uint8_t malformed[] = {0, 0, 0, 5, 0x2a, 0x7f, 1, 2, 3};
    struct fault *fault = context;
    enum fault_mode mode = atomic_load(&fault->mode);
    bool is_result = frame->body_case == VOUCH__FRAME__BODY_RUN_RESULT;

    if (mode == FAULT_DRIBBLE && is_result) dribble(fault, stream);
    if (mode == FAULT_HUGE_FRAME && is_result) replace(bytes, huge, sizeof huge);
    if (mode == FAULT_MALFORMED_FRAME && is_result) replace(bytes, malformed, sizeof malformed);
    if (mode == FAULT_CLOSE_MID_TENSOR && frame->body_case == VOUCH__FRAME__BODY_CHUNK)
        close_half_way(stream, bytes);
}

// The first commit that somebody else made in the contest; NULL: nobody has.
static const struct vch_seat *find_commit(const struct vch_contest *contest,
                                          const struct vch_public_key *self)
{
    for (uint32_t i = 0; i < contest->seat_count; i++)
        if (contest->seats[i].state >= VCH_SEAT_COMMITTED &&
            memcmp(&contest->seats[i].node, self, sizeof *self) != 0)
            return &contest->seats[i];
    return NULL;
}

static bool copy_commit(const struct vch_contest *contest, const struct fault *fault,
                        struct vch_entry *entry)
{
    const struct vch_seat *other = find_commit(contest, &fault->self);

    // Nobody to copy from yet: that would be noticed. One that is nobody's will not open either.
    if (other != NULL)
        entry->commit.commitment = other->commitment;
    else
        entry->commit.commitment.bytes[0] ^= 1;
    return true;
}

static bool is_time(void)
{
    const char *path = getenv("FAULT_WAITS_FOR");

    return path == NULL || access(path, F_OK) == 0;
}

static bool on_statement(void *context, const struct vch_state *state, struct vch_entry *entry)
{
    const struct fault *fault = context;
    enum fault_mode mode = atomic_load(&fault->mode);
    bool is_vote = entry->kind == VCH_ENTRY_COMMIT || entry->kind == VCH_ENTRY_REVEAL;
    const struct vch_contest *contest = is_vote ? vch_state_contest(state, &entry->contest) : NULL;

    if (mode == FAULT_LATE_DISPUTE && entry->kind == VCH_ENTRY_DISPUTE_OPEN) return is_time();
    if (contest == NULL || contest->is_dispute) return true;
    if (mode == FAULT_WITHHOLD_COMMIT && entry->kind == VCH_ENTRY_COMMIT) return false;
    if (mode == FAULT_WITHHOLD_REVEAL && entry->kind == VCH_ENTRY_REVEAL) return false;
    if (mode == FAULT_FALSE_REVEAL && entry->kind == VCH_ENTRY_REVEAL)
        entry->reveal.output.bytes[0] ^= 1;
    if (mode == FAULT_COPY_COMMIT && entry->kind == VCH_ENTRY_COMMIT)
        return copy_commit(contest, fault, entry);
    return true;
}

void fault_install(struct fault *fault, struct vch_node_options *options)
{
    fault->self = options->signer->public_key;
    options->execute = execute;
    options->execute_context = fault;
    options->on_send = on_send;
    options->on_send_context = fault;
    options->on_statement = on_statement;
    options->on_statement_context = fault;
    // Whoever opens what is disputed is then the other side.
    if (atomic_load(&fault->mode) == FAULT_LATE_DISPUTE) options->peers = NULL;
}

void fault_release(struct fault *fault)
{
    if (fault->slowly != NULL) ev_token_bucket_cfg_free(fault->slowly);
    fault->slowly = NULL;
    free(fault->changed);
    free(fault->old_proof);
    fault->changed = fault->old_proof = NULL;
}

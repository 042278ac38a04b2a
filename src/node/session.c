#include "node/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "message/message.h"
#include "node/admission.h"
#include "node/orphans.h"
#include "node/referee.h"

static void settle_channel(struct vch_session *session);

// Evidence of ours was sent, or somebody else's was judged.
static void on_channel(void *context, struct vch_channel *channel)
{
    struct vch_session *session = context;

    (void)channel;
    settle_channel(session);
    if (session->host->look != NULL) session->host->look(session->transport);
}

void vch_session_init(struct vch_session *session, struct vch_session_host *host,
                      const struct vch_public_key *peer, void *transport)
{
    const struct vch_channel_setup channel = {.transport = {transport, host->send, host->tie},
                                              .role = VCH_BINDER_SERVER,
                                              .peer = *peer,
                                              .policy = host->client_policy,
                                              .attester = host->attester,
                                              .on_change = on_channel,
                                              .context = session};

    *session = (struct vch_session){.host = host, .peer = *peer, .transport = transport};
    vch_channel_init(&session->channel, &channel);
}

__attribute__((format(printf, 3, 4))) static void end(struct vch_session *session,
                                                      enum vch_code code, const char *format, ...)
{
    va_list args;

    if (session->end_code != VCH_CODE_NONE) return;
    session->end_code = code;
    va_start(args, format);
    (void)vsnprintf(session->end_text, sizeof session->end_text, format, args);
    va_end(args);
    vch_metrics_refuse(session->host->metrics, code);
}

static struct vch_transport_time channel_now(const struct vch_session *session)
{
    return (struct vch_transport_time){session->now.unix_ms, session->now.monotonic_ms};
}

// May anything private be said to this client, or heard of it?
static bool is_trusted(const struct vch_session *session)
{
    return vch_channel_is_open(&session->channel, channel_now(session));
}

static void send_frame(struct vch_session *session, const Vouch__Frame *frame)
{
    if (session->end_code != VCH_CODE_NONE) return;
    vch_status status = session->host->send(session->transport, frame);
    if (!vch_is_ok(status)) end(session, status.code, "the stream takes no more frames");
}

// A Refusal, and its like, is cheap for the peer to ask for: one that asks for many and reads none
// is ended.
static bool may_refuse(struct vch_session *session)
{
    if (session->host->has_room(session->transport)) session->refusals_waiting = 0;
    if (session->refusals_waiting++ < VCH_SESSION_REFUSALS_MAX) return true;
    end(session, VCH_CODE_LIMIT, "too many refusals wait to be read");
    return false;
}

static void refuse(struct vch_session *session, uint64_t id, enum vch_code code, const char *text)
{
    Vouch__Refusal refusal = VOUCH__REFUSAL__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    char copy[VCH_COMPLAINT_SIZE];

    if (!may_refuse(session)) return;
    (void)snprintf(copy, sizeof copy, "%s", text);
    refusal.id = id;
    refusal.code = code;
    refusal.text = copy;
    frame.body_case = VOUCH__FRAME__BODY_REFUSAL;
    frame.refusal = &refusal;
    send_frame(session, &frame);
    vch_metrics_refuse(session->host->metrics, code);
}

static void refuse_status(struct vch_session *session, uint64_t id, vch_status status,
                          const struct vch_complaint *complaint)
{
    refuse(session, id, status.code,
           complaint->text[0] ? complaint->text : vch_code_text(status.code));
}

void vch_session_free_task(struct vch_session_host *host, struct vch_task *task)
{
    VCH_ASSERT(host->memory_used >= task->memory);
    host->memory_used -= task->memory;
    vch_arena_release(&task->arena);
    free(task->referee);
    vch_wipe(task->input.data, task->received);
    free(task->input.data);
    free(task);
}

static struct vch_task **find_task(struct vch_session *session, uint64_t id)
{
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++)
        if (session->tasks[i] != NULL && session->tasks[i]->id == id) return &session->tasks[i];
    return NULL;
}

static struct vch_task **find_free(struct vch_session *session)
{
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++)
        if (session->tasks[i] == NULL) return &session->tasks[i];
    return NULL;
}

static void note_owed(struct vch_session *session)
{
    bool is_owed = false;

    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++)
        is_owed |= session->tasks[i] != NULL && session->tasks[i]->state == VCH_TASK_RECEIVING;
    session->host->set_owed(session->transport, is_owed);
}

static void stop_sending(struct vch_session *session, const struct vch_task *task)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < session->sending_count; i++)
        if (session->sending[i] != task) session->sending[kept++] = session->sending[i];
    session->sending_count = kept;
}

// Takes a task out of the session. One that the worker has is left to finish alone.
static void drop_task(struct vch_session *session, struct vch_task **slot)
{
    struct vch_task *task = *slot;

    *slot = NULL;
    stop_sending(session, task);
    task->session = NULL;
    // A seat that was drawn is answered for, or it pays: its client's patience does not matter.
    if (!task->is_agreed) atomic_store(&task->is_cancelled, true);
    if (task->state == VCH_TASK_WORKING) return;
    if (task->state == VCH_TASK_WAITING)
        vch_orphans_adopt(session->host, task);
    else
        vch_session_free_task(session->host, task);
}

static size_t list_provables(Vouch__Provable **out, const struct vch_provers *provers)
{
    static _Thread_local Vouch__Provable provables[VCH_PROVERS_MAX * VCH_PROVERS_RANGES_MAX];
    size_t count = 0;

    for (uint32_t i = 0; i < provers->count; i++) {
        const struct vch_prover *prover = &provers->provers[i];
        for (uint32_t j = 0; j < prover->range_count; j++, count++) {
            Vouch__Provable *provable = out[count] = &provables[count];
            vouch__provable__init(provable);
            provable->model = vch_message_borrow(prover->annex.model.bytes, VCH_DIGEST_SIZE);
            provable->first = prover->ranges[j].first;
            provable->last = prover->ranges[j].last;
            provable->columns = prover->annex.log_columns;
        }
    }
    return count;
}

static void greet(struct vch_session *session)
{
    const struct vch_session_host *host = session->host;
    enum { HOLDINGS_MAX = VCH_MODELS_MAX * VCH_MODELS_RANGES_MAX };
    Vouch__Welcome welcome = VOUCH__WELCOME__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    static _Thread_local Vouch__Holding holdings[HOLDINGS_MAX];
    static _Thread_local Vouch__Holding *pointers[HOLDINGS_MAX];
    Vouch__Provable *provables[VCH_PROVERS_MAX * VCH_PROVERS_RANGES_MAX];
    struct vch_digest registry = host->registry->digest;
    char software[64];
    size_t count = 0;

    for (uint32_t i = 0; i < host->models->count; i++) {
        const struct vch_model *model = &host->models->models[i];
        for (uint32_t j = 0; !model->is_past && j < model->range_count; j++, count++) {
            vouch__holding__init(&holdings[count]);
            holdings[count].model =
                vch_message_borrow(model->package.identity.bytes, VCH_DIGEST_SIZE);
            holdings[count].first = model->ranges[j].first;
            holdings[count].last = model->ranges[j].last;
            pointers[count] = &holdings[count];
        }
    }
    (void)snprintf(software, sizeof software, "%s", host->software);
    welcome.version = VCH_FRAME_VERSION;
    welcome.software = software;
    welcome.n_holdings = count;
    welcome.holdings = pointers;
    welcome.work_per_second = host->work_per_second;
    welcome.memory = host->memory_max;
    welcome.queue_room = host->queue_room(host->context);
    welcome.registry = (ProtobufCBinaryData){VCH_DIGEST_SIZE, registry.bytes};
    welcome.n_provables = list_provables(provables, host->provers);
    welcome.provables = provables;
    frame.body_case = VOUCH__FRAME__BODY_WELCOME;
    frame.welcome = &welcome;
    send_frame(session, &frame);
}

static void receive_hello(struct vch_session *session, const Vouch__Hello *hello)
{
    if (session->has_greeted) {
        end(session, VCH_CODE_MALFORMED, "a second hello on one stream");
    } else if (hello->version != VCH_FRAME_VERSION) {
        end(session, VCH_CODE_UNSUPPORTED, "protocol version %u; this node speaks %u",
            hello->version, VCH_FRAME_VERSION);
    } else {
        session->has_greeted = true;
        greet(session);
        vch_channel_begin(&session->channel, channel_now(session));
    }
}

// The tensor's memory is not touched before its bytes come: a request of a few hundred bytes must
// not make the loop clear, or the machine hold, a gigabyte.
vch_status vch_session_set_aside(struct vch_task **out, struct vch_session_host *host,
                                 const struct vch_task *asked, struct vch_complaint *complaint)
{
    if (asked->memory > host->memory_max - host->memory_used)
        return vch_complain(complaint, VCH_CODE_BUSY,
                            "other requests hold this node's memory: try again later");
    struct vch_task *task = calloc(1, sizeof *task);
    void *input = calloc(asked->input_size, 1);
    if (task == NULL || input == NULL) {
        free(task);
        free(input);
        return VCH_FAIL(NO_MEMORY);
    }
    *task = *asked;
    task->input.data = input;
    host->memory_used += task->memory;
    vch_arena_init(&task->arena, task->memory);
    if (task->job_size > 0) { // it lies in the frame, which goes
        uint8_t *job = vch_arena_alloc(&task->arena, task->job_size, 1);
        if (job != NULL) memcpy(job, asked->job, task->job_size);
        task->job = job;
        if (job == NULL) task->job_size = 0;
    }
    *out = task;
    return VCH_OK;
}

static vch_status admit(struct vch_session *session, const struct vch_task *asked,
                        uint64_t budget_ms, struct vch_complaint *complaint)
{
    struct vch_task **slot = find_free(session), *task = NULL;

    VCH_ASSERT(slot != NULL);
    VCH_TRY(vch_session_set_aside(&task, session->host, asked, complaint));
    if (budget_ms == 0 || budget_ms > VCH_SESSION_BUDGET_MS_MAX)
        budget_ms = VCH_SESSION_BUDGET_MS_MAX;
    task->session = session;
    task->admitted_ms = session->now.monotonic_ms;
    task->give_up_ms = session->now.monotonic_ms + budget_ms;
    *slot = task;
    session->host->metrics->jobs_admitted++;
    note_owed(session);
    return VCH_OK;
}

static struct vch_admission admission_of(const struct vch_session *session)
{
    const struct vch_session_host *host = session->host;

    return (struct vch_admission){.models = host->models,
                                  .provers = host->provers,
                                  .registry = host->registry,
                                  .kernels = host->kernels,
                                  .workers = host->workers,
                                  .client = &session->peer,
                                  .unix_ms = session->now.unix_ms,
                                  .memory_max = host->memory_max,
                                  .is_on_ledger = host->may_work != NULL,
                                  .keep_max = host->keep_max};
}

// What holds for requests of every kind, before the costly checks. False: refused, or ended.
static bool may_ask(struct vch_session *session, uint64_t id)
{
    if (id <= session->last_id) {
        end(session, VCH_CODE_MALFORMED, "request %" PRIu64 " after %" PRIu64 ": identifiers grow",
            id, session->last_id);
        return false;
    }
    session->last_id = id;
    if (session->host->is_draining) {
        refuse(session, id, VCH_CODE_UNAVAILABLE, "this node is about to stop");
        return false;
    }
    if (find_free(session) == NULL) {
        refuse(session, id, VCH_CODE_BUSY, "too many requests at once on one stream");
        return false;
    }
    return true;
}

static void answer_grant(struct vch_session *session, uint64_t id, vch_status status,
                         const struct vch_complaint *complaint)
{
    Vouch__GrantResult result = VOUCH__GRANT_RESULT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    char text[VCH_COMPLAINT_SIZE] = "";

    if (!may_refuse(session)) return;
    if (!vch_is_ok(status))
        (void)snprintf(text, sizeof text, "%s",
                       complaint->text[0] ? complaint->text : vch_code_text(status.code));
    result.id = id;
    result.code = status.code;
    result.text = text;
    frame.body_case = VOUCH__FRAME__BODY_GRANT_RESULT;
    frame.grant_result = &result;
    send_frame(session, &frame);
    if (!vch_is_ok(status)) vch_metrics_refuse(session->host->metrics, status.code);
}

// How the release stands that is being opened for this session.
static void follow_grant(struct vch_session *session)
{
    struct vch_session_host *host = session->host;
    struct vch_complaint complaint = {""};

    if (session->grant_id == 0) return;
    vch_status status = host->ask_grant(host->context, session->grant_place, &complaint);
    if (status.code == VCH_CODE_BUSY) return;
    answer_grant(session, session->grant_id, status, &complaint);
    session->grant_id = 0;
}

// Whoever sends one may send it: what is released opens for the key that this node attested on this
// stream alone, and only if it is what the owner's manifest names.
static void receive_grant(struct vch_session *session, const Vouch__Grant *grant)
{
    struct vch_session_host *host = session->host;
    struct vch_complaint complaint = {""};
    vch_status status;

    if (grant->id <= session->last_id) {
        end(session, VCH_CODE_MALFORMED, "request %" PRIu64 " after %" PRIu64 ": identifiers grow",
            grant->id, session->last_id);
        return;
    }
    session->last_id = grant->id;
    if (host->take_grant == NULL)
        status = vch_complain(&complaint, VCH_CODE_UNSUPPORTED,
                              "this node has no sealed weights that wait for a key");
    else if (host->is_draining)
        status = vch_complain(&complaint, VCH_CODE_UNAVAILABLE, "this node is about to stop");
    else if (session->grant_id != 0)
        status = vch_complain(&complaint, VCH_CODE_BUSY, "another release is being opened");
    else if (!session->channel.has_shown)
        status = vch_complain(&complaint, VCH_CODE_REFUSED,
                              "nothing was attested on this stream: ask for evidence first");
    else
        status = host->take_grant(host->context, session->channel.shown, grant,
                                  &session->grant_place, &complaint);
    if (!vch_is_ok(status)) {
        answer_grant(session, grant->id, status, &complaint);
        return;
    }
    session->grant_id = grant->id;
    follow_grant(session);
}

static void receive_referee(struct vch_session *session, const Vouch__RefereeRequest *request)
{
    struct vch_session_host *host = session->host;
    const struct vch_admission admission = admission_of(session);
    struct vch_complaint complaint = {""};
    struct vch_task asked = {0};

    if (!may_ask(session, request->id)) return;
    if (host->may_work == NULL) {
        refuse(session, request->id, VCH_CODE_UNSUPPORTED, "this node is on no ledger");
        return;
    }
    vch_status status = vch_referee_check(&asked, request, &admission, host->state(host->context),
                                          host->self, &complaint);
    if (vch_is_ok(status)) status = admit(session, &asked, 0, &complaint);
    if (vch_is_ok(status)) return;
    free(asked.referee); // nobody took it over
    refuse_status(session, request->id, status, &complaint);
}

static void receive_request(struct vch_session *session, const Vouch__RunRequest *request)
{
    const struct vch_admission admission = admission_of(session);
    struct vch_complaint complaint = {""};
    struct vch_task asked = {0};

    if (!may_ask(session, request->id)) return;
    vch_status status = vch_admission_check(&asked, request, &admission, &complaint);
    if (vch_is_ok(status)) status = admit(session, &asked, request->budget_ms, &complaint);
    if (!vch_is_ok(status)) refuse_status(session, request->id, status, &complaint);
}

static void submit(struct vch_session *session, struct vch_task **slot)
{
    struct vch_task *task = *slot;

    task->state = VCH_TASK_WORKING; // before the worker may touch it
    vch_status status = session->host->submit(session->host->context, task);
    if (!vch_is_ok(status) && task->is_agreed) {
        task->state = VCH_TASK_WAITING; // its seat is owed: the worker is asked again
    } else if (!vch_is_ok(status)) {
        uint64_t id = task->id;
        task->state = VCH_TASK_RECEIVING;
        drop_task(session, slot);
        refuse(session, id, status.code, "the queue is full: try again later");
    }
    note_owed(session);
}

// The tensor is complete. An agreed job waits for its seat.
static void begin(struct vch_session *session, struct vch_task **slot)
{
    struct vch_session_host *host = session->host;
    struct vch_task *task = *slot;
    struct vch_complaint complaint = {""};
    enum vch_session_leave leave =
        task->is_agreed ? host->may_work(host->context, task, &complaint) : VCH_SESSION_GO;

    task->state = VCH_TASK_WAITING;
    if (leave == VCH_SESSION_GO) {
        submit(session, slot);
    } else if (leave == VCH_SESSION_NEVER) {
        uint64_t id = task->id;
        task->state = VCH_TASK_RECEIVING; // nothing is owed
        drop_task(session, slot);
        refuse(session, id, VCH_CODE_REFUSED, complaint.text);
    }
    note_owed(session);
}

static void receive_chunk(struct vch_session *session, const Vouch__Chunk *chunk)
{
    struct vch_task **slot = find_task(session, chunk->id);

    if (chunk->data.len == 0 || chunk->data.len > VCH_FRAME_CHUNK_MAX) {
        end(session, VCH_CODE_MALFORMED, "a chunk of %zu bytes; 1 to %u are allowed",
            chunk->data.len, VCH_FRAME_CHUNK_MAX);
    } else if (chunk->id > session->last_id) {
        end(session, VCH_CODE_MALFORMED, "a chunk for a request that was never made");
    } else if (slot == NULL) {
        return; // refused or cancelled meanwhile: the rest of its tensor was on the way
    } else if ((*slot)->state != VCH_TASK_RECEIVING ||
               chunk->data.len > (*slot)->input_size - (*slot)->received) {
        end(session, VCH_CODE_MALFORMED, "more tensor bytes than the request announced");
    } else {
        struct vch_task *task = *slot;
        memcpy((uint8_t *)task->input.data + task->received, chunk->data.data, chunk->data.len);
        task->received += chunk->data.len;
        if (task->received == task->input_size) begin(session, slot);
    }
}

static void receive_cancel(struct vch_session *session, const Vouch__Cancel *cancel)
{
    struct vch_task **slot = find_task(session, cancel->id);

    if (cancel->id > session->last_id) {
        end(session, VCH_CODE_MALFORMED, "a cancel for a request that was never made");
    } else if (slot != NULL) { // else the result or a refusal crossed it
        drop_task(session, slot);
        session->host->metrics->jobs_cancelled++;
        note_owed(session);
    }
}

static void send_pong(struct vch_session *session, uint64_t token)
{
    Vouch__Pong pong = VOUCH__PONG__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    pong.token = token;
    frame.body_case = VOUCH__FRAME__BODY_PONG;
    frame.pong = &pong;
    if (session->host->has_room(session->transport)) send_frame(session, &frame);
}

// A pong says that requests may come: it waits for the verdict.
static void receive_ping(struct vch_session *session, const Vouch__Ping *ping)
{
    session->owes_pong = !is_trusted(session);
    session->pong = ping->token;
    if (!session->owes_pong) send_pong(session, ping->token);
}

static void count_evidence(struct vch_session *session)
{
    struct vch_metrics *metrics = session->host->metrics;
    const struct vch_channel *channel = &session->channel;
    const bool is_asked = session->host->client_policy != NULL;

    metrics->evidence_shown += channel->shown_count - session->counted_shown;
    metrics->evidence_accepted += channel->asker.accepted_count - session->counted_accepted;
    if (is_asked && channel->asker.state == VCH_ASKER_FAILED && session->end_code == VCH_CODE_NONE)
        metrics->evidence_refused++; // once: the session ends
    session->counted_shown = channel->shown_count;
    session->counted_accepted = channel->asker.accepted_count;
}

static void settle_channel(struct vch_session *session)
{
    const char *why = NULL;
    enum vch_code code = vch_channel_trouble(&session->channel, &why);

    count_evidence(session);
    if (code != VCH_CODE_NONE) end(session, code, "%s", why);
    if (session->host->client_policy == NULL || !is_trusted(session)) return;
    if (session->owes_pong) send_pong(session, session->pong);
    session->owes_pong = false;
    vch_session_pump(session, session->now); // what waited for a new verdict
}

static void drop_tasks(struct vch_session *session)
{
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++) {
        if (session->tasks[i] == NULL) continue;
        session->host->metrics->jobs_cancelled++;
        drop_task(session, &session->tasks[i]);
    }
}

void vch_session_release(struct vch_session *session)
{
    drop_tasks(session);
    vch_channel_release(&session->channel);
}

// The client says that it wants no more of us.
static void leave(struct vch_session *session)
{
    session->is_leaving = true;
    drop_tasks(session);
}

// Frames that are about a job.
static bool is_private(const Vouch__Frame *frame)
{
    return frame->body_case == VOUCH__FRAME__BODY_RUN_REQUEST ||
           frame->body_case == VOUCH__FRAME__BODY_REFEREE_REQUEST ||
           frame->body_case == VOUCH__FRAME__BODY_CHUNK;
}

void vch_session_receive(struct vch_session *session, const Vouch__Frame *frame,
                         struct vch_session_time now)
{
    session->now = now;
    if (session->end_code != VCH_CODE_NONE) return;
    if (!session->has_greeted && frame->body_case != VOUCH__FRAME__BODY_HELLO) {
        end(session, VCH_CODE_MALFORMED, "a %s frame before the hello", vch_frame_name(frame));
        return;
    }
    if (vch_channel_receive(&session->channel, frame, channel_now(session))) {
        settle_channel(session);
        return;
    }
    if (is_private(frame) && !is_trusted(session)) {
        end(session, VCH_CODE_REFUSED, "a %s frame before this client's evidence was accepted",
            vch_frame_name(frame));
        return;
    }
    switch ((int)frame->body_case) { // generated with a value more, for some compilers
    case VOUCH__FRAME__BODY_HELLO: receive_hello(session, frame->hello); break;
    case VOUCH__FRAME__BODY_RUN_REQUEST: receive_request(session, frame->run_request); break;
    case VOUCH__FRAME__BODY_REFEREE_REQUEST:
        receive_referee(session, frame->referee_request);
        break;
    case VOUCH__FRAME__BODY_CHUNK: receive_chunk(session, frame->chunk); break;
    case VOUCH__FRAME__BODY_GRANT: receive_grant(session, frame->grant); break;
    case VOUCH__FRAME__BODY_CANCEL: receive_cancel(session, frame->cancel); break;
    case VOUCH__FRAME__BODY_PING: receive_ping(session, frame->ping); break;
    case VOUCH__FRAME__BODY_PONG: break;
    case VOUCH__FRAME__BODY_GOODBYE: session->is_leaving = true; break;
    case VOUCH__FRAME__BODY_REFUSAL: leave(session); break;
    case VOUCH__FRAME__BODY__NOT_SET:
    case _VOUCH__FRAME__BODY__CASE_IS_INT_SIZE: // no frame: it makes the enum as wide as an int
    case VOUCH__FRAME__BODY_WELCOME:
    case VOUCH__FRAME__BODY_RUN_RESULT:
    case VOUCH__FRAME__BODY_PROOF_RESULT:
    case VOUCH__FRAME__BODY_GRANT_RESULT:
    default:
        end(session, VCH_CODE_MALFORMED, "a %s frame is for nodes to send", vch_frame_name(frame));
        break;
    }
}

static void send_proof_header(struct vch_session *session, const struct vch_task *task)
{
    Vouch__ProofResult result = VOUCH__PROOF_RESULT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    result.id = task->id;
    result.annex_size = task->reply[0].size;
    result.proof_size = task->reply[1].size;
    result.compute_us = task->compute_us;
    frame.body_case = VOUCH__FRAME__BODY_PROOF_RESULT;
    frame.proof_result = &result;
    send_frame(session, &frame);
}

static void send_vote_header(struct vch_session *session, struct vch_task *task)
{
    Vouch__RunResult result = VOUCH__RUN_RESULT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    result.id = task->id;
    result.input = (ProtobufCBinaryData){VCH_DIGEST_SIZE, task->vote.input.bytes};
    result.output = (ProtobufCBinaryData){VCH_DIGEST_SIZE, task->vote.output.bytes};
    result.signature = (ProtobufCBinaryData){VCH_SIGN_SIGNATURE_SIZE, task->vote.signature.bytes};
    result.size = task->reply[0].size;
    result.compute_us = task->compute_us;
    frame.body_case = VOUCH__FRAME__BODY_RUN_RESULT;
    frame.run_result = &result;
    send_frame(session, &frame);
}

static void send_header(struct vch_session *session, struct vch_task *task)
{
    if (task->is_proof)
        send_proof_header(session, task);
    else
        send_vote_header(session, task);
    task->is_header_sent = true;
}

static size_t reply_size(const struct vch_task *task)
{
    size_t size = 0;

    for (size_t i = 0; i < VCH_TASK_PARTS; i++)
        size += task->reply[i].size;
    return size;
}

static void send_chunk(struct vch_session *session, struct vch_task *task)
{
    Vouch__Chunk chunk = VOUCH__CHUNK__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    const struct vch_task_part *part = task->reply;
    size_t at = task->sent;

    for (; at >= part->size; part++) // there is more to send, so there is such a part
        at -= part->size;
    size_t left = part->size - at;
    chunk.id = task->id;
    chunk.data.len = left < VCH_FRAME_CHUNK_MAX ? left : VCH_FRAME_CHUNK_MAX;
    chunk.data.data = (uint8_t *)(uintptr_t)(part->bytes + at); // packing only reads it
    frame.body_case = VOUCH__FRAME__BODY_CHUNK;
    frame.chunk = &chunk;
    send_frame(session, &frame);
    task->sent += chunk.data.len;
}

void vch_session_pump(struct vch_session *session, struct vch_session_time now)
{
    struct vch_session_host *host = session->host;

    session->now = now;
    while (session->sending_count > 0 && session->end_code == VCH_CODE_NONE &&
           is_trusted(session) && host->has_room(session->transport)) {
        struct vch_task *task = session->sending[0];
        if (!task->is_header_sent)
            send_header(session, task);
        else
            send_chunk(session, task);
        if (task->sent < reply_size(task)) continue;
        vch_metrics_observe(&host->metrics->turnaround,
                            (now.monotonic_ms - task->admitted_ms) * 1000);
        host->metrics->jobs_answered++;
        drop_task(session, find_task(session, task->id));
    }
}

// What a side of a dispute sent is good: this referee will vote on it.
static void thank(struct vch_session *session, struct vch_task *task)
{
    Vouch__RefereeResult result = VOUCH__REFEREE_RESULT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    result.id = task->id;
    frame.body_case = VOUCH__FRAME__BODY_REFEREE_RESULT;
    frame.referee_result = &result;
    send_frame(session, &frame);
    drop_task(session, find_task(session, task->id));
}

static void show(struct vch_session *session, struct vch_task *task)
{
    task->state = VCH_TASK_SENDING;
    session->sending[session->sending_count++] = task;
}

// An answer that is there, until it may be shown.
static void hold(struct vch_session *session, struct vch_task *task)
{
    struct vch_session_host *host = session->host;
    struct vch_complaint complaint = {""};
    enum vch_session_leave leave = host->may_show(host->context, task, &complaint);

    task->state = VCH_TASK_HELD;
    if (leave == VCH_SESSION_GO) {
        show(session, task);
    } else if (leave == VCH_SESSION_NEVER) {
        uint64_t id = task->id;
        drop_task(session, find_task(session, id));
        refuse(session, id, VCH_CODE_REFUSED, complaint.text);
    }
}

void vch_session_advance(struct vch_session *session, struct vch_session_time now)
{
    session->now = now;
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++) {
        struct vch_task *task = session->tasks[i];
        if (task == NULL) continue;
        if (task->state == VCH_TASK_WAITING)
            begin(session, &session->tasks[i]);
        else if (task->state == VCH_TASK_HELD)
            hold(session, task);
    }
    vch_session_pump(session, now);
}

void vch_session_finish(struct vch_session_host *host, struct vch_task *task,
                        struct vch_session_time now)
{
    struct vch_session *session = task->session;

    vch_metrics_observe(&host->metrics->compute, task->compute_us);
    if (task->is_opening) { // nobody's but this node's own
        host->opened(host->context, task);
        vch_session_free_task(host, task);
        return;
    }
    task->state = VCH_TASK_SENDING;
    // A seat is answered for, whether or not its client still waits.
    if (vch_is_ok(task->status) && (task->is_agreed || task->referee != NULL))
        task->status = host->computed(host->context, task, &task->complaint);
    if (session == NULL) {
        vch_session_free_task(host, task);
        return;
    }
    session->now = now;
    if (!vch_is_ok(task->status)) {
        refuse_status(session, task->id, task->status, &task->complaint);
        drop_task(session, find_task(session, task->id));
        return;
    }
    if (task->referee != NULL)
        thank(session, task);
    else if (task->is_agreed)
        hold(session, task);
    else
        show(session, task);
    vch_session_pump(session, now);
}

void vch_session_tick(struct vch_session *session, struct vch_session_time now)
{
    session->now = now;
    follow_grant(session);
    vch_channel_tick(&session->channel, channel_now(session));
    settle_channel(session);
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++) {
        struct vch_task *task = session->tasks[i];
        if (task == NULL) continue;
        if (task->state == VCH_TASK_WAITING) begin(session, &session->tasks[i]);
        task = session->tasks[i];
        if (task == NULL || now.monotonic_ms < task->give_up_ms) continue;
        uint64_t id = task->id;
        drop_task(session, &session->tasks[i]);
        refuse(session, id, VCH_CODE_TIMEOUT, "the request's time is over");
        note_owed(session);
    }
}

bool vch_session_is_idle(const struct vch_session *session)
{
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++)
        if (session->tasks[i] != NULL) return false;
    return session->grant_id == 0;
}

void vch_session_send_goodbye(struct vch_session *session)
{
    Vouch__Goodbye goodbye = VOUCH__GOODBYE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    frame.body_case = VOUCH__FRAME__BODY_GOODBYE;
    frame.goodbye = &goodbye;
    send_frame(session, &frame);
}

#include "client/link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "host/clock.h"

enum { KEEP_ALIVE_MS = 15000 };

void vch_link_init(struct vch_link *link, const struct vch_link_setup *setup,
                   const struct vch_peer *peer)
{
    *link = (struct vch_link){.setup = *setup, .peer = *peer};
    (void)snprintf(link->down_reason, sizeof link->down_reason, "never tried");
}

static void forget_question(struct vch_link *link)
{
    free(link->tensor);
    link->tensor = NULL;
    link->is_asking = link->has_header = false;
}

static void go_down(struct vch_link *link, const char *reason)
{
    if (link->stream != NULL) {
        link->bytes_in += vch_stream_bytes_in(link->stream);
        link->bytes_out += vch_stream_bytes_out(link->stream);
    }
    if (link->state > VCH_LINK_CONNECTING) vch_channel_release(&link->channel);
    link->stream = NULL;
    link->state = VCH_LINK_DOWN;
    link->down_since_ms = vch_clock_monotonic_us() / 1000;
    (void)snprintf(link->down_reason, sizeof link->down_reason, "%s", reason);
}

// Tells the owner what became of its question, if there is one.
static void report_fault(struct vch_link *link, enum vch_fault_kind kind, const char *why)
{
    if (!link->is_asking) return;
    forget_question(link);
    link->setup.events.on_fault(link->setup.context, link, kind, why);
}

// The node broke the protocol: nothing more is heard from it on this stream.
static void break_off(struct vch_link *link, enum vch_fault_kind kind, const char *why)
{
    char copy[160];

    (void)snprintf(copy, sizeof copy, "%s", why);
    vch_stream_drop(link->stream);
    go_down(link, copy);
    report_fault(link, kind, copy);
}

void vch_link_close(struct vch_link *link, const char *reason)
{
    forget_question(link);
    if (link->stream == NULL) return;
    vch_stream_close(link->stream);
    go_down(link, reason);
}

static void send_hello(struct vch_link *link)
{
    static char software[] = "vouch " VCH_VERSION;
    Vouch__Hello hello = VOUCH__HELLO__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    hello.version = VCH_FRAME_VERSION;
    hello.software = software;
    frame.body_case = VOUCH__FRAME__BODY_HELLO;
    frame.hello = &hello;
    if (!vch_is_ok(vch_stream_send(link->stream, &frame)))
        break_off(link, VCH_FAULT_UNREACHABLE, "the connection takes no frames");
}

static void send_ping(struct vch_link *link)
{
    Vouch__Ping ping = VOUCH__PING__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    link->probed_us = ping.token = vch_clock_monotonic_us();
    frame.body_case = VOUCH__FRAME__BODY_PING;
    frame.ping = &ping;
    if (!vch_is_ok(vch_stream_send(link->stream, &frame)))
        break_off(link, VCH_FAULT_UNREACHABLE, "the connection takes no frames");
}

// We refuse the node, or it is right to refuse us: it is told why.
static void refuse_node(struct vch_link *link, enum vch_code code, const char *why)
{
    char copy[160];

    (void)snprintf(copy, sizeof copy, "%s", why);
    vch_stream_refuse(link->stream, code, copy);
    go_down(link, copy);
    report_fault(link, code == VCH_CODE_MALFORMED ? VCH_FAULT_MALFORMED : VCH_FAULT_REFUSED, copy);
}

// What was accepted is kept beyond the stream: it goes into the voucher.
static void take_evidence(struct vch_link *link)
{
    struct vch_asker_kept *kept = &link->channel.asker.kept;

    if (kept->bytes == NULL) return;
    free(link->evidence.bytes);
    link->evidence = *kept;
    kept->bytes = NULL;
}

static void send_chunks(struct vch_link *link);

static bool is_trusted(const struct vch_link *link)
{
    return vch_channel_is_open(&link->channel, vch_transport_now());
}

// Something has come of the channel, or time has passed.
static void settle_channel(struct vch_link *link)
{
    const char *why = NULL;
    enum vch_code code = vch_channel_trouble(&link->channel, &why);

    if (code != VCH_CODE_NONE) {
        refuse_node(link, code, why);
        return;
    }
    take_evidence(link);
    if (!is_trusted(link)) {
        if (link->state == VCH_LINK_READY) link->state = VCH_LINK_ATTESTING;
    } else if (link->state == VCH_LINK_ATTESTING) {
        link->state = VCH_LINK_PROBING; // a node that asks holds its pong back until it accepts us
        send_ping(link);
    } else if (link->is_asking) {
        send_chunks(link);
    }
}

static void on_channel(void *context, struct vch_channel *channel)
{
    (void)channel;
    settle_channel(context);
}

static void on_open(void *context, struct vch_stream *stream)
{
    struct vch_link *link = context;
    const struct vch_channel_setup channel = {.transport = vch_transport_of(stream),
                                              .role = VCH_BINDER_CLIENT,
                                              .peer = link->peer.key,
                                              .policy = link->setup.policy,
                                              .history = link->evidence.verdict.history,
                                              .attester = link->setup.attester,
                                              .on_change = on_channel,
                                              .context = link};

    vch_channel_init(&link->channel, &channel);
    link->state = VCH_LINK_GREETING;
    send_hello(link);
}

static bool is_digest(const ProtobufCBinaryData *bytes, const struct vch_digest *digest)
{
    return bytes->len == VCH_DIGEST_SIZE && vch_is_equal(bytes->data, digest->bytes, bytes->len);
}

// False when the node says something that cannot be.
static bool take_holdings(struct vch_link *link, const Vouch__Welcome *welcome)
{
    link->range_count = 0;
    for (size_t i = 0; i < welcome->n_holdings; i++) {
        const Vouch__Holding *holding = welcome->holdings[i];
        if (!is_digest(&holding->model, &link->setup.model)) continue;
        if (holding->first >= holding->last || holding->last > link->setup.operator_count ||
            link->range_count == VCH_LINK_RANGES_MAX)
            return false;
        link->ranges[link->range_count].first = holding->first;
        link->ranges[link->range_count++].last = holding->last;
    }
    return true;
}

// Likewise.
static bool take_provables(struct vch_link *link, const Vouch__Welcome *welcome)
{
    link->provable_count = 0;
    for (size_t i = 0; i < welcome->n_provables; i++) {
        const Vouch__Provable *provable = welcome->provables[i];
        if (!is_digest(&provable->model, &link->setup.model)) continue;
        if (provable->first >= provable->last || provable->last > link->setup.operator_count ||
            provable->columns < VCH_COMMITMENT_LOG_COLUMNS_MIN ||
            provable->columns > VCH_COMMITMENT_LOG_COLUMNS_MAX ||
            link->provable_count == VCH_LINK_RANGES_MAX)
            return false;
        link->provables[link->provable_count].first = provable->first;
        link->provables[link->provable_count].last = provable->last;
        link->provables[link->provable_count++].log_columns = provable->columns;
    }
    return true;
}

static void receive_welcome(struct vch_link *link, const Vouch__Welcome *welcome)
{
    if (link->state != VCH_LINK_GREETING) {
        break_off(link, VCH_FAULT_MALFORMED, "a welcome that nobody waited for");
    } else if (welcome->version != VCH_FRAME_VERSION) {
        break_off(link, VCH_FAULT_MALFORMED, "speaks another version of the protocol");
    } else if (!is_digest(&welcome->registry, &link->setup.registry)) {
        break_off(link, VCH_FAULT_REFUSED, "follows another registry than ours");
    } else if (!take_holdings(link, welcome) || !take_provables(link, welcome)) {
        break_off(link, VCH_FAULT_MALFORMED,
                  "claims to hold or prove operators that the model lacks");
    } else {
        link->work_per_second = welcome->work_per_second;
        link->memory = welcome->memory;
        link->state = VCH_LINK_ATTESTING;
        vch_channel_begin(&link->channel, vch_transport_now());
        settle_channel(link);
    }
}

static void receive_pong(struct vch_link *link, const Vouch__Pong *pong)
{
    if (link->state != VCH_LINK_PROBING || pong->token != link->probed_us) return;
    link->rtt_us = vch_clock_monotonic_us() - link->probed_us;
    link->state = VCH_LINK_READY;
}

static void send_chunks(struct vch_link *link)
{
    const struct vch_link_question *question = &link->question;

    while (link->is_asking && link->sent < question->tensor_size && is_trusted(link) &&
           vch_stream_has_room(link->stream)) {
        Vouch__Chunk chunk = VOUCH__CHUNK__INIT;
        Vouch__Frame frame = VOUCH__FRAME__INIT;
        size_t left = question->tensor_size - link->sent;

        chunk.id = link->id;
        chunk.data.len = left < VCH_FRAME_CHUNK_MAX ? left : VCH_FRAME_CHUNK_MAX;
        // protobuf-c's structs are not const, but packing only reads them.
        chunk.data.data = (uint8_t *)(uintptr_t)(question->tensor + link->sent);
        frame.body_case = VOUCH__FRAME__BODY_CHUNK;
        frame.chunk = &chunk;
        if (!vch_is_ok(vch_stream_send(link->stream, &frame))) return; // on_close will tell
        link->sent += chunk.data.len;
    }
}

static vch_status send_request(struct vch_link *link)
{
    const struct vch_link_question *question = &link->question;
    Vouch__RunRequest request = VOUCH__RUN_REQUEST__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    request.id = link->id;
    request.job = (ProtobufCBinaryData){question->job_size, (uint8_t *)(uintptr_t)question->job};
    request.segment = question->segment;
    request.input_nonce =
        (ProtobufCBinaryData){VCH_COMMITMENT_NONCE_SIZE, link->question.input_nonce.bytes};
    request.output_nonce =
        (ProtobufCBinaryData){VCH_COMMITMENT_NONCE_SIZE, link->question.output_nonce.bytes};
    request.budget_ms = question->budget_ms;
    request.size = question->tensor_size;
    request.prove = question->is_proof;
    request.agreed = question->is_agreed;
    request.round = question->round;
    frame.body_case = VOUCH__FRAME__BODY_RUN_REQUEST;
    frame.run_request = &request;
    return vch_stream_send(link->stream, &frame);
}

// Everything that the header alone can show. NULL when it is fine.
static const char *check_header(struct vch_link *link, const Vouch__RunResult *result,
                                enum vch_fault_kind *kind)
{
    const struct vch_link_question *question = &link->question;
    struct vch_vote *vote = &link->vote;

    *kind = VCH_FAULT_MALFORMED;
    if (result->input.len != VCH_DIGEST_SIZE || result->output.len != VCH_DIGEST_SIZE ||
        result->signature.len != VCH_SIGN_SIGNATURE_SIZE)
        return "a result whose commitments or signature have a wrong size";
    if (result->size != question->output_size) return "a result of a wrong size";
    vote->node = link->peer.key;
    memcpy(vote->input.bytes, result->input.data, VCH_DIGEST_SIZE);
    memcpy(vote->output.bytes, result->output.data, VCH_DIGEST_SIZE);
    memcpy(vote->signature.bytes, result->signature.data, VCH_SIGN_SIGNATURE_SIZE);
    *kind = VCH_FAULT_BAD_SIGNATURE;
    if (!vch_is_ok(vch_vote_verify(vote, &question->job_id, question->segment)))
        return "a vote whose signature is not this node's for this job and segment";
    *kind = VCH_FAULT_BAD_INPUT;
    if (!vch_hash_is_equal(&vote->input, &question->input))
        return "a vote on another input than it was given";
    return NULL;
}

// Is this the header of what was asked for? Where it is not, all that is to be done was done.
static bool is_answer(struct vch_link *link, uint64_t id, bool is_proof)
{
    if (id > link->id || (id == link->id && link->has_header)) {
        break_off(link, VCH_FAULT_MALFORMED, "a result that nobody asked for");
        return false;
    }
    if (!link->is_asking || id < link->id) return false; // of a question cancelled meanwhile
    if (link->sent == link->question.tensor_size && link->question.is_proof == is_proof)
        return true;
    break_off(link, VCH_FAULT_MALFORMED,
              link->question.is_proof != is_proof ? "another kind of result than was asked for"
                                                  : "a result before the whole input was sent");
    return false;
}

// The header is fine: what it announces may come.
static void begin_receiving(struct vch_link *link, size_t size)
{
    link->tensor = calloc(size, 1);
    if (link->tensor == NULL) {
        break_off(link, VCH_FAULT_UNREACHABLE, "we lack the memory for its result");
        return;
    }
    link->has_header = true;
    link->received = 0;
    link->expected = size;
    vch_stream_set_owed(link->stream, true);
}

static void receive_result(struct vch_link *link, const Vouch__RunResult *result)
{
    enum vch_fault_kind kind = VCH_FAULT_MALFORMED;

    if (!is_answer(link, result->id, false)) return;
    const char *why = check_header(link, result, &kind);
    if (why != NULL) {
        break_off(link, kind, why);
        return;
    }
    link->compute_us = result->compute_us;
    begin_receiving(link, link->question.output_size);
}

static void receive_proof_result(struct vch_link *link, const Vouch__ProofResult *result)
{
    if (!is_answer(link, result->id, true)) return;
    if (result->annex_size == 0 || result->annex_size > VCH_LINK_PROOF_SIZE_MAX ||
        result->proof_size == 0 || result->proof_size > VCH_LINK_PROOF_SIZE_MAX ||
        result->annex_size + result->proof_size > VCH_LINK_PROOF_SIZE_MAX) {
        break_off(link, VCH_FAULT_MALFORMED, "a proof of a size that none has");
        return;
    }
    link->proof = (struct vch_link_proof){(size_t)result->annex_size, (size_t)result->proof_size,
                                          result->compute_us};
    begin_receiving(link, (size_t)(result->annex_size + result->proof_size));
}

static vch_status open_vote(const struct vch_link *link, const struct vch_tensor *tensor)
{
    const struct vch_link_question *question = &link->question;
    uint64_t count = (uint64_t)vch_tensor_shape_count(&tensor->shape) * question->batch;
    struct vch_arena scratch;

    vch_arena_init(&scratch, vch_crossing_memory(&question->crossing, count));
    vch_status status = vch_crossing_verify(&link->vote.output, &question->crossing, tensor,
                                            question->batch, &question->output_nonce, &scratch);
    vch_arena_release(&scratch);
    return status;
}

// The tensor is complete: is it what the vote says, and is it one at all?
static void judge_tensor(struct vch_link *link)
{
    const struct vch_link_question *question = &link->question;
    struct vch_tensor tensor = question->output;

    vch_stream_set_owed(link->stream, false);
    tensor.data = link->tensor;
    vch_status status = open_vote(link, &tensor);
    if (status.code == VCH_CODE_BAD_PROOF) {
        break_off(link, VCH_FAULT_BAD_TENSOR, "a tensor that does not match its vote");
    } else if (!vch_is_ok(status)) {
        break_off(link, VCH_FAULT_UNREACHABLE, "we lack the memory to check its result");
    } else if (!vch_is_ok(vch_tensor_check_range(&tensor, question->batch))) {
        break_off(link, VCH_FAULT_MALFORMED, "a tensor with values outside its type's range");
    } else {
        struct vch_vote vote = link->vote;
        link->is_asking = link->has_header = false;
        link->setup.events.on_answer(link->setup.context, link, &vote, link->compute_us);
        free(link->tensor);
        link->tensor = NULL;
    }
}

static void hand_over_proof(struct vch_link *link)
{
    const struct vch_link_proof proof = link->proof;

    vch_stream_set_owed(link->stream, false);
    link->is_asking = link->has_header = false;
    link->setup.events.on_proof(link->setup.context, link, &proof);
    free(link->tensor);
    link->tensor = NULL;
}

static void receive_chunk(struct vch_link *link, const Vouch__Chunk *chunk)
{
    if (chunk->id > link->id) {
        break_off(link, VCH_FAULT_MALFORMED, "a chunk that nobody asked for");
    } else if (!link->is_asking || chunk->id < link->id) {
        return; // of a question cancelled meanwhile
    } else if (!link->has_header || chunk->data.len == 0 || chunk->data.len > VCH_FRAME_CHUNK_MAX ||
               chunk->data.len > link->expected - link->received) {
        break_off(link, VCH_FAULT_MALFORMED, "a chunk out of order or of a wrong size");
    } else {
        memcpy(link->tensor + link->received, chunk->data.data, chunk->data.len);
        link->received += chunk->data.len;
        if (link->received < link->expected) return;
        if (link->question.is_proof)
            hand_over_proof(link);
        else
            judge_tensor(link);
    }
}

static void receive_refusal(struct vch_link *link, const Vouch__Refusal *refusal)
{
    struct vch_complaint why = {""}; // also makes the node's text printable

    (void)vch_complain(&why, VCH_CODE_REFUSED, "%.120s", refusal->text);
    if (refusal->id == 0)
        break_off(link, VCH_FAULT_REFUSED, why.text);
    else if (refusal->id > link->id)
        break_off(link, VCH_FAULT_MALFORMED, "a refusal of what nobody asked");
    else if (refusal->id == link->id && link->has_header)
        break_off(link, VCH_FAULT_MALFORMED, "a refusal in the middle of a result");
    else if (refusal->id == link->id) // whichever clock says first that the time is over
        report_fault(link, refusal->code == VCH_CODE_TIMEOUT ? VCH_FAULT_SILENT : VCH_FAULT_REFUSED,
                     why.text);
}

static void receive_ping(struct vch_link *link, const Vouch__Ping *ping)
{
    Vouch__Pong pong = VOUCH__PONG__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    pong.token = ping->token;
    frame.body_case = VOUCH__FRAME__BODY_PONG;
    frame.pong = &pong;
    if (vch_stream_has_room(link->stream) && !vch_is_ok(vch_stream_send(link->stream, &frame)))
        break_off(link, VCH_FAULT_UNREACHABLE, "the connection takes no frames");
}

static void receive_goodbye(struct vch_link *link)
{
    if (link->state == VCH_LINK_READY) link->state = VCH_LINK_LEAVING;
    if (link->state != VCH_LINK_LEAVING)
        break_off(link, VCH_FAULT_REFUSED, "the node is about to stop");
}

static void on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct vch_link *link = context;

    (void)stream;
    link->heard_ms = vch_clock_monotonic_us() / 1000;
    if (vch_channel_receive(&link->channel, frame, vch_transport_now())) {
        settle_channel(link);
        return;
    }
    switch ((int)frame->body_case) { // generated with a value more, for some compilers
    case VOUCH__FRAME__BODY_WELCOME: receive_welcome(link, frame->welcome); break;
    case VOUCH__FRAME__BODY_RUN_RESULT: receive_result(link, frame->run_result); break;
    case VOUCH__FRAME__BODY_PROOF_RESULT: receive_proof_result(link, frame->proof_result); break;
    case VOUCH__FRAME__BODY_CHUNK: receive_chunk(link, frame->chunk); break;
    case VOUCH__FRAME__BODY_REFUSAL: receive_refusal(link, frame->refusal); break;
    case VOUCH__FRAME__BODY_PING: receive_ping(link, frame->ping); break;
    case VOUCH__FRAME__BODY_PONG: receive_pong(link, frame->pong); break;
    case VOUCH__FRAME__BODY_GOODBYE: receive_goodbye(link); break;
    case VOUCH__FRAME__BODY__NOT_SET:
    case _VOUCH__FRAME__BODY__CASE_IS_INT_SIZE: // no frame: it makes the enum as wide as an int
    case VOUCH__FRAME__BODY_HELLO:
    case VOUCH__FRAME__BODY_RUN_REQUEST:
    case VOUCH__FRAME__BODY_CANCEL:
    default: break_off(link, VCH_FAULT_MALFORMED, "a frame that only clients send"); break;
    }
}

static void on_room(void *context, struct vch_stream *stream)
{
    struct vch_link *link = context;

    (void)stream;
    if (link->is_asking) send_chunks(link);
}

static enum vch_fault_kind kind_of_end(enum vch_code code)
{
    if (code == VCH_CODE_TIMEOUT) return VCH_FAULT_SILENT;
    if (code == VCH_CODE_LIMIT || code == VCH_CODE_MALFORMED) return VCH_FAULT_MALFORMED;
    return VCH_FAULT_UNREACHABLE;
}

static void on_close(void *context, struct vch_stream *stream, enum vch_code code, const char *why)
{
    struct vch_link *link = context;
    char copy[160];

    (void)stream;
    (void)snprintf(copy, sizeof copy, "%s", why);
    go_down(link, copy);
    report_fault(link, kind_of_end(code), copy);
}

void vch_link_connect(struct vch_link *link)
{
    struct vch_stream_setup setup = link->setup.stream;

    if (link->state != VCH_LINK_DOWN) return;
    setup.events = (struct vch_stream_events){on_open, on_frame, on_room, on_close, NULL};
    setup.context = link;
    link->id = 0; // identifiers belong to a stream
    link->range_count = link->provable_count = 0;
    vch_status status = vch_stream_connect(&link->stream, &setup, &link->peer.key, link->peer.host,
                                           link->peer.port);
    if (vch_is_ok(status))
        link->state = VCH_LINK_CONNECTING;
    else
        go_down(link, vch_code_text(status.code));
}

void vch_link_probe(struct vch_link *link)
{
    if (link->state != VCH_LINK_READY || link->is_asking) return;
    link->state = VCH_LINK_PROBING;
    send_ping(link);
}

void vch_link_keep_alive(struct vch_link *link)
{
    uint64_t now_ms = vch_clock_monotonic_us() / 1000;
    uint64_t last_ms = link->heard_ms > link->pinged_ms ? link->heard_ms : link->pinged_ms;

    if (link->state != VCH_LINK_READY || now_ms - last_ms < KEEP_ALIVE_MS) return;
    link->pinged_ms = now_ms;
    send_ping(link);
}

void vch_link_tick(struct vch_link *link)
{
    if (link->setup.policy == NULL || link->state <= VCH_LINK_GREETING) return;
    vch_channel_tick(&link->channel, vch_transport_now());
    settle_channel(link);
}

bool vch_link_is_settled(const struct vch_link *link)
{
    return link->state == VCH_LINK_READY || link->state == VCH_LINK_LEAVING ||
           link->state == VCH_LINK_DOWN;
}

bool vch_link_holds(const struct vch_link *link, uint32_t first, uint32_t last)
{
    for (uint32_t i = 0; i < link->range_count; i++)
        if (link->ranges[i].first <= first && last <= link->ranges[i].last) return true;
    return false;
}

vch_status vch_link_ask(struct vch_link *link, const struct vch_link_question *question)
{
    if (link->state != VCH_LINK_READY || link->is_asking || !is_trusted(link))
        return VCH_FAIL(UNAVAILABLE);
    link->question = *question;
    link->id++;
    link->sent = link->received = 0;
    link->asked_us = vch_clock_monotonic_us();
    VCH_TRY(send_request(link));
    link->is_asking = true;
    send_chunks(link);
    return VCH_OK;
}

void vch_link_cancel(struct vch_link *link)
{
    Vouch__Cancel cancel = VOUCH__CANCEL__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    if (!link->is_asking) return;
    forget_question(link);
    if (link->stream == NULL) return;
    vch_stream_set_owed(link->stream, false);
    cancel.id = link->id;
    frame.body_case = VOUCH__FRAME__BODY_CANCEL;
    frame.cancel = &cancel;
    if (!vch_is_ok(vch_stream_send(link->stream, &frame)))
        break_off(link, VCH_FAULT_UNREACHABLE, "the connection takes no frames");
}

bool vch_link_proves(const struct vch_link *link, uint32_t first, uint32_t last,
                     uint32_t log_columns)
{
    for (uint32_t i = 0; i < link->provable_count; i++)
        if (link->provables[i].first <= first && last <= link->provables[i].last &&
            link->provables[i].log_columns == log_columns)
            return true;
    return false;
}

uint8_t *vch_link_detach(struct vch_link *link)
{
    uint8_t *tensor = link->tensor;

    link->tensor = NULL;
    return tensor;
}

uint64_t vch_link_bytes_in(const struct vch_link *link)
{
    return link->bytes_in + (link->stream ? vch_stream_bytes_in(link->stream) : 0);
}

uint64_t vch_link_bytes_out(const struct vch_link *link)
{
    return link->bytes_out + (link->stream ? vch_stream_bytes_out(link->stream) : 0);
}

void vch_link_release(struct vch_link *link)
{
    vch_link_close(link, "closed");
    free(link->evidence.bytes);
    link->evidence = (struct vch_asker_kept){0};
}

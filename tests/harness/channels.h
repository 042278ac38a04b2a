// Pairs of connected streams with a channel (channel/channel.h) at each end, on one loop, for tests
// in which one of them lies. Each has two ends, SERVER and CLIENT.
//
// The hardware is a collector whose evidence is the block's report data and nothing else: whether
// evidence is bound to what it has to be is all that these tests are about.
#pragma once

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "channel/channel.h"
#include "harness/test.h"
#include "message/message.h"

enum { CHANNELS_SERVER, CHANNELS_CLIENT, CHANNELS_ENDS };

struct channels;

struct channels_end {
    struct channels *scene;
    struct vch_stream *stream;
    struct vch_channel channel;
    bool is_open, is_closed;
    uint32_t frames, private_frames; // received; of those, chunks
    // The frames of attestation that come in: handed to the channel, or kept for the test.
    bool keeps;
    uint8_t *kept;
    size_t kept_size;
    uint32_t kept_kind; // body_case
};

// One connection.
struct channels_pair {
    struct channels_end ends[CHANNELS_ENDS];
};

// How an end's collector lies; it never does by itself.
struct channels_lie {
    void (*change)(struct vch_binder *binder); // before the block is hashed
    void (*spoil)(uint8_t report[static VCH_BINDER_REPORT_SIZE],
                  const uint8_t binder[static VCH_BINDER_SIZE]); // after
    bool is_broken;                                              // nothing comes of the hardware
    size_t more_bytes;                                           // of no meaning, behind the report
};

struct channels {
    struct event_base *base;
    struct event *tick;
    struct vch_secret_key keys[CHANNELS_ENDS];
    struct vch_tls *tls[CHANNELS_ENDS];
    struct vch_attester *attesters[CHANNELS_ENDS]; // NULL: nothing is shown
    struct channels_lie lies[CHANNELS_ENDS];
    struct vch_asker_policy policy;
    bool asks[CHANNELS_ENDS]; // is the other end held to the policy?
    uint32_t live;
    uint32_t judged, accepted;
};

static inline void channels_judge(void *context, struct vch_asker *asker)
{
    struct channels *scene = context;
    const struct vch_asker_answer *answer = &asker->answer;
    struct vch_exchange_response *response = calloc(1, sizeof *response);
    struct vch_appraisal *appraisal = calloc(1, sizeof *appraisal);
    struct vch_asker_verdict verdict = {.until_ms = UINT64_MAX};
    struct vch_complaint why = {""};

    CHECK(response != NULL && appraisal != NULL);
    vch_appraisal_init(appraisal);
    scene->judged++;
    if (vch_is_ok(vch_exchange_decode_response(response, answer->bytes, answer->size, &why)) &&
        vch_exchange_bind(verdict.binder, appraisal, &answer->request, response,
                          &answer->channel)) {
        const struct vch_cmw_item *report = vch_cmw_find(&response->evidence, "report");
        verdict.is_accepted = report != NULL && vch_binder_check(appraisal, verdict.binder,
                                                                 report->bytes, report->size);
    }
    scene->accepted += verdict.is_accepted;
    const char *text =
        appraisal->count > 0 ? appraisal->checks[appraisal->count - 1].name : why.text;
    strncpy(verdict.why, text, sizeof verdict.why - 1);
    free(response);
    free(appraisal);
    vch_asker_conclude(asker, &verdict);
}

static inline vch_status channels_collect(void *context,
                                          const uint8_t binder[static VCH_BINDER_SIZE],
                                          struct vch_cmw *evidence, struct vch_cmw *endorsements,
                                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct channels_lie *lie = context;
    const size_t size = VCH_BINDER_REPORT_SIZE + lie->more_bytes;
    uint8_t *report = vch_arena_alloc(arena, size, 1), block[VCH_BINDER_SIZE];
    struct vch_binder changed;

    (void)endorsements;
    if (lie->is_broken) return vch_complain(complaint, VCH_CODE_UNAVAILABLE, "a secret path");
    VCH_ASSERT(report != NULL);
    memcpy(block, binder, sizeof block);
    if (lie->change != NULL) {
        VCH_TRY(vch_binder_decode(&changed, block, sizeof block, complaint));
        lie->change(&changed);
        VCH_TRY(vch_binder_encode(block, &changed));
    }
    vch_binder_report(report, block);
    if (lie->spoil != NULL) lie->spoil(report, block);
    evidence->items[evidence->count++] = (struct vch_cmw_item){.label = "report",
                                                               .label_size = 6,
                                                               .type = "application/test",
                                                               .type_size = 16,
                                                               .bytes = report,
                                                               .size = size,
                                                               .purposes = VCH_CMW_EVIDENCE};
    return VCH_OK;
}

static inline void channels_on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
}

static inline struct channels *channels_new(void)
{
    static const struct timeval tick = {.tv_usec = 2000};
    struct channels *scene = calloc(1, sizeof *scene);

    CHECK(scene != NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    scene->base = event_base_new();
    scene->tick = event_new(scene->base, -1, EV_PERSIST, channels_on_tick, NULL);
    CHECK(event_add(scene->tick, &tick) == 0);
    for (int i = 0; i < CHANNELS_ENDS; i++) {
        const uint8_t seed[VCH_SIGN_SEED_SIZE] = {(uint8_t)(i + 1)};
        vch_sign_key(&scene->keys[i], seed);
        const struct vch_signer signer = vch_signer_local(&scene->keys[i]);
        CHECK_OK(vch_tls_new(&scene->tls[i], &signer, NULL));
    }
    scene->policy = (struct vch_asker_policy){.digest = vch_hash_bytes("rules", 5),
                                              .accepts = {[VCH_BINDER_SNP] = true},
                                              .judge = channels_judge,
                                              .context = scene};
    return scene;
}

// From now on that end has hardware, whose evidence is of that kind.
static inline void channels_attest(struct channels *scene, int end, enum vch_binder_kind kind)
{
    struct vch_attester_setup setup = {.base = scene->base,
                                       .kind = kind,
                                       .facts = {.build = vch_hash_bytes("build", 5)},
                                       .sealing_key = {9},
                                       .node = scene->keys[end].public_key,
                                       .collect = channels_collect,
                                       .context = &scene->lies[end]};

    CHECK_OK(vch_attester_new(&scene->attesters[end], &setup, NULL));
}

static inline void channels_on_open(void *context, struct vch_stream *stream)
{
    struct channels_end *end = context;
    struct channels *scene = end->scene;
    const bool is_client = vch_is_equal(
        vch_stream_peer(stream), &scene->keys[CHANNELS_SERVER].public_key, VCH_SIGN_PUBLIC_SIZE);
    const int self = is_client ? CHANNELS_CLIENT : CHANNELS_SERVER;
    const struct vch_channel_setup setup = {.transport = vch_transport_of(stream),
                                            .role =
                                                is_client ? VCH_BINDER_CLIENT : VCH_BINDER_SERVER,
                                            .peer = *vch_stream_peer(stream),
                                            .policy = scene->asks[self] ? &scene->policy : NULL,
                                            .attester = scene->attesters[self]};

    vch_channel_init(&end->channel, &setup);
    end->is_open = true;
}

static inline void channels_on_frame(void *context, struct vch_stream *stream,
                                     const Vouch__Frame *frame)
{
    struct channels_end *end = context;
    const ProtobufCBinaryData *bytes = NULL;

    (void)stream;
    end->frames++;
    end->private_frames += frame->body_case == VOUCH__FRAME__BODY_CHUNK;
    if (!end->keeps) {
        (void)vch_channel_receive(&end->channel, frame, vch_transport_now());
        return;
    }
    end->kept_kind = (uint32_t)frame->body_case;
    if (frame->body_case == VOUCH__FRAME__BODY_ATTEST_REQUEST)
        bytes = &frame->attest_request->request;
    if (frame->body_case == VOUCH__FRAME__BODY_ATTEST_RESPONSE)
        bytes = &frame->attest_response->response;
    if (bytes == NULL) return;
    free(end->kept);
    end->kept = calloc(bytes->len, 1);
    CHECK(end->kept != NULL);
    memcpy(end->kept, bytes->data, bytes->len);
    end->kept_size = bytes->len;
}

static inline void channels_on_room(void *context, struct vch_stream *stream)
{
    (void)context, (void)stream;
}

static inline void channels_on_close(void *context, struct vch_stream *stream, enum vch_code code,
                                     const char *why)
{
    struct channels_end *end = context;

    (void)stream, (void)code, (void)why;
    end->is_closed = true;
    end->stream = NULL;
}

static inline bool channels_admit(void *context, const struct vch_public_key *key)
{
    (void)context, (void)key;
    return true;
}

static inline struct vch_stream_setup channels_setup(struct channels_end *end, int self)
{
    struct channels *scene = end->scene;

    return (struct vch_stream_setup){
        .base = scene->base,
        .tls = scene->tls[self],
        .live_count = &scene->live,
        .limits = vch_stream_default_limits(),
        .events = {channels_on_open, channels_on_frame, channels_on_room, channels_on_close, NULL},
        .context = end};
}

static inline void channels_turn(struct channels *scene)
{
    CHECK(event_base_loop(scene->base, EVLOOP_ONCE) == 0);
}

// A connection that is under way.
static inline void channels_dial(struct channels *scene, struct channels_pair *pair)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    evutil_socket_t listener = socket(AF_INET, SOCK_STREAM, 0);
    const struct vch_tls_admission admission = {channels_admit, NULL};
    struct channels_end *ends = pair->ends;

    *pair = (struct channels_pair){0};
    ends[0].scene = ends[1].scene = scene;
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    const struct vch_stream_setup client = channels_setup(&ends[CHANNELS_CLIENT], CHANNELS_CLIENT);
    const struct vch_stream_setup server = channels_setup(&ends[CHANNELS_SERVER], CHANNELS_SERVER);
    CHECK_OK(vch_stream_connect(&ends[CHANNELS_CLIENT].stream, &client,
                                &scene->keys[CHANNELS_SERVER].public_key, "127.0.0.1",
                                ntohs(address.sin_port)));
    evutil_socket_t accepted = accept(listener, NULL, NULL);
    CHECK(accepted >= 0 && evutil_make_socket_nonblocking(accepted) == 0);
    CHECK_OK(vch_stream_accept(&ends[CHANNELS_SERVER].stream, &server, accepted, &admission));
    (void)close(listener);
}

static inline void channels_wait(struct channels *scene, const struct channels_pair *pair)
{
    while (!pair->ends[0].is_open || !pair->ends[1].is_open)
        channels_turn(scene);
}

static inline void channels_connect(struct channels *scene, struct channels_pair *pair)
{
    channels_dial(scene, pair);
    channels_wait(scene, pair);
}

static inline void channels_disconnect(struct channels_pair *pair)
{
    for (int i = 0; i < CHANNELS_ENDS; i++) {
        struct channels_end *end = &pair->ends[i];
        if (end->is_open) vch_channel_release(&end->channel);
        if (end->stream != NULL) vch_stream_drop(end->stream);
        free(end->kept);
    }
}

static inline void channels_free(struct channels *scene)
{
    while (scene->live > 0)
        channels_turn(scene);
    for (int i = 0; i < CHANNELS_ENDS; i++) {
        vch_attester_free(scene->attesters[i]);
        vch_tls_free(scene->tls[i]);
    }
    event_free(scene->tick);
    event_base_free(scene->base);
    free(scene);
}

// Bytes that somebody says are a request or a response, to an end's own channel or over the wire.
static inline void channels_say(struct vch_stream *stream, struct vch_channel *channel,
                                bool is_request, const uint8_t *bytes, size_t size)
{
    Vouch__AttestRequest request = VOUCH__ATTEST_REQUEST__INIT;
    Vouch__AttestResponse response = VOUCH__ATTEST_RESPONSE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    request.request = response.response = vch_message_borrow(bytes, size);
    frame.body_case =
        is_request ? VOUCH__FRAME__BODY_ATTEST_REQUEST : VOUCH__FRAME__BODY_ATTEST_RESPONSE;
    if (is_request)
        frame.attest_request = &request;
    else
        frame.attest_response = &response;
    if (channel != NULL)
        (void)vch_channel_receive(channel, &frame, vch_transport_now());
    else
        CHECK_OK(vch_stream_send(stream, &frame));
}

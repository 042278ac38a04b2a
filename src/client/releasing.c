#include "client/releasing.h"

#include <event2/dns.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "channel/channel.h"
#include "channel/judge.h"
#include "crypto/signer.h"
#include "host/clock.h"
#include "host/random.h"
#include "net/greeting.h"
#include "net/loop.h"
#include "net/tls.h"
#include "sealing/grant.h"

enum {
    TICK_MS = 250,
    KEEP_ALIVE_MS = 15000,
    TIMEOUT_MS = 600000,
    ID = 1,
};

struct errand {
    const struct vch_releasing_setup *setup;
    struct vch_releasing *out;
    struct vch_complaint *complaint;
    struct event_base *base;
    struct evdns_base *dns;
    struct vch_tls *tls;
    struct vch_attester *attester;
    struct vch_judge judge;
    struct vch_asker_policy policy;
    struct vch_appraisal appraisal;
    bool has_joined;
    struct event *tick;
    struct vch_stream *stream;
    struct vch_channel channel;
    bool has_channel, has_greeted, is_over;
    uint32_t live_streams;
    uint64_t end_ms, pinged_ms;
    vch_status status;
};

// The first word is the last.
static void end(struct errand *errand, vch_status status)
{
    if (errand->is_over) return;
    errand->is_over = true;
    errand->status = status;
    if (errand->stream != NULL) vch_stream_close(errand->stream);
    errand->stream = NULL;
    (void)event_base_loopbreak(errand->base);
}

static void fail(struct errand *errand, enum vch_code code, const char *what, const char *why)
{
    const char *far = errand->out->is_sent ? "the release was sent" : "nothing was released";

    if (errand->is_over) return;
    end(errand, vch_complain(errand->complaint, code, "%s: %s %s", far, what, why));
}

static bool is_taken(struct errand *errand, vch_status status)
{
    if (!vch_is_ok(status)) fail(errand, status.code, "the connection", "takes no frames");
    return vch_is_ok(status);
}

// The verdict as an appraisal: what was judged elsewhere says no more than this.
static void recall(struct vch_appraisal *out, const struct vch_asker_verdict *verdict)
{
    vch_appraisal_init(out);
    if (verdict->is_bound)
        vch_appraisal_add(out, "binding.evidence", VCH_APPRAISAL_PASSED, "%s", "");
    for (uint32_t i = 0; i < verdict->warned_count && i < VCH_ASKER_WARNED_MAX; i++)
        vch_appraisal_add(out, verdict->warned[i], VCH_APPRAISAL_WARNED, "%s", verdict->why);
    out->is_cut = verdict->warned_count > VCH_ASKER_WARNED_MAX;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

// Not for longer than what it rests on.
static vch_status make_grant(struct errand *errand, uint8_t grant[static VCH_GRANT_SIZE])
{
    const struct vch_releasing_setup *setup = errand->setup;
    const struct vch_asker_kept *kept = &errand->channel.asker.kept;
    // When the evidence came: whoever has it comes to the same verdict, judging as of then.
    const uint64_t time_s = kept->time_ms / 1000;
    const int64_t until_s = setup->rules->until_s;
    const uint64_t end_s =
        earlier(until_s < 0 ? 0 : (uint64_t)until_s, kept->verdict.until_ms / 1000);
    const struct vch_grant_basis basis = {.verdict = &errand->appraisal,
                                          .binder = kept->verdict.binder,
                                          .policy_end_s = end_s,
                                          .accepted = setup->accepted,
                                          .accepted_count = setup->accepted_count};
    struct vch_grant_terms terms = {.manifest = vch_sealed_digest(setup->sealed),
                                    .policy = setup->rules->id,
                                    .time_s = time_s,
                                    .expiry_s = earlier(end_s, time_s + setup->lifetime_s)};
    struct vch_release *release = &errand->out->release;
    uint8_t seed[VCH_HPKE_SEED_SIZE];
    struct vch_binder bound;

    VCH_TRY(vch_binder_decode(&bound, basis.binder, VCH_BINDER_SIZE, errand->complaint));
    vch_random_bytes(seed, sizeof seed);
    vch_status status = vch_grant_make(grant, &basis, setup->sealed, &terms, setup->data_key, seed,
                                       errand->complaint);
    vch_wipe(seed, sizeof seed);
    *release = vch_release_of(setup->sealed, VCH_RELEASE_GRANTED, time_s);
    release->node = setup->node.key;
    memcpy(release->sealing_key, bound.sealing_key, sizeof release->sealing_key);
    release->block = vch_binder_digest(basis.binder);
    release->policy = terms.policy;
    release->verdict = kept->verdict.digest;
    release->expiry_s = terms.expiry_s;
    return status;
}

static void send_grant(struct errand *errand, uint8_t grant[static VCH_GRANT_SIZE])
{
    uint8_t manifest[VCH_SEALED_MANIFEST_SIZE];
    Vouch__Grant message = VOUCH__GRANT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    vch_sealed_encode(manifest, errand->setup->sealed);
    message.id = ID;
    message.manifest = (ProtobufCBinaryData){sizeof manifest, manifest};
    message.grant = (ProtobufCBinaryData){VCH_GRANT_SIZE, grant};
    frame.body_case = VOUCH__FRAME__BODY_GRANT;
    frame.grant = &message;
    errand->out->is_sent = is_taken(errand, vch_stream_send(errand->stream, &frame));
}

// Of the class that the judge was asked about; once more, for what a process elsewhere said.
static vch_status check_level(const struct errand *errand)
{
    const enum vch_rules_level level = errand->channel.asker.kept.verdict.level;

    if (vch_rules_allows(errand->setup->rules, VCH_RULES_PRIVATE_WEIGHTS, level)) return VCH_OK;
    return vch_complain(errand->complaint, VCH_CODE_REFUSED,
                        "nothing was released: %s is shown of the node, and the policy gives "
                        "weights:private to other levels only",
                        vch_rules_level_name(level));
}

// On disk first: what was released nobody can take back, and it must not be unknown.
static vch_status release_key(struct errand *errand)
{
    const struct vch_releasing_setup *setup = errand->setup;
    uint8_t grant[VCH_GRANT_SIZE];

    VCH_TRY(check_level(errand));
    recall(&errand->appraisal, &errand->channel.asker.kept.verdict);
    VCH_TRY(make_grant(errand, grant));
    VCH_TRY(setup->record(setup->context, &errand->out->release, errand->complaint));
    errand->out->is_recorded = true;
    send_grant(errand, grant);
    return VCH_OK;
}

// Something has come of the channel.
static void settle(struct errand *errand)
{
    const char *why = NULL;
    enum vch_code code = vch_channel_trouble(&errand->channel, &why);

    if (errand->is_over) return;
    if (code != VCH_CODE_NONE) {
        fail(errand, code, "the node's evidence is not accepted:", why);
        return;
    }
    if (errand->out->is_recorded || !errand->has_greeted ||
        !vch_channel_is_open(&errand->channel, vch_transport_now()))
        return;
    vch_status status = release_key(errand);
    if (!vch_is_ok(status)) end(errand, status);
}

static void on_channel(void *context, struct vch_channel *channel)
{
    (void)channel;
    settle(context);
}

static void on_open(void *context, struct vch_stream *stream)
{
    struct errand *errand = context;
    const struct vch_channel_setup channel = {.transport = vch_transport_of(stream),
                                              .role = VCH_BINDER_CLIENT,
                                              .peer = errand->setup->node.key,
                                              .policy = &errand->policy,
                                              .attester = errand->attester,
                                              .on_change = on_channel,
                                              .context = errand};

    vch_channel_init(&errand->channel, &channel);
    errand->has_channel = true;
    (void)is_taken(errand, vch_greeting_send_hello(stream));
}

static void hear_result(struct errand *errand, const Vouch__GrantResult *result)
{
    if (!errand->out->is_sent || result->id != ID) {
        fail(errand, VCH_CODE_MALFORMED, "the node answers", "what was never sent");
    } else if (result->code == VCH_CODE_NONE) {
        errand->out->is_open = true;
        end(errand, VCH_OK);
    } else {
        bool is_code = result->code <= VCH_CODE_TIMEOUT;
        fail(errand, is_code ? (enum vch_code)result->code : VCH_CODE_REFUSED,
             "the node does not open the weights:", result->text);
    }
}

static void on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct errand *errand = context;

    (void)stream;
    if (vch_channel_receive(&errand->channel, frame, vch_transport_now())) {
        settle(errand);
        return;
    }
    switch ((int)frame->body_case) {
    case VOUCH__FRAME__BODY_WELCOME:
        if (errand->has_greeted) break;
        errand->has_greeted = true;
        vch_channel_begin(&errand->channel, vch_transport_now());
        settle(errand);
        return;
    case VOUCH__FRAME__BODY_GRANT_RESULT: hear_result(errand, frame->grant_result); return;
    case VOUCH__FRAME__BODY_PONG: return;
    case VOUCH__FRAME__BODY_REFUSAL:
        fail(errand, VCH_CODE_REFUSED, "the node refuses:", frame->refusal->text);
        return;
    case VOUCH__FRAME__BODY_GOODBYE:
        fail(errand, VCH_CODE_UNAVAILABLE, "the node", "is about to stop");
        return;
    default: break;
    }
    fail(errand, VCH_CODE_MALFORMED, "the node breaks the protocol:", vch_frame_name(frame));
}

// What is sent is far below what a stream holds.
static void on_room(void *context, struct vch_stream *stream)
{
    (void)context, (void)stream;
}

static void on_close(void *context, struct vch_stream *stream, enum vch_code code, const char *why)
{
    struct errand *errand = context;

    (void)stream;
    errand->stream = NULL;
    fail(errand, code != VCH_CODE_NONE ? code : VCH_CODE_UNAVAILABLE,
         "the connection to the node ended:", why);
}

static void ping(struct errand *errand)
{
    errand->pinged_ms = vch_clock_monotonic_ms();
    (void)is_taken(errand, vch_greeting_send_ping(errand->stream, 0));
}

static void on_tick(evutil_socket_t unused, short what, void *context)
{
    struct errand *errand = context;

    (void)unused, (void)what;
    if (vch_clock_monotonic_ms() >= errand->end_ms)
        fail(errand, VCH_CODE_TIMEOUT, "the node", "takes too long");
    if (errand->is_over || !errand->has_greeted) return;
    vch_channel_tick(&errand->channel, vch_transport_now());
    settle(errand);
    if (!errand->is_over && errand->out->is_sent &&
        vch_clock_monotonic_ms() >= errand->pinged_ms + KEEP_ALIVE_MS)
        ping(errand);
}

// A client's channel asks of its own accord again; a release is made once, on the first verdict.
static vch_status prepare(struct errand *errand)
{
    const struct vch_releasing_setup *setup = errand->setup;
    const struct vch_digest manifest = vch_sealed_digest(setup->sealed);

    errand->judge = (struct vch_judge){setup->rules, VCH_RULES_PRIVATE_WEIGHTS};
    VCH_TRY(vch_judge_policy(&errand->policy, &errand->judge, errand->complaint));
    if (setup->policy != NULL) errand->policy = *setup->policy;
    if (setup->parser != NULL) VCH_TRY(vch_parser_join(setup->parser, errand->base));
    errand->has_joined = setup->parser != NULL;
    memcpy(errand->policy.occasion, manifest.bytes, sizeof errand->policy.occasion);
    if (setup->attester == NULL) return VCH_OK;
    struct vch_attester_setup attester = *setup->attester;
    attester.base = errand->base;
    attester.node = setup->key->public_key;
    return vch_attester_new(&errand->attester, &attester, errand->complaint);
}

static vch_status open_stream(struct errand *errand)
{
    const struct vch_releasing_setup *setup = errand->setup;
    const struct vch_signer signer = vch_signer_local(setup->key);
    struct vch_stream_setup stream = {
        .base = errand->base,
        .live_count = &errand->live_streams,
        .limits = setup->limits.window_ms != 0 ? setup->limits : vch_stream_default_limits(),
        .events = {on_open, on_frame, on_room, on_close, NULL},
        .context = errand};

    VCH_TRY(vch_tls_new(&errand->tls, &signer, errand->complaint));
    errand->dns = evdns_base_new(errand->base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
                                                   EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    stream.tls = errand->tls;
    stream.dns = errand->dns;
    return vch_stream_connect(&errand->stream, &stream, &setup->node.key, setup->node.host,
                              setup->node.port);
}

static vch_status run(struct errand *errand)
{
    static const struct timeval tick = {.tv_usec = TICK_MS * 1000L};
    const uint32_t timeout_ms = errand->setup->timeout_ms;

    errand->base = vch_loop_new();
    if (errand->base == NULL) return VCH_FAIL(NO_MEMORY);
    errand->end_ms = vch_clock_monotonic_ms() + (timeout_ms != 0 ? timeout_ms : TIMEOUT_MS);
    VCH_TRY(prepare(errand));
    VCH_TRY(open_stream(errand));
    errand->tick = event_new(errand->base, -1, EV_PERSIST, on_tick, errand);
    if (errand->tick == NULL || event_add(errand->tick, &tick) != 0) return VCH_FAIL(NO_MEMORY);
    while (!errand->is_over)
        if (event_base_dispatch(errand->base) != 0) return VCH_FAIL(IO);
    return errand->status;
}

static void release(struct errand *errand)
{
    if (errand->stream != NULL) vch_stream_drop(errand->stream);
    if (errand->has_channel) {
        struct vch_asker_kept *kept = &errand->channel.asker.kept;
        errand->out->evidence = *kept;
        kept->bytes = NULL; // the caller's now
        vch_channel_release(&errand->channel);
    }
    if (errand->has_joined) vch_parser_leave(errand->setup->parser);
    vch_attester_free(errand->attester);
    // What is still to be written has its linger.
    if (errand->tick != NULL) event_free(errand->tick);
    while (errand->live_streams > 0 && event_base_loop(errand->base, EVLOOP_ONCE) == 0)
        continue;
    if (errand->dns != NULL) evdns_base_free(errand->dns, 0);
    if (errand->base != NULL) event_base_free(errand->base);
    vch_tls_free(errand->tls);
}

vch_status vch_releasing_run(struct vch_releasing *out, const struct vch_releasing_setup *setup,
                             struct vch_complaint *complaint)
{
    struct errand *errand = calloc(1, sizeof *errand);

    *out = (struct vch_releasing){0};
    if (errand == NULL) return VCH_FAIL(NO_MEMORY);
    errand->setup = setup;
    errand->out = out;
    errand->complaint = complaint;
    vch_status status = run(errand);
    release(errand);
    free(errand);
    return status;
}

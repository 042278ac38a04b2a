#include "channel/asker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "host/random.h"
#include "message/message.h"

enum { ANSWER_MS_MAX = 60000 };

void vch_asker_init(struct vch_asker *asker, const struct vch_asker_setup *setup)
{
    *asker = (struct vch_asker){.setup = *setup};
}

static void fail(struct vch_asker *asker, enum vch_code code, const char *why)
{
    if (asker->state == VCH_ASKER_FAILED) return;
    asker->state = VCH_ASKER_FAILED;
    asker->code = code;
    asker->has_verdict = false;
    (void)snprintf(asker->why, sizeof asker->why, "%s", why);
}

// Who judges the answer in hand must not conclude it: what fails meanwhile stays failed, and may be
// gone by then.
static void leave_judge(struct vch_asker *asker)
{
    const struct vch_asker_policy *policy = asker->setup.policy;

    if (asker->state == VCH_ASKER_JUDGING && policy->forget != NULL)
        policy->forget(policy->context, asker);
}

// The block's two keys from where we stand: the attested end is our peer.
static vch_status tie(struct vch_asker *asker, struct vch_asker_answer *answer)
{
    struct vch_exchange_request *request = &answer->request;
    struct vch_exchange_channel *channel = &answer->channel;
    const struct vch_asker_setup *setup = &asker->setup;
    const struct vch_transport *transport = &setup->transport;
    struct vch_transport_ties ties;

    *request = (struct vch_exchange_request){.policy = setup->policy->digest, .role = setup->role};
    memcpy(request->accepts, setup->policy->accepts, sizeof request->accepts);
    vch_random_bytes(answer->salt, sizeof answer->salt);
    memcpy(answer->occasion, setup->policy->occasion, sizeof answer->occasion);
    struct vch_digest nonce = vch_binder_nonce(answer->occasion, answer->salt);
    memcpy(request->nonce, nonce.bytes, sizeof request->nonce);
    VCH_TRY(transport->tie(transport->context, &ties, request->nonce));
    *channel = (struct vch_exchange_channel){.own = ties.peer, .peer = ties.own};
    memcpy(channel->exporter, ties.exporter, sizeof channel->exporter);
    memcpy(channel->node, setup->node.bytes, sizeof channel->node);
    answer->history = asker->has_verdict ? asker->kept.verdict.history : setup->history;
    answer->history.is_session = asker->has_verdict;
    return VCH_OK;
}

static vch_status send_request(const struct vch_asker *asker,
                               const struct vch_exchange_request *request)
{
    const struct vch_transport *transport = &asker->setup.transport;
    Vouch__AttestRequest message = VOUCH__ATTEST_REQUEST__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    uint8_t bytes[VCH_EXCHANGE_REQUEST_SIZE_MAX];
    size_t size = 0;

    VCH_TRY(vch_exchange_encode_request(bytes, &size, request));
    message.request = vch_message_borrow(bytes, size);
    frame.body_case = VOUCH__FRAME__BODY_ATTEST_REQUEST;
    frame.attest_request = &message;
    return transport->send(transport->context, &frame);
}

vch_status vch_asker_ask(struct vch_asker *asker, struct vch_transport_time now)
{
    struct vch_asker_answer answer = {0};

    if (asker->state == VCH_ASKER_FAILED) return VCH_FAIL(UNAVAILABLE);
    if (asker->state == VCH_ASKER_WAITING || asker->state == VCH_ASKER_JUDGING)
        return VCH_FAIL(BUSY);
    vch_status status = tie(asker, &answer);
    if (vch_is_ok(status)) status = send_request(asker, &answer.request);
    if (!vch_is_ok(status)) {
        fail(asker, status.code, "the connection takes no request for evidence");
        return VCH_FAIL(UNAVAILABLE);
    }
    answer.asked_ms = now.unix_ms;
    asker->answer = answer;
    asker->asked_ms = now.monotonic_ms;
    asker->state = VCH_ASKER_WAITING;
    return VCH_OK;
}

static uint32_t answer_ms(const struct vch_asker *asker)
{
    const uint32_t ms = asker->setup.policy->answer_ms;

    return ms == 0 || ms > ANSWER_MS_MAX ? ANSWER_MS_MAX : ms;
}

static bool is_late(const struct vch_asker *asker, struct vch_transport_time now)
{
    return now.monotonic_ms - asker->asked_ms > answer_ms(asker);
}

void vch_asker_receive(struct vch_asker *asker, const Vouch__AttestResponse *response,
                       struct vch_transport_time now)
{
    const size_t size = response->response.len;

    if (asker->state != VCH_ASKER_WAITING) {
        leave_judge(asker);
        fail(asker, VCH_CODE_MALFORMED, "evidence that nobody asked for");
    } else if (is_late(asker, now)) {
        fail(asker, VCH_CODE_TIMEOUT, "the evidence came too late for its nonce");
    } else if (size == 0 || size > VCH_EXCHANGE_SIZE_MAX) {
        fail(asker, VCH_CODE_LIMIT, "evidence of a size that no response has");
    } else {
        asker->bytes = calloc(1, size);
        if (asker->bytes == NULL) {
            fail(asker, VCH_CODE_NO_MEMORY, "no memory for evidence");
            return;
        }
        memcpy(asker->bytes, response->response.data, size);
        asker->answer.bytes = asker->bytes;
        asker->answer.size = size;
        asker->answer.time_ms = now.unix_ms;
        asker->state = VCH_ASKER_JUDGING;
        asker->is_inside = true;
        asker->setup.policy->judge(asker->setup.policy->context, asker);
        asker->is_inside = false;
    }
}

void vch_asker_conclude(struct vch_asker *asker, const struct vch_asker_verdict *verdict)
{
    VCH_ASSERT(asker->state == VCH_ASKER_JUDGING);
    if (verdict->is_accepted) {
        free(asker->kept.bytes);
        asker->kept = (struct vch_asker_kept){
            asker->bytes, asker->answer.size, asker->answer.time_ms, {0}, {0}, *verdict};
        memcpy(asker->kept.occasion, asker->answer.occasion, sizeof asker->kept.occasion);
        memcpy(asker->kept.salt, asker->answer.salt, sizeof asker->kept.salt);
        asker->bytes = NULL;
        asker->has_verdict = true;
        asker->accepted_count++;
        memcpy(asker->occasion, asker->answer.occasion, sizeof asker->occasion);
        asker->settled_ms = asker->asked_ms;
        asker->state = VCH_ASKER_SETTLED;
    } else {
        fail(asker, VCH_CODE_REFUSED, verdict->why);
    }
    if (asker->setup.on_change != NULL && !asker->is_inside)
        asker->setup.on_change(asker->setup.context, asker);
}

static bool is_for_now(const struct vch_asker *asker)
{
    return memcmp(asker->occasion, asker->setup.policy->occasion, sizeof asker->occasion) == 0;
}

static bool is_due(const struct vch_asker *asker, struct vch_transport_time now)
{
    const uint32_t again_ms = asker->setup.policy->again_ms;

    if (!is_for_now(asker) || now.unix_ms >= asker->kept.verdict.until_ms) return true;
    return again_ms != 0 && now.monotonic_ms - asker->settled_ms >= again_ms - again_ms / 4;
}

// A quarter of the time is left for the answer, so that one that is prompt leaves no gap.
void vch_asker_tick(struct vch_asker *asker, struct vch_transport_time now)
{
    if (asker->state == VCH_ASKER_WAITING && is_late(asker, now)) {
        fail(asker, VCH_CODE_TIMEOUT, "no evidence came in time");
    } else if (asker->state == VCH_ASKER_SETTLED && is_due(asker, now)) {
        vch_status status = vch_asker_ask(asker, now);
        (void)status; // the state says it
    }
}

bool vch_asker_allows(const struct vch_asker *asker, struct vch_transport_time now)
{
    if (asker->state == VCH_ASKER_FAILED || !asker->has_verdict) return false; // or released
    if (!is_for_now(asker)) return false;
    const uint32_t again_ms = asker->setup.policy->again_ms;
    if (again_ms != 0 && now.monotonic_ms - asker->settled_ms >= again_ms) return false;
    return now.unix_ms < asker->kept.verdict.until_ms;
}

bool vch_asker_allows_since(const struct vch_asker *asker, uint64_t since_ms,
                            struct vch_transport_time now)
{
    return vch_asker_allows(asker, now) && asker->settled_ms >= since_ms;
}

void vch_asker_release(struct vch_asker *asker)
{
    leave_judge(asker);
    free(asker->bytes);
    free(asker->kept.bytes);
    *asker = (struct vch_asker){.state = VCH_ASKER_FAILED};
}

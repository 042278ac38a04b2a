// A node's session whose client is held to a policy: by a judge that takes any statement that is
// bound to the connection, at once or when told to.
#pragma once

#include <stdlib.h>
#include <string.h>

#include "attest/facts.h"
#include "harness/session.h"

struct session_attest {
    struct vch_asker_policy policy;
    struct vch_asker *waiting; // for the judge
    bool waits;                // the judge takes its time
};

static inline vch_status session_tie(void *transport, struct vch_transport_ties *out,
                                     const uint8_t nonce[static 32])
{
    (void)transport;
    *out = (struct vch_transport_ties){.own = {{1}}, .peer = {{2}}};
    memcpy(out->exporter, nonce, sizeof out->exporter);
    return VCH_OK;
}

static inline void session_conclude(struct vch_asker *asker)
{
    const struct vch_asker_answer *answer = &asker->answer;
    struct vch_exchange_response *response = calloc(1, sizeof *response);
    struct vch_asker_verdict verdict = {.until_ms = UINT64_MAX, .why = "a check: its text"};

    VCH_ASSERT(response != NULL);
    verdict.is_accepted =
        vch_is_ok(vch_exchange_decode_response(response, answer->bytes, answer->size, NULL)) &&
        response->kind == VCH_BINDER_NONE;
    free(response);
    vch_asker_conclude(asker, &verdict);
}

static inline void session_judge(void *context, struct vch_asker *asker)
{
    struct session_attest *attest = context;

    if (attest->waits)
        attest->waiting = asker;
    else
        session_conclude(asker);
}

static inline void session_forget(void *context, struct vch_asker *asker)
{
    struct session_attest *attest = context;

    VCH_ASSERT(attest->waiting == asker);
    attest->waiting = NULL;
}

// From now on, for a client that has not spoken yet.
static inline void session_hold_client(struct session_fixture *f, struct session_attest *attest)
{
    *attest = (struct session_attest){.policy = {.digest = vch_hash_bytes("rules", 5),
                                                 .accepts = {[VCH_BINDER_NONE] = true},
                                                 .again_ms = 600000,
                                                 .judge = session_judge,
                                                 .forget = session_forget,
                                                 .context = attest}};
    f->host.client_policy = &attest->policy;
    f->host.tie = session_tie;
    vch_session_init(&f->session, &f->host, &f->client_key.public_key, f);
}

// A statement, as a client of that kind would answer.
static inline size_t session_response(uint8_t out[VCH_EXCHANGE_SIZE_MAX])
{
    const struct vch_facts facts = {.build = vch_hash_bytes("build", 5)};
    uint8_t statement[VCH_FACTS_SIZE_MAX];
    struct vch_exchange_response *response = calloc(1, sizeof *response);
    size_t size = 0;

    VCH_ASSERT(response != NULL);
    response->kind = VCH_BINDER_NONE;
    VCH_ASSERT(vch_is_ok(vch_facts_encode(statement, &response->statement_size, &facts)));
    response->statement = statement;
    response->sealing_key[0] = 9;
    VCH_ASSERT(
        vch_is_ok(vch_exchange_encode_response(out, VCH_EXCHANGE_SIZE_MAX, &size, response)));
    free(response);
    return size;
}

// Policies for tests of who is held to one: a judge that takes any statement, at once or when told
// to; and a statement.
#pragma once

#include <stdlib.h>
#include <string.h>

#include "attest/exchange.h"
#include "base/check.h"
#include "channel/asker.h"

struct attested {
    struct vch_asker_policy policy;
    struct vch_asker *waiting; // for the judge
    bool waits;                // the judge takes its time
};

static inline void attested_conclude(struct vch_asker *asker)
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

static inline void attested_judge(void *context, struct vch_asker *asker)
{
    struct attested *attested = context;

    if (attested->waits)
        attested->waiting = asker;
    else
        attested_conclude(asker);
}

static inline void attested_forget(void *context, struct vch_asker *asker)
{
    struct attested *attested = context;

    VCH_ASSERT(attested->waiting == asker);
    attested->waiting = NULL;
}

static inline void attested_policy(struct attested *attested)
{
    *attested = (struct attested){.policy = {.digest = vch_hash_bytes("rules", 5),
                                             .accepts = {[VCH_BINDER_NONE] = true},
                                             .answer_ms = 60000,
                                             .again_ms = 600000,
                                             .judge = attested_judge,
                                             .forget = attested_forget,
                                             .context = attested}};
}

// A statement, as a client of that kind would answer.
static inline size_t attested_response(uint8_t out[VCH_EXCHANGE_SIZE_MAX])
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

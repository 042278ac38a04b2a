// Nodes of a voucher that attest, by a TPM of their own making (harness/results.h), to the client
// of harness/vouchers.h.
#pragma once

#include "harness/results.h"
#include "harness/vouchers.h"

struct attesting {
    struct results scene;
    struct vch_segment_attestation attestations[VOUCHERS_SEGMENTS][VOUCHERS_VOTES];
};

// What is said of a connection of this node, as its client has it.
static inline void attesting_connect(struct attesting *a, struct vouchers *v,
                                     const struct vch_public_key *node, const uint8_t salt[32])
{
    struct vch_binder *block = &a->scene.block;
    struct vch_digest nonce = vch_binder_nonce(v->job.nonce.bytes, salt);

    memcpy(block->nonce, nonce.bytes, sizeof block->nonce);
    memcpy(block->node, node->bytes, sizeof block->node);
    block->own = vch_binder_identity(node->bytes);
    block->peer = vch_binder_identity(v->client.public_key.bytes);
}

// What the scene's end answers, as it is kept.
static inline struct vch_segment_attestation attesting_keep(struct attesting *a, struct vouchers *v,
                                                            const struct vch_public_key *node,
                                                            const uint8_t salt[32])
{
    struct vch_segment_attestation out = {.node = *node, .time_ms = 1400};
    uint8_t *block = vch_arena_alloc(&v->arena, VCH_BINDER_SIZE, 1);
    uint8_t *response = vch_arena_alloc(&v->arena, RESULTS_RECORD_ROOM, 1);

    CHECK(block != NULL && response != NULL);
    CHECK_OK(vch_exchange_encode_response(response, RESULTS_RECORD_ROOM, &out.response_size,
                                          &a->scene.response));
    memcpy(block, a->scene.bytes, VCH_BINDER_SIZE);
    memcpy(out.salt, salt, sizeof out.salt);
    out.block = block;
    out.response = response;
    return out;
}

// Every node that voted attests, each where it voted.
static inline void attesting_all(struct attesting *a, struct vouchers *v, enum vch_binder_kind kind)
{
    uint8_t salt[32] = {0x5a};

    results_init(&a->scene, kind);
    for (uint32_t i = 0; i < v->voucher.result_count; i++) {
        struct vch_segment_result *result = &v->results[i];
        for (uint32_t j = 0; j < result->vote_count; j++) {
            salt[1] = (uint8_t)(16 * i + j);
            attesting_connect(a, v, &result->votes[j].node, salt);
            results_answer(&a->scene);
            a->attestations[i][j] = attesting_keep(a, v, &result->votes[j].node, salt);
        }
        result->attestations = a->attestations[i];
        result->attestation_count = result->vote_count;
    }
    v->rules = &a->scene.rules;
}

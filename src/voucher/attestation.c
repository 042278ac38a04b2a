#include "voucher/attestation.h"

#include <string.h>

#include "attest/binder.h"
#include "attest/exchange.h"
#include "message/message.h"

// Votes ascend, as attestations do: one walk over both.
static bool skip_to_vote(const struct vch_segment_result *result, uint32_t *at,
                         const struct vch_public_key *node)
{
    for (; *at < result->vote_count; ++*at) {
        int order = memcmp(&result->votes[*at].node, node, sizeof *node);
        if (order >= 0) return order == 0;
    }
    return false;
}

static vch_status check(const struct vch_segment_attestation *attestation, uint32_t segment,
                        struct vch_complaint *complaint)
{
    struct vch_complaint why = {0};
    struct vch_binder binder;

    if (attestation->response_size == 0 || attestation->response_size > VCH_EXCHANGE_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "segment %u has an attestation of %zu bytes, not 1 to %u", segment,
                            attestation->response_size, VCH_EXCHANGE_SIZE_MAX);
    if (!vch_is_ok(vch_binder_decode(&binder, attestation->block, VCH_BINDER_SIZE, &why)))
        return vch_complain(complaint, VCH_CODE_MALFORMED, "an attestation of segment %u has %s",
                            segment, why.text);
    return VCH_OK;
}

vch_status vch_attestation_check(const struct vch_segment_result *result,
                                 struct vch_complaint *complaint)
{
    uint32_t vote = 0;

    for (uint32_t i = 0; i < result->attestation_count; i++, vote++) {
        const struct vch_segment_attestation *attestation = &result->attestations[i];
        if (!skip_to_vote(result, &vote, &attestation->node))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "segment %u: attestation %u is of a node without a vote there, or "
                                "not in ascending order of nodes",
                                result->segment, i);
        VCH_TRY(check(attestation, result->segment, complaint));
    }
    return VCH_OK;
}

vch_status vch_attestation_fill(Vouch__SegmentResult *message,
                                const struct vch_segment_result *result, struct vch_arena *arena)
{
    const uint32_t count = result->attestation_count;
    Vouch__Attestation *attestations = VCH_ARENA_NEW(arena, Vouch__Attestation, count);
    Vouch__Attestation **list = VCH_ARENA_NEW(arena, Vouch__Attestation *, count);

    if (attestations == NULL || list == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        const struct vch_segment_attestation *from = &result->attestations[i];
        vouch__attestation__init(&attestations[i]);
        attestations[i].node = vch_message_borrow(from->node.bytes, sizeof from->node.bytes);
        attestations[i].salt = vch_message_borrow(from->salt, sizeof from->salt);
        attestations[i].block = vch_message_borrow(from->block, VCH_BINDER_SIZE);
        attestations[i].response = vch_message_borrow(from->response, from->response_size);
        attestations[i].time_ms = from->time_ms;
        list[i] = &attestations[i];
    }
    message->n_attestations = count;
    message->attestations = list;
    return VCH_OK;
}

static vch_status copy(struct vch_segment_attestation *out, const Vouch__Attestation *from,
                       struct vch_complaint *complaint)
{
    if (from->block.len != VCH_BINDER_SIZE)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the block of an attestation has %zu bytes, not %d", from->block.len,
                            VCH_BINDER_SIZE);
    *out = (struct vch_segment_attestation){.block = from->block.data,
                                            .response = from->response.data,
                                            .response_size = from->response.len,
                                            .time_ms = from->time_ms};
    VCH_TRY(vch_message_copy(out->node.bytes, sizeof out->node.bytes, &from->node,
                             "key of an attestation's node", complaint));
    return vch_message_copy(out->salt, sizeof out->salt, &from->salt, "salt of an attestation",
                            complaint);
}

vch_status vch_attestation_copy(struct vch_segment_result *out, const Vouch__SegmentResult *message,
                                struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_segment_attestation *attestations = NULL;
    size_t count = message->n_attestations;

    if (count > VCH_VOUCHER_ATTESTATIONS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "segment %u has %zu attestations, not at most %u", message->segment,
                            count, VCH_VOUCHER_ATTESTATIONS_MAX);
    attestations = VCH_ARENA_NEW(arena, struct vch_segment_attestation, count);
    if (attestations == NULL) return vch_message_no_room("voucher", arena, complaint);
    for (size_t i = 0; i < count; i++)
        VCH_TRY(copy(&attestations[i], message->attestations[i], complaint));
    out->attestation_count = (uint32_t)count;
    out->attestations = attestations;
    return VCH_OK;
}

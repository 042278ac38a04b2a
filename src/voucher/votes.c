#include "voucher/votes.h"

#include <string.h>

#include "message/message.h"

static vch_status check_votes(const struct vch_segment_result *result,
                              struct vch_complaint *complaint)
{
    if (result->vote_count > VCH_VOTE_COUNT_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "segment %u has %u votes, not at most %u",
                            result->segment, result->vote_count, VCH_VOTE_COUNT_MAX);
    for (uint32_t i = 1; i < result->vote_count; i++)
        if (memcmp(&result->votes[i - 1].node, &result->votes[i].node, VCH_SIGN_PUBLIC_SIZE) >= 0)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "segment %u: vote %u is not in ascending order of nodes, or its "
                                "node votes twice",
                                result->segment, i);
    return VCH_OK;
}

static bool is_fault_kind(uint32_t kind)
{
    return kind >= VCH_FAULT_UNREACHABLE && kind <= VCH_FAULT_BAD_PROOF;
}

static bool are_faults_in_order(const struct vch_fault *a, const struct vch_fault *b)
{
    int order = memcmp(&a->node, &b->node, VCH_SIGN_PUBLIC_SIZE);
    return order < 0 || (order == 0 && a->kind < b->kind);
}

static vch_status check_faults(const struct vch_segment_result *result,
                               struct vch_complaint *complaint)
{
    if (result->fault_count > VCH_VOUCHER_FAULT_COUNT_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "segment %u has %u faults, not at most %u",
                            result->segment, result->fault_count, VCH_VOUCHER_FAULT_COUNT_MAX);
    for (uint32_t i = 0; i < result->fault_count; i++) {
        if (!is_fault_kind((uint32_t)result->faults[i].kind))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "segment %u: fault %u is of no known kind", result->segment, i);
        if (i > 0 && !are_faults_in_order(&result->faults[i - 1], &result->faults[i]))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "segment %u: fault %u is not in ascending order of nodes and kinds",
                                result->segment, i);
    }
    return VCH_OK;
}

vch_status vch_votes_check(const struct vch_segment_result *result, struct vch_complaint *complaint)
{
    VCH_TRY(check_votes(result, complaint));
    return check_faults(result, complaint);
}

static void fill_vote(Vouch__Vote *message, const struct vch_vote *vote)
{
    vouch__vote__init(message);
    message->node = vch_message_borrow(vote->node.bytes, sizeof vote->node.bytes);
    message->input = vch_message_borrow(vote->input.bytes, sizeof vote->input.bytes);
    message->output = vch_message_borrow(vote->output.bytes, sizeof vote->output.bytes);
    message->signature = vch_message_borrow(vote->signature.bytes, sizeof vote->signature.bytes);
}

static void fill_fault(Vouch__Fault *message, const struct vch_fault *fault)
{
    vouch__fault__init(message);
    message->node = vch_message_borrow(fault->node.bytes, sizeof fault->node.bytes);
    message->kind = (uint32_t)fault->kind;
}

vch_status vch_votes_fill(Vouch__SegmentResult *message, const struct vch_segment_result *result,
                          struct vch_arena *arena)
{
    const uint32_t vote_count = result->vote_count, fault_count = result->fault_count;
    Vouch__Vote *votes = VCH_ARENA_NEW(arena, Vouch__Vote, vote_count);
    Vouch__Fault *faults = VCH_ARENA_NEW(arena, Vouch__Fault, fault_count);

    message->votes = VCH_ARENA_NEW(arena, Vouch__Vote *, vote_count);
    message->faults = VCH_ARENA_NEW(arena, Vouch__Fault *, fault_count);
    if (votes == NULL || faults == NULL || message->votes == NULL || message->faults == NULL)
        return VCH_FAIL(NO_MEMORY);
    message->n_votes = vote_count;
    message->n_faults = fault_count;
    for (uint32_t i = 0; i < vote_count; i++) {
        fill_vote(&votes[i], &result->votes[i]);
        message->votes[i] = &votes[i];
    }
    for (uint32_t i = 0; i < fault_count; i++) {
        fill_fault(&faults[i], &result->faults[i]);
        message->faults[i] = &faults[i];
    }
    return VCH_OK;
}

static vch_status copy_vote(struct vch_vote *out, const Vouch__Vote *from,
                            struct vch_complaint *complaint)
{
    VCH_TRY(vch_message_copy(out->node.bytes, sizeof out->node.bytes, &from->node,
                             "key of a vote's node", complaint));
    VCH_TRY(vch_message_copy(out->input.bytes, sizeof out->input.bytes, &from->input,
                             "input commitment of a vote", complaint));
    VCH_TRY(vch_message_copy(out->output.bytes, sizeof out->output.bytes, &from->output,
                             "output commitment of a vote", complaint));
    return vch_message_copy(out->signature.bytes, sizeof out->signature.bytes, &from->signature,
                            "signature of a vote", complaint);
}

static vch_status copy_fault(struct vch_fault *out, const Vouch__Fault *from,
                             struct vch_complaint *complaint)
{
    if (!is_fault_kind(from->kind))
        return vch_complain(complaint, VCH_CODE_MALFORMED, "a fault has kind %u, which is unknown",
                            from->kind);
    out->kind = (enum vch_fault_kind)from->kind;
    return vch_message_copy(out->node.bytes, sizeof out->node.bytes, &from->node,
                            "key of a fault's node", complaint);
}

vch_status vch_votes_copy(struct vch_segment_result *out, const Vouch__SegmentResult *message,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_vote *votes = NULL;
    struct vch_fault *faults = NULL;

    if (message->n_votes > VCH_VOTE_COUNT_MAX || message->n_faults > VCH_VOUCHER_FAULT_COUNT_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "segment %u has %zu votes and %zu faults, not at most %u and %u",
                            message->segment, message->n_votes, message->n_faults,
                            VCH_VOTE_COUNT_MAX, VCH_VOUCHER_FAULT_COUNT_MAX);
    votes = VCH_ARENA_NEW(arena, struct vch_vote, message->n_votes);
    faults = VCH_ARENA_NEW(arena, struct vch_fault, message->n_faults);
    if (votes == NULL || faults == NULL) return vch_message_no_room("voucher", arena, complaint);
    for (size_t i = 0; i < message->n_votes; i++)
        VCH_TRY(copy_vote(&votes[i], message->votes[i], complaint));
    for (size_t i = 0; i < message->n_faults; i++)
        VCH_TRY(copy_fault(&faults[i], message->faults[i], complaint));
    out->vote_count = (uint32_t)message->n_votes;
    out->fault_count = (uint32_t)message->n_faults;
    out->votes = votes;
    out->faults = faults;
    return VCH_OK;
}

#include "consensus/vote.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

const char *vch_vote_fault_text(enum vch_fault_kind kind)
{
    switch (kind) {
#define X(name, value, text) \
    case VCH_FAULT_##name: return text;
        VCH_FAULTS(X)
#undef X
    }
    return "did something unknown";
}

// What a vote signs: a transcript under this name, of these items.
static const char PROTOCOL[] = "vouch/vote/v1";

enum { ITEMS = 5 };

static void list_items(struct vch_signer_item out[static ITEMS], uint8_t number[static 8],
                       const struct vch_vote *vote, const struct vch_digest *job_id,
                       uint32_t segment)
{
    vch_put_u64le(number, segment);
    out[0] = (struct vch_signer_item){"job", job_id->bytes, sizeof job_id->bytes};
    out[1] = (struct vch_signer_item){"segment", number, 8};
    out[2] = (struct vch_signer_item){"node", vote->node.bytes, sizeof vote->node.bytes};
    out[3] = (struct vch_signer_item){"input", vote->input.bytes, sizeof vote->input.bytes};
    out[4] = (struct vch_signer_item){"output", vote->output.bytes, sizeof vote->output.bytes};
}

vch_status vch_vote_sign_by(struct vch_vote *vote, const struct vch_digest *job_id,
                            uint32_t segment, const struct vch_signer *node)
{
    struct vch_signer_item items[ITEMS];
    uint8_t number[8];

    vote->node = node->public_key;
    list_items(items, number, vote, job_id, segment);
    return vch_signer_sign(node, &vote->signature, PROTOCOL, items, ITEMS);
}

void vch_vote_sign(struct vch_vote *vote, const struct vch_digest *job_id, uint32_t segment,
                   const struct vch_secret_key *node)
{
    const struct vch_signer signer = vch_signer_local(node);

    VCH_ASSERT(vch_is_ok(vch_vote_sign_by(vote, job_id, segment, &signer)));
}

vch_status vch_vote_verify(const struct vch_vote *vote, const struct vch_digest *job_id,
                           uint32_t segment)
{
    struct vch_signer_item items[ITEMS];
    uint8_t number[8];

    list_items(items, number, vote, job_id, segment);
    const struct vch_digest digest = vch_signer_digest(PROTOCOL, items, ITEMS);
    return vch_sign_verify(&vote->node, &digest, &vote->signature);
}

// One list of votes and what every vote in it must be about.
struct ballot {
    const struct vch_vote *votes;
    const struct vch_digest *job_id;
    uint32_t segment;
    const struct vch_digest *input;
    const struct vch_registry *registry;
    struct vch_complaint *complaint;
};

static vch_status refuse(const struct ballot *ballot, const struct vch_vote *vote, const char *why)
{
    char key[2 * VCH_SIGN_PUBLIC_SIZE + 1];

    vch_hex_encode(key, vote->node.bytes, sizeof vote->node.bytes);
    return vch_complain(ballot->complaint, VCH_CODE_BAD_PROOF, "segment %u: the vote of %s %s",
                        ballot->segment, key, why);
}

static vch_status check_operator(const struct ballot *ballot, uint32_t index,
                                 const struct vch_member *member)
{
    for (uint32_t i = 0; i < index; i++) {
        // Votes before this one were found in the registry.
        const struct vch_member *other =
            vch_registry_find(ballot->registry, &ballot->votes[i].node);
        if (strcmp(other->operator_name, member->operator_name) == 0)
            return refuse(ballot, &ballot->votes[index], "is a second one of the same operator");
    }
    return VCH_OK;
}

static vch_status check_vote(const struct ballot *ballot, uint32_t index)
{
    const struct vch_vote *vote = &ballot->votes[index];
    const struct vch_member *member = vch_registry_find(ballot->registry, &vote->node);

    if (member == NULL) return refuse(ballot, vote, "is by a key that the registry does not hold");
    if (member->role != VCH_ROLE_NODE)
        return refuse(ballot, vote, "is by a key that the registry does not hold as a node");
    VCH_TRY(check_operator(ballot, index, member));
    if (!vch_hash_is_equal(&vote->input, ballot->input))
        return refuse(ballot, vote, "is on another input than this segment's");
    if (!vch_is_ok(vch_vote_verify(vote, ballot->job_id, ballot->segment)))
        return refuse(ballot, vote, "is not signed by that key for this job and segment");
    return VCH_OK;
}

static uint32_t count_agreeing(const struct vch_vote *votes, uint32_t count,
                               const struct vch_digest *output)
{
    uint32_t agreeing = 0;

    for (uint32_t i = 0; i < count; i++)
        agreeing += vch_hash_is_equal(&votes[i].output, output);
    return agreeing;
}

static void find_leader(struct vch_tally *out, const struct vch_vote *votes)
{
    for (uint32_t i = 0; i < out->counted; i++) {
        uint32_t agreeing = count_agreeing(votes, out->counted, &votes[i].output);
        int order = memcmp(votes[i].output.bytes, out->output.bytes, VCH_DIGEST_SIZE);
        if (agreeing < out->agreeing || (agreeing == out->agreeing && order >= 0)) continue;
        out->agreeing = agreeing;
        out->output = votes[i].output;
    }
}

vch_status vch_vote_tally(struct vch_tally *out, const struct vch_vote *votes, uint32_t count,
                          const struct vch_digest *job_id, uint32_t segment,
                          const struct vch_digest *input, uint32_t quorum,
                          const struct vch_registry *registry, struct vch_complaint *complaint)
{
    const struct ballot ballot = {votes, job_id, segment, input, registry, complaint};

    *out = (struct vch_tally){0};
    if (count > VCH_VOTE_COUNT_MAX)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "segment %u has %u votes, not at most %u", segment, count,
                            VCH_VOTE_COUNT_MAX);
    for (; out->counted < count; out->counted++)
        VCH_TRY(check_vote(&ballot, out->counted));
    out->needed = (quorum > count ? quorum : count) / 2 + 1;
    find_leader(out, votes);
    if (out->agreeing < out->needed)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "segment %u has no majority: %u of %u votes agree, and %u are needed",
                            segment, out->agreeing, count, out->needed);
    return VCH_OK;
}

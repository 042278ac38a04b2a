#include "cluster/cluster.h"
#include "crypto/merkle.h"
#include "crypto/transcript.h"

// A model whose operators are hashes: each value is that of the one before. Whoever starts from an
// agreed value computes the same.
static struct vch_digest run(uint64_t operator_, const struct vch_digest *before)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "cluster/operator");
    vch_transcript_absorb_u64(&transcript, "operator", operator_);
    vch_transcript_absorb_digest(&transcript, "before", before);
    return vch_transcript_final(&transcript);
}

static struct vch_digest enter(const struct vch_contest_id *id, const struct vch_digest *input)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "cluster/input");
    vch_transcript_absorb_digest(&transcript, "job", &id->subject);
    vch_transcript_absorb_u64(&transcript, "segment", id->segment);
    vch_transcript_absorb_digest(&transcript, "input", input);
    return vch_transcript_final(&transcript);
}

void cluster_compute(struct cluster_answer *out, const struct vch_contest_id *id,
                     const struct vch_digest *input, uint32_t count,
                     const struct cluster_recipe *recipe)
{
    struct vch_digest value = enter(id, input), honest = value;

    out->count = count;
    for (uint32_t i = 0; i < count; i++) {
        honest = run(i, &honest);
        value = run(i == recipe->lie_at ? cluster_mix(recipe->salt, i) | 64 : i, &value);
        if (recipe->is_trace_only && i + 1 == count) value = honest;
        out->values[i] = value;
        out->leaves[i] = vch_merkle_leaf(value.bytes, sizeof value.bytes);
    }
    out->output = value;
    out->trace = vch_merkle_root(out->leaves, count);
}

struct cluster_recipe cluster_recipe_of(const struct cluster *world, uint32_t node,
                                        const struct vch_contest *contest)
{
    const struct vch_contest_id segment = {contest->id.subject, contest->id.segment, 0};
    const uint64_t shared = cluster_hash_contest(&segment), own = cluster_mix(shared, node);
    const uint32_t count = contest->last - contest->first;
    const enum cluster_role role = world->nodes[node].role;
    const uint32_t early = count > 1 ? (uint32_t)(own % (count - 1)) : UINT32_MAX;

    if (role == CLUSTER_LONE) return (struct cluster_recipe){(uint32_t)(own % count), own, false};
    if (role == CLUSTER_COLLUDE || role == CLUSTER_MUTE_MOVES)
        return (struct cluster_recipe){(uint32_t)(shared % count), shared, false};
    if (role == CLUSTER_TRACE && count > 1) return (struct cluster_recipe){early, own, true};
    return (struct cluster_recipe){.lie_at = UINT32_MAX};
}

// What an honest referee finds: it runs the operator on the value before, which both sides agree
// on. Where neither gives openings that fit there is nothing to run.
struct vch_digest cluster_referee(const struct cluster_dispute *dispute, uint32_t place)
{
    const uint32_t at = place == VCH_DISPUTE_OUTPUT ? dispute->count - 1 : place;
    struct cluster_answer answer;

    if (!dispute->is_honest[0] && !dispute->is_honest[1] && dispute->id.bytes[0] % 4 == 0)
        return (struct vch_digest){{0}};
    cluster_compute(&answer, &dispute->contest, &dispute->input, dispute->count,
                    &dispute->recipes[dispute->is_honest[0] ? 0 : 1]);
    struct vch_digest before =
        at > 0 ? answer.values[at - 1] : enter(&dispute->contest, &dispute->input);
    struct vch_digest value = run(at, &before);
    if (place == VCH_DISPUTE_OUTPUT) return value;
    return vch_merkle_leaf(value.bytes, sizeof value.bytes);
}

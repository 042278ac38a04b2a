#include "voucher/proofs.h"

#include <stdbool.h>

#include "annex/annex_verify.h"
#include "base/bytes.h"
#include "circuit/circuit.h"
#include "proof/proof_verify.h"

// The root at one end of a segment, as the commitment that everybody else speaks of.
static vch_status join(const struct vch_proofs *proofs, struct vch_recount *recount,
                       uint32_t segment, uint32_t boundary, const struct vch_digest *root,
                       struct vch_complaint *complaint)
{
    const struct vch_value *value = &proofs->package->graph->values[proofs->values[boundary]];
    const struct vch_tensor tensor = {.type = value->type, .shape = value->shape};
    const struct vch_job *job = proofs->job;
    struct vch_digest made = vch_tensor_commit_root(&tensor, job->batch, job->log_columns, root);

    if (vch_recount_join(recount, boundary, &made)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "the proof of segment %u is about another %s than the rest of the voucher",
                        segment, boundary == segment ? "input" : "output");
}

vch_status vch_proofs_join(const struct vch_proofs *proofs, struct vch_recount *recount,
                           const struct vch_voucher *voucher, struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < voucher->result_count; i++) {
        const struct vch_segment_proof *proof = voucher->results[i].proof;
        uint32_t segment = voucher->results[i].segment;
        if (proof == NULL) continue;
        VCH_TRY(join(proofs, recount, segment, segment, &proof->input_root, complaint));
        VCH_TRY(join(proofs, recount, segment, segment + 1, &proof->output_root, complaint));
    }
    return VCH_OK;
}

// One proof, its annex and its statement.
struct subject {
    const struct vch_proofs *proofs;
    uint32_t segment;
    const struct vch_segment_proof *proof;
    struct vch_annex annex;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

// `why` may hold a reason of its own, from whoever looked more closely.
static vch_status refuse(const struct subject *s, const char *what, const struct vch_complaint *why)
{
    bool has_reason = why != NULL && why->text[0] != '\0';

    return vch_complain(s->complaint, VCH_CODE_BAD_PROOF, "the proof of segment %u %s%s%s",
                        s->segment, what, has_reason ? ": " : "", has_reason ? why->text : "");
}

// A proof speaks of all ports at the model's ends, a voucher of one value.
static vch_status check_ends(const struct subject *s)
{
    const struct vch_job_segment *range = &s->proofs->job->segments[s->segment];
    const uint32_t *values = &s->proofs->values[s->segment];
    struct vch_circuit_ends ends;

    VCH_TRY(
        vch_circuit_ends(&ends, s->proofs->package->graph, range->first, range->last, s->arena));
    if (ends.input_count == 1 && ends.inputs[0] == values[0] && ends.output_count == 1 &&
        ends.outputs[0] == values[1])
        return VCH_OK;
    return vch_complain(s->complaint, VCH_CODE_UNSUPPORTED,
                        "segment %u has more than one input or output: only models with one of "
                        "each are proven in vouchers",
                        s->segment);
}

static bool is_known(const struct vch_proofs_known *known, const struct vch_digest *annex)
{
    for (uint32_t i = 0; known != NULL && i < known->count && i < VCH_PROOFS_KNOWN_MAX; i++)
        if (vch_hash_is_equal(&known->annexes[i], annex)) return true;
    return false;
}

static void remember(struct vch_proofs_known *known, const struct vch_digest *annex)
{
    if (known == NULL) return;
    known->annexes[known->count % VCH_PROOFS_KNOWN_MAX] = *annex;
    known->count++;
}

// Of the annex and the model that it was verified for.
static struct vch_digest digest_of(const struct subject *s)
{
    const struct vch_digest *identity = &s->proofs->package->identity;
    struct vch_hash hash;

    vch_hash_init(&hash);
    vch_hash_update(&hash, identity->bytes, sizeof identity->bytes);
    vch_hash_update(&hash, s->proof->annex, s->proof->annex_size);
    return vch_hash_final(&hash);
}

// Signature, ranges, links.
static vch_status verify_annex(const struct subject *s)
{
    const struct vch_proofs *proofs = s->proofs;
    struct vch_digest digest = digest_of(s);
    struct vch_complaint why = {0};

    if (is_known(proofs->known, &digest)) return VCH_OK;
    if (!vch_is_ok(vch_annex_verify_owner(&s->annex)))
        return refuse(s, "comes with an annex that its owner did not sign", NULL);
    vch_status status = vch_annex_verify(&s->annex, s->annex.link_count, proofs->package->graph,
                                         &proofs->package->identity, proofs->level, s->arena, &why);
    if (status.code == VCH_CODE_BAD_PROOF)
        return refuse(s, "comes with an annex that does not hold", &why);
    if (!vch_is_ok(status)) return vch_complain(s->complaint, status.code, "%s", why.text);
    remember(proofs->known, &digest);
    return VCH_OK;
}

static vch_status check_annex(struct subject *s)
{
    const struct vch_proofs *proofs = s->proofs;
    struct vch_complaint why = {0};
    struct vch_annex *annex = &s->annex;

    vch_status status =
        vch_annex_decode(annex, s->proof->annex, s->proof->annex_size, s->arena, &why);
    if (status.code == VCH_CODE_NO_MEMORY) return status;
    if (!vch_is_ok(status)) return refuse(s, "comes with an annex that is none", &why);
    if (!vch_is_equal(&annex->owner, &proofs->owner, sizeof annex->owner))
        return refuse(s, "comes with an annex of another owner than the model's", NULL);
    if (annex->log_columns != proofs->job->log_columns)
        return refuse(s, "comes with an annex of other columns than the job's", NULL);
    return verify_annex(s);
}

static struct vch_circuit_claim claim_of(const struct subject *s)
{
    const struct vch_job *job = s->proofs->job;
    struct vch_circuit_claim claim = {
        .annex = s->annex.digests[s->annex.link_count],
        .job = s->proofs->job_id,
        .first = job->segments[s->segment].first,
        .last = job->segments[s->segment].last,
        .batch = job->batch,
        .annex_root = *vch_annex_root(&s->annex, s->annex.link_count),
        .input_root = s->proof->input_root,
        .output_root = s->proof->output_root,
    };

    vch_annex_verify_model(&claim.model, &s->annex, s->proofs->package->graph);
    return claim;
}

static vch_status verify(struct subject *s)
{
    struct vch_complaint why = {0};
    struct vch_circuit circuit;

    VCH_TRY(check_ends(s));
    VCH_TRY(check_annex(s));
    const struct vch_circuit_claim claim = claim_of(s);
    VCH_TRY(vch_circuit_build(&circuit, &claim, s->arena, s->complaint));
    vch_status status = vch_proof_verify(&circuit.statement, s->proof->proof, s->proof->proof_size,
                                         s->proofs->level, s->arena, &why);
    if (status.code != VCH_CODE_BAD_PROOF) return status;
    return refuse(s, "does not verify", &why);
}

vch_status vch_proofs_verify(const struct vch_proofs *proofs, uint32_t segment,
                             const struct vch_segment_proof *proof, struct vch_arena *scratch,
                             struct vch_complaint *complaint)
{
    struct subject subject = {.proofs = proofs,
                              .segment = segment,
                              .proof = proof,
                              .arena = scratch,
                              .complaint = complaint};
    struct vch_arena_mark mark = vch_arena_mark(scratch);

    vch_status status = verify(&subject);
    vch_arena_rewind(scratch, mark);
    return status;
}

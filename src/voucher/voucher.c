#include "voucher/voucher.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/transcript.h"
#include "message/message.h"
#include "schema/voucher.pb-c.h"
#include "voucher/agreement.h"
#include "voucher/attestation.h"

enum {
    VERSION = 1,
    // The client's signature is the last field: tag, size, bytes. What it covers is the rest.
    SIGNATURE_FIELD_SIZE = 2 + VCH_SIGN_SIGNATURE_SIZE,
};

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

// Of what the client ran itself there is nothing to say but that it is proven.
static vch_status check_subject(const struct vch_voucher *voucher, uint32_t i,
                                struct vch_complaint *complaint)
{
    const struct vch_segment_result *result = &voucher->results[i];

    if (result->segment >= voucher->job.segment_count)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "result %u is for segment %u, which the job does not have", i,
                            result->segment);
    if (voucher->job.segments[result->segment].by == VCH_JOB_BY_NODES) return VCH_OK;
    if (result->proof != NULL && result->agreement == NULL && result->vote_count == 0 &&
        result->fault_count == 0 && result->attestation_count == 0)
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "result %u is for segment %u, which the job leaves to no node, and is not "
                        "a proof alone",
                        i, result->segment);
}

static vch_status check_proof(const struct vch_voucher *voucher,
                              const struct vch_segment_result *result,
                              struct vch_complaint *complaint)
{
    if (voucher->job.commitment_kind != VCH_COMMITMENT_MATRIX)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "segment %u has a proof, but the job's commitments open inside none",
                            result->segment);
    if (result->proof->annex_size > 0 && result->proof->proof_size > 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "segment %u has a proof without bytes, or without its annex",
                        result->segment);
}

static vch_status check_results(const struct vch_voucher *voucher, struct vch_complaint *complaint)
{
    uint32_t attested = 0;

    for (uint32_t i = 0; i < voucher->result_count; i++) {
        const struct vch_segment_result *result = &voucher->results[i];
        VCH_TRY(check_subject(voucher, i, complaint));
        if (i > 0 && result->segment <= result[-1].segment)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "results are not in ascending order of segments at result %u", i);
        VCH_TRY(check_votes(result, complaint));
        VCH_TRY(check_faults(result, complaint));
        if (result->proof != NULL) VCH_TRY(check_proof(voucher, result, complaint));
        if (result->agreement != NULL)
            VCH_TRY(vch_agreement_check(result->agreement, result->segment, complaint));
        VCH_TRY(vch_attestation_check(result, complaint));
        attested += result->attestation_count;
        if (attested > VCH_VOUCHER_ATTESTATIONS_MAX)
            return vch_complain(complaint, VCH_CODE_LIMIT,
                                "the voucher has more than %u attestations",
                                VCH_VOUCHER_ATTESTATIONS_MAX);
    }
    return VCH_OK;
}

static vch_status check_voucher(const struct vch_voucher *voucher, struct vch_complaint *complaint)
{
    if (voucher->commitment_kind != voucher->job.commitment_kind ||
        voucher->log_columns != voucher->job.log_columns)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the voucher's output commitment is of another kind than the job's");
    return check_results(voucher, complaint);
}

// Job and registry from their bytes: nothing else in the voucher says what they are.
static vch_status decode_inner(struct vch_voucher *voucher, struct vch_arena *arena,
                               struct vch_complaint *complaint)
{
    VCH_TRY(vch_job_decode(&voucher->job, voucher->job_bytes, voucher->job_size, arena, complaint));
    voucher->job_id = vch_job_id(voucher->job_bytes, voucher->job_size);
    return vch_registry_decode(&voucher->registry, voucher->registry_bytes, voucher->registry_size,
                               arena, complaint);
}

static struct vch_digest signed_digest(const uint8_t *bytes, size_t size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/voucher/v1");
    vch_transcript_absorb(&transcript, "voucher", bytes, size);
    return vch_transcript_final(&transcript);
}

static vch_status fill_votes(Vouch__SegmentResult *message, const struct vch_segment_result *result,
                             struct vch_arena *arena)
{
    Vouch__Vote *votes = VCH_ARENA_NEW(arena, Vouch__Vote, result->vote_count);
    Vouch__Vote **list = VCH_ARENA_NEW(arena, Vouch__Vote *, result->vote_count);

    if (votes == NULL || list == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < result->vote_count; i++) {
        const struct vch_vote *vote = &result->votes[i];
        vouch__vote__init(&votes[i]);
        votes[i].node = vch_message_borrow(vote->node.bytes, sizeof vote->node.bytes);
        votes[i].input = vch_message_borrow(vote->input.bytes, sizeof vote->input.bytes);
        votes[i].output = vch_message_borrow(vote->output.bytes, sizeof vote->output.bytes);
        votes[i].signature =
            vch_message_borrow(vote->signature.bytes, sizeof vote->signature.bytes);
        list[i] = &votes[i];
    }
    message->n_votes = result->vote_count;
    message->votes = list;
    return VCH_OK;
}

static vch_status fill_faults(Vouch__SegmentResult *message,
                              const struct vch_segment_result *result, struct vch_arena *arena)
{
    Vouch__Fault *faults = VCH_ARENA_NEW(arena, Vouch__Fault, result->fault_count);
    Vouch__Fault **list = VCH_ARENA_NEW(arena, Vouch__Fault *, result->fault_count);

    if (faults == NULL || list == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < result->fault_count; i++) {
        const struct vch_fault *fault = &result->faults[i];
        vouch__fault__init(&faults[i]);
        faults[i].node = vch_message_borrow(fault->node.bytes, sizeof fault->node.bytes);
        faults[i].kind = (uint32_t)fault->kind;
        list[i] = &faults[i];
    }
    message->n_faults = result->fault_count;
    message->faults = list;
    return VCH_OK;
}

static vch_status fill_proof(Vouch__SegmentResult *message, const struct vch_segment_result *result,
                             struct vch_arena *arena)
{
    const struct vch_segment_proof *from = result->proof;
    Vouch__SegmentProof *proof = NULL;

    if (from == NULL) return VCH_OK;
    proof = VCH_ARENA_NEW(arena, Vouch__SegmentProof, 1);
    if (proof == NULL) return VCH_FAIL(NO_MEMORY);
    vouch__segment_proof__init(proof);
    proof->input_root = vch_message_borrow(from->input_root.bytes, sizeof from->input_root.bytes);
    proof->output_root =
        vch_message_borrow(from->output_root.bytes, sizeof from->output_root.bytes);
    proof->annex = vch_message_borrow(from->annex, from->annex_size);
    proof->proof = vch_message_borrow(from->proof, from->proof_size);
    message->proof = proof;
    return VCH_OK;
}

static vch_status fill_results(Vouch__Voucher *message, const struct vch_voucher *voucher,
                               struct vch_arena *arena)
{
    uint32_t count = voucher->result_count;
    Vouch__SegmentResult *results = VCH_ARENA_NEW(arena, Vouch__SegmentResult, count);
    Vouch__SegmentResult **list = VCH_ARENA_NEW(arena, Vouch__SegmentResult *, count);

    if (results == NULL || list == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        vouch__segment_result__init(&results[i]);
        results[i].segment = voucher->results[i].segment;
        VCH_TRY(fill_votes(&results[i], &voucher->results[i], arena));
        VCH_TRY(fill_faults(&results[i], &voucher->results[i], arena));
        VCH_TRY(fill_proof(&results[i], &voucher->results[i], arena));
        VCH_TRY(vch_agreement_fill(&results[i].agreement, voucher->results[i].agreement, arena));
        VCH_TRY(vch_attestation_fill(&results[i], &voucher->results[i], arena));
        list[i] = &results[i];
    }
    message->n_results = count;
    message->results = list;
    return VCH_OK;
}

// Packs the message, signs all but the empty place of the signature, and fills that in.
static vch_status sign(uint8_t **out, size_t *size, Vouch__Voucher *message,
                       const struct vch_secret_key *client, struct vch_arena *arena)
{
    struct vch_signature signature = {0};

    message->client_signature = vch_message_borrow(signature.bytes, sizeof signature.bytes);
    VCH_TRY(vch_message_pack(out, size, &message->base, arena));
    VCH_ASSERT(*size > SIGNATURE_FIELD_SIZE);
    struct vch_digest digest = signed_digest(*out, *size - SIGNATURE_FIELD_SIZE);
    vch_sign_digest(&signature, client, &digest);
    memcpy(*out + *size - sizeof signature.bytes, signature.bytes, sizeof signature.bytes);
    return VCH_OK;
}

vch_status vch_voucher_encode(uint8_t **out, size_t *size, const struct vch_voucher *voucher,
                              const struct vch_secret_key *client, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    Vouch__Voucher message = VOUCH__VOUCHER__INIT;
    Vouch__Commitment output = VOUCH__COMMITMENT__INIT;
    struct vch_voucher checked = *voucher;

    VCH_TRY(decode_inner(&checked, arena, complaint));
    VCH_TRY(check_voucher(&checked, complaint));
    if (!vch_is_equal(&checked.job.client, &client->public_key, sizeof client->public_key))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the voucher's job is of another client than the one who signs");
    VCH_TRY(fill_results(&message, voucher, arena));
    output.kind = (uint32_t)voucher->commitment_kind;
    output.columns = voucher->log_columns;
    output.value = vch_message_borrow(voucher->output.bytes, sizeof voucher->output.bytes);
    message.version = VERSION;
    message.job = vch_message_borrow(voucher->job_bytes, voucher->job_size);
    message.owner = vch_message_borrow(voucher->owner.bytes, sizeof voucher->owner.bytes);
    message.owner_signature =
        vch_message_borrow(voucher->owner_signature.bytes, sizeof voucher->owner_signature.bytes);
    message.output = &output;
    message.registry = vch_message_borrow(voucher->registry_bytes, voucher->registry_size);
    message.finished_ms = voucher->finished_ms;
    VCH_TRY(sign(out, size, &message, client, arena));
    if (*size > VCH_VOUCHER_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the voucher has %zu bytes, not at most %u",
                            *size, VCH_VOUCHER_SIZE_MAX);
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

// The bytes stay where unpacking put them.
static vch_status copy_proof(struct vch_segment_result *out, const Vouch__SegmentProof *from,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_segment_proof *proof = NULL;

    if (from == NULL) return VCH_OK;
    proof = VCH_ARENA_NEW(arena, struct vch_segment_proof, 1);
    if (proof == NULL) return vch_message_no_room("voucher", arena, complaint);
    *proof = (struct vch_segment_proof){.annex = from->annex.data,
                                        .annex_size = from->annex.len,
                                        .proof = from->proof.data,
                                        .proof_size = from->proof.len};
    VCH_TRY(vch_message_copy(proof->input_root.bytes, sizeof proof->input_root.bytes,
                             &from->input_root, "input root of a proof", complaint));
    VCH_TRY(vch_message_copy(proof->output_root.bytes, sizeof proof->output_root.bytes,
                             &from->output_root, "output root of a proof", complaint));
    out->proof = proof;
    return VCH_OK;
}

static vch_status copy_result(struct vch_segment_result *out, const Vouch__SegmentResult *from,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_vote *votes = NULL;
    struct vch_fault *faults = NULL;

    if (from->n_votes > VCH_VOTE_COUNT_MAX || from->n_faults > VCH_VOUCHER_FAULT_COUNT_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "segment %u has %zu votes and %zu faults, not at most %u and %u",
                            from->segment, from->n_votes, from->n_faults, VCH_VOTE_COUNT_MAX,
                            VCH_VOUCHER_FAULT_COUNT_MAX);
    votes = VCH_ARENA_NEW(arena, struct vch_vote, from->n_votes);
    faults = VCH_ARENA_NEW(arena, struct vch_fault, from->n_faults);
    if (votes == NULL || faults == NULL) return vch_message_no_room("voucher", arena, complaint);
    for (size_t i = 0; i < from->n_votes; i++)
        VCH_TRY(copy_vote(&votes[i], from->votes[i], complaint));
    for (size_t i = 0; i < from->n_faults; i++)
        VCH_TRY(copy_fault(&faults[i], from->faults[i], complaint));
    *out = (struct vch_segment_result){.segment = from->segment,
                                       .vote_count = (uint32_t)from->n_votes,
                                       .fault_count = (uint32_t)from->n_faults,
                                       .votes = votes,
                                       .faults = faults};
    VCH_TRY(copy_proof(out, from->proof, arena, complaint));
    VCH_TRY(vch_attestation_copy(out, from, arena, complaint));
    return vch_agreement_copy(&out->agreement, from->agreement, from->segment, arena, complaint);
}

static vch_status copy_results(struct vch_voucher *out, const Vouch__Voucher *message,
                               struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_segment_result *results = NULL;

    if (message->n_results > VCH_JOB_SEGMENTS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the voucher has %zu results, not at most %u", message->n_results,
                            VCH_JOB_SEGMENTS_MAX);
    results = VCH_ARENA_NEW(arena, struct vch_segment_result, message->n_results);
    if (results == NULL) return vch_message_no_room("voucher", arena, complaint);
    for (size_t i = 0; i < message->n_results; i++)
        VCH_TRY(copy_result(&results[i], message->results[i], arena, complaint));
    out->result_count = (uint32_t)message->n_results;
    out->results = results;
    return VCH_OK;
}

static vch_status copy_header(struct vch_voucher *out, const Vouch__Voucher *message,
                              struct vch_complaint *complaint)
{
    if (message->version != VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the voucher has version %u; this program reads version %d",
                            message->version, VERSION);
    if (message->output == NULL)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "the voucher commits to no output");
    out->commitment_kind = vch_job_commitment_kind(message->output->kind);
    out->log_columns = message->output->columns;
    out->finished_ms = message->finished_ms;
    VCH_TRY(vch_message_copy(out->output.bytes, sizeof out->output.bytes, &message->output->value,
                             "voucher's output commitment", complaint));
    VCH_TRY(vch_message_copy(out->owner.bytes, sizeof out->owner.bytes, &message->owner,
                             "owner's key", complaint));
    VCH_TRY(vch_message_copy(out->owner_signature.bytes, sizeof out->owner_signature.bytes,
                             &message->owner_signature, "owner's signature", complaint));
    return vch_message_copy(out->client_signature.bytes, sizeof out->client_signature.bytes,
                            &message->client_signature, "client's signature", complaint);
}

static vch_status decode(struct vch_voucher *out, const uint8_t *bytes, size_t size,
                         struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_voucher voucher = {0};
    ProtobufCMessage *unpacked = NULL;

    VCH_TRY(vch_message_unpack(&unpacked, &vouch__voucher__descriptor, bytes, size, "voucher",
                               arena, complaint));
    const Vouch__Voucher *message = (const Vouch__Voucher *)(const void *)unpacked;
    VCH_TRY(copy_header(&voucher, message, complaint));
    voucher.job_bytes = message->job.data;
    voucher.job_size = message->job.len;
    voucher.registry_bytes = message->registry.data;
    voucher.registry_size = message->registry.len;
    VCH_TRY(decode_inner(&voucher, arena, complaint));
    VCH_TRY(copy_results(&voucher, message, arena, complaint));
    VCH_TRY(check_voucher(&voucher, complaint));
    VCH_ASSERT(size > SIGNATURE_FIELD_SIZE); // the signature was there, and is the last field
    voucher.signed_digest = signed_digest(bytes, size - SIGNATURE_FIELD_SIZE);
    *out = voucher;
    return VCH_OK;
}

// A registry of the largest size takes some 60 bytes for each of its own while it is read, and
// protobuf-c some 70 for each byte of lists that hold nothing: what is honest stays far below.
size_t vch_voucher_memory_max(size_t size)
{
    return ((size_t)64 << 20) + 16 * size;
}

vch_status vch_voucher_decode(struct vch_voucher *out, const uint8_t *bytes, size_t size,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    size_t limit = arena->limit;

    if (size > VCH_VOUCHER_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the voucher has %zu bytes, not at most %u",
                            size, VCH_VOUCHER_SIZE_MAX);
    if (limit - arena->used > vch_voucher_memory_max(size))
        arena->limit = arena->used + vch_voucher_memory_max(size);
    vch_status status = decode(out, bytes, size, arena, complaint);
    arena->limit = limit;
    return status;
}

#include "voucher/voucher.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/transcript.h"
#include "message/message.h"
#include "schema/voucher.pb-c.h"
#include "voucher/results.h"

enum {
    VERSION = 1,
    // The client's signature is the last field: tag, size, bytes. What it covers is the rest.
    SIGNATURE_FIELD_SIZE = 2 + VCH_SIGN_SIGNATURE_SIZE,
};

static vch_status check_voucher(const struct vch_voucher *voucher, struct vch_complaint *complaint)
{
    if (voucher->commitment_kind != voucher->job.commitment_kind ||
        voucher->log_columns != voucher->job.log_columns)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the voucher's output commitment is of another kind than the job's");
    return vch_results_check(voucher, complaint);
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
    VCH_TRY(vch_results_fill(&message, voucher, arena));
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
    VCH_TRY(vch_results_copy(&voucher, message, arena, complaint));
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

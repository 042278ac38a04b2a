#include "consensus/job.h"

#include "crypto/transcript.h"
#include "message/message.h"
#include "schema/voucher.pb-c.h"

enum { VERSION = 1 };

static vch_status check_segment(const struct vch_job *job, uint32_t i,
                                struct vch_complaint *complaint)
{
    const struct vch_job_segment *segment = &job->segments[i];
    uint32_t want = i == 0 ? 0 : segment[-1].last;

    if (segment->first != want)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "segment %u starts at operator %u, not at %u where the one before ends",
                            i, segment->first, want);
    if (segment->last <= segment->first)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "segment %u has no operators", i);
    if (segment->by != VCH_JOB_BY_CLIENT && segment->by != VCH_JOB_BY_NODES)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "segment %u is run by neither the client (%d) nor nodes (%d)", i,
                            VCH_JOB_BY_CLIENT, VCH_JOB_BY_NODES);
    return VCH_OK;
}

static vch_status check_segments(const struct vch_job *job, struct vch_complaint *complaint)
{
    uint32_t by_nodes = 0;

    if (job->segment_count == 0 || job->segment_count > VCH_JOB_SEGMENTS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the job has %u segments, not 1 to %u",
                            job->segment_count, VCH_JOB_SEGMENTS_MAX);
    for (uint32_t i = 0; i < job->segment_count; i++) {
        VCH_TRY(check_segment(job, i, complaint));
        by_nodes += job->segments[i].by == VCH_JOB_BY_NODES;
    }
    if (by_nodes == 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "the job leaves no segment to nodes");
    return VCH_OK;
}

vch_status vch_job_check_commitments(enum vch_commitment_kind kind, uint32_t log_columns,
                                     const char *whose, struct vch_complaint *complaint)
{
    bool has_columns = log_columns >= VCH_COMMITMENT_LOG_COLUMNS_MIN &&
                       log_columns <= VCH_COMMITMENT_LOG_COLUMNS_MAX;

    if (kind == VCH_COMMITMENT_SHA256 && log_columns == 0) return VCH_OK;
    if (kind == VCH_COMMITMENT_MATRIX && has_columns) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "the %s commitments are neither of kind %d (SHA-256) nor of kind %d (of a "
                        "matrix) with 2^%u to 2^%u cells a row",
                        whose, VCH_COMMITMENT_SHA256, VCH_COMMITMENT_MATRIX,
                        VCH_COMMITMENT_LOG_COLUMNS_MIN, VCH_COMMITMENT_LOG_COLUMNS_MAX);
}

static vch_status check_job(const struct vch_job *job, struct vch_complaint *complaint)
{
    VCH_TRY(vch_job_check_commitments(job->commitment_kind, job->log_columns, "job's", complaint));
    if (job->batch == 0 || job->batch > VCH_JOB_BATCH_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the job's batch is %u, not 1 to %u",
                            job->batch, VCH_JOB_BATCH_MAX);
    if (job->quorum == 0 || job->quorum > VCH_JOB_QUORUM_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the job's quorum is %u, not 1 to %u",
                            job->quorum, VCH_JOB_QUORUM_MAX);
    return check_segments(job, complaint);
}

static vch_status fill_segments(Vouch__Job *message, const struct vch_job *job,
                                struct vch_arena *arena)
{
    Vouch__JobSegment *segments = VCH_ARENA_NEW(arena, Vouch__JobSegment, job->segment_count);
    Vouch__JobSegment **list = VCH_ARENA_NEW(arena, Vouch__JobSegment *, job->segment_count);

    if (segments == NULL || list == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < job->segment_count; i++) {
        vouch__job_segment__init(&segments[i]);
        segments[i].first = job->segments[i].first;
        segments[i].last = job->segments[i].last;
        segments[i].by = (uint32_t)job->segments[i].by;
        list[i] = &segments[i];
    }
    message->n_segments = job->segment_count;
    message->segments = list;
    return VCH_OK;
}

static vch_status fill_nonces(Vouch__Job *message, const struct vch_job *job,
                              struct vch_arena *arena)
{
    size_t count = (size_t)job->segment_count + 1;
    ProtobufCBinaryData *list = VCH_ARENA_NEW(arena, ProtobufCBinaryData, count);

    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++)
        list[i] = vch_message_borrow(job->nonces[i].bytes, sizeof job->nonces[i].bytes);
    message->n_nonces = count;
    message->nonces = list;
    return VCH_OK;
}

vch_status vch_job_encode(uint8_t **out, size_t *size, const struct vch_job *job,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    Vouch__Job message = VOUCH__JOB__INIT;
    Vouch__Commitment input = VOUCH__COMMITMENT__INIT;

    VCH_TRY(check_job(job, complaint));
    VCH_TRY(fill_segments(&message, job, arena));
    VCH_TRY(fill_nonces(&message, job, arena));
    input.kind = (uint32_t)job->commitment_kind;
    input.columns = job->log_columns;
    input.value = vch_message_borrow(job->input.bytes, sizeof job->input.bytes);
    message.version = VERSION;
    message.model = vch_message_borrow(job->model.bytes, sizeof job->model.bytes);
    message.client = vch_message_borrow(job->client.bytes, sizeof job->client.bytes);
    message.nonce = vch_message_borrow(job->nonce.bytes, sizeof job->nonce.bytes);
    message.batch = job->batch;
    message.input = &input;
    message.quorum = job->quorum;
    message.deadline_ms = job->deadline_ms;
    message.registry = vch_message_borrow(job->registry.bytes, sizeof job->registry.bytes);
    return vch_message_pack(out, size, &message.base, arena);
}

static vch_status copy_digest(struct vch_digest *out, const ProtobufCBinaryData *field,
                              const char *what, struct vch_complaint *complaint)
{
    return vch_message_copy(out->bytes, sizeof out->bytes, field, what, complaint);
}

// Numbers that name nothing become 0, which check_segment refuses.
static enum vch_job_by by_of(uint32_t by)
{
    if (by == VCH_JOB_BY_CLIENT) return VCH_JOB_BY_CLIENT;
    return by == VCH_JOB_BY_NODES ? VCH_JOB_BY_NODES : (enum vch_job_by)0;
}

// Likewise for vch_job_check_commitments.
enum vch_commitment_kind vch_job_commitment_kind(uint32_t kind)
{
    if (kind == VCH_COMMITMENT_SHA256) return VCH_COMMITMENT_SHA256;
    return kind == VCH_COMMITMENT_MATRIX ? VCH_COMMITMENT_MATRIX : (enum vch_commitment_kind)0;
}

static vch_status copy_segments(struct vch_job *out, const Vouch__Job *message,
                                struct vch_complaint *complaint)
{
    if (message->n_segments > VCH_JOB_SEGMENTS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the job has %zu segments, not 1 to %u",
                            message->n_segments, VCH_JOB_SEGMENTS_MAX);
    out->segment_count = (uint32_t)message->n_segments;
    for (uint32_t i = 0; i < out->segment_count; i++) {
        const Vouch__JobSegment *from = message->segments[i];
        out->segments[i] = (struct vch_job_segment){from->first, from->last, by_of(from->by)};
    }
    return VCH_OK;
}

static vch_status copy_nonces(struct vch_job *out, const Vouch__Job *message,
                              struct vch_complaint *complaint)
{
    if (message->n_nonces != (size_t)out->segment_count + 1)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the job pins %zu nonces; %u segments have %u boundaries",
                            message->n_nonces, out->segment_count, out->segment_count + 1);
    for (size_t i = 0; i < message->n_nonces; i++)
        VCH_TRY(copy_digest(&out->nonces[i], &message->nonces[i], "nonce's pin", complaint));
    return VCH_OK;
}

static vch_status copy_job(struct vch_job *out, const Vouch__Job *message,
                           struct vch_complaint *complaint)
{
    if (message->version != VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the job has version %u; this program reads version %d",
                            message->version, VERSION);
    if (message->input == NULL)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "the job commits to no input");
    VCH_TRY(copy_digest(&out->model, &message->model, "job's model identity", complaint));
    VCH_TRY(vch_message_copy(out->client.bytes, sizeof out->client.bytes, &message->client,
                             "job's client key", complaint));
    VCH_TRY(copy_digest(&out->nonce, &message->nonce, "job's nonce", complaint));
    VCH_TRY(copy_digest(&out->input, &message->input->value, "job's input commitment", complaint));
    VCH_TRY(copy_digest(&out->registry, &message->registry, "job's registry digest", complaint));
    VCH_TRY(copy_segments(out, message, complaint));
    VCH_TRY(copy_nonces(out, message, complaint));
    out->batch = message->batch;
    out->quorum = message->quorum;
    out->deadline_ms = message->deadline_ms;
    out->commitment_kind = vch_job_commitment_kind(message->input->kind);
    out->log_columns = message->input->columns;
    return check_job(out, complaint);
}

vch_status vch_job_decode(struct vch_job *out, const uint8_t *bytes, size_t size,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_job job = {0};
    ProtobufCMessage *message = NULL;

    if (size > VCH_JOB_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the job has %zu bytes, not at most %u",
                            size, VCH_JOB_SIZE_MAX);
    VCH_TRY(vch_message_unpack(&message, &vouch__job__descriptor, bytes, size, "job", arena,
                               complaint));
    VCH_TRY(copy_job(&job, (const Vouch__Job *)(const void *)message, complaint));
    *out = job;
    return VCH_OK;
}

struct vch_digest vch_job_id(const uint8_t *bytes, size_t size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/job/v1");
    vch_transcript_absorb(&transcript, "job", bytes, size);
    return vch_transcript_final(&transcript);
}

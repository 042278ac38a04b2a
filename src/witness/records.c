#include "witness/records.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

static const char MAGIC[] = "vouch/witness/log/v1";

enum {
    BODY_SIZE = VCH_RECORDS_SIZE - VCH_DIGEST_SIZE,
    KIND_CHECKPOINT = 1, // u32le kind, then u64le size, count, time, the root, u32le how many
                         // promises it answers, and the index of each, u32le
    KIND_PROMISE =
        2, // u32le kind, then u64le time, count, size, u32le size of the draft, the draft
    ANSWERED_AT = 64, // behind 4 + 3 * 8 + 32 + 4 bytes
    DRAFT_AT = 32,    // behind 4 + 3 * 8 + 4 bytes
};

_Static_assert(ANSWERED_AT + 4 * VCH_SUBMISSION_ANSWERS_MAX <= BODY_SIZE, "a checkpoint fits");
_Static_assert(DRAFT_AT + VCH_DRAFT_SIZE_MAX <= BODY_SIZE, "a promise fits");
_Static_assert(VCH_RECORDS_SNAPSHOT_MAX ==
                   VCH_RECORDS_HEAD + VCH_RECORDS_SIZE * (VCH_CORE_PROMISES_MAX + 1),
               "a snapshot has a checkpoint and all promises");

static void encode_checkpoint(uint8_t *out, const struct vch_core_change *change)
{
    vch_put_u32le(out, KIND_CHECKPOINT);
    vch_put_u64le(out + 4, change->size);
    vch_put_u64le(out + 12, change->count);
    vch_put_u64le(out + 20, change->time_s);
    memcpy(out + 28, change->root.bytes, VCH_DIGEST_SIZE);
    vch_put_u32le(out + ANSWERED_AT - 4, change->answered_count);
    for (uint32_t i = 0; i < change->answered_count; i++)
        vch_put_u32le(out + ANSWERED_AT + (size_t)4 * i, change->answered[i]);
}

static void encode_promise(uint8_t *out, const struct vch_core_promise *promise)
{
    vch_put_u32le(out, KIND_PROMISE);
    vch_put_u64le(out + 4, promise->handed_ms);
    vch_put_u64le(out + 12, promise->handed_count);
    vch_put_u64le(out + 20, promise->handed_size);
    vch_put_u32le(out + DRAFT_AT - 4, promise->draft_size);
    memcpy(out + DRAFT_AT, promise->draft, promise->draft_size);
}

static struct vch_digest check_of(const uint8_t *before, const uint8_t *body)
{
    uint8_t bytes[VCH_DIGEST_SIZE + BODY_SIZE];

    memcpy(bytes, before, VCH_DIGEST_SIZE);
    memcpy(bytes + VCH_DIGEST_SIZE, body, BODY_SIZE);
    return vch_hash_bytes(bytes, sizeof bytes);
}

void vch_records_encode(uint8_t out[static VCH_RECORDS_SIZE],
                        const uint8_t before[static VCH_DIGEST_SIZE],
                        const struct vch_core_change *change)
{
    VCH_ASSERT(change->kind == VCH_CORE_CHECKPOINT || change->kind == VCH_CORE_PROMISE);
    memset(out, 0, BODY_SIZE);
    if (change->kind == VCH_CORE_CHECKPOINT)
        encode_checkpoint(out, change);
    else
        encode_promise(out, &change->promise);
    struct vch_digest check = check_of(before, out);
    memcpy(out + BODY_SIZE, check.bytes, VCH_DIGEST_SIZE);
}

static void write_head(uint8_t out[static VCH_RECORDS_HEAD], const struct vch_core_log *log)
{
    struct vch_digest origin = vch_hash_bytes(log->vkey.name, strlen(log->vkey.name));

    memset(out, 0, VCH_RECORDS_HEAD);
    memcpy(out, MAGIC, sizeof MAGIC - 1);
    memcpy(out + VCH_RECORDS_HEAD - VCH_DIGEST_SIZE, origin.bytes, VCH_DIGEST_SIZE);
}

size_t vch_records_snapshot(uint8_t out[static VCH_RECORDS_SNAPSHOT_MAX],
                            const struct vch_core_log *log)
{
    struct vch_core_change change = {.kind = VCH_CORE_CHECKPOINT,
                                     .size = log->size,
                                     .root = log->root,
                                     .count = log->count,
                                     .time_s = log->time_s};
    uint8_t *at = out + VCH_RECORDS_HEAD;

    write_head(out, log);
    vch_records_encode(at, at - VCH_DIGEST_SIZE, &change);
    at += VCH_RECORDS_SIZE;
    change.kind = VCH_CORE_PROMISE;
    for (uint32_t i = 0; i < log->promise_count; i++, at += VCH_RECORDS_SIZE) {
        change.promise = log->promises[i];
        vch_records_encode(at, at - VCH_DIGEST_SIZE, &change);
    }
    return (size_t)(at - out);
}

// Whether a change says something else, or says it otherwise, than we would.
static bool is_ours(const uint8_t *record, const struct vch_core_change *change)
{
    uint8_t again[VCH_RECORDS_SIZE];

    vch_records_encode(again, record - VCH_DIGEST_SIZE, change);
    return memcmp(again, record, sizeof again) == 0;
}

// Indices of promises that wait, each once.
static bool are_answered(const struct vch_core_change *change, const struct vch_core_log *log)
{
    for (uint32_t i = 0; i < change->answered_count; i++) {
        if (change->answered[i] >= log->promise_count) return false;
        for (uint32_t j = 0; j < i; j++)
            if (change->answered[i] == change->answered[j]) return false;
    }
    return true;
}

static bool decode_checkpoint(struct vch_core_change *out, const uint8_t *in,
                              const struct vch_core_log *log)
{
    out->kind = VCH_CORE_CHECKPOINT;
    out->size = vch_get_u64le(in + 4);
    out->count = vch_get_u64le(in + 12);
    out->time_s = vch_get_u64le(in + 20);
    memcpy(out->root.bytes, in + 28, VCH_DIGEST_SIZE);
    out->answered_count = vch_get_u32le(in + ANSWERED_AT - 4);
    if (out->answered_count > VCH_SUBMISSION_ANSWERS_MAX) return false;
    for (uint32_t i = 0; i < out->answered_count; i++)
        out->answered[i] = vch_get_u32le(in + ANSWERED_AT + (size_t)4 * i);
    return out->size >= log->size && out->count >= log->count && out->time_s >= log->time_s &&
           are_answered(out, log);
}

static bool decode_promise(struct vch_core_change *out, const uint8_t *in,
                           const struct vch_core_log *log)
{
    struct vch_core_promise *promise = &out->promise;
    struct vch_draft draft;

    out->kind = VCH_CORE_PROMISE;
    promise->handed_ms = vch_get_u64le(in + 4);
    promise->handed_count = vch_get_u64le(in + 12);
    promise->handed_size = vch_get_u64le(in + 20);
    promise->draft_size = vch_get_u32le(in + DRAFT_AT - 4);
    if (promise->draft_size > VCH_DRAFT_SIZE_MAX || promise->handed_count > log->count ||
        promise->handed_size > log->size || log->promise_count == VCH_CORE_PROMISES_MAX)
        return false;
    memcpy(promise->draft, in + DRAFT_AT, promise->draft_size);
    promise->digest = vch_hash_bytes(promise->draft, promise->draft_size);
    if (!vch_is_ok(vch_draft_decode(&draft, promise->draft, promise->draft_size))) return false;
    promise->writer = draft.writer;
    return true;
}

// Applies the record at `in`; false where it is damaged.
static bool replay(struct vch_core_log *log, const uint8_t *in)
{
    struct vch_core_change change = {.kind = VCH_CORE_NOTHING};
    struct vch_core core = {.log_count = 1, .logs = log};
    uint32_t kind = vch_get_u32le(in);
    bool is_right = kind == KIND_CHECKPOINT
                        ? decode_checkpoint(&change, in, log)
                        : kind == KIND_PROMISE && decode_promise(&change, in, log);

    if (!is_right || !is_ours(in, &change)) return false;
    vch_core_apply(&core, &change);
    return true;
}

// What a power cut leaves where a file had grown and its bytes had not come: the beginning of a
// record, perhaps, and zeroes. A hash is never of zeroes, so no damage to few bytes looks like it.
static bool is_torn(const uint8_t *at, size_t size)
{
    return size < VCH_RECORDS_SIZE || vch_is_zero(at + BODY_SIZE, size - BODY_SIZE);
}

static vch_status complain(struct vch_complaint *complaint, const struct vch_core_log *log,
                           size_t at)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "the state kept for %s is damaged at byte %zu, or another log's: this "
                        "witness must not go on without it",
                        log->vkey.name, at);
}

vch_status vch_records_replay(struct vch_core_log *log, size_t *kept, const uint8_t *bytes,
                              size_t size, struct vch_complaint *complaint)
{
    uint8_t head[VCH_RECORDS_HEAD];

    write_head(head, log);
    // The head came with a first record, in one piece.
    if (size < sizeof head + VCH_RECORDS_SIZE || memcmp(bytes, head, sizeof head) != 0 ||
        !replay(log, bytes + sizeof head))
        return complain(complaint, log, 0);
    for (*kept = sizeof head + VCH_RECORDS_SIZE; *kept < size; *kept += VCH_RECORDS_SIZE) {
        if (size - *kept >= VCH_RECORDS_SIZE && replay(log, bytes + *kept)) continue;
        return is_torn(bytes + *kept, size - *kept) ? VCH_OK : complain(complaint, log, *kept);
    }
    return VCH_OK;
}

#include "annex/proof_file.h"

#include <string.h>

#include "base/bytes.h"
#include "model/graph.h"
#include "model/tensor.h"

enum { DIGESTS_AT = 24, SIZE_AT = VCH_PROOF_FILE_HEAD_SIZE - 8, DIGEST_COUNT = 5 };

vch_status vch_proof_file_encode(uint8_t **out, size_t *size, const struct vch_proof_file *file,
                                 struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_digest *const digests[DIGEST_COUNT] = {
        &file->model, &file->annex, &file->job, &file->input, &file->output,
    };

    if (file->proof_size > VCH_PROOF_FILE_SIZE_MAX - VCH_PROOF_FILE_HEAD_SIZE)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a proof of %zu bytes is over the limit",
                            file->proof_size);
    *size = VCH_PROOF_FILE_HEAD_SIZE + file->proof_size;
    uint8_t *bytes = vch_arena_alloc(arena, *size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(bytes, VCH_PROOF_FILE_MAGIC, 8);
    vch_put_u32le(bytes + 8, VCH_PROOF_FILE_VERSION);
    vch_put_u32le(bytes + 12, file->first);
    vch_put_u32le(bytes + 16, file->last);
    vch_put_u32le(bytes + 20, file->batch);
    for (size_t i = 0; i < DIGEST_COUNT; i++)
        memcpy(bytes + DIGESTS_AT + i * VCH_DIGEST_SIZE, digests[i]->bytes, VCH_DIGEST_SIZE);
    vch_put_u64le(bytes + SIZE_AT, file->proof_size);
    memcpy(bytes + VCH_PROOF_FILE_HEAD_SIZE, file->proof, file->proof_size);
    *out = bytes;
    return VCH_OK;
}

static vch_status check_head(const uint8_t *bytes, size_t size, struct vch_complaint *complaint)
{
    if (size < VCH_PROOF_FILE_HEAD_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "a proof has over %d bytes; this file has %zu",
                            VCH_PROOF_FILE_HEAD_SIZE, size);
    if (memcmp(bytes, VCH_PROOF_FILE_MAGIC, 8) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "this is no proof: it does not begin with " VCH_PROOF_FILE_MAGIC);
    if (vch_get_u32le(bytes + 8) != VCH_PROOF_FILE_VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the proof has version %u; this program reads version %u",
                            vch_get_u32le(bytes + 8), VCH_PROOF_FILE_VERSION);
    if (size > VCH_PROOF_FILE_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the proof has %zu bytes, over the limit",
                            size);
    uint64_t stated = vch_get_u64le(bytes + SIZE_AT), found = size - VCH_PROOF_FILE_HEAD_SIZE;
    if (stated == found) return VCH_OK;
    return vch_complain(complaint, found < stated ? VCH_CODE_TRUNCATED : VCH_CODE_MALFORMED,
                        "the proof should have %llu bytes after its head; the file has %llu",
                        (unsigned long long)stated, (unsigned long long)found);
}

vch_status vch_proof_file_decode(struct vch_proof_file *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint)
{
    VCH_TRY(check_head(bytes, size, complaint));
    struct vch_proof_file file = {
        .first = vch_get_u32le(bytes + 12),
        .last = vch_get_u32le(bytes + 16),
        .batch = vch_get_u32le(bytes + 20),
        .proof = bytes + VCH_PROOF_FILE_HEAD_SIZE,
        .proof_size = size - VCH_PROOF_FILE_HEAD_SIZE,
    };
    struct vch_digest *const digests[DIGEST_COUNT] = {
        &file.model, &file.annex, &file.job, &file.input, &file.output,
    };

    for (size_t i = 0; i < DIGEST_COUNT; i++)
        memcpy(digests[i]->bytes, bytes + DIGESTS_AT + i * VCH_DIGEST_SIZE, VCH_DIGEST_SIZE);
    if (file.first >= file.last || file.last > VCH_GRAPH_OPERATORS_MAX || file.batch == 0 ||
        file.batch > VCH_BATCH_MAX)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the proof is about operators %u to %u and %u samples, which no model "
                            "has",
                            file.first, file.last, file.batch);
    *out = file;
    return VCH_OK;
}

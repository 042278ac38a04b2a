#include "annex/proof_opening.h"

#include <string.h>

#include "base/bytes.h"
#include "base/reader.h"
#include "model/tensor.h"

enum { HEAD_SIZE = 24 + VCH_DIGEST_SIZE };

static size_t boundary_size(const struct vch_proof_boundary *boundary)
{
    size_t size = VCH_PROOF_OPENING_SEED_SIZE + 4;

    for (uint32_t i = 0; i < boundary->count; i++)
        size += 8 + boundary->values[i].size;
    return size;
}

static uint8_t *put_boundary(uint8_t *at, const struct vch_proof_boundary *boundary)
{
    memcpy(at, boundary->seed, sizeof boundary->seed);
    at += sizeof boundary->seed;
    vch_put_u32le(at, boundary->count);
    at += 4;
    for (uint32_t i = 0; i < boundary->count; i++) {
        vch_put_u64le(at, boundary->values[i].size);
        memcpy(at + 8, boundary->values[i].data, boundary->values[i].size);
        at += 8 + boundary->values[i].size;
    }
    return at;
}

vch_status vch_proof_opening_encode(uint8_t **out, size_t *size,
                                    const struct vch_proof_opening *opening,
                                    struct vch_arena *arena, struct vch_complaint *complaint)
{
    *size = HEAD_SIZE + boundary_size(&opening->input) + boundary_size(&opening->output);
    if (*size > VCH_PROOF_OPENING_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "an opening of %zu bytes is over the limit",
                            *size);
    uint8_t *bytes = vch_arena_alloc(arena, *size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(bytes, VCH_PROOF_OPENING_MAGIC, 8);
    vch_put_u32le(bytes + 8, VCH_PROOF_OPENING_VERSION);
    vch_put_u32le(bytes + 12, opening->first);
    vch_put_u32le(bytes + 16, opening->last);
    vch_put_u32le(bytes + 20, opening->batch);
    memcpy(bytes + 24, opening->model.bytes, VCH_DIGEST_SIZE);
    uint8_t *at = put_boundary(bytes + HEAD_SIZE, &opening->input);
    (void)put_boundary(at, &opening->output);
    *out = bytes;
    return VCH_OK;
}

static vch_status take_boundary(struct vch_proof_boundary *out, struct vch_reader *reader,
                                struct vch_complaint *complaint)
{
    const uint8_t *bytes = NULL;
    uint64_t size = 0;

    VCH_TRY(vch_reader_bytes(reader, sizeof out->seed, &bytes));
    memcpy(out->seed, bytes, sizeof out->seed);
    VCH_TRY(vch_reader_u32le(reader, &out->count));
    if (out->count == 0 || out->count > VCH_GRAPH_PORTS_MAX)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the opening has %u values at one end, not 1 to %u", out->count,
                            VCH_GRAPH_PORTS_MAX);
    for (uint32_t i = 0; i < out->count; i++) {
        VCH_TRY(vch_reader_u64le(reader, &size));
        if ((size_t)size != size) return VCH_FAIL(TRUNCATED); // which a narrow size_t would hide
        VCH_TRY(vch_reader_bytes(reader, (size_t)size, &bytes));
        out->values[i].data = bytes;
        out->values[i].size = (size_t)size;
    }
    return VCH_OK;
}

static vch_status check_head(const uint8_t *bytes, size_t size, struct vch_complaint *complaint)
{
    if (size < HEAD_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "an opening has over %d bytes; this file has %zu", HEAD_SIZE, size);
    if (size > VCH_PROOF_OPENING_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the opening has %zu bytes, over the limit",
                            size);
    if (memcmp(bytes, VCH_PROOF_OPENING_MAGIC, 8) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "this is no opening of a proof: it does not begin "
                            "with " VCH_PROOF_OPENING_MAGIC);
    if (vch_get_u32le(bytes + 8) != VCH_PROOF_OPENING_VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the opening has version %u; this program reads version %u",
                            vch_get_u32le(bytes + 8), VCH_PROOF_OPENING_VERSION);
    return VCH_OK;
}

static vch_status decode(struct vch_proof_opening *out, const uint8_t *bytes, size_t size,
                         struct vch_complaint *complaint)
{
    struct vch_reader reader = {.bytes = bytes, .size = size, .offset = HEAD_SIZE};

    VCH_TRY(check_head(bytes, size, complaint));
    out->first = vch_get_u32le(bytes + 12);
    out->last = vch_get_u32le(bytes + 16);
    out->batch = vch_get_u32le(bytes + 20);
    memcpy(out->model.bytes, bytes + 24, VCH_DIGEST_SIZE);
    if (out->batch == 0 || out->batch > VCH_BATCH_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the opening has %u samples, not 1 to %u",
                            out->batch, VCH_BATCH_MAX);
    VCH_TRY(take_boundary(&out->input, &reader, complaint));
    VCH_TRY(take_boundary(&out->output, &reader, complaint));
    if (reader.offset == size) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED, "%zu bytes follow the opening's end",
                        size - reader.offset);
}

vch_status vch_proof_opening_decode(struct vch_proof_opening *out, const uint8_t *bytes,
                                    size_t size, struct vch_complaint *complaint)
{
    struct vch_proof_opening opening = {0};
    vch_status status = decode(&opening, bytes, size, complaint);

    if (status.code == VCH_CODE_TRUNCATED)
        status =
            vch_complain(complaint, status.code, "the opening of %zu bytes is cut short", size);
    if (vch_is_ok(status)) *out = opening;
    vch_wipe(&opening, sizeof opening);
    return status;
}

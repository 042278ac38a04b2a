#include "node/kept_record.h"

#include <string.h>

#include "base/bytes.h"
#include "base/reader.h"
#include "consensus/job.h"

enum { FIXED_SIZE = 6 * VCH_DIGEST_SIZE + 2 * 4 + 8 + 3 * 4 + 4 };

size_t vch_kept_record_size(const struct vch_kept_record *record)
{
    return FIXED_SIZE + record->job_size + record->input_size;
}

void vch_kept_record_encode(uint8_t *out, const struct vch_kept_record *record)
{
    out = vch_put_bytes(out, record->contest.subject.bytes, VCH_DIGEST_SIZE);
    out = vch_put_u32le(out, record->contest.segment);
    out = vch_put_u32le(out, record->contest.round);
    out = vch_put_u64le(out, record->seen);
    out = vch_put_bytes(out, record->model.bytes, VCH_DIGEST_SIZE);
    out = vch_put_u32le(out, record->first);
    out = vch_put_u32le(out, record->last);
    out = vch_put_u32le(out, record->batch);
    out = vch_put_bytes(out, record->input_nonce.bytes, sizeof record->input_nonce.bytes);
    out = vch_put_bytes(out, record->output_nonce.bytes, sizeof record->output_nonce.bytes);
    out = vch_put_bytes(out, record->output.bytes, VCH_DIGEST_SIZE);
    out = vch_put_bytes(out, record->trace.bytes, VCH_DIGEST_SIZE);
    out = vch_put_u32le(out, (uint32_t)record->job_size);
    out = vch_put_bytes(out, record->job, record->job_size);
    (void)vch_put_bytes(out, record->input, record->input_size);
}

static vch_status read_32(void *out, struct vch_reader *reader)
{
    const uint8_t *bytes = NULL;

    VCH_TRY(vch_reader_bytes(reader, 32, &bytes));
    memcpy(out, bytes, 32);
    return VCH_OK;
}

static vch_status read_run(struct vch_kept_record *out, struct vch_reader *reader)
{
    VCH_TRY(read_32(out->model.bytes, reader));
    VCH_TRY(vch_reader_u32le(reader, &out->first));
    VCH_TRY(vch_reader_u32le(reader, &out->last));
    VCH_TRY(vch_reader_u32le(reader, &out->batch));
    VCH_TRY(read_32(out->input_nonce.bytes, reader));
    VCH_TRY(read_32(out->output_nonce.bytes, reader));
    VCH_TRY(read_32(out->output.bytes, reader));
    VCH_TRY(read_32(out->trace.bytes, reader));
    return out->first < out->last && out->batch > 0 ? VCH_OK : VCH_FAIL(MALFORMED);
}

vch_status vch_kept_record_decode(struct vch_kept_record *out, const uint8_t *bytes, size_t size)
{
    struct vch_reader reader = {.bytes = bytes, .size = size};
    uint32_t job_size = 0;

    *out = (struct vch_kept_record){0};
    VCH_TRY(read_32(out->contest.subject.bytes, &reader));
    VCH_TRY(vch_reader_u32le(&reader, &out->contest.segment));
    VCH_TRY(vch_reader_u32le(&reader, &out->contest.round));
    VCH_TRY(vch_reader_u64le(&reader, &out->seen));
    VCH_TRY(read_run(out, &reader));
    VCH_TRY(vch_reader_u32le(&reader, &job_size));
    if (job_size > VCH_JOB_SIZE_MAX) return VCH_FAIL(MALFORMED);
    VCH_TRY(vch_reader_bytes(&reader, job_size, &out->job));
    out->job_size = job_size;
    out->input_size = reader.size - reader.offset;
    return vch_reader_bytes(&reader, out->input_size, &out->input);
}

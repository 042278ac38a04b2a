#include "witness/draft.h"

#include <string.h>

#include "base/reader.h"
#include "crypto/transcript.h"

// Tags of the fields: number << 3 | wire type (0: varint, 2: bytes).
enum {
    TIME = 0x08,
    STATEMENT = 0x12,
    WRITER = 0x1a,
    SIGNATURE = 0x22,
    COMMIT = 0x72, // in a Statement
    SUBJECT = 0x0a,
    SEGMENT = 0x10,
    ROUND = 0x18,
    COMMITMENT = 0x22,
};

// In its shortest form, so that each number has one.
static vch_status read_varint(struct vch_reader *reader, uint64_t *out)
{
    const uint8_t *byte = NULL;

    *out = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        VCH_TRY(vch_reader_bytes(reader, 1, &byte));
        if (shift == 63 && *byte > 1) return VCH_FAIL(MALFORMED);
        *out |= (uint64_t)(*byte & 0x7f) << shift;
        if ((*byte & 0x80) == 0) return *byte == 0 && shift > 0 ? VCH_FAIL(MALFORMED) : VCH_OK;
    }
    return VCH_FAIL(MALFORMED);
}

static bool is_next(const struct vch_reader *reader, uint8_t tag)
{
    return reader->offset < reader->size && reader->bytes[reader->offset] == tag;
}

static vch_status read_field(struct vch_reader *reader, uint8_t tag, const uint8_t **out,
                             size_t *size)
{
    uint64_t count = 0;

    if (!is_next(reader, tag)) return VCH_FAIL(MALFORMED);
    reader->offset++;
    VCH_TRY(read_varint(reader, &count));
    if (count > reader->size) return VCH_FAIL(TRUNCATED);
    *size = (size_t)count;
    return vch_reader_bytes(reader, *size, out);
}

static vch_status read_exactly(struct vch_reader *reader, uint8_t tag, void *out, size_t size)
{
    const uint8_t *bytes = NULL;
    size_t count = 0;

    VCH_TRY(read_field(reader, tag, &bytes, &count));
    if (count != size) return VCH_FAIL(MALFORMED);
    memcpy(out, bytes, size);
    return VCH_OK;
}

// A number that is written only when it is not 0.
static vch_status skip_u32(struct vch_reader *reader, uint8_t tag)
{
    uint64_t value = 0;

    if (!is_next(reader, tag)) return VCH_OK;
    reader->offset++;
    VCH_TRY(read_varint(reader, &value));
    return value > 0 && value <= UINT32_MAX ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status check_end(const struct vch_reader *reader)
{
    return reader->offset == reader->size ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status check_commit(const uint8_t *bytes, size_t size)
{
    struct vch_reader reader = {bytes, size, 0};
    struct vch_digest digest;

    VCH_TRY(read_exactly(&reader, SUBJECT, digest.bytes, VCH_DIGEST_SIZE));
    VCH_TRY(skip_u32(&reader, SEGMENT));
    VCH_TRY(skip_u32(&reader, ROUND));
    VCH_TRY(read_exactly(&reader, COMMITMENT, digest.bytes, VCH_DIGEST_SIZE));
    return check_end(&reader);
}

static vch_status check_statement(const uint8_t *bytes, size_t size)
{
    struct vch_reader reader = {bytes, size, 0};
    const uint8_t *commit = NULL;
    size_t commit_size = 0;

    VCH_TRY(read_field(&reader, COMMIT, &commit, &commit_size));
    VCH_TRY(check_end(&reader));
    return check_commit(commit, commit_size);
}

static vch_status decode(struct vch_draft *out, const uint8_t *bytes, size_t size)
{
    struct vch_reader reader = {bytes, size, 0};

    if (size > VCH_DRAFT_SIZE_MAX) return VCH_FAIL(LIMIT);
    VCH_TRY(read_field(&reader, STATEMENT, &out->statement, &out->statement_size));
    VCH_TRY(read_exactly(&reader, WRITER, out->writer.bytes, sizeof out->writer.bytes));
    VCH_TRY(read_exactly(&reader, SIGNATURE, out->signature.bytes, sizeof out->signature.bytes));
    VCH_TRY(check_end(&reader));
    return check_statement(out->statement, out->statement_size);
}

vch_status vch_draft_decode(struct vch_draft *out, const uint8_t *bytes, size_t size)
{
    return vch_is_ok(decode(out, bytes, size)) ? VCH_OK : VCH_FAIL(MALFORMED);
}

vch_status vch_draft_verify(const struct vch_draft *draft, const struct vch_digest *ledger)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/entry/v1");
    vch_transcript_absorb_digest(&transcript, "ledger", ledger);
    vch_transcript_absorb(&transcript, "statement", draft->statement, draft->statement_size);
    struct vch_digest digest = vch_transcript_final(&transcript);
    return vch_sign_verify(&draft->writer, &digest, &draft->signature);
}

bool vch_draft_of_entry(const uint8_t **draft, size_t *size, const uint8_t *entry,
                        size_t entry_size)
{
    struct vch_reader reader = {entry, entry_size, 0};
    uint64_t time = 0;

    if (!is_next(&reader, TIME)) return false;
    reader.offset++;
    if (!vch_is_ok(read_varint(&reader, &time)) || time == 0) return false;
    *draft = entry + reader.offset;
    *size = entry_size - reader.offset;
    return true;
}

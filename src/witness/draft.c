#include "witness/draft.h"

#include <string.h>

#include "base/reader.h"
#include "crypto/transcript.h"

// Tags of an Entry's fields: number << 3 | wire type (0: varint, 2: bytes).
enum { TIME = 0x08, STATEMENT = 0x12, WRITER = 0x1a, SIGNATURE = 0x22 };

enum {
    TAG_COMMIT = 14 << 3 | 2, // in a Statement
    TAG_EVIDENCE = 21 << 3 | 2,
    FIRST = 0x0a, // in an Evidence
    SECOND = 0x12,
    FIELDS_MAX = 6,
    PROOF_SIZE = 80,
};

enum form {
    END,
    DIGEST,
    OPTIONAL, // a digest that may be absent
    PROOF,
    NUMBER, // absent when it is 0
    FLAG,
};

// The bodies of statements: each has these fields, in this order, and nothing else.
static const struct body {
    uint64_t tag; // in a Statement
    struct field {
        uint8_t tag;
        enum form form;
    } fields[FIELDS_MAX + 1];
} bodies[] = {
    {11 << 3 | 2, {{0x0a, DIGEST}, {0x10, NUMBER}, {0x1a, DIGEST}}},                // input
    {12 << 3 | 2, {{0x0a, DIGEST}, {0x10, NUMBER}, {0x18, NUMBER}, {0x22, PROOF}}}, // sortition
    {TAG_COMMIT, {{0x0a, DIGEST}, {0x10, NUMBER}, {0x18, NUMBER}, {0x22, DIGEST}}},
    {16 << 3 | 2, // reveal
     {{0x0a, DIGEST},
      {0x10, NUMBER},
      {0x18, NUMBER},
      {0x22, DIGEST},
      {0x2a, OPTIONAL},
      {0x32, DIGEST}}},
    {20 << 3 | 2, {{0x0a, DIGEST}, {0x12, DIGEST}, {0x1a, DIGEST}}},                 // trial_result
    {22 << 3 | 2, {{0x0a, DIGEST}, {0x10, NUMBER}, {0x1a, DIGEST}, {0x22, DIGEST}}}, // dispute_open
    {23 << 3 | 2,                                                                    // dispute_move
     {{0x0a, DIGEST}, {0x10, NUMBER}, {0x18, FLAG}, {0x22, DIGEST}, {0x2a, DIGEST}}},
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
static vch_status skip_number(struct vch_reader *reader, uint8_t tag, uint64_t most)
{
    uint64_t value = 0;

    if (!is_next(reader, tag)) return VCH_OK;
    reader->offset++;
    VCH_TRY(read_varint(reader, &value));
    return value > 0 && value <= most ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status skip_field(struct vch_reader *reader, const struct field *field)
{
    uint8_t bytes[PROOF_SIZE];

    switch (field->form) {
    case NUMBER: return skip_number(reader, field->tag, UINT32_MAX);
    case FLAG: return skip_number(reader, field->tag, 1);
    case PROOF: return read_exactly(reader, field->tag, bytes, PROOF_SIZE);
    case OPTIONAL:
        if (!is_next(reader, field->tag)) return VCH_OK;
        return read_exactly(reader, field->tag, bytes, VCH_DIGEST_SIZE);
    case DIGEST: return read_exactly(reader, field->tag, bytes, VCH_DIGEST_SIZE);
    case END: break;
    }
    return VCH_FAIL(MALFORMED);
}

static vch_status check_end(const struct vch_reader *reader)
{
    return reader->offset == reader->size ? VCH_OK : VCH_FAIL(MALFORMED);
}

// The body of a statement, which has no number.
static vch_status read_body(uint64_t *tag, struct vch_reader *body, const uint8_t *bytes,
                            size_t size)
{
    struct vch_reader reader = {bytes, size, 0};
    uint64_t count = 0;

    VCH_TRY(read_varint(&reader, tag));
    VCH_TRY(read_varint(&reader, &count));
    if (count > reader.size) return VCH_FAIL(TRUNCATED);
    *body = (struct vch_reader){.size = (size_t)count};
    VCH_TRY(vch_reader_bytes(&reader, body->size, &body->bytes));
    return check_end(&reader);
}

static vch_status check_body(uint64_t tag, struct vch_reader body)
{
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        if (bodies[i].tag != tag) continue;
        for (const struct field *field = bodies[i].fields; field->form != END; field++)
            VCH_TRY(skip_field(&body, field));
        return check_end(&body);
    }
    return VCH_FAIL(MALFORMED);
}

static vch_status decode(struct vch_draft *out, const uint8_t *bytes, size_t size)
{
    struct vch_reader reader = {bytes, size, 0};

    if (size > VCH_DRAFT_SIZE_MAX) return VCH_FAIL(LIMIT);
    VCH_TRY(read_field(&reader, STATEMENT, &out->statement, &out->statement_size));
    VCH_TRY(read_exactly(&reader, WRITER, out->writer.bytes, sizeof out->writer.bytes));
    VCH_TRY(read_exactly(&reader, SIGNATURE, out->signature.bytes, sizeof out->signature.bytes));
    return check_end(&reader);
}

// One of the two drafts of commits that evidence holds.
static vch_status check_held(struct vch_reader *evidence, uint8_t tag)
{
    const uint8_t *bytes = NULL;
    struct vch_draft draft;
    struct vch_reader body;
    uint64_t of = 0;
    size_t size = 0;

    VCH_TRY(read_field(evidence, tag, &bytes, &size));
    VCH_TRY(decode(&draft, bytes, size));
    VCH_TRY(read_body(&of, &body, draft.statement, draft.statement_size));
    return of == TAG_COMMIT ? check_body(of, body) : VCH_FAIL(MALFORMED);
}

static vch_status check_statement(const uint8_t *bytes, size_t size)
{
    struct vch_reader body;
    uint64_t tag = 0;

    VCH_TRY(read_body(&tag, &body, bytes, size));
    if (tag != TAG_EVIDENCE) return check_body(tag, body);
    VCH_TRY(check_held(&body, FIRST));
    VCH_TRY(check_held(&body, SECOND));
    return check_end(&body);
}

vch_status vch_draft_decode(struct vch_draft *out, const uint8_t *bytes, size_t size)
{
    bool is_one = vch_is_ok(decode(out, bytes, size)) &&
                  vch_is_ok(check_statement(out->statement, out->statement_size));

    return is_one ? VCH_OK : VCH_FAIL(MALFORMED);
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

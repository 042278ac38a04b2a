// Drafts: commits written here field by field, the other kinds by their shapes, and everything that
// is none.
#include "witness/draft.h"

#include <string.h>

#include "crypto/transcript.h"
#include "harness/test.h"

static const struct vch_digest ledger = {{0x1d}};

struct written {
    size_t size;
    uint8_t bytes[1024];
};

static void put(struct written *out, const void *bytes, size_t size)
{
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void put_field(struct written *out, uint8_t tag, const void *bytes, size_t size)
{
    const uint8_t head[] = {tag, (uint8_t)size};

    CHECK(size < 128);
    put(out, head, sizeof head);
    put(out, bytes, size);
}

// A commit of segment 3, round 300 (two bytes of a varint), signed.
static void write_draft(struct written *out, const struct written *statement)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {5};
    struct vch_transcript transcript;
    struct vch_secret_key key;
    struct vch_signature signature;

    vch_sign_key(&key, seed);
    vch_transcript_init(&transcript, "vouch/entry/v1");
    vch_transcript_absorb_digest(&transcript, "ledger", &ledger);
    vch_transcript_absorb(&transcript, "statement", statement->bytes, statement->size);
    struct vch_digest digest = vch_transcript_final(&transcript);
    vch_sign_digest(&signature, &key, &digest);
    out->size = 0;
    put_field(out, 0x12, statement->bytes, statement->size);
    put_field(out, 0x1a, key.public_key.bytes, sizeof key.public_key.bytes);
    put_field(out, 0x22, signature.bytes, sizeof signature.bytes);
}

static void write_commit(struct written *out, const char *segment_and_round, size_t size)
{
    const uint8_t digest[32] = {0xcc};

    out->size = 0;
    put_field(out, 0x0a, digest, sizeof digest);
    put(out, segment_and_round, size);
    put_field(out, 0x22, digest, sizeof digest);
}

static vch_status decode_commit(const char *segment_and_round, size_t size)
{
    struct written commit, statement = {0}, draft;
    struct vch_draft decoded;

    write_commit(&commit, segment_and_round, size);
    put_field(&statement, 0x72, commit.bytes, commit.size);
    write_draft(&draft, &statement);
    return vch_draft_decode(&decoded, draft.bytes, draft.size);
}

static void write_good(struct written *out)
{
    struct written commit, statement = {0};

    write_commit(&commit, "\x10\x03\x18\xac\x02", 5);
    put_field(&statement, 0x72, commit.bytes, commit.size);
    write_draft(out, &statement);
}

TEST(draft_of_a_commit_is_what_its_writer_signed)
{
    struct written draft;
    struct vch_draft decoded;
    const struct vch_digest other = {{0x1e}};

    write_good(&draft);
    CHECK_OK(vch_draft_decode(&decoded, draft.bytes, draft.size));
    CHECK_OK(vch_draft_verify(&decoded, &ledger));
    CHECK_FAILS(vch_draft_verify(&decoded, &other), BAD_PROOF);
}

TEST(draft_refuses_any_flipped_bit_and_any_cut)
{
    struct written draft;
    struct vch_draft decoded;

    write_good(&draft);
    for (size_t bit = 0; bit < 8 * draft.size; bit++) {
        draft.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!vch_is_ok(vch_draft_decode(&decoded, draft.bytes, draft.size)) ||
              !vch_is_ok(vch_draft_verify(&decoded, &ledger)));
        draft.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < draft.size; cut++)
        CHECK_FAILS(vch_draft_decode(&decoded, draft.bytes, cut), MALFORMED);
    CHECK_FAILS(vch_draft_decode(&decoded, draft.bytes, draft.size + 1), MALFORMED);
    CHECK_FAILS(vch_draft_decode(&decoded, draft.bytes, VCH_DRAFT_SIZE_MAX + 1), MALFORMED);
}

TEST(draft_has_numbers_in_their_one_form)
{
    CHECK_OK(decode_commit("", 0));
    CHECK_OK(decode_commit("\x10\x7f", 2));
    CHECK_OK(decode_commit("\x18\xff\xff\xff\xff\x0f", 6));
    CHECK_FAILS(decode_commit("\x10\x00", 2), MALFORMED);                 // 0 is not written
    CHECK_FAILS(decode_commit("\x10\x83\x00", 3), MALFORMED);             // 3, too long
    CHECK_FAILS(decode_commit("\x18\x80\x80\x80\x80\x10", 6), MALFORMED); // 2^32
    CHECK_FAILS(decode_commit("\x18\x01\x10\x01", 4), MALFORMED);         // another order
    CHECK_FAILS(decode_commit("\x10\x01\x10\x01", 4), MALFORMED);         // twice
    CHECK_FAILS(decode_commit("\x28\x01", 2), MALFORMED);                 // an unknown field
    CHECK_FAILS(decode_commit("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12), MALFORMED);
}

TEST(draft_of_another_statement_or_with_a_number_is_none)
{
    struct written commit, statement, draft;
    struct vch_draft decoded;

    write_commit(&commit, "", 0);
    for (unsigned kind = 1; kind < 31; kind++) {
        statement.size = 0;
        if (kind < 16)
            put_field(&statement, (uint8_t)(kind << 3 | 2), commit.bytes, commit.size);
        else
            put(&statement, (const uint8_t[]){(uint8_t)(kind << 3 | 2), 1}, 2),
                put_field(&statement, (uint8_t)commit.size, commit.bytes, commit.size);
        write_draft(&draft, &statement);
        CHECK(vch_is_ok(vch_draft_decode(&decoded, draft.bytes, draft.size)) == (kind == 14));
    }
    statement.size = 0;
    put(&statement, "\x08\x01", 2); // number 1
    put_field(&statement, 0x72, commit.bytes, commit.size);
    write_draft(&draft, &statement);
    CHECK_FAILS(vch_draft_decode(&decoded, draft.bytes, draft.size), MALFORMED);
}

TEST(draft_is_found_in_its_entry_alone)
{
    static const struct {
        const char *time;
        size_t size;
    } times[] = {{"\x08\x01", 2},
                 {"\x08\x80\xe8\x92\x26", 5},
                 {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}},
      lies[] = {{"", 0},         {"\x08", 1},
                {"\x08\x00", 2}, {"\x08\x81\x00", 3},
                {"\x10\x01", 2}, {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11}};
    struct written draft, entry;
    const uint8_t *found = NULL;
    size_t size = 0;

    write_good(&draft);
    FOR_EACH(time, times)
    {
        entry.size = 0;
        put(&entry, time->time, time->size);
        put(&entry, draft.bytes, draft.size);
        CHECK(vch_draft_of_entry(&found, &size, entry.bytes, entry.size));
        CHECK(size == draft.size && memcmp(found, draft.bytes, size) == 0);
        CHECK(entry.size <= VCH_DRAFT_ENTRY_MAX);
    }
    FOR_EACH(lie, lies)
    {
        entry.size = 0;
        put(&entry, lie->time, lie->size);
        put(&entry, draft.bytes, draft.size);
        CHECK(!vch_draft_of_entry(&found, &size, entry.bytes, entry.size) || size != draft.size);
    }
}

#include "entry/entry.h"

#include <string.h>

#include "harness/entries.h"
#include "message/message.h"
#include "schema/ledger.pb-c.h"

static struct vch_arena arena;
static struct vch_complaint complaint;
static struct vch_charter charter;

static void setup(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 24);
    complaint.text[0] = '\0';
    charter = entries_charter(&arena);
}

static vch_status decode(struct vch_entry *out, const uint8_t *bytes, size_t size)
{
    complaint.text[0] = '\0';
    return vch_entry_decode(out, bytes, size, &arena, &complaint);
}

struct sample {
    enum vch_entry_kind kind;
    struct vch_entry entry;
    uint8_t *bytes;
    size_t size;
};

static struct sample sample_of(enum vch_entry_kind kind)
{
    struct sample sample = {.kind = kind, .entry = entries_example(kind, &charter, &arena)};

    CHECK_OK(vch_entry_encode(&sample.bytes, &sample.size, &sample.entry, &arena, &complaint));
    return sample;
}

static const enum vch_entry_kind KINDS[] = {
#define X(name, number, field, text) VCH_ENTRY_##name,
    VCH_ENTRY_KINDS(X)
#undef X
};

static bool is_same_statement(const struct vch_entry *a, const struct vch_entry *b)
{
    return a->statement_size == b->statement_size &&
           memcmp(a->statement, b->statement, a->statement_size) == 0;
}

TEST(entry_of_every_kind_decodes_and_encodes_to_the_same_bytes)
{
    setup();
    FOR_EACH(kind, KINDS)
    {
        struct sample sample = sample_of(*kind);
        struct vch_entry entry;
        uint8_t *again = NULL;
        size_t again_size = 0;

        CHECK_OK(decode(&entry, sample.bytes, sample.size));
        CHECK_EQ(entry.kind, *kind);
        CHECK_EQ(entry.time_ms, 1700000000000);
        CHECK_EQ(entry.number, sample.entry.number);
        CHECK(is_same_statement(&entry, &sample.entry));
        CHECK(entry.statement > sample.bytes && entry.statement < sample.bytes + sample.size);
        CHECK_OK(vch_entry_verify(&entry, &charter.id));
        CHECK_OK(vch_entry_encode(&again, &again_size, &entry, &arena, &complaint));
        CHECK_EQ(again_size, sample.size);
        CHECK(memcmp(again, sample.bytes, sample.size) == 0);
        // And its fields: signing what was read gives the same statement.
        const struct vch_secret_key writer = entries_key(9);
        CHECK_OK(vch_entry_sign(&entry, &charter.id, &writer, &arena, &complaint));
        CHECK(is_same_statement(&entry, &sample.entry));
    }
}

// A flipped bit is refused, or it is not what the writer signed, or it is the time's alone.
TEST(entry_with_a_flipped_bit_is_refused_or_not_signed)
{
    setup();
    FOR_EACH(kind, KINDS)
    {
        struct sample sample = sample_of(*kind);
        for (size_t i = 0; i < 8 * sample.size; i++) {
            struct vch_arena_mark mark = vch_arena_mark(&arena);
            struct vch_entry entry;
            sample.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
            if (vch_is_ok(decode(&entry, sample.bytes, sample.size))) {
                bool is_time = entry.time_ms != sample.entry.time_ms;
                bool is_signature = memcmp(&entry.signature, &sample.entry.signature, 64) != 0 ||
                                    memcmp(&entry.writer, &sample.entry.writer, 32) != 0;
                CHECK(is_time || is_signature || !is_same_statement(&entry, &sample.entry));
                if (i % 8 == i / 8 % 8) // one bit of each byte: signatures take time
                    CHECK(is_time == vch_is_ok(vch_entry_verify(&entry, &charter.id)));
            } else {
                CHECK(complaint.text[0] != '\0');
            }
            sample.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
            vch_arena_rewind(&arena, mark);
        }
    }
}

TEST(entry_of_every_kind_refuses_every_truncation_and_what_follows_it)
{
    setup();
    FOR_EACH(kind, KINDS)
    {
        struct sample sample = sample_of(*kind);
        struct vch_entry entry;
        uint8_t longer[4096];

        CHECK(sample.size < sizeof longer - 2);
        for (size_t i = 0; i < sample.size; i++) {
            struct vch_arena_mark mark = vch_arena_mark(&arena);
            CHECK(!vch_is_ok(decode(&entry, sample.bytes, i)));
            CHECK(complaint.text[0] != '\0');
            vch_arena_rewind(&arena, mark);
        }
        memcpy(longer, sample.bytes, sample.size);
        memcpy(longer + sample.size, (uint8_t[]){0x28, 0x01}, 2); // field 5 does not exist
        CHECK_FAILS(decode(&entry, longer, sample.size + 2), MALFORMED);
        memcpy(longer + sample.size, (uint8_t[]){0x08, 0x01}, 2); // the time again
        CHECK_FAILS(decode(&entry, longer, sample.size + 2), MALFORMED);
    }
}

// Statements in forms that canonical writers do not write, under the entry's own canonical form.
static vch_status decode_statement(const uint8_t *statement, size_t size)
{
    Vouch__Entry message = VOUCH__ENTRY__INIT;
    uint8_t writer[32] = {1}, signature[64] = {1}, *bytes = NULL;
    struct vch_entry entry;
    size_t entry_size = 0;

    message.statement = vch_message_borrow(statement, size);
    message.writer = vch_message_borrow(writer, sizeof writer);
    message.signature = vch_message_borrow(signature, sizeof signature);
    CHECK_OK(vch_message_pack(&bytes, &entry_size, &message.base, &arena));
    return decode(&entry, bytes, entry_size);
}

TEST(entry_refuses_statements_that_are_not_canonical)
{
    static const struct {
        uint8_t bytes[16];
        size_t size;
        bool is_good;
    } CASES[] = {
        {{0x08, 0x01, 0x2a, 0x02, 0x08, 0x05}, 6, true},              // withdraw 5, number 1
        {{0x08, 0x81, 0x00, 0x2a, 0x02, 0x08, 0x05}, 7, false},       // long varint
        {{0x2a, 0x02, 0x08, 0x05, 0x08, 0x01}, 6, false},             // out of order
        {{0x08, 0x01, 0x2a, 0x02, 0x08, 0x05, 0x2a, 0x00}, 8, false}, // merged
        {{0x08, 0x01, 0x2a, 0x02, 0x08, 0x05, 0x32, 0x02, 0x08, 0x05}, 10, false}, // two bodies
        {{0x08, 0x01, 0x2a, 0x04, 0x08, 0x05, 0x10, 0x01}, 8, false},              // unknown inside
        {{0x08, 0x01, 0x2a, 0x02, 0x08, 0x05, 0xc8, 0x01, 0x01}, 9, false}, // unknown kind 25
        {{0x2a, 0x02, 0x08, 0x05}, 4, false},                               // no number
        {{0x08, 0x00, 0x2a, 0x02, 0x08, 0x05}, 6, false},                   // written default
        {{0x08, 0x01, 0x2a, 0x00}, 4, false},                               // withdraw 0
        {{0x08, 0x01}, 2, false},                                           // nothing
        {{0}, 0, false},
        {{0x08, 0x01, 0x42, 0x00}, 4, true},        // release
        {{0x08, 0x01, 0x42, 0x80, 0x00}, 5, false}, // its size as a long varint
    };

    setup();
    FOR_EACH(example, CASES)
    CHECK(vch_is_ok(decode_statement(example->bytes, example->size)) == example->is_good);
}

static Vouch__Statement *unpacked(enum vch_entry_kind kind)
{
    struct sample sample = sample_of(kind);
    ProtobufCMessage *message = NULL;

    CHECK_OK(vch_message_unpack(&message, &vouch__statement__descriptor, sample.entry.statement,
                                sample.entry.statement_size, "statement", &arena, &complaint));
    return (Vouch__Statement *)(void *)message;
}

static vch_status decode_packed(const Vouch__Statement *message)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_OK(vch_message_pack(&bytes, &size, &message->base, &arena));
    return decode_statement(bytes, size);
}

#define CHANGES(X) \
    X(DEPOSIT, LIMIT, s->deposit->amount = 0) \
    X(DEPOSIT, LIMIT, s->deposit->amount = VCH_ENTRY_AMOUNT_MAX + 1) \
    X(DEPOSIT, NONE, s->deposit->amount = VCH_ENTRY_AMOUNT_MAX) \
    X(DEPOSIT, MALFORMED, s->deposit->account.len = 31) \
    X(CHARTER, MALFORMED, s->number = 2) \
    X(CHARTER, UNSUPPORTED, s->charter->version = 2) \
    X(CHARTER, UNSUPPORTED, s->charter->parameters->version = 0) \
    X(CHARTER, MALFORMED, s->charter->parameters = NULL) \
    X(CHARTER, MALFORMED, s->charter->nonce.len = 0) \
    X(CHARTER, LIMIT, s->charter->n_witnesses = 0) \
    X(CHARTER, MALFORMED, s->charter->witnesses[1] = s->charter->witnesses[0]) \
    X(REGISTRY, MALFORMED, s->registry->digest.len = 0) \
    X(HOLD, MALFORMED, s->hold->last = 0) \
    X(JOB_OPEN, TRUNCATED, s->job_open->job.len = 0) \
    X(JOB_OPEN, MALFORMED, s->job_open->job.len--) \
    X(JOB_OPEN, MALFORMED, s->job_open->input.len = 0) \
    X(JOB_OPEN, LIMIT, s->job_open->fee = VCH_ENTRY_FEE_MAX + 1) \
    X(JOB_OPEN, NONE, s->job_open->fee = VCH_ENTRY_FEE_MAX) \
    X(JOB_OPEN, MALFORMED, s->job_open->excluded[1] = s->job_open->excluded[0]) \
    X(JOB_OPEN, MALFORMED, s->job_open->excluded[1][0] = 'P') \
    X(JOB_OPEN, MALFORMED, s->job_open->excluded[1][0] = '\0') \
    X(INPUT, LIMIT, s->input->segment = 256) \
    X(INPUT, MALFORMED, s->number = 1) \
    X(SORTITION, MALFORMED, s->sortition->proof.len = 79) \
    X(SORTITION, MALFORMED, s->sortition->subject.len = 0) \
    X(SORTITION, LIMIT, s->sortition->round = 4) \
    X(SORTITION, LIMIT, s->sortition->segment = UINT32_MAX) \
    X(DRAW, MALFORMED, s->draw->seats[1]->node.len = 33 - 2) \
    X(COMMIT, MALFORMED, s->commit->commitment.len = 0) \
    X(CLOSE, LIMIT, s->close->commits = VCH_ENTRY_SEATS_MAX + 1) \
    X(REVEAL, MALFORMED, s->reveal->output.len = 0) \
    X(REVEAL, NONE, s->reveal->trace.len = 0) \
    X(REVEAL, MALFORMED, s->reveal->trace.len = 1) \
    X(REVEAL, MALFORMED, s->reveal->nonce.len = 16) \
    X(VERDICT, NONE, s->verdict->output.len = 0) \
    X(VERDICT, MALFORMED, s->verdict->output.len = 31) \
    X(ANCHOR, MALFORMED, s->anchor->root.len = 0) \
    X(ANCHOR, LIMIT, s->anchor->size = UINT64_MAX) \
    X(ANCHOR, LIMIT, s->anchor->cosignatures[2]->witness = 16) \
    X(ANCHOR, LIMIT, s->anchor->cosignatures[2]->time = UINT64_MAX) \
    X(ANCHOR, MALFORMED, s->anchor->cosignatures[2]->witness = 1) \
    X(ANCHOR, MALFORMED, s->anchor->cosignatures[2]->signature.len = 63) \
    X(EXPIRE, MALFORMED, s->expire->job.len = 0) \
    X(TRIAL_RESULT, MALFORMED, s->trial_result->nonce.len = 0) \
    X(EVIDENCE, TRUNCATED, s->evidence->first.len = 0) \
    X(EVIDENCE, MALFORMED, s->evidence->second.len--) \
    X(DISPUTE_OPEN, MALFORMED, s->dispute_open->trace.len = 0) \
    X(DISPUTE_MOVE, LIMIT, s->dispute_move->step = VCH_ENTRY_STEPS_MAX) \
    X(DISPUTE_MOVE, MALFORMED, s->dispute_move->right.len = 0) \
    X(DISPUTE_DEFAULT, MALFORMED, s->dispute_default->dispute.len = 0)

TEST(entry_refuses_fields_out_of_their_ranges)
{
    Vouch__Statement *s = NULL;

    setup();
#define X(kind, code, change) \
    s = unpacked(VCH_ENTRY_##kind); \
    change; \
    CHECK_CODE(decode_packed(s), VCH_CODE_##code);
    CHANGES(X)
#undef X
}

static vch_status sign(struct vch_entry *entry)
{
    const struct vch_secret_key writer = entries_key(9);

    complaint.text[0] = '\0';
    return vch_entry_sign(entry, &charter.id, &writer, &arena, &complaint);
}

TEST(entry_that_no_reader_would_take_is_not_signed)
{
    setup();
    struct vch_entry entry = entries_example(VCH_ENTRY_STAKE, &charter, &arena);
    entry.amount = 0;
    CHECK_FAILS(sign(&entry), LIMIT);
    entry.amount = 1;
    CHECK_OK(sign(&entry));
    entry.number = 0;
    CHECK_FAILS(sign(&entry), MALFORMED);
    entry.kind = (enum vch_entry_kind)25;
    CHECK_FAILS(sign(&entry), USAGE);
    entry = entries_example(VCH_ENTRY_COMMIT, &charter, &arena);
    entry.contest.round = 4;
    CHECK_FAILS(sign(&entry), LIMIT);
}

TEST(entry_stamped_is_the_draft_with_a_time)
{
    setup();
    FOR_EACH(kind, KINDS)
    {
        struct sample sample = sample_of(*kind);
        struct vch_entry draft = sample.entry;
        uint8_t *bytes = NULL, *stamped = NULL;
        size_t size = 0, stamped_size = 0;

        draft.time_ms = 0;
        CHECK_OK(vch_entry_encode(&bytes, &size, &draft, &arena, &complaint));
        CHECK_OK(
            vch_entry_stamp(&stamped, &stamped_size, bytes, size, sample.entry.time_ms, &arena));
        CHECK_EQ(stamped_size, sample.size);
        CHECK(memcmp(stamped, sample.bytes, stamped_size) == 0);
        CHECK_FAILS(vch_entry_stamp(&bytes, &size, stamped, stamped_size, 1, &arena), MALFORMED);
        CHECK_FAILS(vch_entry_stamp(&stamped, &size, bytes, size, UINT64_MAX, &arena), LIMIT);
    }
}

TEST(entry_signature_is_worthless_in_another_ledger_or_by_another_writer)
{
    setup();
    struct sample sample = sample_of(VCH_ENTRY_REVEAL);
    const struct vch_digest other = entries_digest(0x55);
    CHECK_OK(vch_entry_verify(&sample.entry, &charter.id));
    CHECK_FAILS(vch_entry_verify(&sample.entry, &other), BAD_PROOF);
    sample.entry.writer = entries_key(10).public_key;
    CHECK_FAILS(vch_entry_verify(&sample.entry, &charter.id), BAD_PROOF);
}

TEST(entry_of_more_bytes_than_allowed_is_refused)
{
    static uint8_t bytes[VCH_ENTRY_CHARTER_SIZE_MAX + 1];
    struct vch_entry entry;

    setup();
    CHECK_FAILS(decode(&entry, bytes, sizeof bytes), LIMIT);
    struct sample sample = sample_of(VCH_ENTRY_DRAW);
    struct vch_entry_seat *seats = vch_arena_alloc(&arena, VCH_ENTRY_SEATS_MAX + 1, sizeof *seats);
    for (uint32_t i = 0; i <= VCH_ENTRY_SEATS_MAX; i++)
        seats[i].weight = VCH_ENTRY_AMOUNT_MAX;
    sample.entry.draw.seats = seats;
    sample.entry.draw.count = VCH_ENTRY_SEATS_MAX;
    sample.entry.draw.eligible = UINT32_MAX;
    sample.entry.draw.weight = UINT64_MAX;
    CHECK_OK(sign(&sample.entry));
    CHECK_OK(vch_entry_encode(&sample.bytes, &sample.size, &sample.entry, &arena, &complaint));
    CHECK_OK(decode(&entry, sample.bytes, sample.size));
    CHECK_EQ(entry.draw.count, VCH_ENTRY_SEATS_MAX);
    CHECK(entry.draw.seats[VCH_ENTRY_SEATS_MAX - 1].weight == VCH_ENTRY_AMOUNT_MAX);
    sample.entry.draw.count++;
    CHECK_FAILS(sign(&sample.entry), LIMIT);
}

TEST(entry_evidence_holds_drafts_of_commits_alone)
{
    setup();
    struct sample sample = sample_of(VCH_ENTRY_EVIDENCE);
    struct vch_entry entry, inner = entries_example(VCH_ENTRY_EVIDENCE, &charter, &arena);
    CHECK_OK(decode(&entry, sample.bytes, sample.size));
    CHECK_EQ(entry.evidence.second->kind, VCH_ENTRY_COMMIT);
    CHECK_OK(vch_entry_verify(entry.evidence.first, &charter.id));
    CHECK_OK(vch_entry_verify(entry.evidence.second, &charter.id));
    sample.entry.evidence.first = &inner;
    CHECK_FAILS(sign(&sample.entry), MALFORMED);
    inner = entries_example(VCH_ENTRY_REVEAL, &charter, &arena);
    CHECK_FAILS(sign(&sample.entry), MALFORMED);
    CHECK(strstr(complaint.text, "reveal") != NULL);
}

// Every item is in the digest, and a referee's has another form than a seat's.
TEST(entry_commitment_changes_with_everything_it_binds)
{
    struct vch_contest_id contest = {entries_digest(1), 2, 3};
    struct vch_public_key node = entries_key(9).public_key;
    struct vch_digest output = entries_digest(4), trace = entries_digest(5), made[8];
    uint8_t nonce[32] = {6};

    made[0] = vch_entry_commitment(&contest, &node, &output, &trace, nonce);
    contest.subject.bytes[31] ^= 1;
    made[1] = vch_entry_commitment(&contest, &node, &output, &trace, nonce);
    contest.segment++;
    made[2] = vch_entry_commitment(&contest, &node, &output, &trace, nonce);
    contest.round--;
    made[3] = vch_entry_commitment(&contest, &node, &output, &trace, nonce);
    node.bytes[0] ^= 1;
    made[4] = vch_entry_commitment(&contest, &node, &output, &trace, nonce);
    output.bytes[9] ^= 1;
    made[5] = vch_entry_commitment(&contest, &node, &output, &trace, nonce);
    made[6] = vch_entry_commitment(&contest, &node, &output, NULL, nonce);
    nonce[31] ^= 1;
    made[7] = vch_entry_commitment(&contest, &node, &output, NULL, nonce);
    for (uint32_t i = 0; i < 8; i++)
        for (uint32_t k = 0; k < i; k++)
            CHECK(!vch_hash_is_equal(&made[i], &made[k]));
}

// Two modules that read the same bytes and share no line: what `entry` signs as a statement that is
// promised is a draft to `witness`, for the same ledger; what it signs as anything else is none.
#include "entry/charter.h"
#include "entry/entry.h"
#include "harness/test.h"
#include "witness/core.h"
#include "witness/draft.h"

#include <string.h>

static const struct vch_digest ledger = {{0x1d}};
static struct vch_arena arena;

static void fill(void *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)test_below(256);
}

static struct vch_secret_key any_key(void)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE];
    struct vch_secret_key key;

    fill(seed, sizeof seed);
    vch_sign_key(&key, seed);
    return key;
}

static struct vch_entry *make_commit(const struct vch_contest_id *contest,
                                     const struct vch_secret_key *writer)
{
    struct vch_entry *commit = VCH_ARENA_NEW(&arena, struct vch_entry, 1);

    *commit = (struct vch_entry){.kind = VCH_ENTRY_COMMIT, .contest = *contest};
    fill(commit->commit.commitment.bytes, VCH_DIGEST_SIZE);
    CHECK_OK(vch_entry_sign(commit, &ledger, writer, &arena, NULL));
    return commit;
}

// What a kind has beside its contest.
static void make_input(struct vch_entry *entry)
{
    fill(entry->input.job.bytes, VCH_DIGEST_SIZE);
    fill(entry->input.input.bytes, VCH_DIGEST_SIZE);
    entry->input.segment = test_below(2) * test_below(256);
}

static void make_sortition(struct vch_entry *entry)
{
    fill(&entry->sortition, sizeof entry->sortition);
}

static void make_commitment(struct vch_entry *entry)
{
    fill(&entry->commit, sizeof entry->commit);
}

static void make_reveal(struct vch_entry *entry)
{
    fill(entry->reveal.output.bytes, VCH_DIGEST_SIZE);
    fill(entry->reveal.nonce, sizeof entry->reveal.nonce);
    fill(entry->reveal.trace.bytes, VCH_DIGEST_SIZE);
    entry->reveal.has_trace = test_below(2);
}

static void make_trial_result(struct vch_entry *entry)
{
    fill(&entry->trial_result, sizeof entry->trial_result);
}

static void make_evidence(struct vch_entry *entry)
{
    const struct vch_secret_key node = any_key();
    struct vch_contest_id contest = {.segment = test_below(256), .round = test_below(4)};

    fill(contest.subject.bytes, VCH_DIGEST_SIZE);
    entry->evidence.first = make_commit(&contest, &node);
    entry->evidence.second = make_commit(&contest, &node);
}

static void make_dispute_open(struct vch_entry *entry)
{
    fill(&entry->dispute_open, sizeof entry->dispute_open);
    entry->dispute_open.segment = test_below(2) * test_below(256);
}

static void make_dispute_move(struct vch_entry *entry)
{
    fill(entry->dispute_move.dispute.bytes, VCH_DIGEST_SIZE);
    fill(entry->dispute_move.left.bytes, VCH_DIGEST_SIZE);
    fill(entry->dispute_move.right.bytes, VCH_DIGEST_SIZE);
    entry->dispute_move.step = test_below(32);
    entry->dispute_move.defends = test_below(2);
}

static void make_amount(struct vch_entry *entry)
{
    entry->number = 1 + test_below(1000);
    entry->amount = 1 + test_below(1000);
}

static void make_close(struct vch_entry *entry)
{
    entry->close.commits = test_below(31);
}

static void make_verdict(struct vch_entry *entry)
{
    entry->verdict.agreeing = test_below(31);
}

static void make_subject(struct vch_entry *entry)
{
    fill(entry->expire.bytes, VCH_DIGEST_SIZE);
}

struct making {
    enum vch_entry_kind kind;
    void (*make)(struct vch_entry *entry);
};

// The others are what the clerk writes, and what waits for nobody.
static const struct making promised[] = {{VCH_ENTRY_INPUT, make_input},
                                         {VCH_ENTRY_SORTITION, make_sortition},
                                         {VCH_ENTRY_COMMIT, make_commitment},
                                         {VCH_ENTRY_REVEAL, make_reveal},
                                         {VCH_ENTRY_TRIAL_RESULT, make_trial_result},
                                         {VCH_ENTRY_EVIDENCE, make_evidence},
                                         {VCH_ENTRY_DISPUTE_OPEN, make_dispute_open},
                                         {VCH_ENTRY_DISPUTE_MOVE, make_dispute_move}},
                           others[] = {{VCH_ENTRY_WITHDRAW, make_amount},
                                       {VCH_ENTRY_STAKE, make_amount},
                                       {VCH_ENTRY_UNSTAKE, make_amount},
                                       {VCH_ENTRY_CLOSE, make_close},
                                       {VCH_ENTRY_VERDICT, make_verdict},
                                       {VCH_ENTRY_EXPIRE, make_subject},
                                       {VCH_ENTRY_DISPUTE_DEFAULT, make_subject}};

// Random fields within their ranges, zeroes among them.
static struct vch_entry any_entry(const struct making *making)
{
    struct vch_entry entry = {.kind = making->kind};

    if (making->kind >= VCH_ENTRY_SORTITION && making->kind <= VCH_ENTRY_VERDICT) {
        fill(entry.contest.subject.bytes, VCH_DIGEST_SIZE);
        entry.contest.segment = test_below(2) * test_below(256);
        entry.contest.round = test_below(4);
    }
    making->make(&entry);
    return entry;
}

static void write_draft(uint8_t **bytes, size_t *size, struct vch_entry *entry)
{
    const struct vch_secret_key writer = any_key();

    CHECK_OK(vch_entry_sign(entry, &ledger, &writer, &arena, NULL));
    CHECK_OK(vch_entry_encode(bytes, size, entry, &arena, NULL));
}

static void check_stamped(const uint8_t *bytes, size_t size)
{
    static const uint64_t times[] = {1, 127, 128, 1790000000000, (uint64_t)1 << 46};
    const uint8_t *found = NULL;
    uint8_t *stamped = NULL;
    size_t stamped_size = 0, found_size = 0;

    CHECK_OK(vch_entry_stamp(&stamped, &stamped_size, bytes, size, times[test_below(5)], &arena));
    CHECK(stamped_size <= VCH_DRAFT_ENTRY_MAX);
    CHECK(vch_draft_of_entry(&found, &found_size, stamped, stamped_size));
    CHECK(found_size == size && memcmp(found, bytes, size) == 0);
}

TEST(witness_reads_what_members_write)
{
    vch_arena_init(&arena, 1 << 20);
    FOR_EACH(making, promised)
    {
        for (int i = 0; i < 200; i++) {
            struct vch_entry entry = any_entry(making);
            struct vch_draft draft;
            uint8_t *bytes = NULL;
            size_t size = 0;
            write_draft(&bytes, &size, &entry);
            CHECK_OK(vch_draft_decode(&draft, bytes, size));
            CHECK_OK(vch_draft_verify(&draft, &ledger));
            CHECK(memcmp(&draft.writer, &entry.writer, sizeof draft.writer) == 0);
            check_stamped(bytes, size);
            vch_arena_release(&arena);
        }
    }
}

TEST(witness_believes_no_draft_with_a_flipped_bit_or_a_cut)
{
    vch_arena_init(&arena, 1 << 20);
    FOR_EACH(making, promised)
    {
        struct vch_entry entry = any_entry(making);
        struct vch_draft draft;
        uint8_t *bytes = NULL;
        size_t size = 0;
        write_draft(&bytes, &size, &entry);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            test_flip(bytes, bit);
            CHECK(!vch_is_ok(vch_draft_decode(&draft, bytes, size)) ||
                  !vch_is_ok(vch_draft_verify(&draft, &ledger)));
            test_flip(bytes, bit);
        }
        for (size_t cut = 0; cut < size; cut++)
            CHECK_FAILS(vch_draft_decode(&draft, bytes, cut), MALFORMED);
        vch_arena_release(&arena);
    }
}

TEST(witness_takes_no_other_statement_for_one_that_is_promised)
{
    vch_arena_init(&arena, 1 << 20);
    FOR_EACH(making, others)
    {
        struct vch_entry entry = any_entry(making);
        struct vch_draft draft;
        uint8_t *bytes = NULL;
        size_t size = 0;
        write_draft(&bytes, &size, &entry);
        CHECK_FAILS(vch_draft_decode(&draft, bytes, size), MALFORMED);
        vch_arena_release(&arena);
    }
}

// specs/witness.md, sections 1 and 3: an honest clerk's refusal is in time, with a second for its
// way, and an anchor's cosignatures, of whole seconds, are less apart than they are repeated for.
TEST(charters_allow_no_more_skew_than_witnesses_grant)
{
    CHECK(VCH_CHARTER_SKEW_MOST_MS + 1000 <= VCH_CORE_SKEW_MS);
    CHECK(2 * VCH_CHARTER_SKEW_MOST_MS + 1000 <= 1000 * VCH_CORE_FRESH_S);
}

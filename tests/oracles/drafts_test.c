// Two modules that read the same bytes and share no line: what `agreement` signs as a commit is the
// draft of one to `witness`, for the same ledger; what it signs as anything else is none.
#include "entry/entry.h"
#include "harness/test.h"
#include "witness/draft.h"

#include <string.h>

static const struct vch_digest ledger = {{0x1d}};

static vch_status as_draft(struct vch_entry *entry, uint64_t time_ms, const uint8_t *seed)
{
    struct vch_arena arena;
    struct vch_secret_key writer;
    struct vch_draft draft;
    const uint8_t *found = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_arena_init(&arena, 1 << 20);
    vch_sign_key(&writer, seed);
    CHECK_OK(vch_entry_sign(entry, &ledger, &writer, &arena, NULL));
    entry->time_ms = time_ms;
    CHECK_OK(vch_entry_encode(&bytes, &size, entry, &arena, NULL));
    if (time_ms > 0) CHECK(vch_draft_of_entry(&found, &size, bytes, size));
    vch_status status = vch_draft_decode(&draft, time_ms > 0 ? found : bytes, size);
    if (vch_is_ok(status)) CHECK_OK(vch_draft_verify(&draft, &ledger));
    vch_arena_release(&arena);
    return status;
}

TEST(witness_reads_the_commits_that_agreement_writes)
{
    static const uint64_t times[] = {0, 1, 127, 128, 1790000000000, (uint64_t)1 << 46};

    for (int i = 0; i < 500; i++) {
        struct vch_entry entry = {.kind = VCH_ENTRY_COMMIT};
        uint8_t seed[VCH_SIGN_SEED_SIZE];
        for (size_t j = 0; j < VCH_DIGEST_SIZE; j++) {
            entry.contest.subject.bytes[j] = (uint8_t)test_below(256);
            entry.commit.commitment.bytes[j] = (uint8_t)test_below(256);
            seed[j] = (uint8_t)test_below(256);
        }
        entry.contest.segment = test_below(2) ? test_below(20) : 0;
        entry.contest.round = test_below(2) ? test_below(4) : 0;
        CHECK_OK(as_draft(&entry, times[test_below(6)], seed));
    }
}

TEST(witness_takes_no_other_statement_for_a_commit)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {1};
    struct vch_entry close = {.kind = VCH_ENTRY_CLOSE}, reveal = {.kind = VCH_ENTRY_REVEAL};

    close.contest.subject.bytes[0] = reveal.contest.subject.bytes[0] = 1;
    CHECK_FAILS(as_draft(&close, 0, seed), MALFORMED);
    CHECK_FAILS(as_draft(&reveal, 0, seed), MALFORMED);
}

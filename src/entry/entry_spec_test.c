// The test vectors of specs/ledger.md.

#include "harness/entries.h"
#include "harness/spec.h"

static struct vch_arena arena;
static struct vch_complaint complaint;

TEST(ledger_charter_and_its_id_are_the_vectors_of_their_spec)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_arena_init(&arena, 1 << 22);
    struct vch_charter charter = entries_charter(&arena);
    CHECK_OK(vch_charter_encode(&bytes, &size, &charter, &arena, &complaint));
    test_spec_check(bytes, size, "ledger.md", "charter");
    test_spec_check(charter.id.bytes, sizeof charter.id.bytes, "ledger.md", "ledger_id");
    vch_arena_release(&arena);
}

TEST(ledger_entries_of_every_kind_are_the_vectors_of_their_spec)
{
    vch_arena_init(&arena, 1 << 22);
    const struct vch_charter charter = entries_charter(&arena);
#define X(name, number, field, text) \
    { \
        struct vch_entry entry = entries_example(VCH_ENTRY_##name, &charter, &arena); \
        uint8_t *bytes = NULL; \
        size_t size = 0; \
        CHECK_OK(vch_entry_encode(&bytes, &size, &entry, &arena, &complaint)); \
        test_spec_check(bytes, size, "ledger.md", "entry_" text); \
    }
    VCH_ENTRY_KINDS(X)
#undef X
    vch_arena_release(&arena);
}

TEST(ledger_digests_of_agreement_are_the_vectors_of_their_spec)
{
    const struct vch_contest_id contest = {entries_digest(0x18), 1, 0};
    const struct vch_public_key node = entries_key(9).public_key;
    const struct vch_digest output = entries_digest(0x1c), trace = entries_digest(0x1d),
                            job = entries_digest(0x18);
    uint8_t nonce[32];
    struct vch_digest made;

    vch_arena_init(&arena, 1 << 22);
    const struct vch_charter charter = entries_charter(&arena);
    memset(nonce, 0x1e, sizeof nonce);
    made = vch_entry_commitment(&contest, &node, &output, &trace, nonce);
    test_spec_check(made.bytes, sizeof made.bytes, "ledger.md", "commitment_of_a_seat");
    made = vch_entry_commitment(&contest, &node, &output, NULL, nonce);
    test_spec_check(made.bytes, sizeof made.bytes, "ledger.md", "commitment_of_a_referee");
    made = vch_entry_trial_expected(&job, &output, nonce);
    test_spec_check(made.bytes, sizeof made.bytes, "ledger.md", "trial_expected");
    const struct vch_entry anchor = entries_example(VCH_ENTRY_ANCHOR, &charter, &arena);
    made = vch_entry_anchor_seed(&anchor);
    test_spec_check(made.bytes, sizeof made.bytes, "ledger.md", "anchor_seed");
    made = vch_entry_dispute_id(&job, 1, &node, &output, &trace);
    test_spec_check(made.bytes, sizeof made.bytes, "ledger.md", "dispute_id");
    vch_arena_release(&arena);
}

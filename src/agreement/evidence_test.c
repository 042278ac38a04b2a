#include "agreement/evidence.h"

#include "harness/ledger.h"

static struct vch_parameters parameters;
static struct vch_contest_id id;
static struct vch_entry drafts[2];
static struct vch_arena arena;

static void begin(void)
{
    const struct ledger_job plan = ledger_plain_job(3);

    vch_arena_release(&arena);
    vch_arena_init(&arena, 1u << 20);
    parameters = ledger_parameters();
    ledger_found(6, 1, &parameters);
    id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_draw(&id);
}

// Commits of the seat to two answers.
static struct vch_entry evidence_of(uint32_t seat, uint32_t a, uint32_t b)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_EVIDENCE};
    const uint32_t answers[] = {a, b};

    for (int i = 0; i < 2; i++) {
        const struct vch_digest output = ledger_output(answers[i]),
                                trace = ledger_trace(answers[i]);
        drafts[i] = ledger_commit_entry(&id, ledger_seat(&id, seat), &output, &trace);
        CHECK_OK(vch_entry_sign(&drafts[i], &ledger.charter.id, ledger_seat_key(&id, seat), &arena,
                                NULL));
    }
    entry.evidence.first = &drafts[0];
    entry.evidence.second = &drafts[1];
    return entry;
}

TEST(two_commits_to_one_contest_convict_once)
{
    const uint32_t answers[] = {5, 5, 5};

    begin();
    const struct vch_account *liar = ledger_account(ledger_seat_key(&id, 0));
    ledger_do(evidence_of(0, 5, 6), &ledger.stranger);
    CHECK_EQ(liar->stake, LEDGER_STAKE / 2);
    CHECK_EQ(liar->slashes, 1);
    CHECK_EQ(ledger_account(&ledger.stranger)->balance, LEDGER_STAKE / 4);
    CHECK_EQ(vch_state_totals(ledger.state).treasury, LEDGER_STAKE / 4);
    LEDGER_REFUSES(evidence_of(0, 5, 6), &ledger.auditor, "convicted");
    LEDGER_REFUSES(evidence_of(0, 7, 8), &ledger.auditor, "convicted");
    ledger_vote(&id, answers); // its vote is another matter
    CHECK_EQ(ledger_contest(&id)->agreeing, 3);
    ledger_do(evidence_of(1, 5, 6), &ledger.auditor); // long after, within the window
    ledger.now += parameters.dispute_ms;
    LEDGER_REFUSES(evidence_of(2, 5, 6), &ledger.auditor, "window is over");
    ledger_tick();
    ledger.now += 1;
    struct vch_entry late = {.kind = VCH_ENTRY_EVIDENCE};
    late.evidence.first = &drafts[0];
    late.evidence.second = &drafts[1];
    LEDGER_REFUSES(late, &ledger.auditor, "window is over");
}

TEST(evidence_is_of_one_seat_one_contest_and_two_answers)
{
    struct vch_entry entry;

    begin();
    CHECK(!vch_is_ok(ledger_try(evidence_of(0, 5, 5), &ledger.auditor)));
    (void)evidence_of(1, 5, 6);
    const struct vch_entry first = drafts[0]; // of another seat
    entry = evidence_of(0, 5, 6);
    entry.evidence.first = &first;
    CHECK(!vch_is_ok(ledger_try(entry, &ledger.auditor)));
    id.round = 1; // the same for a contest that there is not
    const struct vch_contest_id none = id;
    id.round = 0;
    entry = evidence_of(0, 5, 6);
    for (int i = 0; i < 2; i++) {
        drafts[i].contest = none;
        CHECK_OK(
            vch_entry_sign(&drafts[i], &ledger.charter.id, ledger_seat_key(&id, 0), &arena, NULL));
    }
    LEDGER_REFUSES(entry, &ledger.auditor, "no contest");
}

TEST(nobody_is_convicted_by_what_he_did_not_sign)
{
    struct vch_entry entry;

    begin();
    entry = evidence_of(0, 5, 6);
    drafts[1].signature.bytes[0] ^= 1;
    CHECK_FAILS(ledger_try(entry, &ledger.auditor), BAD_PROOF);
    uint32_t outsider = 0;
    while (vch_state_seat(ledger_contest(&id), &ledger.nodes[outsider].key.public_key) != NULL)
        outsider++;
    entry = evidence_of(0, 5, 6);
    for (int i = 0; i < 2; i++)
        CHECK_OK(vch_entry_sign(&drafts[i], &ledger.charter.id, &ledger.nodes[outsider].key, &arena,
                                NULL));
    LEDGER_REFUSES(entry, &ledger.auditor, "no contest");
}

// Half of it comes back at most: convicting one's own node is no way to save its stake.
TEST(convicting_ones_own_node_costs)
{
    begin();
    const struct vch_secret_key *node = ledger_seat_key(&id, 0);
    ledger_do(evidence_of(0, 5, 6), node);
    CHECK_EQ(ledger_account(node)->balance + ledger_account(node)->stake,
             LEDGER_STAKE - LEDGER_STAKE / 4);
}

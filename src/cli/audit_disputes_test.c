// What an audit says of disputes: it sees each while the state remembers it, and those, too, that
// the state forgets with the entry that ends them.
#include "cli/audit_disputes.h"

#include "crypto/merkle.h"
#include "harness/ledger.h"

static struct vch_parameters parameters;
static struct vch_contest_id contest;
static struct vch_digest left, right, root; // of the disputer's trace

static void answer(bool is_reveal)
{
    for (uint32_t i = 0; i < 3; i++) {
        const struct vch_digest output = ledger_output(i == 2 ? 2 : 1);
        const struct vch_digest trace = i == 2 ? root : ledger_trace(1);
        const uint32_t node = ledger_seat(&contest, i);
        const struct vch_entry entry = is_reveal
                                           ? ledger_reveal_entry(&contest, node, &output, &trace)
                                           : ledger_commit_entry(&contest, node, &output, &trace);
        ledger_do(entry, ledger_seat_key(&contest, i));
    }
    ledger_clerk();
}

// A segment decided two to one, and disputed by the third; who is the key of that seat.
static struct vch_secret_key dispute(uint64_t lasts_ms)
{
    struct ledger_job plan = ledger_plain_job(3);
    struct vch_entry open = {.kind = VCH_ENTRY_DISPUTE_OPEN};

    left = ledger_digest(71);
    right = ledger_digest(72);
    root = vch_merkle_parent(&left, &right);
    parameters = ledger_parameters();
    ledger_found(9, 1, &parameters);
    plan.lasts_ms = lasts_ms;
    contest = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_draw(&contest);
    const struct vch_secret_key disputer = *ledger_seat_key(&contest, 2);
    answer(false);
    ledger_anchor();
    answer(true);
    open.dispute_open.job = contest.subject;
    open.dispute_open.output = ledger_output(2);
    open.dispute_open.trace = root;
    ledger_do(open, &disputer);
    return disputer;
}

static void move(const struct vch_secret_key *disputer)
{
    const struct vch_digest output = ledger_output(2);
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_MOVE};

    entry.dispute_move.dispute =
        vch_entry_dispute_id(&contest.subject, 0, &disputer->public_key, &output, &root);
    entry.dispute_move.left = left;
    entry.dispute_move.right = right;
    ledger_do(entry, disputer);
}

// Replays what the ledger took, as an audit does, and says what it finds.
static void check_audit(const char *outcome)
{
    const struct vch_state_limits limits = ledger_limits();
    struct vch_audit_disputes disputes = {0};
    struct vch_arena arena, memory;
    json_t *found = NULL;

    vch_arena_init(&arena, 1 << 24);
    vch_arena_init(&memory, 1 << 20);
    disputes.arena = &memory;
    ledger_make_state(&limits);
    for (uint32_t i = 0; i < ledger.log_count; i++) {
        struct vch_entry entry;
        CHECK_OK(vch_entry_decode(&entry, ledger.log[i].bytes, ledger.log[i].size, &arena,
                                  &ledger.complaint));
        CHECK_OK(vch_state_apply(ledger.state, &entry, ledger.log[i].bytes, ledger.log[i].size,
                                 &ledger.complaint));
        vch_audit_disputes_note(&disputes, ledger.state, i, &entry);
    }
    CHECK_OK(vch_audit_disputes_json(&found, &disputes));
    CHECK_OK(vch_audit_disputes_print(&disputes));
    CHECK_EQ(json_array_size(found), 1);
    const char *said = json_string_value(json_object_get(json_array_get(found, 0), "outcome"));
    CHECK(said != NULL && strcmp(said, outcome) == 0);
    json_decref(found);
    vch_arena_release(&memory);
    vch_arena_release(&arena);
}

TEST(a_dispute_is_open_until_it_ends)
{
    const struct vch_secret_key disputer = dispute(2000000);

    move(&disputer);
    check_audit("open");
}

TEST(a_defence_that_says_nothing_loses_its_verdict)
{
    const struct vch_secret_key disputer = dispute(2000000);

    move(&disputer);
    ledger.now += parameters.move_ms;
    ledger_clerk();
    CHECK(vch_state_segment(ledger.state, &contest.subject, 0)->is_overturned);
    check_audit("overturned");
}

TEST(a_disputer_that_says_nothing_changes_nothing)
{
    (void)dispute(2000000);
    ledger.now += parameters.move_ms;
    ledger_clerk();
    CHECK(!vch_state_segment(ledger.state, &contest.subject, 0)->is_overturned);
    check_audit("nothing");
}

// Its window and its deadline are past: the job goes with the entry that ends the dispute.
TEST(what_a_state_forgets_at_once_is_told_all_the_same)
{
    for (int has_moved = 0; has_moved < 2; has_moved++) {
        const struct vch_secret_key disputer = dispute(100000);
        if (has_moved == 1) move(&disputer);
        ledger.now += parameters.dispute_ms + 100000;
        ledger_clerk();
        CHECK(vch_state_job(ledger.state, &contest.subject) == NULL);
        check_audit(has_moved == 1 ? "overturned" : "nothing");
    }
}

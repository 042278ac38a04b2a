// What is due, when it is due, and that a clerk which does only this brings everything to an end.
#include "agreement/clerk.h"

#include "harness/ledger.h"

static struct vch_arena arena;

static bool next(struct vch_entry *out)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 20);
    return vch_clerk_next(out, ledger.state, ledger.now, &arena);
}

static struct vch_contest_id open_job(uint32_t nodes)
{
    const struct vch_parameters parameters = ledger_parameters();
    const struct ledger_job plan = ledger_plain_job(3);

    ledger_found(nodes, 1, &parameters);
    return (struct vch_contest_id){ledger_open(&plan), 0, 0};
}

TEST(clerk_has_nothing_to_enter_and_never_will_while_nothing_is_there)
{
    const struct vch_parameters parameters = ledger_parameters();
    struct vch_entry entry;

    ledger_found(3, 1, &parameters);
    CHECK(!next(&entry));
    CHECK(vch_clerk_wake_ms(ledger.state) == UINT64_MAX);
}

TEST(clerk_draws_when_all_have_drawn_or_at_its_time_and_not_before)
{
    const struct vch_contest_id id = open_job(6);
    const struct vch_parameters *parameters = &ledger.charter.parameters;
    struct vch_entry entry;

    ledger_anchor();
    const uint64_t anchored = ledger.now;
    CHECK(!next(&entry));
    CHECK(vch_clerk_wake_ms(ledger.state) == anchored + 2 * parameters->draw_ms);
    for (uint32_t i = 0; i < 3; i++)
        ledger_do(ledger_sortition(&id, i), &ledger.nodes[i].key);
    CHECK(!next(&entry)); // others may be better
    CHECK(vch_clerk_wake_ms(ledger.state) == anchored + parameters->draw_ms);
    ledger.now = anchored + parameters->draw_ms - 1;
    CHECK(!next(&entry));
    ledger.now++;
    CHECK(next(&entry));
    CHECK_EQ(entry.kind, VCH_ENTRY_DRAW);
    CHECK_EQ(entry.draw.count, 3);
    CHECK_EQ(entry.draw.eligible, 6);
    ledger_do(entry, &ledger.clerk);
    CHECK(!next(&entry));
}

TEST(clerk_ends_at_once_what_too_few_drew_for)
{
    const struct vch_contest_id id = open_job(6);
    struct vch_entry entry;

    ledger_anchor();
    ledger_do(ledger_sortition(&id, 4), &ledger.nodes[4].key);
    ledger.now += 2 * ledger.charter.parameters.draw_ms;
    CHECK(next(&entry));
    CHECK_EQ(entry.kind, VCH_ENTRY_DRAW);
    CHECK_EQ(entry.draw.count, 1);
    ledger_do(entry, &ledger.clerk);
    CHECK(next(&entry));
    CHECK_EQ(entry.kind, VCH_ENTRY_VERDICT);
    CHECK(!entry.verdict.has_output);
    ledger_do(entry, &ledger.clerk);
}

TEST(clerk_closes_and_decides_as_soon_as_all_have_spoken_or_their_time_is_over)
{
    const struct vch_contest_id id = open_job(6);
    const struct vch_parameters *parameters = &ledger.charter.parameters;
    const uint32_t answers[] = {7, 7, LEDGER_SILENT};
    struct vch_entry entry;

    ledger_draw(&id);
    const uint64_t drawn = ledger.now;
    ledger_commit_all(&id, answers);
    CHECK(!next(&entry));
    CHECK(vch_clerk_wake_ms(ledger.state) == drawn + parameters->commit_ms);
    ledger.now = drawn + parameters->commit_ms;
    CHECK(next(&entry));
    CHECK_EQ(entry.kind, VCH_ENTRY_CLOSE);
    CHECK_EQ(entry.close.commits, 2);
    ledger_do(entry, &ledger.clerk);
    CHECK(!next(&entry)); // it waits for the witnesses
    ledger_anchor();
    CHECK(vch_clerk_wake_ms(ledger.state) == ledger.now + parameters->reveal_ms);
    ledger_reveal_all(&id, answers);
    CHECK(next(&entry));
    CHECK_EQ(entry.kind, VCH_ENTRY_VERDICT);
    CHECK(entry.verdict.has_output);
    CHECK_EQ(entry.verdict.agreeing, 2);
    ledger_do(entry, &ledger.clerk);
}

TEST(clerk_expires_a_job_that_nobody_can_bring_to_an_end)
{
    const struct vch_parameters parameters = ledger_parameters();
    struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {7, 7, 7};
    struct vch_entry entry;

    plan.segments = 2;
    plan.each = 3;
    plan.gaps = 2; // the client's own, which never comes
    plan.lasts_ms = 500000;
    ledger_found(6, 1, &parameters);
    const uint64_t opened = ledger.now;
    const struct vch_contest_id first = {ledger_open(&plan), 0, 0};
    const struct vch_contest_id second = {first.subject, 2, 0};
    ledger_draw(&second);
    ledger_anchor(); // what the first waits for is anchored already: this one is for its draw
    if (ledger_contest(&first)->phase == VCH_CONTEST_DRAWING) ledger_clerk();
    for (uint32_t i = 0; i < ledger.node_count; i++) {
        const struct vch_seat_answer none = {0};
        if (vch_seat_next(&entry, ledger.state, ledger_contest(&first), &ledger.nodes[i].seat,
                          &none, ledger.now))
            ledger_do(entry, &ledger.nodes[i].key);
    }
    ledger_clerk();
    ledger_vote(&first, answers);
    CHECK_EQ(ledger_contest(&first)->phase, VCH_CONTEST_DECIDED);
    CHECK(!next(&entry));
    CHECK(vch_clerk_wake_ms(ledger.state) == opened + plan.lasts_ms);
    ledger.now = opened + plan.lasts_ms;
    CHECK(next(&entry));
    CHECK_EQ(entry.kind, VCH_ENTRY_EXPIRE);
    ledger_do(entry, &ledger.clerk);
    CHECK_EQ(vch_state_job(ledger.state, &first.subject)->phase, VCH_JOB_FAILED);
    CHECK(!next(&entry));
}

// The state itself refuses each of these a moment earlier, and in any other form.
TEST(clerk_that_enters_what_is_not_due_is_refused)
{
    const struct vch_contest_id id = open_job(6);
    const uint32_t answers[] = {7, 7, 7};
    struct vch_entry entry;

    ledger_anchor();
    for (uint32_t i = 0; i < 3; i++)
        ledger_do(ledger_sortition(&id, i), &ledger.nodes[i].key);
    const uint64_t due = vch_clerk_wake_ms(ledger.state);
    ledger.now = due;
    CHECK(next(&entry));
    ledger.now = due - 1;
    CHECK_FAILS(ledger_try(entry, &ledger.clerk), REFUSED);
    ledger.now = due;
    CHECK_FAILS(ledger_try(entry, &ledger.nodes[0].key), REFUSED);
    ledger_do(entry, &ledger.clerk);
    ledger_commit_all(&id, answers);
    CHECK(next(&entry));
    entry.close.commits--;
    CHECK_FAILS(ledger_try(entry, &ledger.clerk), REFUSED);
}

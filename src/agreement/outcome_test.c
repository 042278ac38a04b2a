// What ended a dispute that the state has forgotten, from the entry that did and how it stood.
#include "agreement/outcome.h"

#include "harness/ledger.h"

static struct vch_dispute dispute(void)
{
    return (struct vch_dispute){.id = ledger_digest(1),
                                .phase = VCH_DISPUTE_REFEREES,
                                .claims = {ledger_digest(2), ledger_digest(3)}};
}

static struct vch_entry verdict(uint32_t subject, uint32_t output)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_VERDICT};

    entry.contest.subject = ledger_digest(subject);
    entry.verdict.has_output = output != 0;
    if (output != 0) entry.verdict.output = ledger_digest(output);
    return entry;
}

TEST(a_referees_verdict_says_who_was_right)
{
    static const struct {
        uint32_t subject, output;
        enum vch_dispute_result result;
    } cases[] = {
        {1, 2, VCH_DISPUTE_OVERTURNED}, {1, 3, VCH_DISPUTE_UPHELD}, {1, 4, VCH_DISPUTE_BOTH_LOSE},
        {1, 0, VCH_DISPUTE_VOID},       {9, 2, VCH_DISPUTE_VOID}, // another dispute was faster
    };
    const struct vch_dispute last = dispute();

    FOR_EACH(at, cases)
    {
        const struct vch_entry entry = verdict(at->subject, at->output);
        CHECK_EQ(vch_outcome_of(&last, &entry), at->result);
    }
}

TEST(who_did_not_move_loses_and_the_disputer_if_neither_did)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_DEFAULT};
    struct vch_dispute last = dispute();

    entry.dispute_default = last.id;
    last.phase = VCH_DISPUTE_MOVING;
    CHECK_EQ(vch_outcome_of(&last, &entry), VCH_DISPUTE_UPHELD);
    last.has_moved[1] = true;
    CHECK_EQ(vch_outcome_of(&last, &entry), VCH_DISPUTE_UPHELD);
    last.has_moved[0] = true;
    last.has_moved[1] = false;
    CHECK_EQ(vch_outcome_of(&last, &entry), VCH_DISPUTE_OVERTURNED);
    entry.dispute_default = ledger_digest(9);
    CHECK_EQ(vch_outcome_of(&last, &entry), VCH_DISPUTE_VOID);
}

TEST(a_verdict_falls_with_its_defence)
{
    CHECK(vch_outcome_overturns(VCH_DISPUTE_OVERTURNED));
    CHECK(vch_outcome_overturns(VCH_DISPUTE_BOTH_LOSE));
    CHECK(!vch_outcome_overturns(VCH_DISPUTE_UPHELD));
    CHECK(!vch_outcome_overturns(VCH_DISPUTE_VOID));
    CHECK(!vch_outcome_overturns(VCH_DISPUTE_NONE));
}

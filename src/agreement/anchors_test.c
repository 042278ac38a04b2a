#include "agreement/anchors.h"

#include "harness/ledger.h"

static uint64_t size(void)
{
    return vch_state_size(ledger.state);
}

static uint64_t seconds(void)
{
    return ledger.now / 1000;
}

static void found(void)
{
    const struct vch_parameters parameters = ledger_parameters();

    ledger_found(2, 1, &parameters);
}

TEST(an_anchor_takes_enough_witnesses_each_once_in_order)
{
    struct vch_entry entry;

    found();
    LEDGER_REFUSES(ledger_anchor_of(size(), 0, 2, seconds()), &ledger.clerk, "2 of 4 witnesses");
    entry = ledger_anchor_of(size(), 0, 4, seconds());
    LEDGER_REFUSES(entry, &ledger.founder, "clerk alone");
    entry.anchor.cosignatures[1] = entry.anchor.cosignatures[0];
    CHECK(!vch_is_ok(ledger_try(entry, &ledger.clerk)));
    entry = ledger_anchor_of(size(), 0, 4, seconds());
    entry.anchor.cosignatures[2].signature.bytes[3] ^= 1;
    CHECK_FAILS(ledger_try(entry, &ledger.clerk), BAD_PROOF);
    entry = ledger_anchor_of(size(), 0, 4, seconds());
    entry.anchor.cosignatures[2].time_s++; // not what it signed
    CHECK_FAILS(ledger_try(entry, &ledger.clerk), BAD_PROOF);
    entry = ledger_anchor_of(size(), 1, 4, seconds());
    ledger_do(entry, &ledger.clerk);
    CHECK_EQ(vch_state_anchored(ledger.state), size() - 1);
}

TEST(an_anchor_is_of_this_log)
{
    struct vch_entry entry;

    found();
    entry = ledger_anchor_of(size(), 0, 3, seconds());
    entry.anchor.root.bytes[0] ^= 1;
    LEDGER_REFUSES(entry, &ledger.clerk, "root");
    LEDGER_REFUSES(ledger_anchor_of(size() + 1, 0, 3, seconds()), &ledger.clerk, "position");
    entry = ledger_anchor_of(size() - 1, 0, 3, seconds());
    entry.anchor.size++;
    LEDGER_REFUSES(entry, &ledger.clerk, "root");
}

TEST(witnesses_clocks_and_the_clerks_stay_together)
{
    found();
    const uint64_t skew_s = ledger.charter.parameters.skew_ms / 1000;

    LEDGER_REFUSES(ledger_anchor_of(size(), 0, 3, seconds() + skew_s + 1), &ledger.clerk, "clocks");
    LEDGER_REFUSES(ledger_anchor_of(size(), 0, 3, seconds() - skew_s - 2), &ledger.clerk, "clocks");
    LEDGER_REFUSES(ledger_anchor_of(size(), 0, 3, VCH_ENTRY_TIME_MAX / 1000), &ledger.clerk,
                   "clocks");
    ledger_do(ledger_anchor_of(size(), 0, 3, seconds() - skew_s), &ledger.clerk);
    ledger_tick();
    ledger_do(ledger_anchor_of(size(), 0, 3, seconds() + skew_s), &ledger.clerk);
}

TEST(an_anchor_grows_and_covers_something)
{
    found();
    const uint64_t first = size() - 3;

    ledger_do(ledger_anchor_of(first, 0, 3, seconds()), &ledger.clerk);
    LEDGER_REFUSES(ledger_anchor_of(first, 0, 3, seconds()), &ledger.clerk, "not above");
    ledger_do(ledger_anchor_of(first + 3, 0, 3, seconds()), &ledger.clerk); // before the anchor
    LEDGER_REFUSES(ledger_anchor_of(size(), 0, 3, seconds()), &ledger.clerk, "nothing but anchors");
    LEDGER_REFUSES(ledger_anchor_of(size() - 1, 0, 3, seconds()), &ledger.clerk,
                   "nothing but anchors");
    ledger_tick();
    LEDGER_REFUSES(ledger_anchor_of(size() - 1, 0, 3, seconds()), &ledger.clerk,
                   "nothing but anchors");
    ledger_do(ledger_anchor_of(size(), 0, 3, seconds()), &ledger.clerk);
}

// Nothing is waited for but what the anchor covers.
TEST(a_contest_is_anchored_by_the_first_anchor_above_its_position)
{
    const struct ledger_job plan = ledger_plain_job(1);

    found();
    const struct vch_contest_id id = {ledger_open(&plan), 0, 0};
    ledger_do(ledger_anchor_of(size() - 1, 0, 3, seconds()), &ledger.clerk);
    CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_OPEN);
    ledger_tick();
    ledger_do(ledger_anchor_of(size() - 2, 0, 3, seconds()), &ledger.clerk);
    CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_DRAWING);
}

#include "agreement/accounts.h"

#include "harness/ledger.h"

static void found(void)
{
    const struct vch_parameters parameters = ledger_parameters();

    ledger_found(3, 1, &parameters);
}

static struct vch_entry deposit(const struct vch_secret_key *key, uint64_t amount)
{
    return (struct vch_entry){.kind = VCH_ENTRY_DEPOSIT, .deposit = {key->public_key, amount}};
}

static struct vch_entry release(void)
{
    return (struct vch_entry){.kind = VCH_ENTRY_RELEASE};
}

TEST(a_ledger_begins_with_its_charter_and_has_no_other)
{
    const struct vch_parameters parameters = ledger_parameters();
    struct vch_entry charter = {.kind = VCH_ENTRY_CHARTER, .charter = &ledger.charter};

    ledger_new(1, &parameters);
    LEDGER_REFUSES(deposit(&ledger.client, 1), &ledger.founder, "begins with its charter");
    LEDGER_REFUSES(charter, &ledger.clerk, "by its founder");
    ledger_do(charter, &ledger.founder);
    charter.number = 1;
    LEDGER_REFUSES(charter, &ledger.founder, "no place behind the first");
}

TEST(a_deposit_is_by_the_founder_and_all_of_them_stay_below_2_53)
{
    found();
    const struct vch_state_totals before = vch_state_totals(ledger.state);
    const uint64_t most = VCH_ENTRY_AMOUNT_MAX - before.deposited;

    LEDGER_REFUSES(deposit(&ledger.client, 5), &ledger.client, "founder alone");
    CHECK(!vch_is_ok(ledger_try(deposit(&ledger.client, 0), &ledger.founder)));
    LEDGER_REFUSES(deposit(&ledger.client, most + 1), &ledger.founder, "below 2^53");
    ledger_do(deposit(&ledger.stranger, most), &ledger.founder);
    CHECK_EQ(ledger_account(&ledger.stranger)->balance, most);
    LEDGER_REFUSES(deposit(&ledger.client, 1), &ledger.founder, "below 2^53");
    ledger_do(ledger_amount(VCH_ENTRY_WITHDRAW, most), &ledger.stranger); // does not make room
    LEDGER_REFUSES(deposit(&ledger.client, 1), &ledger.founder, "below 2^53");
}

TEST(a_withdrawal_takes_what_is_there_and_no_more)
{
    found();
    const uint64_t balance = ledger_account(&ledger.client)->balance;

    LEDGER_REFUSES(ledger_amount(VCH_ENTRY_WITHDRAW, balance + 1), &ledger.client, "balance");
    LEDGER_REFUSES(ledger_amount(VCH_ENTRY_WITHDRAW, 1), &ledger.stranger, "balance is 0");
    ledger_do(ledger_amount(VCH_ENTRY_WITHDRAW, balance), &ledger.client);
    CHECK_EQ(ledger_account(&ledger.client)->balance, 0);
    CHECK_EQ(vch_state_totals(ledger.state).withdrawn, balance);
}

TEST(stake_is_for_nodes_and_out_of_the_balance)
{
    found();
    const struct vch_secret_key *node = &ledger.nodes[0].key;

    LEDGER_REFUSES(ledger_amount(VCH_ENTRY_STAKE, 5), &ledger.client, "nodes of the newest");
    LEDGER_REFUSES(ledger_amount(VCH_ENTRY_STAKE, 5), &ledger.stranger, "nodes of the newest");
    LEDGER_REFUSES(ledger_amount(VCH_ENTRY_STAKE, 5), node, "balance is 0");
    ledger_deposit(node, 7);
    LEDGER_REFUSES(ledger_amount(VCH_ENTRY_STAKE, 8), node, "balance is 7");
    ledger_do(ledger_amount(VCH_ENTRY_STAKE, 7), node);
    CHECK_EQ(ledger_account(node)->stake, LEDGER_STAKE + 7);
}

TEST(unbonding_is_free_when_the_time_of_the_last_unstake_is_over)
{
    found();
    const struct vch_secret_key *node = &ledger.nodes[0].key;
    const uint64_t unbonding_ms = ledger.charter.parameters.unbonding_ms;

    LEDGER_REFUSES(release(), node, "unstake comes first");
    LEDGER_REFUSES(release(), &ledger.stranger, "unstake comes first");
    LEDGER_REFUSES(ledger_amount(VCH_ENTRY_UNSTAKE, LEDGER_STAKE + 1), node, "stake is");
    ledger_do(ledger_amount(VCH_ENTRY_UNSTAKE, 10), node);
    ledger.now += unbonding_ms - 1;
    LEDGER_REFUSES(release(), node, "free from");
    ledger_do(ledger_amount(VCH_ENTRY_UNSTAKE, 5), node); // all of it waits anew
    ledger.now += unbonding_ms - 1;
    LEDGER_REFUSES(release(), node, "free from");
    ledger.now += 1;
    ledger_do(release(), node);
    CHECK_EQ(ledger_account(node)->balance, 15);
    CHECK_EQ(ledger_account(node)->unbonding, 0);
    CHECK_EQ(ledger_account(node)->stake, LEDGER_STAKE - 15);
}

TEST(a_number_counts_once_and_so_does_every_smaller_one)
{
    struct vch_entry entry = ledger_amount(VCH_ENTRY_WITHDRAW, 1);

    found();
    entry.number = 9;
    ledger_do(entry, &ledger.client);
    LEDGER_REFUSES(entry, &ledger.client, "not above");
    entry.number = 8;
    LEDGER_REFUSES(entry, &ledger.client, "not above");
    struct vch_entry hold = ledger_hold(0, 8, true);
    hold.number = 1; // of another kind, but of the same writer
    LEDGER_REFUSES(hold, &ledger.nodes[0].key, "not above");
    entry.number = UINT64_MAX;
    ledger_do(entry, &ledger.client);
    entry.number = UINT64_MAX - 1;
    LEDGER_REFUSES(entry, &ledger.client, "not above");
}

TEST(time_never_falls_and_is_there)
{
    found();
    const uint64_t now = ledger.now;

    ledger_tick();
    ledger.now = now - 1;
    LEDGER_REFUSES(deposit(&ledger.client, 1), &ledger.founder, "time");
    ledger.now = VCH_ENTRY_TIME_MAX + 1;
    CHECK(!vch_is_ok(ledger_try(deposit(&ledger.client, 1), &ledger.founder)));
    ledger.now = now;
    ledger_tick(); // the same is no fall
}

TEST(an_entry_is_signed_by_its_writer_for_this_ledger)
{
    struct vch_entry entry = deposit(&ledger.client, 1);
    struct vch_digest other = ledger_digest(1);
    uint8_t *bytes = NULL;
    size_t size = 0;

    found();
    entry.deposit.account = ledger.client.public_key;
    entry.number = 1000;
    entry.time_ms = ledger.now;
    CHECK_OK(vch_entry_sign(&entry, &other, &ledger.founder, &ledger.work, &ledger.complaint));
    CHECK_OK(vch_entry_encode(&bytes, &size, &entry, &ledger.work, &ledger.complaint));
    const struct vch_digest before = vch_state_digest(ledger.state);
    CHECK_FAILS(vch_state_apply(ledger.state, &entry, bytes, size, NULL), BAD_PROOF);
    const struct vch_digest after = vch_state_digest(ledger.state);
    CHECK(vch_hash_is_equal(&before, &after));
}

TEST(a_holding_is_there_once_and_is_dropped_once)
{
    found();
    const struct vch_secret_key *node = &ledger.nodes[0].key;

    LEDGER_REFUSES(ledger_hold(0, 8, false), node, "already");
    LEDGER_REFUSES(ledger_hold(0, 4, true), node, "does not hold");
    LEDGER_REFUSES(ledger_hold(0, 4, false), &ledger.client, "nodes of the newest");
    CHECK(!vch_is_ok(ledger_try(ledger_hold(4, 4, false), node)));
    for (uint32_t i = 1; i < 64; i++)
        ledger_do(ledger_hold(0, 8 + i, false), node);
    LEDGER_REFUSES(ledger_hold(0, 100, false), node, "at most 64");
    ledger_do(ledger_hold(0, 8, true), node);
    LEDGER_REFUSES(ledger_hold(0, 8, true), node, "does not hold");
    ledger_do(ledger_hold(0, 100, false), node);
}

TEST(a_ledger_that_is_full_says_so_and_stays_as_it_is)
{
    struct vch_state_limits limits = ledger_limits();
    const struct vch_parameters parameters = ledger_parameters();
    struct vch_secret_key key;

    ledger_new(1, &parameters);
    limits.accounts = 3;
    ledger_make_state(&limits);
    ledger_do((struct vch_entry){.kind = VCH_ENTRY_CHARTER, .charter = &ledger.charter},
              &ledger.founder);
    for (uint32_t i = 0; i < 2; i++) {
        key = ledger_key(1000 + i);
        ledger_deposit(&key, 1);
    }
    ledger_deposit(&key, 1); // has its account
    key = ledger_key(1002);
    CHECK_FAILS(ledger_try(deposit(&key, 1), &ledger.founder), BUSY);
    CHECK_EQ(vch_state_account_count(ledger.state), 3);
}

#include "agreement/roster.h"

#include "harness/ledger.h"

static struct vch_entry notice(uint32_t registry)
{
    return (struct vch_entry){
        .kind = VCH_ENTRY_REGISTRY,
        .registry = {ledger.registries[registry].digest, ledger.registries[registry].serial}};
}

static void found(void)
{
    const struct vch_parameters parameters = ledger_parameters();

    ledger_found(5, 1, &parameters);
}

TEST(a_registry_counts_from_the_next_epoch_on)
{
    found();
    const uint64_t epoch_ms = ledger.charter.parameters.epoch_ms;
    const struct vch_registry *first = vch_state_registry_at(ledger.state, ledger.now);

    CHECK(first == &ledger.registries[0]);
    ledger.now += epoch_ms - 1 - ledger.now % epoch_ms; // the last moment of an epoch
    ledger_announce(ledger_make_registry(3, 1, 2));
    CHECK(vch_state_registry_at(ledger.state, ledger.now) == first);
    CHECK(vch_state_registry_at(ledger.state, ledger.now + 1) == &ledger.registries[1]);
}

TEST(the_newest_registry_of_an_epoch_counts)
{
    found();
    const uint64_t epoch_ms = ledger.charter.parameters.epoch_ms;

    ledger_announce(ledger_make_registry(3, 1, 2));
    ledger_announce(ledger_make_registry(4, 1, 3));
    CHECK(vch_state_registry_at(ledger.state, ledger.now) == &ledger.registries[0]);
    CHECK(vch_state_registry_at(ledger.state, ledger.now + epoch_ms) == &ledger.registries[2]);
}

TEST(a_registry_is_the_founders_with_a_serial_above_the_last)
{
    found();
    (void)ledger_make_registry(3, 1, 1);
    LEDGER_REFUSES(notice(1), &ledger.founder, "not above");
    ledger.registries[1].serial = 5; // what the entry says is not what is signed
    struct vch_entry entry = notice(1);
    ledger.registries[1].serial = 1;
    LEDGER_REFUSES(entry, &ledger.founder, "not of that serial");
    LEDGER_REFUSES(entry, &ledger.clerk, "founder alone");
    ledger.registries[1].serial = 5;
    ledger.registries[1].founder = ledger.clerk.public_key;
    LEDGER_REFUSES(entry, &ledger.founder, "not by the ledger's founder");
    entry.registry.digest = ledger_digest(3);
    CHECK_FAILS(ledger_try(entry, &ledger.founder), UNAVAILABLE);
}

TEST(registries_that_are_in_use_are_kept)
{
    const struct ledger_job plan = ledger_plain_job(1);

    found();
    for (uint32_t serial = 2; serial < 4; serial++) {
        (void)ledger_open(&plan);
        ledger_announce(ledger_make_registry(5, 1, serial));
        ledger.now += ledger.charter.parameters.epoch_ms;
    }
    ledger_announce(ledger_make_registry(4, 1, 4)); // of four places jobs hold two, one is in force
    const uint32_t more = ledger_make_registry(3, 1, 5);
    CHECK_FAILS(ledger_try(notice(more), &ledger.founder), BUSY);
    ledger.now += ledger.charter.parameters.epoch_ms;
    ledger_do(notice(more), &ledger.founder); // in place of the one that was in force
}

TEST(a_registry_that_was_replaced_before_it_counted_takes_no_place)
{
    found();
    const uint64_t epoch_ms = ledger.charter.parameters.epoch_ms;
    for (uint32_t serial = 2; serial < 9; serial++) // of four places
        ledger_announce(ledger_make_registry(3, 1, serial));
    CHECK(vch_state_registry_at(ledger.state, ledger.now) == &ledger.registries[0]);
    CHECK(vch_state_registry_at(ledger.state, ledger.now + epoch_ms) == &ledger.registries[7]);
}

// The attack: a job that lasts, and whose registry would be the next to go, keeps a founder from
// removing a key that was lost.
TEST(a_registry_that_a_job_holds_is_passed_over)
{
    const struct ledger_job plan = ledger_plain_job(1);

    found();
    const struct vch_registry *held = vch_state_registry_at(ledger.state, ledger.now);
    const struct vch_digest job = ledger_open(&plan);
    for (uint32_t serial = 2; serial < 9; serial++) { // of four places
        const uint32_t newest = ledger_make_registry(3 + serial % 2, 1, serial);
        ledger_announce(newest);
        ledger.now += ledger.charter.parameters.epoch_ms;
        CHECK(vch_state_registry_at(ledger.state, ledger.now) == &ledger.registries[newest]);
        CHECK(vch_roster_newest(ledger.state)->registry == &ledger.registries[newest]);
        CHECK(vch_state_registry_at(ledger.state, vch_state_job(ledger.state, &job)->opened_ms) ==
              held);
    }
}

TEST(operators_have_one_number_a_name)
{
    const struct roster *roster = NULL;
    uint32_t number = 0;

    found();
    ledger_announce(ledger_make_registry(5, 2, 2));
    roster = vch_roster_newest(ledger.state);
    for (uint32_t i = 0; i < roster->registry->member_count; i++)
        for (uint32_t j = 0; j < roster->registry->member_count; j++) {
            const struct vch_member *a = &roster->registry->members[i];
            const struct vch_member *b = &roster->registry->members[j];
            CHECK_EQ(vch_roster_operator(roster, a) == vch_roster_operator(roster, b),
                     strcmp(a->operator_name, b->operator_name) == 0);
        }
    CHECK(vch_roster_find_operator(&number, roster, "op-001"));
    const struct vch_member *member =
        vch_registry_find(roster->registry, &ledger.nodes[2].key.public_key);
    CHECK_EQ(number, vch_roster_operator(roster, member));
    CHECK(!vch_roster_find_operator(&number, roster, "op-003"));
    CHECK(!vch_roster_find_operator(&number, roster, "zz"));
    CHECK(!vch_roster_find_operator(&number, roster, "a"));
}

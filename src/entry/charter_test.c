#include "entry/charter.h"

#include <stddef.h>
#include <string.h>

#include "harness/entries.h"

static struct vch_arena arena;
static struct vch_complaint complaint;

static struct vch_charter example(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 22);
    return entries_charter(&arena);
}

static vch_status check(const struct vch_charter *charter)
{
    complaint.text[0] = '\0';
    return vch_charter_check(charter, &complaint);
}

TEST(charter_decodes_what_it_encoded_under_the_same_id)
{
    struct vch_charter charter = example(), again;
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_OK(vch_charter_encode(&bytes, &size, &charter, &arena, &complaint));
    CHECK_OK(vch_charter_decode(&again, bytes, size, &arena, &complaint));
    CHECK(memcmp(&again, &charter, sizeof charter) == 0);
}

// Whoever trusts a ledger id trusts exactly these rules, founder and witnesses.
TEST(charter_with_a_flipped_bit_is_refused_or_another_ledger)
{
    struct vch_charter charter = example(), again;
    uint8_t *bytes = NULL;
    size_t size = 0, accepted = 0;

    CHECK_OK(vch_charter_encode(&bytes, &size, &charter, &arena, &complaint));
    for (size_t i = 0; i < 8 * size; i++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        if (vch_is_ok(vch_charter_decode(&again, bytes, size, &arena, &complaint))) {
            CHECK(!vch_hash_is_equal(&again.id, &charter.id));
            accepted++;
        }
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        vch_arena_rewind(&arena, mark);
    }
    CHECK(accepted > 0);
}

TEST(charter_defaults_are_within_their_ranges)
{
    struct vch_charter charter = example();

    CHECK_OK(check(&charter));
    CHECK_EQ(charter.parameters.epoch_ms, 60000);
    CHECK_EQ(charter.parameters.trust_max, 131072);
}

TEST(charter_refuses_parameters_out_of_their_ranges){
#define X(field, number, value, least, most) \
    { \
        struct vch_charter charter = example(); \
        charter.parameters.field = (uint64_t)(most) + 1; \
        CHECK_FAILS(check(&charter), LIMIT); \
        CHECK(strstr(complaint.text, #field) != NULL); \
        charter.parameters.field = (least); \
        charter.parameters.field--; \
        if ((least) > 0) CHECK_FAILS(check(&charter), LIMIT); \
    }
    VCH_PARAMETERS(X)
#undef X
}

TEST(charter_refuses_parameters_that_do_not_fit_together)
{
    struct vch_charter charter = example();

    charter.parameters.unbonding_ms = charter.parameters.dispute_ms - 1;
    CHECK_FAILS(check(&charter), MALFORMED);
    charter.parameters.unbonding_ms++;
    CHECK_OK(check(&charter));
    charter.parameters.referees = 4;
    CHECK_FAILS(check(&charter), MALFORMED);
}

// The shorter one of these windows is, the sooner a clerk whose clock is off could end it.
TEST(charter_refuses_a_skew_that_its_windows_do_not_outlast)
{
    static const size_t windows[] = {
        offsetof(struct vch_parameters, draw_ms), offsetof(struct vch_parameters, commit_ms),
        offsetof(struct vch_parameters, reveal_ms), offsetof(struct vch_parameters, move_ms)};
    static const char *const names[] = {"draw_ms", "commit_ms", "reveal_ms", "move_ms"};

    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        struct vch_charter charter = example();
        uint64_t *window = (uint64_t *)(void *)((uint8_t *)&charter.parameters + windows[i]);
        charter.parameters.draw_ms = 60000;
        charter.parameters.reveal_ms = 60000;
        charter.parameters.move_ms = 60000;
        charter.parameters.skew_ms = 2000;
        *window = 8000;
        CHECK_OK(check(&charter));
        *window = 7999;
        CHECK_FAILS(check(&charter), MALFORMED);
        CHECK(strstr(complaint.text, names[i]) != NULL);
        *window = 1;
        charter.parameters.skew_ms = 1001;
        CHECK_FAILS(check(&charter), MALFORMED);
        charter.parameters.skew_ms = 1000; // the least always may
        CHECK_OK(check(&charter));
    }
}

// A cosignature names a second, and any moment of it may be meant.
TEST(charter_measures_skew_from_the_second_that_a_cosignature_names)
{
    struct vch_charter charter = example();

    charter.parameters.skew_ms = 1000;
    CHECK(vch_charter_is_within_skew(&charter, 50, 49000));
    CHECK(!vch_charter_is_within_skew(&charter, 50, 48999));
    CHECK(vch_charter_is_within_skew(&charter, 50, 50500));
    CHECK(vch_charter_is_within_skew(&charter, 50, 51999));
    CHECK(!vch_charter_is_within_skew(&charter, 50, 52000));
    CHECK(!vch_charter_is_within_skew(&charter, UINT64_MAX, 52000));
    CHECK(!vch_charter_is_within_skew(&charter, UINT64_MAX / 1000, UINT64_MAX));
}

TEST(charter_refuses_keys_in_two_roles_and_names_of_other_forms)
{
    struct vch_charter charter = example();
    charter.clerk = charter.founder;
    CHECK_FAILS(check(&charter), MALFORMED);
    charter = example();
    charter.witnesses[2].key = charter.clerk;
    CHECK(!vch_is_ok(check(&charter)));
    charter = example();
    charter.witnesses[0].key = charter.witnesses[1].key;
    CHECK_FAILS(check(&charter), MALFORMED);
    charter = example();
    charter.witnesses[0].name[0] = 'W';
    CHECK_FAILS(check(&charter), MALFORMED);
    charter = example();
    charter.witnesses[2].name[1] = charter.witnesses[0].name[1]; // "w0" to "w3", in some order
    CHECK_FAILS(check(&charter), MALFORMED);
    charter = example();
    charter.witness_count = 0;
    CHECK_FAILS(check(&charter), LIMIT);
    charter.witness_count = VCH_CHARTER_WITNESSES_MAX + 1;
    CHECK_FAILS(check(&charter), LIMIT);
    charter = example();
    charter.origin[0] = '\0';
    CHECK_FAILS(check(&charter), MALFORMED);
    memcpy(charter.origin, "a\nb", 4);
    CHECK_FAILS(check(&charter), MALFORMED);
    memset(charter.origin, 'a', sizeof charter.origin);
    CHECK_FAILS(check(&charter), MALFORMED);
}

// n = 3 f + 1 witnesses of which f may lie: two quorums always share an honest one.
TEST(charter_quorums_overlap_in_an_honest_witness)
{
    struct vch_charter charter = example();

    for (uint32_t n = 1; n <= VCH_CHARTER_WITNESSES_MAX; n++) {
        const uint32_t f = (n - 1) / 3;
        charter.witness_count = n;
        const uint32_t quorum = vch_charter_quorum(&charter);
        CHECK(2 * quorum > n + f);
        CHECK(quorum <= n - f); // reached without the dishonest
    }
    charter.witness_count = 4;
    CHECK_EQ(vch_charter_quorum(&charter), 3);
}

// What is remembered of points is only ever a table of that very point.
#include "crypto/known.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

enum { POINTS = 600 }; // more than are remembered

static void point_of(uint8_t out[static 32], uint32_t number)
{
    uint8_t scalar[32] = {1};

    vch_put_u32le(scalar + 1, number);
    CHECK_EQ(crypto_scalarmult_ed25519_base_noclamp(out, scalar), 0);
}

// What was found right under that point, once more; its table, if it has one now.
static const struct vch_known *meet(enum vch_known_kind kind, const uint8_t point[static 32])
{
    vch_known_remember(kind, point);
    return vch_known_hold(kind, point);
}

// Is it the table of minus the point? The point and once that are nothing.
static bool is_table_of(const struct vch_known *known, const uint8_t point[static 32])
{
    const uint8_t one[32] = {1}, identity[32] = {1};
    struct vch_edwards_table table;
    struct vch_edwards_point own;
    uint8_t bytes[32];

    CHECK(vch_edwards_decode(&own, point));
    vch_edwards_tabulate(&table, &own);
    const struct vch_edwards_point sum =
        vch_edwards_combine(one, &table, one, vch_known_table(known));
    vch_edwards_encode(bytes, &sum);
    return memcmp(bytes, identity, sizeof bytes) == 0;
}

TEST(known_points_are_none_where_nobody_wants_tables)
{
    uint8_t point[32];

    point_of(point, 500);
    for (int i = 0; i < 3; i++)
        CHECK(meet(VCH_KNOWN_SIGNER, point) == NULL && vch_known_base() == NULL);
    vch_known_start();
}

TEST(known_points_have_their_own_table_however_many_come)
{
    int held = 0;

    for (int turn = 0; turn < 3 * POINTS; turn++) {
        uint8_t point[32];
        point_of(point, test_below(turn < POINTS ? 20 : POINTS));
        const struct vch_known *known = meet(VCH_KNOWN_SIGNER, point);
        if (known == NULL) continue;
        CHECK(is_table_of(known, point));
        held++;
        vch_known_let_go(known);
    }
    CHECK(held > POINTS / 2);
}

TEST(known_points_are_not_mixed_up_with_those_of_another_kind)
{
    uint8_t point[32];
    bool is_held = false;

    point_of(point, 1000);
    for (int i = 0; i < 3; i++) {
        const struct vch_known *known = meet(VCH_KNOWN_SIGNER, point);
        is_held = known != NULL;
        vch_known_let_go(known);
        // Bytes may be a point of both kinds, and then not the same one.
        const struct vch_known *other = meet(VCH_KNOWN_VRF, point);
        CHECK(other == NULL || !is_table_of(other, point));
        vch_known_let_go(other);
    }
    CHECK(is_held);
}

TEST(known_tables_stay_while_they_are_held)
{
    const struct vch_known *held = NULL;
    uint8_t point[32], other[32];

    point_of(point, 2000);
    for (int i = 0; i < 3 && held == NULL; i++)
        held = meet(VCH_KNOWN_SIGNER, point);
    CHECK(held != NULL);
    for (uint32_t i = 0; i < 4 * POINTS; i++) {
        point_of(other, 3000 + i / 2);
        vch_known_let_go(meet(VCH_KNOWN_SIGNER, other));
    }
    CHECK(is_table_of(held, point));
    vch_known_let_go(held);
}

TEST(known_points_are_none_that_nothing_verifies_under)
{
    uint8_t identity[32] = {1}, noise[32];

    memset(noise, 0xff, sizeof noise);
    for (int i = 0; i < 4; i++) {
        CHECK(meet(VCH_KNOWN_SIGNER, identity) == NULL);
        CHECK(meet(VCH_KNOWN_SIGNER, noise) == NULL);
        CHECK(meet(VCH_KNOWN_VRF, noise) == NULL);
    }
}

// Whoever can sign for nobody may ask about as many keys as it likes.
TEST(known_points_stay_whoever_is_asked_about)
{
    uint8_t point[32], other[32];

    point_of(point, 9000);
    vch_known_let_go(meet(VCH_KNOWN_SIGNER, point));
    vch_known_let_go(meet(VCH_KNOWN_SIGNER, point));
    for (uint32_t i = 0; i < 4 * POINTS; i++) {
        point_of(other, 10000 + i / 4);
        CHECK(vch_known_hold(VCH_KNOWN_SIGNER, other) == NULL);
        CHECK(vch_known_hold(VCH_KNOWN_VRF, other) == NULL);
    }
    const struct vch_known *known = vch_known_hold(VCH_KNOWN_SIGNER, point);
    CHECK(known != NULL && is_table_of(known, point));
    vch_known_let_go(known);
}

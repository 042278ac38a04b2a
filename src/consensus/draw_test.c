// The draw: the page's vectors, the laws of a lottery, and odds that come out as weights say.
#include "consensus/draw.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/stream.h"
#include "harness/spec.h"
#include "harness/test.h"

static const char page[] = "agreement.md";

enum { MANY = 40 };

static uint64_t random_u64(void)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | test_below(256);
    return value;
}

static struct vch_vrf_beta random_beta(void)
{
    struct vch_vrf_beta beta;

    for (size_t i = 0; i < sizeof beta.bytes; i++)
        beta.bytes[i] = (uint8_t)test_below(256);
    return beta;
}

static struct vch_draw_candidate candidate(uint8_t node, uint32_t operator_id, uint64_t weight,
                                           uint64_t exponent)
{
    return (struct vch_draw_candidate){
        .node.bytes = {node}, .operator_id = operator_id, .weight = weight, .exponent = exponent};
}

TEST(draw_alpha_is_that_of_the_page)
{
    struct vch_draw_contest contest = {.segment = 6, .round = 7};
    struct vch_digest *const digests[] = {&contest.ledger, &contest.entry, &contest.anchor,
                                          &contest.registry, &contest.subject};

    for (uint8_t i = 0; i < 5; i++)
        memset(digests[i], i + 1, sizeof *digests[i]);
    struct vch_digest alpha = vch_draw_alpha(&contest);
    test_spec_check(alpha.bytes, sizeof alpha.bytes, page, "sortition_alpha");
}

TEST(draw_alpha_depends_on_every_bit_of_the_contest)
{
    struct vch_draw_contest contest;
    uint8_t *bytes = (uint8_t *)&contest;

    _Static_assert(sizeof contest == 5 * VCH_DIGEST_SIZE + 16, "no padding among the bits");
    memset(&contest, 0x33, sizeof contest);
    struct vch_digest honest = vch_draw_alpha(&contest);
    for (size_t bit = 0; bit < 8 * sizeof contest; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct vch_digest other = vch_draw_alpha(&contest);
        CHECK(!vch_hash_is_equal(&honest, &other));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void check_exponent(const struct vch_vrf_beta *beta, const char *name)
{
    uint64_t exponent = vch_draw_exponent(beta);
    uint8_t bytes[8];

    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(exponent >> (56 - 8 * i));
    test_spec_check(bytes, sizeof bytes, page, name);
}

TEST(draw_exponents_are_those_of_the_page)
{
    static const struct {
        uint64_t high, low;
        const char *name;
    } rows[] = {
        {0, 0, "exponent_zero"},
        {0, 1, "exponent_one"},
        {0, 2, "exponent_two"},
        {1ull << 63, 0, "exponent_half"},
        {UINT64_MAX, UINT64_MAX - 1, "exponent_near"},
        {UINT64_MAX, UINT64_MAX, "exponent_last"},
    };
    struct vch_vrf_beta beta = {0};

    FOR_EACH(row, rows)
    {
        vch_put_u64le(beta.bytes, row->low);
        vch_put_u64le(beta.bytes + 8, row->high);
        check_exponent(&beta, row->name);
    }
    struct vch_digest hash = vch_hash_bytes("\0", 1);
    memcpy(beta.bytes, hash.bytes, 16);
    check_exponent(&beta, "exponent_hash_00");
    hash = vch_hash_bytes("\3", 1);
    memcpy(beta.bytes, hash.bytes, 16);
    check_exponent(&beta, "exponent_hash_03");
}

TEST(draw_exponent_of_a_power_of_two_is_whole)
{
    struct vch_vrf_beta beta = {0};

    for (uint32_t bit = 0; bit < 128; bit++) { // r = 2^bit - 1
        uint64_t low = bit < 64 ? (1ull << bit) - 1 : UINT64_MAX;
        uint64_t high = bit <= 64 ? 0 : (1ull << (bit - 64)) - 1;
        vch_put_u64le(beta.bytes, low);
        vch_put_u64le(beta.bytes + 8, high);
        CHECK(vch_draw_exponent(&beta) == (uint64_t)(128 - bit) << 56);
    }
}

TEST(draw_exponent_falls_as_the_number_grows_and_reads_sixteen_bytes_only)
{
    for (int i = 0; i < 2000; i++) {
        struct vch_vrf_beta a = random_beta(), b = random_beta();
        uint64_t high_a = vch_get_u64le(a.bytes + 8), high_b = vch_get_u64le(b.bytes + 8);
        if (high_a > high_b) CHECK(vch_draw_exponent(&a) <= vch_draw_exponent(&b));
        if (high_a < high_b) CHECK(vch_draw_exponent(&a) >= vch_draw_exponent(&b));
        struct vch_vrf_beta same = b;
        memcpy(same.bytes, a.bytes, 16);
        CHECK(vch_draw_exponent(&same) == vch_draw_exponent(&a));
    }
}

TEST(draw_takes_the_smallest_fractions_and_ties_to_the_smaller_key)
{
    struct vch_draw_candidate list[] = {
        candidate(5, 5, 1, 100),                             // 100
        candidate(4, 4, 3, 100),                             // 33.3333...
        candidate(3, 3, 1000, 33333),                        // 33.333
        candidate(2, 2, 2, 20),                              // 10, as the next
        candidate(1, 1, 30, 300),     candidate(0, 0, 0, 0), // no weight: never
    };

    CHECK_EQ(vch_draw_winners(list, 6, 4), 4);
    for (uint8_t i = 0; i < 4; i++)
        CHECK_EQ(list[i].node.bytes[0], i + 1);
    CHECK_EQ(list[2].weight, 1000);
}

TEST(draw_compares_exactly_where_products_are_large)
{
    struct vch_draw_candidate a = candidate(1, 1, UINT64_MAX, 1ull << 63);
    struct vch_draw_candidate b = candidate(2, 2, UINT64_MAX - 1, 1ull << 63);

    CHECK(vch_draw_compare(&a, &b) < 0);
    CHECK(vch_draw_compare(&b, &a) > 0);
    CHECK(vch_draw_compare(&a, &a) == 0);
    b.weight = UINT64_MAX, b.exponent--;
    CHECK(vch_draw_compare(&a, &b) > 0);
}

TEST(draw_seats_one_node_of_an_operator_and_the_better_one)
{
    struct vch_draw_candidate list[] = {
        candidate(1, 7, 10, 50), candidate(2, 7, 10, 40), candidate(3, 7, 10, 60),
        candidate(4, 8, 10, 55), candidate(5, 8, 10, 45), candidate(2, 7, 10, 40), // twice
    };

    CHECK_EQ(vch_draw_winners(list, 6, 3), 2);
    CHECK_EQ(list[0].node.bytes[0], 2);
    CHECK_EQ(list[1].node.bytes[0], 5);
}

static uint32_t fill(struct vch_draw_candidate *list, uint32_t operators)
{
    uint32_t count = test_below(MANY + 1);

    for (uint32_t i = 0; i < count; i++) // few values, so that ties come up
        list[i] = candidate((uint8_t)i, test_below(operators), test_below(5), test_below(20));
    return count;
}

static void shuffle(struct vch_draw_candidate *list, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = test_below(i);
        struct vch_draw_candidate kept = list[j];
        list[j] = list[i - 1];
        list[i - 1] = kept;
    }
}

TEST(draw_winners_do_not_depend_on_the_order_of_candidates)
{
    for (int round = 0; round < 300; round++) {
        struct vch_draw_candidate list[MANY], other[MANY];
        uint32_t count = fill(list, 1 + test_below(MANY)), wanted = test_below(12);
        memcpy(other, list, sizeof list);
        shuffle(other, count);
        uint32_t winners = vch_draw_winners(list, count, wanted);
        CHECK_EQ(vch_draw_winners(other, count, wanted), winners);
        for (uint32_t i = 0; i < winners; i++)
            CHECK_EQ(list[i].node.bytes[0], other[i].node.bytes[0]);
    }
}

// Against the definition: again and again the best of those whose operator has no seat yet.
TEST(draw_agrees_with_a_plain_search)
{
    for (int round = 0; round < 300; round++) {
        struct vch_draw_candidate list[MANY], rest[MANY];
        uint32_t count = fill(list, 1 + test_below(MANY)), wanted = test_below(12), seated = 0;
        bool has_seat[MANY] = {false};
        memcpy(rest, list, sizeof list);
        uint32_t winners = vch_draw_winners(list, count, wanted);
        for (; seated < wanted; seated++) {
            const struct vch_draw_candidate *best = NULL;
            for (uint32_t i = 0; i < count; i++) {
                const struct vch_draw_candidate *it = &rest[i];
                if (it->weight == 0 || has_seat[it->operator_id]) continue;
                if (best == NULL || vch_draw_compare(it, best) < 0) best = it;
            }
            if (best == NULL) break;
            CHECK_EQ(list[seated].node.bytes[0], best->node.bytes[0]);
            has_seat[best->operator_id] = true;
        }
        CHECK_EQ(winners, seated);
    }
}

TEST(draw_limit_is_the_fraction_of_the_page)
{
    static const uint64_t unit = 1ull << 56;

    CHECK(vch_draw_is_within(54 * unit, 7, 7, 5)); // 6 * 5 + 24
    CHECK(!vch_draw_is_within(54 * unit + 1, 7, 7, 5));
    CHECK(vch_draw_is_within(27 * unit, 1, 2, 5));
    CHECK(!vch_draw_is_within(27 * unit + 1, 1, 2, 5));
    CHECK(vch_draw_is_within(0, 1, UINT64_MAX, 1));
    CHECK(!vch_draw_is_within(1ull << 63, 1, UINT64_MAX, 255));
    CHECK(vch_draw_is_within(1ull << 63, UINT64_MAX, UINT64_MAX, 255));
    CHECK(!vch_draw_is_within(1, 0, 1, 255));
}

// --- odds: TRIALS draws from a random seed, each count against its expectation. A chi-square of
// 9 degrees of freedom passes 70 once in 10^11, so that a failure is a fault and not bad luck.

enum { NODES = 10, TRIALS = 30000 };

static uint64_t total_weight;

static uint32_t seat_once(uint8_t winners[static NODES], uint32_t wanted, const uint8_t *key,
                          uint32_t trial)
{
    struct vch_draw_candidate list[NODES];

    for (uint32_t i = 0; i < NODES; i++) {
        struct vch_vrf_beta beta;
        vch_stream_bytes(beta.bytes, sizeof beta.bytes, key, trial * NODES + i);
        list[i] = candidate((uint8_t)i, i, (uint64_t)(i + 1) << 40, vch_draw_exponent(&beta));
    }
    uint32_t count = vch_draw_winners(list, NODES, wanted);
    for (uint32_t i = 0; i < count; i++)
        winners[i] = list[i].node.bytes[0];
    return count;
}

static double chance_first(uint32_t node)
{
    return (double)(node + 1) / (double)total_weight;
}

// Second: somebody else was first, and then the odds are those of the rest.
static double chance_second(uint32_t node)
{
    double sum = 0;

    for (uint32_t first = 0; first < NODES; first++)
        if (first != node)
            sum += chance_first(first) * chance_first(node) / (1 - chance_first(first));
    return sum;
}

TEST(draw_odds_are_as_weights_say_for_the_first_seat_and_the_second)
{
    uint32_t counts[2][NODES] = {{0}};
    uint8_t key[VCH_STREAM_KEY_SIZE], winners[NODES];

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)test_below(256);
    total_weight = NODES * (NODES + 1) / 2;
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        CHECK_EQ(seat_once(winners, 2, key, trial), 2);
        counts[0][winners[0]]++;
        counts[1][winners[1]]++;
    }
    for (uint32_t seat = 0; seat < 2; seat++) {
        double chi_square = 0;
        for (uint32_t i = 0; i < NODES; i++) {
            double expected = TRIALS * (seat == 0 ? chance_first(i) : chance_second(i));
            double apart = counts[seat][i] - expected;
            chi_square += apart * apart / expected;
        }
        if (chi_square > 70) test_fail(__FILE__, __LINE__, "seat %u: %.1f", seat, chi_square);
    }
}

// An operator that splits one node's weight among four keys sits as often as before.
TEST(draw_gives_nothing_for_splitting_a_weight)
{
    uint32_t seats[2] = {0};

    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        struct vch_draw_candidate list[8];
        for (uint8_t i = 0; i < 8; i++) { // operator 0 has keys 0 to 3 of weight 1; 4 others have 4
            struct vch_vrf_beta beta = {0};
            vch_put_u64le(beta.bytes, random_u64());
            vch_put_u64le(beta.bytes + 8, random_u64());
            list[i] = candidate(i, i < 4 ? 0 : i, i < 4 ? 1 : 4, vch_draw_exponent(&beta));
        }
        CHECK_EQ(vch_draw_winners(list, 8, 2), 2);
        for (uint32_t i = 0; i < 2; i++)
            seats[list[i].operator_id != 0]++;
    }
    double expected = TRIALS * 2.0 / 5, apart = seats[0] - expected;
    CHECK(apart * apart < 50 * expected); // more than nine standard deviations
}

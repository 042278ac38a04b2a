// Challenges follow specs/proof.md, and everything absorbed changes them.
#include "proof/challenge.h"

#include <string.h>

#include "harness/spec.h"
#include "harness/test.h"

enum { POSITIONS = 150, LOG_RANGE = 12 };

static void start_example(struct vch_challenge *challenge)
{
    static const uint64_t shape[] = {9, 2, 1, 1};
    uint8_t statement[32];

    for (size_t i = 0; i < sizeof statement; i++)
        statement[i] = (uint8_t)i;
    vch_challenge_start(challenge);
    vch_challenge_absorb(challenge, "statement", statement, sizeof statement);
    vch_challenge_absorb_u64s(challenge, "shape", shape, 4);
}

TEST(challenge_agrees_with_the_specification)
{
    struct vch_challenge challenge;
    struct vch_ext drawn[2];
    uint32_t positions[POSITIONS];
    uint8_t bytes[2 * POSITIONS];

    start_example(&challenge);
    vch_challenge_draw(&challenge, "lookup", drawn, 2);
    for (size_t i = 0; i < 4; i++)
        vch_put_u64le(bytes + 8 * i, drawn[i / 2].c[i % 2]);
    test_spec_check(bytes, 32, "proof.md", "challenge_lookup");
    vch_challenge_positions(&challenge, "columns", positions, POSITIONS, LOG_RANGE);
    for (size_t i = 0; i < POSITIONS; i++) {
        bytes[2 * i] = (uint8_t)positions[i];
        bytes[2 * i + 1] = (uint8_t)(positions[i] >> 8);
    }
    test_spec_check(bytes, sizeof bytes, "proof.md", "challenge_columns");
    test_spec_check(challenge.state.bytes, VCH_DIGEST_SIZE, "proof.md", "challenge_state");
}

TEST(challenge_of_elements_absorbs_their_bytes)
{
    const struct vch_ext values[2] = {{{1, 2}}, {{3, VCH_FP_P - 1}}};
    const uint64_t words[4] = {1, 2, 3, VCH_FP_P - 1};
    uint8_t bytes[32];
    struct vch_challenge a, b, c;

    start_example(&a);
    b = c = a;
    for (size_t i = 0; i < 4; i++)
        vch_put_u64le(bytes + 8 * i, words[i]);
    vch_challenge_absorb_exts(&a, "rows", values, 2);
    vch_challenge_absorb_u64s(&b, "rows", words, 4);
    vch_challenge_absorb(&c, "rows", bytes, sizeof bytes);
    CHECK(vch_hash_is_equal(&a.state, &b.state));
    CHECK(vch_hash_is_equal(&a.state, &c.state));
}

static bool is_same_draw(struct vch_challenge *a, struct vch_challenge *b)
{
    return vch_ext_is_equal(vch_challenge_one(a, "fold"), vch_challenge_one(b, "fold"));
}

TEST(challenge_depends_on_everything_said)
{
    static const struct {
        const char *label, *data;
    } lies[] = {
        {"round", "bbb"}, {"round", "aa"}, {"round", "aaaa"}, {"rounda", "aa"}, {"", "aaa"}};
    struct vch_challenge honest, liar;

    FOR_EACH(lie, lies)
    {
        start_example(&honest);
        liar = honest;
        vch_challenge_absorb(&honest, "round", "aaa", 3);
        vch_challenge_absorb(&liar, lie->label, lie->data, strlen(lie->data));
        CHECK(!is_same_draw(&honest, &liar));
        CHECK(!is_same_draw(&honest, &liar)); // nor what comes after
    }
    start_example(&honest);
    liar = honest;
    CHECK(is_same_draw(&honest, &liar));
    vch_challenge_absorb(&liar, "", NULL, 0);
    CHECK(!is_same_draw(&honest, &liar));
}

TEST(challenge_draws_move_on)
{
    struct vch_challenge a, b;
    struct vch_ext two[2];

    start_example(&a);
    b = a;
    const struct vch_ext first = vch_challenge_one(&a, "fold"),
                         second = vch_challenge_one(&a, "fold");
    CHECK(!vch_ext_is_equal(first, second));
    vch_challenge_draw(&b, "fold", two, 2); // one challenge of two is not two of one
    CHECK(vch_ext_is_equal(two[0], first));
    CHECK(!vch_ext_is_equal(two[1], second));
}

TEST(challenge_positions_are_different_and_ascending)
{
    struct vch_challenge challenge;
    uint32_t positions[1024];

    start_example(&challenge);
    for (unsigned log_range = 1; log_range <= 11; log_range++) {
        const size_t count = (size_t)1 << (log_range - 1);
        vch_challenge_positions(&challenge, "columns", positions, count, log_range);
        for (size_t i = 0; i < count; i++) {
            CHECK(positions[i] >> log_range == 0);
            CHECK(i == 0 || positions[i - 1] < positions[i]);
        }
    }
}

// A prover that lies at each step of specs/proof.md, and is caught.
//
// What it says next is computed from the lie as if it were true, so that only the checks can tell;
// and each test asks that the right one does.
#include <limits.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/merkle.h"
#include "crypto/stream.h"
#include "harness/proofs.h"
#include "harness/test.h"

static const struct made_shape shape = {9, 3, 3, 2, 3, 40, 9, 5, true, true};
static struct vch_arena arena;

struct lying {
    struct proving proving;
    const struct lie *lie;
    int seen; // how often the lie's step has come
    bool told;
};

struct lie {
    const char *name;
    enum vch_prover_step step;
    int when; // which of this step's occurrences
    void (*tell)(struct lying *lying, void *data, int which);
    int which;
};

static struct vch_ext any(void)
{
    return (struct vch_ext){{1 + test_below(1u << 30), test_below(1u << 30)}};
}

static struct vch_ext get(struct vch_planes planes, size_t i)
{
    return vch_planes_get(vch_planes_const(planes), i);
}

static void shift(struct vch_planes planes, size_t i, struct vch_ext by)
{
    vch_planes_set(planes, i, vch_ext_add(get(planes, i), by));
}

// The `which`th number is another.
static void tell_number(struct lying *lying, void *data, int which)
{
    struct vch_ext *values = data;

    (void)lying;
    values[which] = vch_ext_add(values[which], any());
}

// D and an inverse that fits.
static void tell_root(struct lying *lying, void *data, int which)
{
    struct vch_ext *values = data;

    (void)lying, (void)which;
    values[0] = vch_ext_add(values[0], any());
    values[1] = vch_ext_inverse(values[0]);
}

static void tell_zero_root(struct lying *lying, void *data, int which)
{
    struct vch_ext *values = data;

    (void)lying, (void)which;
    values[0] = values[1] = vch_ext_from_base(0);
}

// h(0) and h(1) are others, but fit the claim: round `which` of its layer has z_which.
static void tell_round(struct lying *lying, void *data, int which)
{
    struct vch_ext *h = data;
    const struct vch_ext z = lying->proving.prover->weights.z[which], by = any();
    const struct vch_ext ratio = vch_ext_mul(vch_ext_sub(vch_ext_from_base(1), z),
                                             vch_ext_inverse(z)); // (1 - z) by = z ratio by

    h[0] = vch_ext_add(h[0], by);
    h[1] = vch_ext_sub(h[1], vch_ext_mul(ratio, by));
}

// The same where the claim is h(0) + h(1).
static void tell_sum_round(struct lying *lying, void *data, int which)
{
    struct vch_ext *h = data;
    const struct vch_ext by = any();

    (void)lying, (void)which;
    h[0] = vch_ext_add(h[0], by);
    h[1] = vch_ext_sub(h[1], by);
}

// Bets on the challenge that the true message would lead to: false but there.
static void tell_bet(struct lying *lying, void *data, int which)
{
    struct vch_ext *h = data, sent[3];
    const struct vch_prover *prover = lying->proving.prover;
    struct vch_challenge challenge = prover->challenge;
    const struct vch_ext by = any();

    (void)which;
    for (uint32_t i = 0; i < 3; i++)
        sent[i] = vch_ext_add(h[i], get(prover->pads.pads, prover->said_count + i));
    vch_challenge_absorb_exts(&challenge, "round", sent, 3);
    const struct vch_ext r = vch_challenge_one(&challenge, "fold");
    // h(0) + t and h(1) - t, and a top so that h(r) stays: t (1 - r) - t r + (r^2 - r) top = 0
    const struct vch_ext left = vch_ext_sub(vch_ext_from_base(1), vch_ext_add(r, r));
    const struct vch_ext top =
        vch_ext_mul(vch_ext_mul(by, left), vch_ext_inverse(vch_ext_sub(r, vch_ext_square(r))));
    h[0] = vch_ext_add(h[0], by);
    h[1] = vch_ext_sub(h[1], by);
    h[2] = vch_ext_add(h[2], top);
}

// N0 D1 + N1 D0 stays what it is.
static void tell_halves(struct lying *lying, void *data, int which)
{
    struct vch_ext *values = data;
    const struct vch_ext by = any();

    (void)lying, (void)which;
    values[0] = vch_ext_add(values[0], vch_ext_mul(by, values[2]));
    values[1] = vch_ext_sub(values[1], vch_ext_mul(by, values[3]));
}

static void tell_swapped_halves(struct lying *lying, void *data, int which)
{
    struct vch_ext *values = data;

    (void)lying, (void)which;
    for (int i = 0; i < 4; i += 2) {
        const struct vch_ext first = values[i];
        values[i] = values[i + 1];
        values[i + 1] = first;
    }
}

// a b stays what it is.
static void tell_ends(struct lying *lying, void *data, int which)
{
    struct vch_ext *values = data;
    const struct vch_ext by = any();

    (void)lying, (void)which;
    values[0] = vch_ext_mul(values[0], by);
    values[1] = vch_ext_mul(values[1], vch_ext_inverse(by));
}

static bool is_gap(const struct vch_statement *statement, size_t place)
{
    for (uint32_t i = 0; i < statement->section_count; i++) {
        const struct vch_section *section = &statement->sections[i];
        const size_t lanes = (size_t)1 << section->log_lanes, at = place - section->base;
        if (section->kind != VCH_SECTION_ZERO && place >= section->base &&
            at < section->rows * lanes && at % lanes < section->lanes)
            return false;
    }
    return true;
}

// The `which`th place that no section has, or SIZE_MAX.
static size_t gap_of(const struct vch_statement *statement, int which)
{
    const size_t count = (size_t)1 << statement->log_places;

    for (size_t place = 0; place < count; place++)
        if (is_gap(statement, place) && which-- == 0) return place;
    return SIZE_MAX;
}

static void tell_gap_numerator(struct lying *lying, void *data, int which)
{
    const struct vch_prover_leaves *leaves = data;

    (void)which;
    leaves->n.c0[gap_of(&lying->proving.made.statement, 0)] = 1;
}

// Two gaps whose fractions cancel out: 1 and -1.
static void tell_gaps(struct lying *lying, void *data, int which)
{
    const struct vch_prover_leaves *leaves = data;

    (void)lying, (void)which;
    leaves->n.c0[gap_of(&lying->proving.made.statement, 1)] = 1;
    leaves->n.c0[gap_of(&lying->proving.made.statement, 0)] = VCH_FP_P - 1;
}

static void tell_zero_denominator(struct lying *lying, void *data, int which)
{
    const struct vch_prover_leaves *leaves = data;

    (void)which;
    leaves->d.c0[gap_of(&lying->proving.made.statement, 0)] = 0;
}

// A look-up that does not count.
static void tell_numerator(struct lying *lying, void *data, int which)
{
    const struct vch_prover_leaves *leaves = data;

    (void)lying;
    leaves->n.c0[0] = (uint64_t)which;
}

// One look-up says that it looked up what another did.
static void tell_denominator(struct lying *lying, void *data, int which)
{
    const struct vch_prover_leaves *leaves = data;

    (void)lying, (void)which;
    shift(leaves->d, 0, any());
}

// A fraction that makes the sum what it should be.
static void tell_mending_fraction(struct lying *lying, void *data, int which)
{
    const struct vch_prover_leaves *leaves = data;
    const struct vch_ext d = get(leaves->d, 0), was = vch_ext_inverse(d), by = any();
    const struct vch_ext wrong = vch_ext_inverse(vch_ext_add(d, by));

    (void)which;
    shift(leaves->d, 0, by);
    vch_planes_set(leaves->n, gap_of(&lying->proving.made.statement, 0), vch_ext_sub(was, wrong));
}

static void tell_slot(struct lying *lying, void *data, int which)
{
    const struct vch_planes *sides = data;

    (void)lying;
    shift(sides[which], 0, any());
}

// Both sides of a slot, so that the product stays.
static void tell_slots(struct lying *lying, void *data, int which)
{
    const struct vch_planes *sides = data;
    const struct vch_ext by = any();

    (void)which;
    const size_t slots = (size_t)1 << lying->proving.made.statement.log_slots;
    for (size_t i = 0; i < slots; i++) {
        if (vch_ext_is_zero(get(sides[0], i)) || vch_ext_is_zero(get(sides[1], i))) continue;
        vch_planes_set(sides[0], i, vch_ext_mul(get(sides[0], i), by));
        vch_planes_set(sides[1], i, vch_ext_mul(get(sides[1], i), vch_ext_inverse(by)));
        return;
    }
}

// c, a', b' or c' of product `which` / 4 is another.
static void tell_pad(struct lying *lying, void *data, int which)
{
    const struct vch_prover_pads *pads = data;

    (void)lying;
    shift(pads->pads, pads->products[which / 4].c + (uint32_t)(which % 4), any());
}

// c and c' are off by as much as fits one challenge: the one that is bet on.
static void tell_product_bet(struct lying *lying, void *data, int which)
{
    const struct vch_prover_pads *pads = data;
    const uint32_t c = pads->products[which].c;
    const struct vch_ext by = any();

    (void)lying;
    shift(pads->pads, c, by);
    shift(pads->pads, c + 3, vch_ext_mul(by, any()));
}

static void tell_swapped_triples(struct lying *lying, void *data, int which)
{
    struct vch_ext *triples = data;
    const struct vch_ext d = triples[0];

    (void)lying, (void)which;
    triples[0] = triples[2];
    triples[2] = d;
}

// One value of v1 or v2.
static void tell_value(struct lying *lying, void *data, int which)
{
    (void)lying;
    shift(*(struct vch_planes *)data, (size_t)which, any());
}

// What the one equation lacks: kappa omega + ell pads - rhs, times g.
static struct vch_ext missing(const struct lying *lying, struct vch_ext g)
{
    const struct vch_prover *prover = lying->proving.prover;
    struct vch_ext sum = vch_ext_mul(prover->equation.kappa, prover->omega);

    for (uint32_t i = 0; i < prover->statement->pad_count; i++)
        sum = vch_ext_add(sum, vch_ext_mul(prover->equation.ell[i], get(prover->pads.pads, i)));
    return vch_ext_mul(g, vch_ext_sub(prover->equation.rhs, sum));
}

// The pads do not fit what was said, and v2 has one value that mends it.
static void tell_mending_v2(struct lying *lying, void *data, int which)
{
    const struct vch_prover *prover = lying->proving.prover;
    struct vch_challenge before = prover->challenge;
    const struct vch_ext ell = prover->equation.ell[which];

    // g is known by now: v2 = mask2 + g pads.
    (void)before;
    const struct vch_ext pad = get(prover->pads.pads, 0);
    const struct vch_planes v2 = *(struct vch_planes *)data;
    const struct vch_ext g =
        vch_ext_mul(vch_ext_sub(get(v2, 0), get(prover->pads.mask2, 0)), vch_ext_inverse(pad));
    shift(v2, (size_t)which, vch_ext_mul(missing(lying, g), vch_ext_inverse(ell)));
}

// sigma is made for the g that would follow from the true one.
static void tell_sigma_bet(struct lying *lying, void *data, int which)
{
    struct vch_ext *sigma = data;
    struct vch_challenge challenge = lying->proving.prover->challenge;

    (void)which;
    vch_challenge_absorb_exts(&challenge, "opening", sigma, 1);
    const struct vch_ext g = vch_challenge_one(&challenge, "mask");
    *sigma = vch_ext_sub(*sigma, missing(lying, g));
}

static void tell_positions(struct lying *lying, void *data, int which)
{
    uint32_t *positions = data;

    (void)lying;
    for (uint32_t i = 0; i < VCH_ORACLE_POSITIONS; i++)
        positions[i] = (uint32_t)which + i;
}

// A message that was absorbed as something else.
static void tell_later(struct lying *lying, void *data, int which)
{
    struct vch_ext *said = &lying->proving.prover->said[which];

    (void)data;
    *said = vch_ext_add(*said, any());
}

// Draws what comes next from a conversation that lacks what was said last.
static void tell_forgotten(struct lying *lying, void *data, int which)
{
    (void)data, (void)which;
    vch_walk_start(&lying->proving.prover->challenge, lying->proving.prover->statement,
                   &lying->proving.prover->witness.root);
}

// A message without its pad is no message.
static void tell_unpadded(struct lying *lying, void *data, int which)
{
    struct vch_ext *values = data;
    const struct vch_prover *prover = lying->proving.prover;

    values[which] =
        vch_ext_sub(values[which], get(prover->pads.pads, prover->said_count + (uint32_t)which));
}

// Symbols that are no codeword's, under a tree that is made of them.
static void tell_codeword(struct lying *lying, void *data, int which)
{
    struct vch_oracle *oracle = data;
    const struct vch_encoder *encoder = oracle->encoder;
    const uint32_t symbols = 1u << encoder->log_symbols;
    const uint32_t rows = oracle->matrix.row_count + oracle->matrix.extra_count;
    uint64_t *codewords = (uint64_t *)(uintptr_t)oracle->codewords;
    struct vch_digest *nodes = (struct vch_digest *)(uintptr_t)oracle->nodes;
    uint8_t key_of[1 + VCH_ORACLE_SEED_SIZE] = {0x04};
    uint8_t *salts = (uint8_t *)made_alloc(&lying->proving.made, symbols, 32);
    uint8_t *column = (uint8_t *)made_alloc(&lying->proving.made, 32 + 8 * (size_t)rows, 1);

    for (uint32_t i = 0; which >= 0 && i < symbols / 2; i++) // the first half of row `which`
        codewords[((size_t)which << encoder->log_symbols) + i] = test_below(1u << 30);
    memcpy(key_of + 1, oracle->matrix.seed, VCH_ORACLE_SEED_SIZE);
    struct vch_digest key = vch_hash_bytes(key_of, sizeof key_of);
    vch_stream_bytes(salts, (size_t)symbols * 32, key.bytes, 0);
    for (uint32_t j = 0; j < symbols; j++) {
        memcpy(column, salts + (size_t)j * 32, 32);
        for (uint32_t i = 0; i < rows; i++)
            vch_put_u64le(
                column + 32 + 8 * (size_t)i,
                codewords[((size_t)i << encoder->log_symbols) + vch_encoder_place(encoder, j)]);
        nodes[symbols + j] = vch_merkle_leaf(column, 32 + 8 * (size_t)rows);
    }
    for (size_t i = symbols; --i > 0;)
        nodes[i] = vch_merkle_parent(&nodes[2 * i], &nodes[2 * i + 1]);
    oracle->root = nodes[1];
}

static void tell_root_bytes(struct lying *lying, void *data, int which)
{
    struct vch_oracle *oracle = data;

    (void)lying;
    oracle->root.bytes[which] ^= 1;
}

static const struct lie lies[] = {
    {"a row of cells that is no codeword", VCH_PROVER_WITNESS, 0, tell_codeword, 0},
    {"pads that are no codeword", VCH_PROVER_WITNESS, 0, tell_codeword, -6},
    {"a mask that is no codeword", VCH_PROVER_WITNESS, 0, tell_codeword, -4},
    {"another root", VCH_PROVER_WITNESS, 0, tell_root_bytes, 0},
    {"c is not a b", VCH_PROVER_PADS, 0, tell_pad, 0},
    {"c is not a b, in the middle", VCH_PROVER_PADS, 0, tell_pad, 4 * 8},
    {"c' is not a' b'", VCH_PROVER_PADS, 0, tell_pad, 3},
    {"a' b' is not c'", VCH_PROVER_PADS, 0, tell_pad, 1},
    {"b' a' is not c'", VCH_PROVER_PADS, 0, tell_pad, 2},
    {"c and c' for one challenge", VCH_PROVER_PADS, 0, tell_product_bet, 0},
    {"a fraction in a gap", VCH_PROVER_LEAVES, 0, tell_gap_numerator, 0},
    {"two fractions in gaps", VCH_PROVER_LEAVES, 0, tell_gaps, 0},
    {"a denominator of 0", VCH_PROVER_LEAVES, 0, tell_zero_denominator, 0},
    {"a look-up that does not count", VCH_PROVER_LEAVES, 0, tell_numerator, 0},
    {"a look-up that counts twice", VCH_PROVER_LEAVES, 0, tell_numerator, 2},
    {"another look-up", VCH_PROVER_LEAVES, 0, tell_denominator, 0},
    {"a fraction that mends the sum", VCH_PROVER_LEAVES, 0, tell_mending_fraction, 0},
    {"D of the root", VCH_PROVER_ROOT, 0, tell_number, 0},
    {"the inverse", VCH_PROVER_ROOT, 0, tell_number, 1},
    {"D and its inverse", VCH_PROVER_ROOT, 0, tell_root, 0},
    {"D is 0", VCH_PROVER_ROOT, 0, tell_zero_root, 0},
    {"a message without pad", VCH_PROVER_ROOT, 0, tell_unpadded, 0},
    {"h(0) of the first round", VCH_PROVER_ROUND, 0, tell_number, 0},
    {"h(1) of a round", VCH_PROVER_ROUND, 4, tell_number, 1},
    {"h(inf) of a round", VCH_PROVER_ROUND, 9, tell_number, 2},
    {"h(0) and h(1) that fit the claim", VCH_PROVER_ROUND, 2, tell_round, 0},
    {"a bet on a challenge", VCH_PROVER_CELLS, 3, tell_bet, 0},
    {"a bet on the last challenge", VCH_PROVER_PRODUCT, 0, tell_bet, 0},
    {"N0", VCH_PROVER_HALVES, 0, tell_number, 0},
    {"N1", VCH_PROVER_HALVES, 1, tell_number, 1},
    {"D0", VCH_PROVER_HALVES, 2, tell_number, 2},
    {"D1", VCH_PROVER_HALVES, 3, tell_number, 3},
    {"N0 and N1 that fit the claim", VCH_PROVER_HALVES, 1, tell_halves, 0},
    {"halves the other way round", VCH_PROVER_HALVES, 2, tell_swapped_halves, 0},
    {"an A", VCH_PROVER_SLOTS, 0, tell_slot, 0},
    {"a B", VCH_PROVER_SLOTS, 0, tell_slot, 1},
    {"an A and a B whose product is right", VCH_PROVER_SLOTS, 0, tell_slots, 0},
    {"q", VCH_PROVER_SUM, 0, tell_number, 0},
    {"h(0) of a product", VCH_PROVER_PRODUCT, 0, tell_number, 0},
    {"h(1) of a product", VCH_PROVER_PRODUCT, 1, tell_number, 1},
    {"h(inf) of a product", VCH_PROVER_PRODUCT, 2, tell_number, 2},
    {"h of a product that fits q", VCH_PROVER_PRODUCT, 0, tell_sum_round, 0},
    {"a", VCH_PROVER_ENDS, 0, tell_number, 0},
    {"b", VCH_PROVER_ENDS, 0, tell_number, 1},
    {"a and b whose product is right", VCH_PROVER_ENDS, 0, tell_ends, 0},
    {"h(0) of the cells", VCH_PROVER_CELLS, 0, tell_number, 0},
    {"h(1) of the cells", VCH_PROVER_CELLS, 5, tell_number, 1},
    {"h(inf) of the cells", VCH_PROVER_CELLS, 10, tell_number, 2},
    {"h of the cells that fits the claim", VCH_PROVER_CELLS, 0, tell_sum_round, 0},
    {"d", VCH_PROVER_TRIPLES, 0, tell_number, 0},
    {"f", VCH_PROVER_TRIPLES, 0, tell_number, 1},
    {"d of another product", VCH_PROVER_TRIPLES, 0, tell_swapped_triples, 0},
    {"sigma", VCH_PROVER_SIGMA, 0, tell_number, 0},
    {"v1", VCH_PROVER_V1, 0, tell_value, 0},
    {"v1 in the blind", VCH_PROVER_V1, 0, tell_value, 1000},
    {"v2", VCH_PROVER_V2, 0, tell_value, 0},
    {"v2 after the pads", VCH_PROVER_V2, 0, tell_value, 511},
    {"columns that nobody asked for", VCH_PROVER_POSITIONS, 0, tell_positions, 5},
    {"a message changed after it was absorbed", VCH_PROVER_SUM, 0, tell_later, 7},
    {"a message that was not absorbed", VCH_PROVER_SUM, 0, tell_forgotten, 0},
};

static void tamper(void *context, enum vch_prover_step step, void *data)
{
    struct lying *lying = context;
    const struct lie *lie = lying->lie;

    if (step != lie->step || lying->seen++ != lie->when) return;
    const uint32_t rows = lying->proving.made.statement.oracles[2].rows + 6;
    const bool is_from_end = lie->which < 0 && lie->which != INT_MIN;
    lie->tell(lying, data, is_from_end ? (int)rows + lie->which : lie->which);
    lying->told = true;
}

static void make(struct lying *lying, const struct lie *lie)
{
    vch_arena_init(&arena, (size_t)1 << 28);
    *lying = (struct lying){.lie = lie};
    proving_init(&lying->proving, &shape,
                 ((uint64_t)test_below(1u << 31) << 32) | test_below(1u << 31), vch_cpu_level(NULL),
                 &arena);
}

// What notices a lie: the tree, the rows against the columns, or the one equation.
static const char *witness_of(const struct lie *lie)
{
    if (lie->tell == tell_root_bytes || lie->tell == tell_positions) return "column of oracle";
    if (lie->tell == tell_later || lie->tell == tell_forgotten || lie->step == VCH_PROVER_WITNESS ||
        lie->step == VCH_PROVER_V1 || (lie->step == VCH_PROVER_V2 && lie->tell != NULL))
        return "its rows";
    return "do not add up";
}

static void check_caught(struct lying *lying)
{
    struct vch_complaint complaint = {0};

    if (vch_is_ok(proving_verify(&lying->proving, &complaint)))
        test_fail(__FILE__, __LINE__, "believed: %s", lying->lie->name);
    if (strstr(complaint.text, witness_of(lying->lie)) == NULL)
        test_fail(__FILE__, __LINE__, "%s: %s", lying->lie->name, complaint.text);
}

TEST(a_prover_that_lies_once_is_caught_whatever_the_lie)
{
    FOR_EACH(lie, lies)
    {
        struct lying lying;
        make(&lying, lie);
        CHECK_OK(proving_lie(&lying.proving, tamper, &lying));
        if (!lying.told) test_fail(__FILE__, __LINE__, "never told: %s", lie->name);
        check_caught(&lying);
        vch_arena_release(&arena);
    }
}

// The same tree, made anew, is believed: so it was the symbols that gave that lie away.
TEST(what_is_no_lie_is_believed)
{
    static const struct lie truths[] = {
        {"nothing", VCH_PROVER_V2, 1, NULL, 0},
        {"the same codewords", VCH_PROVER_WITNESS, 0, tell_codeword, INT_MIN},
    };

    FOR_EACH(truth, truths)
    {
        struct lying lying;
        make(&lying, truth);
        CHECK_OK(proving_lie(&lying.proving, tamper, &lying));
        CHECK_OK(proving_verify(&lying.proving, NULL));
        vch_arena_release(&arena);
    }
}

// Lies about what no honest prover would begin to prove: a relation is off by one.
static const struct lie hidings[] = {
    {"nothing more", VCH_PROVER_V2, 0, NULL, 0},
    {"v2 mends the equation", VCH_PROVER_V2, 0, tell_mending_v2, 3},
    {"sigma bets on g", VCH_PROVER_SIGMA, 0, tell_sigma_bet, 0},
    {"D and its inverse", VCH_PROVER_ROOT, 0, tell_root, 0},
    {"a bet on a challenge", VCH_PROVER_CELLS, 0, tell_bet, 0},
    {"h of the cells", VCH_PROVER_CELLS, 0, tell_sum_round, 0},
};

static void hide(void *context, enum vch_prover_step step, void *data)
{
    const struct lying *lying = context;

    if (lying->lie->tell != NULL) tamper(context, step, data);
}

TEST(nothing_hides_a_relation_that_does_not_hold)
{
    FOR_EACH(lie, hidings)
    for (int i = 0; i < 4; i++) {
        struct lying lying;
        make(&lying, lie);
        struct made *made = &lying.proving.made;
        const uint32_t cell = made->fixed_from + test_below(made->fixed_to - made->fixed_from);
        made->cells[cell] = vch_fp_add(made->cells[cell], 1);
        CHECK_OK(proving_lie(&lying.proving, hide, &lying));
        check_caught(&lying);
        vch_arena_release(&arena);
    }
}

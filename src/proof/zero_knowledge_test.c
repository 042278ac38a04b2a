// What a proof shows looks the same whatever the witness is: uniform.
//
// Two witnesses of one statement, many proofs of each. A chi-square over the high bits of each part
// stays below what uniform numbers exceed once in a million; a part that is not hidden exceeds it
// by far, which the last test shows of one without pads.
#include <string.h>

#include "base/bytes.h"
#include "harness/proofs.h"
#include "harness/test.h"

enum { PROOFS = 64, BINS = 16 };

static const struct made_shape shape = {9, 2, 1, 1, 1, 0, 4, 3, true, true};
static struct vch_arena arena;

// How often each value of the four highest bits came, of one kind of number.
struct counts {
    uint64_t bins[BINS], total;
};

enum part { SAID, TRIPLES, SIGMA, V1, V2, SYMBOLS, PARTS };

static void count(struct counts *counts, const uint8_t *bytes, size_t words)
{
    for (size_t i = 0; i < words; i++)
        counts->bins[vch_get_u64le(bytes + 8 * i) >> 60]++;
    counts->total += words;
}

// The 15 degrees of freedom exceed 56 once in a million. In units of 1/1000.
static uint64_t chi_square(const struct counts *counts)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < BINS; i++) {
        const int64_t off = (int64_t)(counts->bins[i] * BINS) - (int64_t)counts->total;
        sum += (uint64_t)(off * off) * 1000 / (BINS * counts->total);
    }
    return sum;
}

static void count_columns(struct counts *counts, const struct proving *proving,
                          const uint8_t *openings)
{
    const struct vch_statement *statement = &proving->made.statement;

    for (uint32_t i = 0; i < statement->oracle_count; i++) {
        const bool is_witness = i + 1 == statement->oracle_count;
        const size_t rows = statement->oracles[i].rows + (is_witness ? VCH_ORACLE_EXTRA_ROWS : 0u);
        const size_t column = vch_oracle_column_size(statement->log_columns, rows);
        // What is committed once and opened often shows the same symbols again.
        for (size_t j = 0; is_witness && j < VCH_ORACLE_POSITIONS; j++)
            count(counts, openings + VCH_DIGEST_SIZE * (size_t)VCH_ORACLE_CAP + j * column + 32,
                  rows);
        openings += vch_oracle_opening_size(statement->log_columns, rows);
    }
}

static void count_proof(struct counts counts[static PARTS], const struct proving *proving)
{
    const struct vch_statement *statement = &proving->made.statement;
    const size_t sizes[] = {[SAID] = 2 * (size_t)statement->message_count,
                            [TRIPLES] = 4 * (size_t)statement->product_count,
                            [SIGMA] = 2,
                            [V1] = (size_t)4 << statement->log_columns,
                            [V2] = (size_t)2 << statement->log_pad_row};
    const uint8_t *next = proving->proof + 32;

    for (size_t part = SAID; part < SYMBOLS; next += 8 * sizes[part++])
        count(&counts[part], next, sizes[part]);
    count_columns(&counts[SYMBOLS], proving, next);
}

static void make(struct proving *proving)
{
    vch_arena_init(&arena, (size_t)1 << 28);
    proving_init(proving, &shape, ((uint64_t)test_below(1u << 31) << 32) | test_below(1u << 31),
                 vch_cpu_level(NULL), &arena);
}

static void next_seed(struct proving *proving)
{
    for (size_t i = 0; i < sizeof proving->input.seed; i++)
        proving->input.seed[i] = (uint8_t)test_below(256);
}

// Cells that no relation uses make another witness of the same statement: all of them 0, or large.
static void set_unused(struct proving *proving, uint64_t value)
{
    const struct made *made = &proving->made;
    const size_t cells = (size_t)made->statement.row_count << made->statement.log_columns;

    for (size_t i = made->next; i < cells; i++)
        made->cells[i] = value;
}

TEST(what_is_shown_is_uniform_whatever_the_witness)
{
    static const uint64_t values[] = {0, VCH_FP_P - 1};

    for (size_t w = 0; w < 2; w++) {
        struct counts counts[PARTS] = {0};
        struct proving proving;
        make(&proving);
        set_unused(&proving, values[w]);
        for (int i = 0; i < PROOFS; i++) {
            next_seed(&proving);
            CHECK_OK(proving_prove(&proving, NULL, NULL));
            count_proof(counts, &proving);
        }
        CHECK_OK(proving_verify(&proving, NULL));
        for (int part = 0; part < PARTS; part++)
            if (chi_square(&counts[part]) > 56000)
                test_fail(__FILE__, __LINE__, "part %d: chi-square %llu / 1000", part,
                          (unsigned long long)chi_square(&counts[part]));
        vch_arena_release(&arena);
    }
}

// The share of 8-byte words that two proofs have in common at the same place.
static size_t count_common(const uint8_t *a, const uint8_t *b, size_t size)
{
    size_t common = 0;

    for (size_t i = 0; i + 8 <= size; i += 8)
        common += memcmp(a + i, b + i, 8) == 0;
    return common;
}

TEST(two_proofs_of_one_witness_have_nothing_in_common)
{
    struct proving proving;

    make(&proving);
    const struct vch_statement *statement = &proving.made.statement;
    uint8_t *first = (uint8_t *)vch_arena_alloc(&arena, proving.size, 1);
    CHECK_OK(proving_prove(&proving, NULL, NULL));
    memcpy(first, proving.proof, proving.size);
    next_seed(&proving);
    CHECK_OK(proving_prove(&proving, NULL, NULL));
    CHECK_OK(proving_verify(&proving, NULL));
    // But for the first oracle's cap, which is what was committed to long ago, and what is above
    // its columns.
    const size_t openings = proving.size - vch_oracle_opening_size(9, statement->oracles[0].rows) -
                            vch_oracle_opening_size(9, statement->oracles[1].rows + 6);
    CHECK_EQ(count_common(first, proving.proof, openings), 0);
    const size_t last = proving.size - vch_oracle_opening_size(9, statement->oracles[1].rows + 6);
    CHECK_EQ(count_common(first + last, proving.proof + last, proving.size - last), 0);
    vch_arena_release(&arena);
}

// The secret to what would be seen: a prover that pads with zeros.
static void no_pads(void *context, enum vch_prover_step step, void *data)
{
    const struct vch_prover_pads *pads = data;

    (void)context;
    if (step != VCH_PROVER_PADS) return;
    memset(pads->pads.c0, 0, pads->pad_length * sizeof *pads->pads.c0);
    memset(pads->pads.c1, 0, pads->pad_length * sizeof *pads->pads.c1);
}

static void no_masks(void *context, enum vch_prover_step step, void *data)
{
    const struct vch_prover_pads *pads = data;

    (void)context;
    if (step != VCH_PROVER_PADS) return;
    memset(pads->mask2.c0, 0, pads->pad_length * sizeof *pads->mask2.c0);
    memset(pads->mask2.c1, 0, pads->pad_length * sizeof *pads->mask2.c1);
}

TEST(without_pads_or_masks_the_same_counts_would_show_it)
{
    struct counts counts[PARTS] = {0};
    struct proving proving;

    make(&proving);
    set_unused(&proving, 0);
    for (int i = 0; i < 4; i++) {
        next_seed(&proving);
        CHECK_OK(proving_lie(&proving, no_pads, NULL));
        CHECK_OK(proving_verify(&proving, NULL));
        count_proof(counts, &proving);
    }
    CHECK(chi_square(&counts[SYMBOLS]) > 56000 && chi_square(&counts[TRIPLES]) > 56000);

    memset(counts, 0, sizeof counts);
    for (int i = 0; i < 4; i++) {
        next_seed(&proving);
        CHECK_OK(proving_lie(&proving, no_masks, NULL));
        CHECK_OK(proving_verify(&proving, NULL));
        count_proof(counts, &proving);
    }
    CHECK(chi_square(&counts[SYMBOLS]) > 56000);
    vch_arena_release(&arena);
}

// The seed comes a second time, for another job: what is sent has other pads, and the witness,
// which is the same, other blinds. Else the difference of two proofs would be that of what they
// hide.
TEST(one_seed_hides_two_statements)
{
    struct proving proving;
    struct vch_digest first, second;
    uint8_t *before;

    vch_arena_init(&arena, (size_t)1 << 28);
    proving_init(&proving, &shape, 7, vch_cpu_level(NULL), &arena);
    struct vch_statement *statement = &proving.made.statement;
    CHECK_OK(proving_prove(&proving, NULL, NULL));
    memcpy(first.bytes, proving.proof, VCH_DIGEST_SIZE);
    before = vch_arena_alloc(&arena, proving.size, 1);
    memcpy(before, proving.proof, proving.size);
    CHECK_OK(proving_prove(&proving, NULL, NULL));
    CHECK(memcmp(before, proving.proof, proving.size) == 0); // nothing but these is in it

    statement->context.bytes[0] ^= 1;
    CHECK_OK(proving_prove(&proving, NULL, NULL));
    CHECK_OK(proving_verify(&proving, NULL));
    memcpy(second.bytes, proving.proof, VCH_DIGEST_SIZE);
    CHECK(!vch_hash_is_equal(&first, &second));
    vch_arena_release(&arena);
}

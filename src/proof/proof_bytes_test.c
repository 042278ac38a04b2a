// Every byte of a proof counts, and a proof is about its own statement.
#include <string.h>

#include "base/bytes.h"
#include "harness/proofs.h"
#include "harness/test.h"

static const struct made_shape small = {9, 1, 1, 1, 1, 0, 3, 3, true, true};
static const struct made_shape several = {9, 4, 2, 1, 1, 8, 5, 7, true, true};

enum { CAP_SIZE = VCH_DIGEST_SIZE * VCH_ORACLE_CAP };

static struct vch_arena arena;
static struct proving proving;

static void make(const struct made_shape *shape)
{
    vch_arena_init(&arena, (size_t)1 << 28);
    proving_init(&proving, shape, ((uint64_t)test_below(1u << 31) << 32) | test_below(1u << 31),
                 vch_cpu_level(NULL), &arena);
    CHECK_OK(proving_prove(&proving, NULL, NULL));
    CHECK_OK(proving_verify(&proving, NULL));
}

static void check_refused(void)
{
    CHECK_FAILS(proving_verify(&proving, NULL), BAD_PROOF);
}

// Where the parts of a proof begin.
struct parts {
    size_t said, triples, sigma, v1, v2, openings;
};

static struct parts parts_of(const struct vch_statement *statement)
{
    struct parts parts = {.said = 32};

    parts.triples = parts.said + 16 * (size_t)statement->message_count;
    parts.sigma = parts.triples + 32 * (size_t)statement->product_count;
    parts.v1 = parts.sigma + 16;
    parts.v2 = parts.v1 + ((size_t)32 << statement->log_columns);
    parts.openings = parts.v2 + ((size_t)16 << statement->log_pad_row);
    return parts;
}

// All of what is said, and one byte in seven of rows and columns.
TEST(a_flipped_bit_is_seen_wherever_it_is)
{
    make(&small);
    const size_t rows = parts_of(&proving.made.statement).v1;
    for (size_t at = 0; at < proving.size; at += at < rows ? 1 : 1 + test_below(13)) {
        const uint8_t flip = (uint8_t)(1u << test_below(8));
        proving.proof[at] ^= flip;
        check_refused();
        proving.proof[at] ^= flip;
    }
    CHECK_OK(proving_verify(&proving, NULL));
    vch_arena_release(&arena);
}

// p + x for x, where that fits: the same number in other bytes.
TEST(numbers_are_read_in_one_way_only)
{
    make(&small);
    const struct parts parts = parts_of(&proving.made.statement);
    const size_t column = parts.openings + CAP_SIZE + 32;
    const size_t places[] = {parts.said,      parts.said + 8, parts.triples, parts.sigma,
                             parts.sigma + 8, parts.v1,       parts.v2 + 8,  column};

    FOR_EACH(place, places)
    {
        const uint64_t was = vch_get_u64le(proving.proof + *place);
        vch_put_u64le(proving.proof + *place, VCH_FP_P + was % VCH_FP_EPSILON);
        check_refused();
        vch_put_u64le(proving.proof + *place, VCH_FP_P);
        check_refused();
        vch_put_u64le(proving.proof + *place, UINT64_MAX);
        check_refused();
        vch_put_u64le(proving.proof + *place, was);
    }
    CHECK_OK(proving_verify(&proving, NULL));
    vch_arena_release(&arena);
}

TEST(a_complaint_says_what_is_wrong)
{
    struct vch_complaint complaint = {0};

    make(&small);
    vch_put_u64le(proving.proof + parts_of(&proving.made.statement).said, VCH_FP_P);
    CHECK_FAILS(proving_verify(&proving, &complaint), BAD_PROOF);
    CHECK(strstr(complaint.text, "no element") != NULL);
    vch_arena_release(&arena);
}

static void swap(size_t a, size_t b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const uint8_t byte = proving.proof[a + i];
        proving.proof[a + i] = proving.proof[b + i];
        proving.proof[b + i] = byte;
    }
}

TEST(parts_in_another_order_are_refused)
{
    make(&several);
    const struct vch_statement *statement = &proving.made.statement;
    const struct parts parts = parts_of(statement);
    const size_t column = vch_oracle_column_size(9, statement->oracles[0].rows);
    const size_t columns = parts.openings + CAP_SIZE;
    const size_t swaps[][3] = {
        {parts.said, parts.said + 16, 16},       // D and its inverse
        {parts.said + 96, parts.said + 144, 48}, // messages
        {parts.triples, parts.triples + 16, 16}, // d and f
        {parts.triples, parts.triples + 32, 32}, // two products'
        {parts.v1, parts.v1 + 16, 16},           // values
        {parts.v1, parts.v2, (size_t)16 << statement->log_pad_row},
        {parts.openings, parts.openings + 32, 32},          // nodes of the cap
        {columns, columns + column, column},                // columns
        {columns, columns + column, 32},                    // their salts
        {columns + column - 32, columns + column - 64, 32}, // siblings
    };

    FOR_EACH(each, swaps)
    {
        swap((*each)[0], (*each)[1], (*each)[2]);
        check_refused();
        swap((*each)[0], (*each)[1], (*each)[2]);
    }
    CHECK_OK(proving_verify(&proving, NULL));
    vch_arena_release(&arena);
}

TEST(the_proof_of_another_statement_is_refused)
{
    make(&several);
    struct vch_statement *statement = &proving.made.statement;
    struct vch_oracle_shape *oracles = statement->oracles;

    statement->context.bytes[31] ^= 1; // another model, input or job
    check_refused();
    statement->context.bytes[31] ^= 1;

    oracles[1].root.bytes[0] ^= 1; // other weights
    check_refused();
    oracles[1].root.bytes[0] ^= 1;

    const struct vch_oracle_shape first = oracles[0]; // the same ones, in another order
    oracles[0] = oracles[1];
    oracles[1] = first;
    check_refused();
    oracles[1] = oracles[0];
    oracles[0] = first;

    struct vch_scalar *constant =
        (struct vch_scalar *)(uintptr_t)&statement->sections[3].entries[0].form.constant;
    const struct vch_scalar was = *constant;
    *constant = (struct vch_scalar){vch_fp_add(was.one, 1), NULL}; // another zero
    check_refused();
    *constant = was;

    statement->sections[0].table++; // another table
    check_refused();
    statement->sections[0].table--;

    CHECK_OK(proving_verify(&proving, NULL));
    vch_arena_release(&arena);
}

// Two proofs by one prover: nothing of one fits into the other.
TEST(parts_of_another_proof_are_refused)
{
    make(&several);
    uint8_t *other = (uint8_t *)vch_arena_alloc(&arena, proving.size, 1);
    memcpy(other, proving.proof, proving.size);
    proving.input.seed[0] ^= 1;
    CHECK_OK(proving_prove(&proving, NULL, NULL));
    CHECK_OK(proving_verify(&proving, NULL));
    const struct parts parts = parts_of(&proving.made.statement);
    const size_t bounds[] = {0,        parts.said, parts.triples,  parts.sigma,
                             parts.v1, parts.v2,   parts.openings, proving.size};
    uint8_t *own = (uint8_t *)vch_arena_alloc(&arena, proving.size, 1);
    memcpy(own, proving.proof, proving.size);

    for (size_t i = 0; i + 1 < sizeof bounds / sizeof *bounds; i++) {
        memcpy(proving.proof + bounds[i], other + bounds[i], bounds[i + 1] - bounds[i]);
        check_refused();
        memcpy(proving.proof, own, proving.size);
    }
    memcpy(proving.proof, other, proving.size);
    CHECK_OK(proving_verify(&proving, NULL));
    vch_arena_release(&arena);
}

TEST(little_memory_is_no_reason_to_believe)
{
    make(&small);
    for (size_t limit = 0; limit < (size_t)1 << 20; limit += 1 + test_below(1u << 15)) {
        struct vch_arena little;
        vch_arena_init(&little, limit);
        vch_status status = vch_proof_verify(&proving.made.statement, proving.proof, proving.size,
                                             proving.level, &little, NULL);
        CHECK(vch_is_ok(status) || status.code == VCH_CODE_NO_MEMORY);
        vch_arena_release(&little);
    }
    vch_arena_release(&arena);
}

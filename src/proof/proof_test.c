// What holds can be proven, and proofs of it verify; what does not hold cannot.
#include <string.h>

#include "harness/pool.h"
#include "harness/proofs.h"
#include "harness/test.h"

static const struct made_shape shapes[] = {
    {9, 1, 0, 0, 0, 0, 1, 1, false, false},   {9, 1, 1, 1, 0, 0, 1, 1, false, false},
    {9, 1, 0, 0, 1, 4, 1, 1, true, true},     {9, 1, 0, 0, 3, 0, 9, 9, false, false},
    {9, 2, 2, 1, 1, 8, 5, 7, true, false},    {9, 3, 3, 2, 3, 40, 9, 5, true, true},
    {9, 1, 1, 2, 0, 0, 64, 64, false, true},  {10, 8, 4, 3, 4, 100, 33, 12, true, true},
    {11, 1, 1, 1, 1, 4, 20, 600, true, true},
};

// Enough for threads to share.
static const struct made_shape large = {12, 2, 3, 1, 2, 8, 700, 30, true, true};

static struct vch_arena arena;

static uint64_t random_seed(void)
{
    return ((uint64_t)test_below(1u << 31) << 32) | test_below(1u << 31);
}

static void make(struct proving *proving, const struct made_shape *shape, uint64_t seed)
{
    vch_arena_init(&arena, (size_t)1 << 30);
    proving_init(proving, shape, seed, vch_cpu_level(NULL), &arena);
}

TEST(what_holds_is_proven_and_verifies)
{
    FOR_EACH(shape, shapes)
    for (int i = 0; i < 6; i++) {
        struct proving proving;
        struct vch_complaint complaint = {0};
        make(&proving, shape, random_seed());
        vch_status proven = proving_prove(&proving, NULL, &complaint);
        if (!vch_is_ok(proven)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
        vch_status verified = proving_verify(&proving, &complaint);
        if (!vch_is_ok(verified)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
        vch_arena_release(&arena);
    }
}

static void change_nothing(void *context, enum vch_prover_step step, void *data)
{
    (void)context, (void)step, (void)data;
}

TEST(a_relation_that_is_off_by_one_is_neither_proven_nor_believed)
{
    FOR_EACH(shape, shapes)
    for (int i = 0; i < 8; i++) {
        struct proving proving;
        make(&proving, shape, random_seed());
        struct made *made = &proving.made;
        if (made->fixed_to > made->fixed_from) {
            const uint32_t cell = made->fixed_from + test_below(made->fixed_to - made->fixed_from);
            made->cells[cell] = vch_fp_add(made->cells[cell], 1);
            CHECK_FAILS(proving_prove(&proving, NULL, NULL), BAD_PROOF);
            CHECK_OK(proving_lie(&proving, change_nothing, NULL));
            CHECK_FAILS(proving_verify(&proving, NULL), BAD_PROOF);
        }
        vch_arena_release(&arena);
    }
}

TEST(a_wrong_multiplicity_is_neither_proven_nor_believed)
{
    struct proving proving;

    make(&proving, &shapes[5], random_seed());
    const struct vch_section *table = &proving.made.statement.sections[shapes[5].lookups];
    uint64_t *cell = &proving.made.cells[table->multiplicities.first];
    *cell = vch_fp_add(*cell, 1);
    CHECK_FAILS(proving_prove(&proving, NULL, NULL), BAD_PROOF);
    CHECK_OK(proving_lie(&proving, change_nothing, NULL));
    CHECK_FAILS(proving_verify(&proving, NULL), BAD_PROOF);
    vch_arena_release(&arena);
}

static uint8_t *copy_of(const struct proving *proving)
{
    uint8_t *copy = (uint8_t *)vch_arena_alloc(proving->arena, proving->size, 1);

    CHECK(copy != NULL);
    memcpy(copy, proving->proof, proving->size);
    return copy;
}

TEST(threads_and_kernels_change_no_byte)
{
    for (size_t s = 4; s <= sizeof shapes / sizeof *shapes; s++) {
        const struct made_shape *shape = s < sizeof shapes / sizeof *shapes ? &shapes[s] : &large;
        const uint64_t seed = random_seed();
        const uint8_t *first = NULL;
        struct proving proving;
        vch_arena_init(&arena, (size_t)1 << 30);
        for (int level = 0; level <= (int)vch_cpu_level(NULL); level++)
            for (size_t threads = 1; threads <= 7; threads += threads == 1 ? 1 : 5) {
                struct pool pool;
                pool_init(&pool, threads);
                proving_init(&proving, shape, seed, (enum vch_cpu_level)level, &arena);
                CHECK_OK(proving_prove(&proving, &pool.workers, NULL));
                CHECK_OK(proving_verify(&proving, NULL));
                if (first == NULL) first = copy_of(&proving);
                CHECK(memcmp(first, proving.proof, proving.size) == 0);
            }
        vch_arena_release(&arena);
    }
}

TEST(shortened_and_extended_proofs_are_refused)
{
    struct proving proving;

    make(&proving, &shapes[4], random_seed());
    CHECK_OK(proving_prove(&proving, NULL, NULL));
    const struct vch_statement *statement = &proving.made.statement;
    uint8_t *longer = (uint8_t *)vch_arena_alloc(&arena, proving.size + 1, 1);
    memcpy(longer, proving.proof, proving.size);
    CHECK_OK(vch_proof_verify(statement, longer, proving.size, proving.level, &arena, NULL));
    for (size_t size = 0; size <= proving.size + 1; size += 1 + test_below(997))
        if (size != proving.size)
            CHECK_FAILS(vch_proof_verify(statement, longer, size, proving.level, &arena, NULL),
                        BAD_PROOF);
    CHECK_FAILS(vch_proof_verify(statement, longer, proving.size - 1, proving.level, &arena, NULL),
                BAD_PROOF);
    CHECK_FAILS(vch_proof_verify(statement, longer, proving.size + 1, proving.level, &arena, NULL),
                BAD_PROOF);
    vch_arena_release(&arena);
}

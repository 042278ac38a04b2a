#include "circuit/crossing.h"

#include <string.h>

#include "field/field.h"
#include "harness/pool.h"
#include "harness/test.h"

enum { SIDE = 7, BATCH = 3, ARENA = 1 << 26 };

static struct vch_arena arena;
static int16_t data[BATCH * SIDE];

static struct vch_tensor example(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, ARENA);
    for (int i = 0; i < BATCH * SIDE; i++)
        data[i] = (int16_t)(test_below(65535) - 32767);
    return (struct vch_tensor){VCH_TYPE_I16, {1, {SIDE}}, data};
}

static const struct vch_crossing matrix = {
    .kind = VCH_COMMITMENT_MATRIX, .log_columns = 9, .level = VCH_CPU_PORTABLE};
static const struct vch_crossing hashed = {.kind = VCH_COMMITMENT_SHA256};

static struct vch_digest commit(const struct vch_crossing *how, const struct vch_tensor *tensor,
                                uint32_t batch, uint8_t nonce)
{
    const struct vch_nonce filled = {{[3] = nonce}};
    size_t used = arena.used;
    struct vch_digest out;

    CHECK_OK(vch_crossing_commit(&out, how, tensor, batch, &filled, &arena));
    CHECK_EQ(arena.used, used);
    return out;
}

TEST(crossing_of_kind_1_is_the_commitment_that_it_always_was)
{
    struct vch_tensor tensor = example();
    const struct vch_nonce nonce = {{[3] = 1}};

    struct vch_digest made = commit(&hashed, &tensor, BATCH, 1);
    struct vch_digest same = vch_tensor_commit(&tensor, BATCH, &nonce);
    CHECK(vch_hash_is_equal(&made, &same));
    CHECK_EQ(vch_crossing_memory(&hashed, UINT64_MAX), 0);
}

// Each of these is another thing to have committed to.
TEST(crossing_of_kind_2_changes_with_everything_that_it_is_about)
{
    struct vch_tensor tensor = example(), other = tensor;
    struct vch_crossing wider = matrix;
    struct vch_digest made[7];

    made[0] = commit(&matrix, &tensor, BATCH, 1);
    made[1] = commit(&matrix, &tensor, BATCH, 2);
    made[2] = commit(&matrix, &tensor, BATCH - 1, 1);
    wider.log_columns = 10;
    made[3] = commit(&wider, &tensor, BATCH, 1);
    other.shape = (struct vch_shape){2, {1, SIDE}};
    made[4] = commit(&matrix, &other, BATCH, 1);
    made[5] = commit(&hashed, &tensor, BATCH, 1);
    data[test_below(BATCH * SIDE)] ^= 1;
    made[6] = commit(&matrix, &tensor, BATCH, 1);
    for (size_t i = 0; i < 7; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(!vch_hash_is_equal(&made[i], &made[j]));
}

TEST(crossing_opens_with_its_tensor_and_nonce_alone)
{
    struct vch_tensor tensor = example();
    const struct vch_nonce nonce = {{[3] = 1}}, other = {{[3] = 2}};
    struct vch_digest made = commit(&matrix, &tensor, BATCH, 1);

    CHECK_OK(vch_crossing_verify(&made, &matrix, &tensor, BATCH, &nonce, &arena));
    CHECK_FAILS(vch_crossing_verify(&made, &matrix, &tensor, BATCH, &other, &arena), BAD_PROOF);
    CHECK_FAILS(vch_crossing_verify(&made, &hashed, &tensor, BATCH, &nonce, &arena), BAD_PROOF);
    data[0] ^= 1;
    CHECK_FAILS(vch_crossing_verify(&made, &matrix, &tensor, BATCH, &nonce, &arena), BAD_PROOF);
}

TEST(crossing_of_kind_2_is_the_same_on_this_machines_level_and_more_threads)
{
    struct vch_tensor tensor = example();
    struct pool pool;
    struct vch_digest made = commit(&matrix, &tensor, BATCH, 1);

    pool_init(&pool, 3);
    const struct vch_crossing how = {.kind = VCH_COMMITMENT_MATRIX,
                                     .log_columns = 9,
                                     .level = vch_cpu_level(NULL),
                                     .workers = &pool.workers};
    struct vch_digest again = commit(&how, &tensor, BATCH, 1);
    CHECK(vch_hash_is_equal(&made, &again));
}

TEST(crossing_takes_no_more_than_it_says)
{
    static int8_t many[140000]; // one block of rows of 512, and more than one
    struct vch_tensor tensor = {VCH_TYPE_I8, {1, {sizeof many}}, many};
    const struct vch_nonce nonce = {{1}};
    struct vch_crossing how = matrix;
    struct vch_digest made;

    for (how.log_columns = 9; how.log_columns <= 14; how.log_columns++)
        for (uint32_t count = 20000; count <= sizeof many; count += 40000) {
            tensor.shape.dims[0] = count;
            vch_arena_release(&arena);
            vch_arena_init(&arena, vch_crossing_memory(&how, count));
            CHECK_OK(vch_crossing_commit(&made, &how, &tensor, 1, &nonce, &arena));
        }
}

TEST(crossing_refuses_what_no_matrix_holds_and_kinds_that_are_none)
{
    struct vch_tensor tensor = example();
    const struct vch_nonce nonce = {{1}};
    struct vch_crossing how = matrix;
    struct vch_digest made;

    tensor.shape = (struct vch_shape){1, {VCH_CROSSING_COUNT_MAX + 1}};
    CHECK_FAILS(vch_crossing_commit(&made, &how, &tensor, 1, &nonce, &arena), LIMIT);
    CHECK_EQ(vch_crossing_memory(&how, VCH_CROSSING_COUNT_MAX + UINT64_C(1)), SIZE_MAX);
    tensor.shape = (struct vch_shape){1, {SIDE}};
    how.kind = (enum vch_commitment_kind)3;
    CHECK_FAILS(vch_crossing_commit(&made, &how, &tensor, 1, &nonce, &arena), UNSUPPORTED);
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 12);
    CHECK_FAILS(vch_crossing_commit(&made, &matrix, &tensor, 1, &nonce, &arena), NO_MEMORY);
}

// Cells are numbers modulo p: two int64 that are p apart would have one root.
TEST(crossing_of_kind_2_has_no_two_openings)
{
    int64_t elements[] = {INT64_MIN + 5, 0};
    const struct vch_tensor tensors[] = {{VCH_TYPE_I64, {1, {1}}, &elements[0]},
                                         {VCH_TYPE_I64, {1, {1}}, &elements[1]}};
    const struct vch_nonce nonce = {{1}};
    struct vch_digest made;

    (void)example();
    elements[1] = (int64_t)((uint64_t)elements[0] + VCH_FP_P);
    CHECK(elements[1] > 0);
    CHECK_EQ(vch_fp_from_i64(elements[0]), vch_fp_from_i64(elements[1]));
    CHECK_FAILS(vch_crossing_commit(&made, &matrix, &tensors[0], 1, &nonce, &arena), LIMIT);
    CHECK_OK(vch_crossing_commit(&made, &matrix, &tensors[1], 1, &nonce, &arena));
}

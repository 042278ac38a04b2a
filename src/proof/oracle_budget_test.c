// Many proofs open one matrix. As long as they are no more than its budget, what all of them show
// together fits every other matrix as well: the blinds have a solution. One proof more, and it does
// not.
#include "harness/test.h"
#include "proof/challenge.h"
#include "proof/encoder.h"
#include "proof/oracle.h"

enum { LOG_COLUMNS = 9, C = 1 << LOG_COLUMNS, N = 8 * C, BUDGET = C / VCH_ORACLE_POSITIONS };

// blinds[k]: the codeword of a row that is 1 at blind k and 0 elsewhere.
static uint64_t blinds[C][N];
static uint64_t matrix[N][C]; // of the columns opened: what each blind adds to the symbol there
static size_t places[N];      // of a codeword's symbols in memory

static void make_blinds(void)
{
    struct vch_arena arena;
    struct vch_encoder encoder;

    vch_arena_init(&arena, (size_t)1 << 24);
    CHECK_OK(vch_encoder_init(&encoder, &arena, vch_cpu_level(NULL), LOG_COLUMNS));
    for (size_t k = 0; k < C; k++) {
        for (size_t i = 0; i < N; i++)
            blinds[k][i] = i == C + k;
        vch_encoder_interpolate(&encoder, blinds[k], LOG_COLUMNS + 1);
        vch_encoder_extend(&encoder, blinds[k]);
    }
    for (size_t i = 0; i < N; i++)
        places[i] = vch_encoder_place(&encoder, (uint32_t)i);
    vch_arena_release(&arena);
}

// The columns that `proofs` proofs open together, each at its own challenge.
static size_t open_columns(bool is_open[static N], size_t proofs)
{
    size_t count = 0;

    for (size_t i = 0; i < N; i++)
        is_open[i] = false;
    for (size_t k = 0; k < proofs; k++) {
        struct vch_challenge challenge;
        uint32_t positions[VCH_ORACLE_POSITIONS];
        const uint64_t which[] = {test_below(1u << 31), k};
        vch_challenge_start(&challenge);
        vch_challenge_absorb_u64s(&challenge, "proof", which, 2);
        vch_challenge_positions(&challenge, "columns", positions, VCH_ORACLE_POSITIONS,
                                LOG_COLUMNS + 3);
        FOR_EACH(position, positions)
        {
            count += !is_open[*position];
            is_open[*position] = true;
        }
    }
    return count;
}

static void fill_matrix(const bool is_open[static N])
{
    size_t row = 0;

    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; is_open[i] && k < C; k++)
            matrix[row][k] = blinds[k][places[i]];
        row += is_open[i];
    }
}

static void swap_rows(size_t a, size_t b)
{
    for (size_t k = 0; k < C; k++) {
        const uint64_t was = matrix[a][k];
        matrix[a][k] = matrix[b][k];
        matrix[b][k] = was;
    }
}

static void clear_below(size_t rank, size_t pivot, size_t count)
{
    const uint64_t inverse = vch_fp_inverse(matrix[rank][pivot]);

    for (size_t row = rank + 1; row < count; row++) {
        const uint64_t factor = vch_fp_mul(matrix[row][pivot], inverse);
        for (size_t k = pivot; factor != 0 && k < C; k++)
            matrix[row][k] = vch_fp_sub(matrix[row][k], vch_fp_mul(factor, matrix[rank][k]));
    }
}

static size_t rank_of(size_t count)
{
    size_t rank = 0;

    for (size_t pivot = 0; pivot < C && rank < count; pivot++) {
        size_t row = rank;
        while (row < count && matrix[row][pivot] == 0)
            row++;
        if (row == count) continue;
        if (row != rank) swap_rows(row, rank);
        clear_below(rank++, pivot, count);
    }
    return rank;
}

// Full rank: whatever cells had been committed to, some blinds give the very symbols shown.
TEST(proofs_within_the_budget_show_what_every_other_matrix_could_show)
{
    static bool is_open[N];

    make_blinds();
    const size_t count = open_columns(is_open, BUDGET);
    CHECK(count > 2 * VCH_ORACLE_POSITIONS && count <= C);
    fill_matrix(is_open);
    CHECK_EQ(rank_of(count), count);
}

TEST(one_proof_more_than_the_budget_would_tell_matrices_apart)
{
    static bool is_open[N];

    make_blinds();
    const size_t count = open_columns(is_open, BUDGET + 1);
    CHECK(count > C);
    fill_matrix(is_open);
    CHECK_EQ(rank_of(count), C); // so count - C relations between cells are shown
}

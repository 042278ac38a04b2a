#include "proof/expression_matrix.h"

enum { BLOCK_ROWS = 16, BLOCK_LANES = 256 };

// Operands side by side, K1 * K2 for each row or lane: as integers, and where they are small, which
// cells that are looked up in ranges are, once more in 16 bits.
struct operand {
    int64_t *values;
    int16_t *narrow;
    uint64_t largest; // magnitude
    uint32_t terms, count;
};

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static void gather_one(int64_t *out, const struct vch_side *side, const struct vch_matrix *matrix,
                       uint32_t row, const struct vch_expression_source *source)
{
    for (uint32_t k2 = 0; k2 < matrix->inner; k2++) {
        const uint32_t index = vch_cells_index(side, matrix->inner, row, k2);
        for (uint32_t k1 = 0; k1 < matrix->outer; k1++) {
            const uint32_t number = vch_cells_side(side, index, k1);
            out[(size_t)k1 * matrix->inner + k2] =
                vch_fp_to_i64(vch_expression_cell(source, number));
        }
    }
}

static void gather(struct operand *operand, const struct vch_side *side,
                   const struct vch_matrix *matrix, uint32_t first, uint32_t count,
                   const struct vch_expression_source *source)
{
    const size_t values = (size_t)count * operand->terms;

    for (uint32_t i = 0; i < count; i++)
        gather_one(operand->values + (size_t)i * operand->terms, side, matrix, first + i, source);
    operand->count = count;
    operand->largest = 0;
    for (size_t i = 0; i < values; i++) {
        const uint64_t size = magnitude(operand->values[i]);
        if (size > operand->largest) operand->largest = size;
    }
    for (size_t i = 0; i < values && operand->largest <= INT16_MAX; i++)
        operand->narrow[i] = (int16_t)operand->values[i];
}

// How large a sum of products can become, or as much as no sum is let become.
static uint64_t bound(const struct operand *x, const struct operand *w)
{
    const vch_u128 largest = (vch_u128)x->largest * w->largest, most = (vch_u128)1 << 63;

    if (largest >= most || largest * x->terms >= most) return (uint64_t)most;
    return (uint64_t)largest * x->terms;
}

// Each in the narrowest integers that hold the sum.
static uint64_t dot_narrow(const struct operand *x, size_t p, const struct operand *w, size_t o)
{
    const int16_t *a = x->narrow + p * x->terms, *b = w->narrow + o * w->terms;
    int32_t sum = 0;

    for (uint32_t k = 0; k < x->terms; k++)
        sum += a[k] * b[k];
    return vch_fp_from_i64(sum);
}

static uint64_t dot_small(const struct operand *x, size_t p, const struct operand *w, size_t o)
{
    const int64_t *a = x->values + p * x->terms, *b = w->values + o * w->terms;
    int64_t sum = 0;

    for (uint32_t k = 0; k < x->terms; k++)
        sum += a[k] * b[k];
    return vch_fp_from_i64(sum);
}

static uint64_t dot_large(const struct operand *x, size_t p, const struct operand *w, size_t o)
{
    const int64_t *a = x->values + p * x->terms, *b = w->values + o * w->terms;
    uint64_t sum = 0;

    for (uint32_t k = 0; k < x->terms; k++)
        sum = vch_fp_add(sum, vch_fp_mul(vch_fp_from_i64(a[k]), vch_fp_from_i64(b[k])));
    return sum;
}

// Rows [0, rows) of `out` by the lanes from `lane` of the matrix on that w holds.
static void multiply(uint64_t *out, uint32_t lanes, const struct vch_matrix *matrix, uint32_t lane,
                     const struct operand *x, const struct operand *w)
{
    const uint64_t most = bound(x, w);
    const bool is_narrow = x->largest <= INT16_MAX && w->largest <= INT16_MAX && most <= INT32_MAX;
    uint64_t (*dot)(const struct operand *, size_t, const struct operand *, size_t) =
        is_narrow           ? dot_narrow
        : most <= INT64_MAX ? dot_small
                            : dot_large;

    for (uint32_t p = 0; p < x->count; p++)
        for (uint32_t i = 0; i < w->count; i++) {
            const uint32_t o = matrix->lane_first + lane + i;
            const uint64_t k = vch_cells_scalar(&matrix->coefficient, o);
            uint64_t *value = &out[(size_t)p * lanes + o];
            *value = vch_fp_add(*value, vch_fp_mul(k, dot(x, p, w, i)));
        }
}

static bool take(struct operand *operand, const struct vch_matrix *matrix, uint32_t count,
                 struct vch_arena *arena)
{
    const uint32_t terms = matrix->outer * matrix->inner;

    *operand = (struct operand){.values = VCH_ARENA_NEW(arena, int64_t, (size_t)count * terms),
                                .narrow = VCH_ARENA_NEW(arena, int16_t, (size_t)count * terms),
                                .terms = terms};
    return operand->values != NULL && operand->narrow != NULL;
}

static uint32_t at_most(uint32_t count, uint32_t most)
{
    return count < most ? count : most;
}

size_t vch_expression_matrix_scratch(const struct vch_matrix *matrix)
{
    const size_t terms = (size_t)matrix->outer * matrix->inner, align = 64;
    const size_t operands = (size_t)BLOCK_ROWS + at_most(matrix->lane_count, BLOCK_LANES);

    return operands * terms * (sizeof(int64_t) + sizeof(int16_t)) + 4 * align;
}

// Block by block, so that both operands stay in a cache; a block of weights serves all rows.
vch_status vch_expression_matrix_add(uint64_t *out, const struct vch_matrix *matrix, uint32_t lanes,
                                     uint32_t first, uint32_t count,
                                     const struct vch_expression_source *source,
                                     struct vch_arena *arena)
{
    const uint32_t from = first > matrix->row_first ? first : matrix->row_first;
    const uint32_t to = at_most(first + count, matrix->row_first + matrix->row_count);
    struct operand x, w;

    if (from >= to) return VCH_OK;
    if (!take(&x, matrix, BLOCK_ROWS, arena)) return VCH_FAIL(NO_MEMORY);
    if (!take(&w, matrix, at_most(matrix->lane_count, BLOCK_LANES), arena))
        return VCH_FAIL(NO_MEMORY);
    for (uint32_t lane = 0; lane < matrix->lane_count; lane += BLOCK_LANES) {
        gather(&w, &matrix->w, matrix, lane, at_most(matrix->lane_count - lane, BLOCK_LANES),
               source);
        for (uint32_t row = from; row < to; row += BLOCK_ROWS) {
            gather(&x, &matrix->x, matrix, row - matrix->row_first, at_most(to - row, BLOCK_ROWS),
                   source);
            multiply(out + (size_t)(row - first) * lanes, lanes, matrix, lane, &x, &w);
        }
    }
    return VCH_OK;
}

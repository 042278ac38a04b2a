#include "proof/expression_matrix.h"

enum { BLOCK_ROWS = 16 };

// Operands side by side, K1 * K2 for each row or lane: as integers where they are small, which
// cells that are looked up in ranges are.
struct operand {
    int64_t *values;
    uint64_t largest; // magnitude
    uint32_t terms;
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
    operand->largest = 0;
    for (size_t i = 0; i < values; i++) {
        const uint64_t size = magnitude(operand->values[i]);
        if (size > operand->largest) operand->largest = size;
    }
}

static bool is_small(const struct operand *x, const struct operand *w)
{
    const vch_u128 largest = (vch_u128)x->largest * w->largest;

    return largest < (uint64_t)1 << 62 && largest * x->terms < (uint64_t)1 << 62;
}

static uint64_t dot_small(const int64_t *x, const int64_t *w, uint32_t terms)
{
    int64_t sum = 0;

    for (uint32_t k = 0; k < terms; k++)
        sum += x[k] * w[k];
    return vch_fp_from_i64(sum);
}

static uint64_t dot_large(const int64_t *x, const int64_t *w, uint32_t terms)
{
    uint64_t sum = 0;

    for (uint32_t k = 0; k < terms; k++)
        sum = vch_fp_add(sum, vch_fp_mul(vch_fp_from_i64(x[k]), vch_fp_from_i64(w[k])));
    return sum;
}

static void multiply(uint64_t *out, uint32_t lanes, const struct vch_matrix *matrix,
                     const struct operand *x, uint32_t rows, const struct operand *w)
{
    const struct vch_scalar *scalar = &matrix->coefficient;
    uint64_t (*dot)(const int64_t *, const int64_t *, uint32_t) =
        is_small(x, w) ? dot_small : dot_large;

    for (uint32_t p = 0; p < rows; p++)
        for (uint32_t i = 0; i < matrix->lane_count; i++) {
            const uint32_t o = matrix->lane_first + i;
            const uint64_t k = vch_cells_scalar(scalar, o);
            const uint64_t sum =
                dot(x->values + (size_t)p * x->terms, w->values + (size_t)i * w->terms, x->terms);
            uint64_t *value = &out[(size_t)p * lanes + o];
            *value = vch_fp_add(*value, vch_fp_mul(k, sum));
        }
}

vch_status vch_expression_matrix_add(uint64_t *out, const struct vch_matrix *matrix, uint32_t lanes,
                                     uint32_t first, uint32_t count,
                                     const struct vch_expression_source *source,
                                     struct vch_arena *arena)
{
    const uint32_t terms = matrix->outer * matrix->inner, end = first + count;
    const uint32_t own_end = matrix->row_first + matrix->row_count;
    uint32_t row = first > matrix->row_first ? first : matrix->row_first;
    struct operand x = {VCH_ARENA_NEW(arena, int64_t, (size_t)BLOCK_ROWS * terms), 0, terms};
    struct operand w = {VCH_ARENA_NEW(arena, int64_t, (size_t)matrix->lane_count * terms), 0,
                        terms};

    if (x.values == NULL || w.values == NULL) return VCH_FAIL(NO_MEMORY);
    gather(&w, &matrix->w, matrix, 0, matrix->lane_count, source);
    for (; row < end && row < own_end; row += BLOCK_ROWS) {
        const uint32_t left = (end < own_end ? end : own_end) - row;
        const uint32_t rows = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        gather(&x, &matrix->x, matrix, row - matrix->row_first, rows, source);
        multiply(out + (size_t)(row - first) * lanes, lanes, matrix, &x, rows, &w);
    }
    return VCH_OK;
}

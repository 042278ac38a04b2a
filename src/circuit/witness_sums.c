#include "circuit/witness_sums.h"

#include <string.h>

#include "proof/expression_matrix.h"

enum { BLOCK_ROWS = 64 };

// One side of a matrix in memory, K1 K2 terms for each row or lane: `narrow` where int8 holds them.
struct operand {
    const struct vch_side *side;
    uint32_t outer, inner;
    size_t terms;
    int16_t *wide;
    int8_t *narrow;
    bool is_wide, is_narrow; // what holds all of them
};

static bool make_room(struct operand *o, const struct vch_matrix *m, const struct vch_side *side,
                      uint32_t rows, struct vch_arena *arena)
{
    *o = (struct operand){
        .side = side,
        .outer = m->outer,
        .inner = m->inner,
        .terms = (size_t)m->outer * m->inner,
    };
    o->wide = VCH_ARENA_NEW(arena, int16_t, rows * o->terms);
    o->narrow = VCH_ARENA_NEW(arena, int8_t, rows * o->terms);
    return o->wide != NULL && o->narrow != NULL;
}

// One row or lane; gives all bits by which a term differs from its sign, so that few bits mean that
// all terms are small.
static uint64_t gather_one(int16_t *out, const struct operand *o, uint32_t row,
                           const struct vch_expression_source *source)
{
    uint64_t bits = 0;

    for (uint32_t k2 = 0; k2 < o->inner; k2++) {
        const uint32_t index = vch_cells_index(o->side, o->inner, row, k2);
        for (uint32_t k1 = 0; k1 < o->outer; k1++) {
            const uint32_t number = vch_cells_side(o->side, index, k1);
            const int64_t value = vch_fp_to_i64(vch_expression_cell(source, number));
            bits |= (uint64_t)(value ^ (value >> 63));
            out[(size_t)k1 * o->inner + k2] = (int16_t)value;
        }
    }
    return bits;
}

static void gather(struct operand *o, uint32_t first, uint32_t count,
                   const struct vch_expression_source *source)
{
    uint64_t bits = 0;

    for (uint32_t i = 0; i < count; i++)
        bits |= gather_one(o->wide + i * o->terms, o, first + i, source);
    o->is_wide = bits <= INT16_MAX;
    o->is_narrow = bits <= INT8_MAX;
    for (size_t i = 0; o->is_narrow && i < count * o->terms; i++)
        o->narrow[i] = (int8_t)o->wide[i];
}

// What the kernels have worked out for a block of rows, added up in the field.
struct block {
    const struct vch_matrix *matrix;
    uint64_t *out; // of the block's first row
    uint32_t lanes, rows;
};

static void add_i32(const struct block *b, const int32_t *sums)
{
    const struct vch_matrix *m = b->matrix;

    for (uint32_t p = 0; p < b->rows; p++)
        for (uint32_t i = 0; i < m->lane_count; i++) {
            const uint32_t o = m->lane_first + i;
            uint64_t *out = &b->out[(size_t)p * b->lanes + o];
            const uint64_t sum = vch_fp_from_i64(sums[(size_t)p * m->lane_count + i]);
            *out = vch_fp_add(*out, vch_fp_mul(vch_cells_scalar(&m->coefficient, o), sum));
        }
}

static void add_i64(const struct block *b, const int64_t *sums)
{
    const struct vch_matrix *m = b->matrix;

    for (uint32_t p = 0; p < b->rows; p++)
        for (uint32_t i = 0; i < m->lane_count; i++) {
            const uint32_t o = m->lane_first + i;
            uint64_t *out = &b->out[(size_t)p * b->lanes + o];
            const uint64_t sum = vch_fp_from_i64(sums[(size_t)p * m->lane_count + i]);
            *out = vch_fp_add(*out, vch_fp_mul(vch_cells_scalar(&m->coefficient, o), sum));
        }
}

// Rows of one matrix, block by block; a block of larger numbers goes the slow way.
static vch_status add_matrix(uint64_t *out, const struct vch_matrix *m, uint32_t lanes,
                             const struct vch_expression_source *source,
                             const struct vch_kernels *kernels, struct vch_arena *arena)
{
    struct operand x, w;
    int64_t *sums = VCH_ARENA_NEW(arena, int64_t, (size_t)BLOCK_ROWS * m->lane_count);

    if (sums == NULL || !make_room(&x, m, &m->x, BLOCK_ROWS, arena) ||
        !make_room(&w, m, &m->w, m->lane_count, arena))
        return VCH_FAIL(NO_MEMORY);
    gather(&w, 0, m->lane_count, source);
    for (uint32_t first = 0; first < m->row_count; first += BLOCK_ROWS) {
        const uint32_t left = m->row_count - first, rows = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        const uint32_t row = m->row_first + first;
        const struct block block = {m, out + (size_t)row * lanes, lanes, rows};
        gather(&x, first, rows, source);
        if (w.is_narrow && x.is_narrow && x.terms <= VCH_DOT_I8_COUNT_MAX) {
            kernels->product_i8((int32_t *)sums, m->lane_count, x.narrow, rows, w.narrow,
                                m->lane_count, x.terms);
            add_i32(&block, (const int32_t *)sums);
        } else if (w.is_narrow && x.is_wide) {
            kernels->product_i16(sums, m->lane_count, x.wide, rows, w.narrow, m->lane_count,
                                 x.terms);
            add_i64(&block, sums);
        } else {
            VCH_TRY(vch_expression_matrix_add(block.out, m, lanes, row, rows, source, arena));
        }
    }
    return VCH_OK;
}

vch_status vch_witness_sums(uint64_t *out, const struct vch_matrix *matrices, uint32_t count,
                            struct vch_grid grid, const struct vch_expression_source *source,
                            const struct vch_kernels *kernels, struct vch_arena *arena)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    vch_status status = VCH_OK;

    memset(out, 0, (size_t)grid.rows * grid.lanes * sizeof *out);
    for (uint32_t i = 0; i < count && vch_is_ok(status); i++) {
        status = add_matrix(out, &matrices[i], grid.lanes, source, kernels, arena);
        vch_arena_rewind(arena, mark);
    }
    return status;
}

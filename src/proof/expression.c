#include "proof/expression.h"

#include "proof/expression_matrix.h"

static uint64_t form_value(const struct vch_form *form, uint32_t lanes, uint32_t row, uint32_t lane,
                           const struct vch_expression_source *source)
{
    uint64_t sum = vch_cells_scalar(&form->constant, lane);

    for (uint32_t i = 0; i < form->linear_count; i++) {
        const struct vch_linear *linear = &form->linears[i];
        const uint32_t number = vch_cells_number(&linear->cells, lanes, row, lane);
        const uint64_t cell = vch_expression_cell(source, number);
        sum = vch_fp_add(sum, vch_fp_mul(vch_cells_scalar(&linear->coefficient, lane), cell));
    }
    return sum;
}

static uint64_t side_value(const struct vch_side *side, uint32_t inner, uint32_t row, uint32_t k1,
                           uint32_t k2, const struct vch_expression_source *source)
{
    const uint32_t index = vch_cells_index(side, inner, row, k2);

    return vch_expression_cell(source, vch_cells_side(side, index, k1));
}

static uint64_t matrix_value(const struct vch_matrix *matrix, uint32_t row, uint32_t lane,
                             const struct vch_expression_source *source)
{
    const uint32_t r = row - matrix->row_first, o = lane - matrix->lane_first;
    uint64_t sum = 0;

    if (r >= matrix->row_count || o >= matrix->lane_count) return 0;
    for (uint32_t k1 = 0; k1 < matrix->outer; k1++)
        for (uint32_t k2 = 0; k2 < matrix->inner; k2++) {
            const uint64_t x = side_value(&matrix->x, matrix->inner, r, k1, k2, source);
            const uint64_t w = side_value(&matrix->w, matrix->inner, o, k1, k2, source);
            sum = vch_fp_add(sum, vch_fp_mul(x, w));
        }
    return vch_fp_mul(sum, vch_cells_scalar(&matrix->coefficient, lane));
}

uint64_t vch_expression_value(const struct vch_expression *expression, uint32_t lanes, uint32_t row,
                              uint32_t lane, const struct vch_expression_source *source)
{
    uint64_t sum = form_value(&expression->form, lanes, row, lane, source);

    for (uint32_t i = 0; i < expression->product_count; i++) {
        const struct vch_product *product = &expression->products[i];
        const uint64_t a = form_value(&product->a, lanes, row, lane, source);
        const uint64_t b = form_value(&product->b, lanes, row, lane, source);
        const uint64_t k = vch_cells_scalar(&product->coefficient, lane);
        sum = vch_fp_add(sum, vch_fp_mul(k, vch_fp_mul(a, b)));
    }
    for (uint32_t i = 0; i < expression->matrix_count; i++)
        sum = vch_fp_add(sum, matrix_value(&expression->matrices[i], row, lane, source));
    return sum;
}

// out[o] += coefficient * cell(row, o)
static void add_linear(uint64_t *out, const struct vch_linear *linear, uint32_t lanes, uint32_t row,
                       const struct vch_expression_source *source)
{
    const struct vch_scalar *scalar = &linear->coefficient;

    for (uint32_t o = 0; o < lanes; o++) {
        const uint32_t number = vch_cells_number(&linear->cells, lanes, row, o);
        const uint64_t cell = vch_expression_cell(source, number);
        out[o] = vch_fp_add(out[o], vch_fp_mul(vch_cells_scalar(scalar, o), cell));
    }
}

void vch_expression_form(uint64_t *out, const struct vch_form *form, uint32_t lanes, uint32_t first,
                         uint32_t count, const struct vch_expression_source *source)
{
    for (uint32_t p = 0; p < count; p++) {
        uint64_t *row = out + (size_t)p * lanes;
        for (uint32_t o = 0; o < lanes; o++)
            row[o] = vch_cells_scalar(&form->constant, o);
        for (uint32_t i = 0; i < form->linear_count; i++)
            add_linear(row, &form->linears[i], lanes, first + p, source);
    }
}

static vch_status add_product(uint64_t *out, const struct vch_product *product, uint32_t lanes,
                              uint32_t first, uint32_t count,
                              const struct vch_expression_source *source, struct vch_arena *arena)
{
    const size_t values = (size_t)count * lanes;
    uint64_t *a = VCH_ARENA_NEW(arena, uint64_t, values);
    uint64_t *b = VCH_ARENA_NEW(arena, uint64_t, values);

    if (a == NULL || b == NULL) return VCH_FAIL(NO_MEMORY);
    vch_expression_form(a, &product->a, lanes, first, count, source);
    vch_expression_form(b, &product->b, lanes, first, count, source);
    for (size_t i = 0; i < values; i++) {
        const uint64_t k = vch_cells_scalar(&product->coefficient, (uint32_t)(i % lanes));
        out[i] = vch_fp_add(out[i], vch_fp_mul(k, vch_fp_mul(a[i], b[i])));
    }
    return VCH_OK;
}

vch_status vch_expression_values(uint64_t *out, const struct vch_expression *expression,
                                 uint32_t lanes, uint32_t first, uint32_t count,
                                 const struct vch_expression_source *source,
                                 struct vch_arena *arena)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    vch_status status = VCH_OK;

    vch_expression_form(out, &expression->form, lanes, first, count, source);
    for (uint32_t i = 0; i < expression->product_count && vch_is_ok(status); i++) {
        status = add_product(out, &expression->products[i], lanes, first, count, source, arena);
        vch_arena_rewind(arena, mark);
    }
    for (uint32_t i = 0; i < expression->matrix_count && vch_is_ok(status); i++) {
        status = vch_expression_matrix_add(out, &expression->matrices[i], lanes, first, count,
                                           source, arena);
        vch_arena_rewind(arena, mark);
    }
    return status;
}

size_t vch_expression_scratch(const struct vch_expression *expression, uint32_t lanes,
                              uint32_t count)
{
    const size_t align = 64, values = (size_t)count * lanes * sizeof(uint64_t) + align;
    size_t most = expression->product_count > 0 ? 2 * values : 0;

    for (uint32_t i = 0; i < expression->matrix_count; i++) {
        const size_t own = vch_expression_matrix_scratch(&expression->matrices[i]);
        if (own > most) most = own;
    }
    return most;
}

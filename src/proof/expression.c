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

// Cells one after the other: those of `list`, or without a list first + i * step.
struct line {
    const uint32_t *list;
    uint32_t first, step, count;
};

static uint64_t line_cell(const struct line *line, uint32_t i,
                          const struct vch_expression_source *source)
{
    const uint32_t number = line->list != NULL ? line->list[i] : line->first + i * line->step;

    return vch_expression_cell(source, number);
}

// out[i] += coefficient * (cell i of the line), which is most often plus or minus a cell.
static void add_line(uint64_t *out, const struct line *line, uint64_t coefficient,
                     const struct vch_expression_source *source)
{
    if (coefficient == 1) {
        for (uint32_t i = 0; i < line->count; i++)
            out[i] = vch_fp_add(out[i], line_cell(line, i, source));
        return;
    }
    if (coefficient == VCH_FP_P - 1) {
        for (uint32_t i = 0; i < line->count; i++)
            out[i] = vch_fp_sub(out[i], line_cell(line, i, source));
        return;
    }
    for (uint32_t i = 0; i < line->count; i++)
        out[i] = vch_fp_add(out[i], vch_fp_mul(coefficient, line_cell(line, i, source)));
}

// The same with a coefficient for each.
static void add_weighted_line(uint64_t *out, const struct line *line, const uint64_t *coefficients,
                              const struct vch_expression_source *source)
{
    for (uint32_t i = 0; i < line->count; i++)
        out[i] = vch_fp_add(out[i], vch_fp_mul(coefficients[i], line_cell(line, i, source)));
}

// out[(p - first) * lanes + o] += coefficient * cell(p, o)
static void add_linear(uint64_t *out, const struct vch_linear *linear, uint32_t lanes,
                       uint32_t first, uint32_t count, const struct vch_expression_source *source)
{
    const struct vch_cells *cells = &linear->cells;
    const uint64_t *coefficients = linear->coefficient.lanes;
    struct line line = {cells->list == NULL ? NULL : cells->list + (size_t)first * lanes,
                        cells->first + first * cells->row_step, cells->lane_step, lanes};

    if (lanes == 1) { // one line of all rows
        line.step = cells->row_step;
        line.count = count;
        add_line(out, &line, vch_cells_scalar(&linear->coefficient, 0), source);
        return;
    }
    for (uint32_t p = 0; p < count; p++, out += lanes) {
        if (coefficients != NULL)
            add_weighted_line(out, &line, coefficients, source);
        else
            add_line(out, &line, linear->coefficient.one, source);
        if (line.list != NULL) line.list += lanes;
        line.first += cells->row_step;
    }
}

void vch_expression_form(uint64_t *out, const struct vch_form *form, uint32_t lanes, uint32_t first,
                         uint32_t count, const struct vch_expression_source *source)
{
    for (uint32_t p = 0; p < count; p++)
        for (uint32_t o = 0; o < lanes; o++)
            out[(size_t)p * lanes + o] = vch_cells_scalar(&form->constant, o);
    for (uint32_t i = 0; i < form->linear_count; i++)
        add_linear(out, &form->linears[i], lanes, first, count, source);
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

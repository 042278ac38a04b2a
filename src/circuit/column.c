#include "circuit/column.h"

#include "base/check.h"
#include "proof/cells.h"

struct vch_form vch_column_form(struct vch_builder *builder, int64_t constant,
                                const struct vch_column_term *terms, uint32_t count)
{
    struct vch_linear *linears = VCH_ARENA_NEW(builder->arena, struct vch_linear, count);

    if (linears == NULL) {
        vch_builder_fail(builder, VCH_FAIL(NO_MEMORY));
        count = 0;
    }
    for (uint32_t i = 0; i < count; i++)
        linears[i] = (struct vch_linear){vch_terms_scalar(terms[i].k), terms[i].cells};
    return (struct vch_form){vch_terms_scalar(constant), count, linears};
}

struct vch_form vch_column_sum(struct vch_builder *builder, struct vch_view view, uint32_t n,
                               uint32_t rows)
{
    struct vch_column_term *terms = VCH_ARENA_NEW(builder->arena, struct vch_column_term, n);

    if (terms == NULL) {
        vch_builder_fail(builder, VCH_FAIL(NO_MEMORY));
        n = 0;
    }
    for (uint32_t j = 0; j < n; j++)
        terms[j] = (struct vch_column_term){1, vch_column_of(builder, view, j, n, rows)};
    return vch_column_form(builder, 0, terms, n);
}

void vch_column_add_product(struct vch_builder *builder, struct vch_expression *sum, int64_t k,
                            struct vch_form a, struct vch_form b)
{
    vch_terms_add_product(builder, sum, vch_terms_scalar(k), a, b);
}

static struct vch_grid grid_of(uint32_t rows)
{
    return (struct vch_grid){rows, 1};
}

void vch_column_zero(struct vch_builder *builder, uint32_t rows, struct vch_expression expression)
{
    vch_builder_zero(builder, grid_of(rows), &expression);
}

void vch_column_zero_product(struct vch_builder *builder, uint32_t rows, struct vch_form a,
                             struct vch_form b)
{
    struct vch_expression product = {0};

    vch_column_add_product(builder, &product, 1, a, b);
    vch_column_zero(builder, rows, product);
}

void vch_column_range(struct vch_builder *builder, uint32_t rows, struct vch_expression expression,
                      uint32_t width)
{
    vch_builder_range(builder, grid_of(rows), &expression, (struct vch_scalar){.one = width});
}

struct vch_column vch_column_new(struct vch_builder *builder, enum vch_hint_kind kind,
                                 uint32_t rows, struct vch_expression expression)
{
    const struct vch_view view = vch_builder_cells(builder, rows);
    struct vch_hint *hint = vch_builder_hint(builder, kind, grid_of(rows));

    hint->cells = view.first;
    hint->expression = expression;
    return (struct vch_column){vch_builder_spread(view, grid_of(rows)), hint};
}

struct vch_cells vch_column_clamped(struct vch_builder *builder, uint32_t rows,
                                    struct vch_expression expression, int64_t lo, int64_t hi)
{
    const struct vch_column column = vch_column_new(builder, VCH_HINT_CLAMPED, rows, expression);

    column.hint->lo = lo;
    column.hint->hi = hi;
    return column.cells;
}

struct vch_cells vch_column_is_zero(struct vch_builder *builder, uint32_t rows,
                                    struct vch_form form)
{
    return vch_column_new(builder, VCH_HINT_IS_ZERO, rows, vch_column_expression(form)).cells;
}

struct vch_cells vch_column_largest(struct vch_builder *builder, uint32_t rows, uint32_t n,
                                    struct vch_cells cells)
{
    const struct vch_column column =
        vch_column_new(builder, VCH_HINT_LARGEST, rows, vch_terms_cells(builder, cells));

    column.hint->lanes_read = n;
    return column.cells;
}

struct vch_cells vch_column_of(struct vch_builder *builder, struct vch_view view, uint32_t first,
                               uint32_t step, uint32_t rows)
{
    if (view.list == NULL) return (struct vch_cells){.first = view.first + first, .row_step = step};
    uint32_t *list = vch_builder_list(builder, rows);
    for (uint32_t p = 0; list != NULL && p < rows; p++)
        list[p] = view.list[first + (size_t)p * step];
    return (struct vch_cells){.list = list};
}

struct vch_cells vch_column_repeat(struct vch_builder *builder, struct vch_cells cells,
                                   uint32_t rows, uint32_t times)
{
    uint32_t *list = vch_builder_list(builder, (size_t)rows * times);

    for (uint32_t p = 0; list != NULL && p < rows; p++)
        for (uint32_t i = 0; i < times; i++)
            list[(size_t)p * times + i] = vch_cells_number(&cells, 1, p, 0);
    return (struct vch_cells){.list = list};
}

struct vch_cells vch_column_public(struct vch_builder *builder, int64_t value)
{
    return (struct vch_cells){.first = vch_builder_public(builder, vch_fp_from_i64(value))};
}

struct vch_cells vch_column_count(struct vch_builder *builder, uint32_t rows, uint32_t times,
                                  uint32_t period)
{
    uint32_t *list = vch_builder_list(builder, rows);

    for (uint32_t p = 0; list != NULL && p < rows; p++)
        list[p] = vch_builder_public(builder, p / times % period);
    return (struct vch_cells){.list = list};
}

uint32_t vch_column_rows(struct vch_builder *builder, uint64_t rows)
{
    const uint64_t most = (uint64_t)1 << VCH_STATEMENT_LOG_PLACES_MAX;

    if (rows <= most) return (uint32_t)rows;
    vch_builder_fail(builder, vch_complain(builder->complaint, VCH_CODE_LIMIT,
                                           "a relation with %llu rows is larger than proofs go "
                                           "(%llu): prove fewer operators at once",
                                           (unsigned long long)rows, (unsigned long long)most));
    return 1;
}

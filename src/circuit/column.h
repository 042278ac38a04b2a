// Relations with one lane: cells in columns, forms that are written down in one line, new columns
// with the hint that fills them.
#pragma once

#include "circuit/builder.h"
#include "circuit/terms.h"

// k times the cells.
struct vch_column_term {
    int64_t k;
    struct vch_cells cells;
};

// constant + sum of the terms; written down as VCH_COLUMN_FORM(builder, 2, {3, x}, {-1, y}).
struct vch_form vch_column_form(struct vch_builder *builder, int64_t constant,
                                const struct vch_column_term *terms, uint32_t count);
#define VCH_COLUMN_FORM(builder, constant, ...) \
    vch_column_form(builder, constant, (const struct vch_column_term[]){__VA_ARGS__}, \
                    sizeof((const struct vch_column_term[]){__VA_ARGS__}) / \
                        sizeof(struct vch_column_term))

// The sum of the n elements of each row of a view.
struct vch_form vch_column_sum(struct vch_builder *builder, struct vch_view view, uint32_t n,
                               uint32_t rows);

static inline struct vch_expression vch_column_expression(struct vch_form form)
{
    return (struct vch_expression){.form = form};
}

// sum += k * a * b.
void vch_column_add_product(struct vch_builder *builder, struct vch_expression *sum, int64_t k,
                            struct vch_form a, struct vch_form b);

void vch_column_zero(struct vch_builder *builder, uint32_t rows, struct vch_expression expression);
// k * a * b is 0.
void vch_column_zero_product(struct vch_builder *builder, uint32_t rows, struct vch_form a,
                             struct vch_form b);
void vch_column_range(struct vch_builder *builder, uint32_t rows, struct vch_expression expression,
                      uint32_t width);

// New cells, and the hint for them: to be completed where its kind wants more.
struct vch_column {
    struct vch_cells cells;
    struct vch_hint *hint;
};
struct vch_column vch_column_new(struct vch_builder *builder, enum vch_hint_kind kind,
                                 uint32_t rows, struct vch_expression expression);
// The expression clamped to lo .. hi, and 1 where it is 0, as hints say.
struct vch_cells vch_column_clamped(struct vch_builder *builder, uint32_t rows,
                                    struct vch_expression expression, int64_t lo, int64_t hi);
struct vch_cells vch_column_is_zero(struct vch_builder *builder, uint32_t rows,
                                    struct vch_form form);
// The largest of the n cells of each row, which lie row by row.
struct vch_cells vch_column_largest(struct vch_builder *builder, uint32_t rows, uint32_t n,
                                    struct vch_cells cells);

// Elements first, first + step, ... of a view.
struct vch_cells vch_column_of(struct vch_builder *builder, struct vch_view view, uint32_t first,
                               uint32_t step, uint32_t rows);
// Each of `rows` cells so many times in a row.
struct vch_cells vch_column_repeat(struct vch_builder *builder, struct vch_cells cells,
                                   uint32_t rows, uint32_t times);
// One public number for all rows.
struct vch_cells vch_column_public(struct vch_builder *builder, int64_t value);
// Public cells: floor(row / times) modulo `period`.
struct vch_cells vch_column_count(struct vch_builder *builder, uint32_t rows, uint32_t times,
                                  uint32_t period);
// The number of rows, where proofs are long enough for them; else the builder fails and this is 1.
uint32_t vch_column_rows(struct vch_builder *builder, uint64_t rows);

#include "circuit/terms.h"

#include <string.h>

static uint64_t at(struct vch_scalar scalar, uint32_t lane)
{
    return scalar.lanes != NULL ? scalar.lanes[lane] : scalar.one;
}

static bool is_one(struct vch_scalar scalar)
{
    return scalar.lanes == NULL && scalar.one == 1;
}

static bool is_zero(struct vch_scalar scalar)
{
    return scalar.lanes == NULL && scalar.one == 0;
}

static struct vch_scalar combine(struct vch_builder *builder, uint32_t lanes, struct vch_scalar a,
                                 struct vch_scalar b, uint64_t (*how)(uint64_t, uint64_t))
{
    if (a.lanes == NULL && b.lanes == NULL) return (struct vch_scalar){.one = how(a.one, b.one)};
    uint64_t *out = vch_builder_scalars(builder, lanes);
    for (uint32_t o = 0; out != NULL && o < lanes; o++)
        out[o] = how(at(a, o), at(b, o));
    return (struct vch_scalar){.lanes = out};
}

struct vch_scalar vch_terms_times(struct vch_builder *builder, uint32_t lanes, struct vch_scalar a,
                                  struct vch_scalar b)
{
    if (is_one(a)) return b;
    if (is_one(b)) return a;
    return combine(builder, lanes, a, b, vch_fp_mul);
}

struct vch_scalar vch_terms_plus(struct vch_builder *builder, uint32_t lanes, struct vch_scalar a,
                                 struct vch_scalar b)
{
    if (is_zero(a)) return b;
    if (is_zero(b)) return a;
    return combine(builder, lanes, a, b, vch_fp_add);
}

// old[0 .. have - 1], then more[0 .. count - 1], in new memory; NULL: none, and nothing changes.
static void *join(struct vch_builder *builder, const void *old, uint32_t have, const void *more,
                  uint32_t count, size_t size)
{
    uint8_t *joined = vch_arena_alloc(builder->arena, (size_t)have + count, size);

    if (joined == NULL) {
        vch_builder_fail(builder, VCH_FAIL(NO_MEMORY));
        return NULL;
    }
    if (have > 0) memcpy(joined, old, have * size);
    if (count > 0) memcpy(joined + have * size, more, count * size);
    return joined;
}
#define JOIN(builder, array, have, more, count) \
    do { \
        void *joined_ = join(builder, array, have, more, count, sizeof *(more)); \
        if (joined_ != NULL) { \
            (array) = joined_; \
            (have) += (count); \
        } \
    } while (0)

struct vch_expression vch_terms_constant(struct vch_scalar value)
{
    return (struct vch_expression){.form.constant = value};
}

struct vch_expression vch_terms_cells(struct vch_builder *builder, struct vch_cells cells)
{
    struct vch_expression sum = {0};

    vch_terms_add_cells(builder, &sum, vch_terms_scalar(1), cells);
    return sum;
}

void vch_terms_add_constant(struct vch_builder *builder, struct vch_grid grid,
                            struct vch_expression *sum, struct vch_scalar value)
{
    sum->form.constant = vch_terms_plus(builder, grid.lanes, sum->form.constant, value);
}

void vch_terms_add_linears(struct vch_builder *builder, struct vch_expression *sum,
                           const struct vch_linear *linears, uint32_t count)
{
    if (count > 0) JOIN(builder, sum->form.linears, sum->form.linear_count, linears, count);
}

void vch_terms_add_cells(struct vch_builder *builder, struct vch_expression *sum,
                         struct vch_scalar coefficient, struct vch_cells cells)
{
    vch_terms_add_linears(builder, sum, &(struct vch_linear){coefficient, cells}, 1);
}

void vch_terms_add_product(struct vch_builder *builder, struct vch_expression *sum,
                           struct vch_scalar coefficient, struct vch_form a, struct vch_form b)
{
    const struct vch_product product = {coefficient, a, b};

    JOIN(builder, sum->products, sum->product_count, &product, 1);
}

void vch_terms_add_matrices(struct vch_builder *builder, struct vch_expression *sum,
                            const struct vch_matrix *matrices, uint32_t count)
{
    if (count > 0) JOIN(builder, sum->matrices, sum->matrix_count, matrices, count);
}

static void scale_linears(struct vch_builder *builder, struct vch_grid grid,
                          struct vch_expression *sum, struct vch_scalar factor)
{
    const uint32_t count = sum->form.linear_count;
    struct vch_linear *linears =
        count == 0 ? NULL : join(builder, sum->form.linears, count, NULL, 0, sizeof *linears);

    if (linears == NULL) return;
    for (uint32_t i = 0; i < count; i++)
        linears[i].coefficient =
            vch_terms_times(builder, grid.lanes, linears[i].coefficient, factor);
    sum->form.linears = linears;
}

static void scale_products(struct vch_builder *builder, struct vch_grid grid,
                           struct vch_expression *sum, struct vch_scalar factor)
{
    const uint32_t count = sum->product_count;
    struct vch_product *products =
        count == 0 ? NULL : join(builder, sum->products, count, NULL, 0, sizeof *products);

    if (products == NULL) return;
    for (uint32_t i = 0; i < count; i++)
        products[i].coefficient =
            vch_terms_times(builder, grid.lanes, products[i].coefficient, factor);
    sum->products = products;
}

// Most matrices of one expression have the same coefficient, which is then multiplied once.
static void scale_matrices(struct vch_builder *builder, struct vch_grid grid,
                           struct vch_expression *sum, struct vch_scalar factor)
{
    const uint32_t count = sum->matrix_count;
    struct vch_matrix *matrices =
        count == 0 ? NULL : join(builder, sum->matrices, count, NULL, 0, sizeof *matrices);
    struct vch_scalar before = {0}, after = {0};

    if (matrices == NULL) return;
    for (uint32_t i = 0; i < count; i++) {
        struct vch_scalar *k = &matrices[i].coefficient;
        if (i == 0 || k->lanes != before.lanes || k->one != before.one) {
            before = *k;
            after = vch_terms_times(builder, grid.lanes, *k, factor);
        }
        *k = after;
    }
    sum->matrices = matrices;
}

void vch_terms_scale(struct vch_builder *builder, struct vch_grid grid, struct vch_expression *sum,
                     struct vch_scalar factor)
{
    if (is_one(factor)) return;
    sum->form.constant = vch_terms_times(builder, grid.lanes, sum->form.constant, factor);
    scale_linears(builder, grid, sum, factor);
    scale_products(builder, grid, sum, factor);
    scale_matrices(builder, grid, sum, factor);
}

void vch_terms_add(struct vch_builder *builder, struct vch_grid grid, struct vch_expression *sum,
                   struct vch_scalar factor, const struct vch_expression *other)
{
    struct vch_expression scaled = *other;

    vch_terms_scale(builder, grid, &scaled, factor);
    vch_terms_add_constant(builder, grid, sum, scaled.form.constant);
    vch_terms_add_linears(builder, sum, scaled.form.linears, scaled.form.linear_count);
    if (scaled.product_count > 0)
        JOIN(builder, sum->products, sum->product_count, scaled.products, scaled.product_count);
    vch_terms_add_matrices(builder, sum, scaled.matrices, scaled.matrix_count);
}

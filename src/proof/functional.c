#include "proof/functional.h"

#include "proof/functional_matrix.h"
#include "proof/functional_sum.h"
#include "proof/slots.h"

// What everybody needs to add to the sum.
struct job {
    struct vch_functional_sum sum;
    const struct vch_weights *weights;
    struct vch_weights_section at; // of `section`
    const struct vch_section *section;
    struct vch_arena *arena;
};

static struct vch_ext row_at(const struct job *job, uint32_t p)
{
    return vch_planes_get(vch_planes_const(job->at.rows), p);
}

// Adds cell (p, o) with the weight factor * rows[p] * lanes[o].
static void add_cells(struct job *job, const struct vch_cells *cells, struct vch_planes lanes,
                      struct vch_ext factor)
{
    const struct vch_section *section = job->section;
    struct vch_functional_line line = {cells->list, cells->first, cells->lane_step, section->lanes};

    if (section->lanes == 1) { // one line of all rows
        line.step = cells->row_step;
        line.count = section->rows;
        vch_functional_sum_line(&job->sum, &line, vch_planes_const(job->at.rows),
                                vch_ext_mul(factor, vch_planes_get(vch_planes_const(lanes), 0)));
        return;
    }
    for (uint32_t p = 0; p < section->rows; p++) {
        vch_functional_sum_line(&job->sum, &line, vch_planes_const(lanes),
                                vch_ext_mul(factor, row_at(job, p)));
        if (cells->list != NULL) line.list += section->lanes;
        line.first += cells->row_step;
    }
}

// lanes[o] * scalar_o, in two parts: what all lanes have in common is multiplied into the factor,
// and then lanes stay what they are.
static struct vch_planes split_scalar(struct job *job, const struct vch_scalar *scalar,
                                      struct vch_planes scratch, struct vch_ext *factor)
{
    const struct vch_planes lanes = job->at.lanes;
    const struct vch_field_kernels *kernels = job->sum.kernels;

    if (scalar->lanes == NULL) {
        *factor = vch_ext_mul_base(*factor, scalar->one);
        return lanes;
    }
    kernels->mul_base(scratch.c0, lanes.c0, scalar->lanes, job->section->lanes);
    kernels->mul_base(scratch.c1, lanes.c1, scalar->lanes, job->section->lanes);
    return scratch;
}

static struct vch_ext total(struct vch_planes values, uint32_t count)
{
    struct vch_ext sum = {{0, 0}};

    for (uint32_t i = 0; i < count; i++)
        sum = vch_ext_add(sum, vch_planes_get(vch_planes_const(values), i));
    return sum;
}

static vch_status add_form(struct job *job, const struct vch_form *form, struct vch_ext factor)
{
    const struct vch_planes scratch = vch_weights_planes(job->arena, job->section->lanes);
    struct vch_ext own = factor;

    if (scratch.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    const struct vch_planes lanes = split_scalar(job, &form->constant, scratch, &own);
    if (!vch_ext_is_zero(own))
        vch_functional_sum_constant(&job->sum, vch_ext_mul(vch_ext_mul(own, job->at.rows_sum),
                                                           total(lanes, job->section->lanes)));
    for (uint32_t i = 0; i < form->linear_count; i++) {
        own = factor;
        const struct vch_planes scaled =
            split_scalar(job, &form->linears[i].coefficient, scratch, &own);
        add_cells(job, &form->linears[i].cells, scaled, own);
    }
    return VCH_OK;
}

// Adds cell (p, o) with the weight places[p * lanes + o] * scalar_o.
static void add_weighted_cells(struct job *job, const struct vch_cells *cells,
                               const struct vch_scalar *scalar, struct vch_const_planes places)
{
    const uint32_t lanes = job->section->lanes;

    for (uint32_t p = 0; p < job->section->rows; p++)
        for (uint32_t o = 0; o < lanes; o++) {
            const struct vch_ext weight = vch_planes_get(places, (size_t)p * lanes + o);
            vch_functional_sum_cell(&job->sum, vch_cells_number(cells, lanes, p, o),
                                    vch_ext_mul_base(weight, vch_cells_scalar(scalar, o)));
        }
}

// The sum of places[p * lanes + o] * scalar_o.
static struct vch_ext weigh_scalar(const struct job *job, const struct vch_scalar *scalar,
                                   struct vch_const_planes places)
{
    const size_t count = (size_t)job->section->rows * job->section->lanes;
    struct vch_ext sum = {{0, 0}};

    for (size_t i = 0; i < count; i++) {
        const uint64_t k = vch_cells_scalar(scalar, (uint32_t)(i % job->section->lanes));
        sum = vch_ext_add(sum, vch_ext_mul_base(vch_planes_get(places, i), k));
    }
    return sum;
}

// Adds a form whose value at (p, o) has the weight places[p * lanes + o].
static void add_weighted_form(struct job *job, const struct vch_form *form,
                              struct vch_const_planes places)
{
    const struct vch_scalar *constant = &form->constant;

    if (constant->lanes != NULL || constant->one != 0)
        vch_functional_sum_constant(&job->sum, weigh_scalar(job, constant, places));
    for (uint32_t i = 0; i < form->linear_count; i++) {
        const struct vch_linear *linear = &form->linears[i];
        const bool is_line = job->section->lanes == 1 && linear->coefficient.lanes == NULL;
        const struct vch_functional_line line = {linear->cells.list, linear->cells.first,
                                                 linear->cells.row_step, job->section->rows};
        if (is_line)
            vch_functional_sum_line(&job->sum, &line, places,
                                    vch_ext_from_base(linear->coefficient.one));
        else
            add_weighted_cells(job, &linear->cells, &linear->coefficient, places);
    }
}

// places[p * lanes + o] *= rows[p] * lanes[o]
static void weigh_places(const struct job *job, struct vch_planes places, struct vch_planes lanes)
{
    const struct vch_field_kernels *kernels = job->sum.kernels;
    const uint32_t width = job->section->lanes;

    if (width == 1) {
        const struct vch_ext lane = vch_planes_get(vch_planes_const(lanes), 0);
        kernels->mul(places, vch_planes_const(places), vch_planes_const(job->at.rows),
                     job->section->rows);
        for (uint32_t p = 0; p < job->section->rows; p++)
            vch_planes_set(places, p,
                           vch_ext_mul(lane, vch_planes_get(vch_planes_const(places), p)));
        return;
    }
    for (uint32_t p = 0; p < job->section->rows; p++) {
        const struct vch_planes row = vch_planes_at(places, (size_t)p * width);
        kernels->mul(row, vch_planes_const(row), vch_planes_const(lanes), width);
        for (uint32_t o = 0; o < width; o++)
            vch_planes_set(row, o,
                           vch_ext_mul(row_at(job, p), vch_planes_get(vch_planes_const(row), o)));
    }
}

// m A~(rho) + m^2 B~(rho) of one product's slots: A = e k_o f and B = g.
static vch_status add_product(struct job *job, const struct vch_product *product,
                              struct vch_ext factor, uint64_t slot)
{
    const struct vch_ext m = job->weights->batch;
    const uint32_t lanes = job->section->lanes, n = job->sum.statement->log_slots;
    const size_t count = (size_t)job->section->rows * lanes;
    const struct vch_planes places = vch_weights_planes(job->arena, count);
    const struct vch_planes scratch = vch_weights_planes(job->arena, lanes);

    if (places.c1 == NULL || scratch.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    vch_weights_range(places, job->sum.kernels, job->weights->rho, n, slot, count,
                      vch_ext_square(m));
    add_weighted_form(job, &product->b, vch_planes_const(places));
    const struct vch_planes scaled = split_scalar(job, &product->coefficient, scratch, &factor);
    vch_weights_range(places, job->sum.kernels, job->weights->rho, n, slot, count,
                      vch_ext_mul(m, factor));
    weigh_places(job, places, scaled);
    add_weighted_form(job, &product->a, vch_planes_const(places));
    return VCH_OK;
}

static vch_status add_matrix(struct job *job, const struct vch_matrix *matrix,
                             struct vch_ext factor, uint64_t slot)
{
    const struct vch_ext m = job->weights->batch;
    const struct vch_planes scratch = vch_weights_planes(job->arena, job->section->lanes);
    struct vch_ext square = vch_ext_square(m);
    const struct vch_planes rows = vch_planes_at(job->at.rows, matrix->row_first);
    struct vch_functional_matrix sides;

    if (scratch.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(
        vch_functional_matrix_init(&sides, &job->sum, matrix, job->weights->rho, slot, job->arena));
    const struct vch_planes lanes = split_scalar(job, &matrix->coefficient, scratch, &square);
    VCH_TRY(vch_functional_matrix_add(&sides, &matrix->x, vch_planes_const(rows), matrix->row_count,
                                      vch_ext_mul(factor, m), job->arena));
    return vch_functional_matrix_add(&sides, &matrix->w,
                                     vch_planes_const(vch_planes_at(lanes, matrix->lane_first)),
                                     matrix->lane_count, square, job->arena);
}

static vch_status add_entry(struct job *job, const struct vch_expression *entry,
                            struct vch_ext factor, uint64_t *slot)
{
    const struct vch_arena_mark mark = vch_arena_mark(job->arena);

    VCH_TRY(add_form(job, &entry->form, factor));
    vch_arena_rewind(job->arena, mark);
    for (uint32_t i = 0; i < entry->product_count; i++) {
        VCH_TRY(
            add_product(job, &entry->products[i], factor, vch_slots_product(slot, job->section)));
        vch_arena_rewind(job->arena, mark);
    }
    for (uint32_t i = 0; i < entry->matrix_count; i++) {
        VCH_TRY(add_matrix(job, &entry->matrices[i], factor,
                           vch_slots_matrix(slot, &entry->matrices[i])));
        vch_arena_rewind(job->arena, mark);
    }
    return VCH_OK;
}

// What look-ups and tables have beside their entries: numerators, and alpha - T in denominators.
// Gaps have the denominator 1, and all weights together are 1: so these count as 1 less.
static void add_fractions(struct job *job)
{
    const struct vch_weights *weights = job->weights;
    const struct vch_section *section = job->section;
    const struct vch_ext places =
        vch_ext_mul(job->at.rows_sum, total(job->at.lanes, section->lanes));
    const struct vch_ext missing = vch_ext_from_base(vch_fp_add(section->table, 1));
    const struct vch_ext denominator =
        vch_ext_mul(weights->lambda, vch_ext_sub(weights->alpha, missing));

    vch_functional_sum_constant(&job->sum, vch_ext_mul(places, denominator));
    if (section->kind == VCH_SECTION_LOOKUP) {
        vch_functional_sum_constant(&job->sum, places);
        return;
    }
    add_cells(job, &section->multiplicities, job->at.lanes, vch_ext_neg(vch_ext_from_base(1)));
}

static vch_status add_section(struct job *job)
{
    uint64_t slot = job->section->first_slot;

    VCH_TRY(vch_weights_section(&job->at, job->sum.statement, job->weights, job->section,
                                job->sum.kernels, job->arena));
    if (job->section->kind != VCH_SECTION_ZERO) add_fractions(job);
    for (uint32_t e = 0; e < job->section->entry_count; e++)
        VCH_TRY(add_entry(job, &job->section->entries[e], job->at.factors[e], &slot));
    return VCH_OK;
}

vch_status vch_functional_sum(struct vch_functional *functional,
                              const struct vch_statement *statement,
                              const struct vch_weights *weights,
                              const struct vch_field_kernels *kernels, struct vch_arena *arena)
{
    struct job job = {.weights = weights, .arena = arena};

    job.sum = (struct vch_functional_sum){statement, kernels, functional->values, weights->lambda};
    for (uint32_t i = 0; i < statement->section_count; i++) {
        const struct vch_arena_mark mark = vch_arena_mark(arena);
        job.section = &statement->sections[i];
        VCH_TRY(add_section(&job));
        vch_arena_rewind(arena, mark);
    }
    functional->constant = job.sum.constant;
    return VCH_OK;
}

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

static struct vch_ext lane_at(const struct job *job, uint32_t o)
{
    return vch_planes_get(vch_planes_const(job->at.lanes), o);
}

// out[o] = factor * lanes[o] * scalar_o
static void scale_lanes(const struct job *job, struct vch_planes out,
                        const struct vch_scalar *scalar, struct vch_ext factor)
{
    for (uint32_t o = 0; o < job->section->lanes; o++) {
        const struct vch_ext weight = vch_ext_mul(factor, lane_at(job, o));
        vch_planes_set(out, o, vch_ext_mul_base(weight, vch_cells_scalar(scalar, o)));
    }
}

// Adds cell (p, o) with the weight rows[p] * lanes[o]. Cells that lie side by side are added so.
static void add_cells(struct job *job, const struct vch_cells *cells, struct vch_planes lanes)
{
    const struct vch_section *section = job->section;
    const bool is_committed = cells->list == NULL && cells->first < VCH_STATEMENT_PUBLIC;

    if (is_committed && section->lanes == 1 && cells->row_step == 1) {
        vch_functional_sum_run(&job->sum, cells->first, vch_planes_const(job->at.rows),
                               section->rows, vch_planes_get(vch_planes_const(lanes), 0));
        return;
    }
    for (uint32_t p = 0; p < section->rows; p++) {
        const struct vch_ext row = row_at(job, p);
        if (is_committed && cells->lane_step == 1) {
            vch_functional_sum_run(&job->sum, cells->first + p * cells->row_step,
                                   vch_planes_const(lanes), section->lanes, row);
            continue;
        }
        for (uint32_t o = 0; o < section->lanes; o++)
            vch_functional_sum_cell(&job->sum, vch_cells_number(cells, section->lanes, p, o),
                                    vch_ext_mul(row, vch_planes_get(vch_planes_const(lanes), o)));
    }
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
    const struct vch_planes lanes = vch_weights_planes(job->arena, job->section->lanes);

    if (lanes.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    scale_lanes(job, lanes, &form->constant, factor);
    vch_functional_sum_constant(&job->sum,
                                vch_ext_mul(job->at.rows_sum, total(lanes, job->section->lanes)));
    for (uint32_t i = 0; i < form->linear_count; i++) {
        scale_lanes(job, lanes, &form->linears[i].coefficient, factor);
        add_cells(job, &form->linears[i].cells, lanes);
    }
    return VCH_OK;
}

// Adds a form whose value at (p, o) has the weight places[p * lanes + o].
static void add_weighted_form(struct job *job, const struct vch_form *form,
                              struct vch_const_planes places)
{
    const uint32_t lanes = job->section->lanes;

    for (uint32_t p = 0; p < job->section->rows; p++)
        for (uint32_t o = 0; o < lanes; o++) {
            const struct vch_ext weight = vch_planes_get(places, (size_t)p * lanes + o);
            vch_functional_sum_constant(
                &job->sum, vch_ext_mul_base(weight, vch_cells_scalar(&form->constant, o)));
            for (uint32_t i = 0; i < form->linear_count; i++) {
                const struct vch_linear *linear = &form->linears[i];
                vch_functional_sum_cell(
                    &job->sum, vch_cells_number(&linear->cells, lanes, p, o),
                    vch_ext_mul_base(weight, vch_cells_scalar(&linear->coefficient, o)));
            }
        }
}

// m A~(rho) + m^2 B~(rho) of one product's slots: A = e k_o f and B = g.
static vch_status add_product(struct job *job, const struct vch_product *product,
                              struct vch_ext factor, uint64_t slot)
{
    const struct vch_ext m = job->weights->batch, square = vch_ext_square(m);
    const uint32_t lanes = job->section->lanes;
    const size_t count = (size_t)job->section->rows * lanes;
    const struct vch_planes a = vch_weights_planes(job->arena, count);
    const struct vch_planes b = vch_weights_planes(job->arena, count);
    const struct vch_planes scaled = vch_weights_planes(job->arena, lanes);

    if (a.c1 == NULL || b.c1 == NULL || scaled.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    vch_weights_range(b, job->weights->rho, job->sum.statement->log_slots, slot, count, square);
    vch_weights_range(a, job->weights->rho, job->sum.statement->log_slots, slot, count, m);
    scale_lanes(job, scaled, &product->coefficient, factor);
    for (size_t i = 0; i < count; i++) {
        const struct vch_ext lane = vch_planes_get(vch_planes_const(scaled), (uint32_t)(i % lanes));
        const struct vch_ext place = vch_ext_mul(row_at(job, (uint32_t)(i / lanes)), lane);
        vch_planes_set(a, i, vch_ext_mul(place, vch_planes_get(vch_planes_const(a), i)));
    }
    add_weighted_form(job, &product->a, vch_planes_const(a));
    add_weighted_form(job, &product->b, vch_planes_const(b));
    return VCH_OK;
}

static vch_status add_matrix(struct job *job, const struct vch_matrix *matrix,
                             struct vch_ext factor, uint64_t slot)
{
    const struct vch_ext m = job->weights->batch, square = vch_ext_square(m);
    const struct vch_planes lanes = vch_weights_planes(job->arena, job->section->lanes);
    const struct vch_planes rows = vch_planes_at(job->at.rows, matrix->row_first);
    struct vch_functional_matrix sides;

    if (lanes.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(
        vch_functional_matrix_init(&sides, &job->sum, matrix, job->weights->rho, slot, job->arena));
    scale_lanes(job, lanes, &matrix->coefficient, square);
    VCH_TRY(vch_functional_matrix_add(&sides, &matrix->x, vch_planes_const(rows), matrix->row_count,
                                      vch_ext_mul(factor, m), job->arena));
    return vch_functional_matrix_add(&sides, &matrix->w,
                                     vch_planes_const(vch_planes_at(lanes, matrix->lane_first)),
                                     matrix->lane_count, vch_ext_from_base(1), job->arena);
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
static vch_status add_fractions(struct job *job)
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
        return VCH_OK;
    }
    const struct vch_planes lanes = vch_weights_planes(job->arena, section->lanes);
    const struct vch_scalar minus = {VCH_FP_P - 1, NULL};
    if (lanes.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    scale_lanes(job, lanes, &minus, vch_ext_from_base(1));
    add_cells(job, &section->multiplicities, lanes);
    return VCH_OK;
}

static vch_status add_section(struct job *job)
{
    uint64_t slot = job->section->first_slot;

    VCH_TRY(vch_weights_section(&job->at, job->sum.statement, job->weights, job->section,
                                job->sum.kernels, job->arena));
    if (job->section->kind != VCH_SECTION_ZERO) VCH_TRY(add_fractions(job));
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

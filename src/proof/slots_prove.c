// The products of the relation, slot by slot: section 7.
#include "proof/expression.h"
#include "proof/prover.h"
#include "proof/slots.h"

struct job {
    const struct vch_prover *prover;
    struct vch_planes a, b; // all slots
    const struct vch_section *section;
    struct vch_weights_section at;
    struct vch_expression_source source;
};

static struct vch_ext lane_at(const struct job *job, const struct vch_scalar *scalar, uint32_t o)
{
    return vch_ext_mul_base(vch_planes_get(vch_planes_const(job->at.lanes), o),
                            vch_cells_scalar(scalar, o));
}

// A = e k_o f, B = g
static vch_status fill_product(const struct job *job, const struct vch_product *product,
                               struct vch_ext factor, uint64_t slot)
{
    const struct vch_section *section = job->section;
    const size_t count = (size_t)section->rows * section->lanes;
    uint64_t *values = VCH_ARENA_NEW(job->prover->arena, uint64_t, count);

    if (values == NULL) return VCH_FAIL(NO_MEMORY);
    vch_expression_form(values, &product->a, section->lanes, 0, section->rows, &job->source);
    vch_expression_form(job->b.c0 + slot, &product->b, section->lanes, 0, section->rows,
                        &job->source);
    for (size_t i = 0; i < count; i++) {
        const struct vch_ext row =
            vch_planes_get(vch_planes_const(job->at.rows), i / section->lanes);
        const struct vch_ext lane =
            lane_at(job, &product->coefficient, (uint32_t)(i % section->lanes));
        const struct vch_ext weight = vch_ext_mul(vch_ext_mul(factor, row), lane);
        vch_planes_set(job->a, slot + i, vch_ext_mul_base(weight, values[i]));
    }
    return VCH_OK;
}

static void gather(const struct job *job, uint64_t *out, const struct vch_matrix *matrix,
                   const struct vch_side *side, uint32_t r)
{
    for (uint32_t k2 = 0; k2 < matrix->inner; k2++) {
        const uint32_t index = vch_cells_index(side, matrix->inner, r, k2);
        for (uint32_t k1 = 0; k1 < matrix->outer; k1++)
            out[(size_t)k1 * matrix->inner + k2] =
                vch_expression_cell(&job->source, vch_cells_side(side, index, k1));
    }
}

// From K1 K2 sums to slots, of which each k1 has a power of two.
static void place_sums(struct vch_planes out, uint64_t slot, const struct vch_matrix *matrix,
                       struct vch_planes sums)
{
    const uint32_t n = vch_slots_log(matrix->inner);

    for (uint32_t k1 = 0; k1 < matrix->outer; k1++)
        for (uint32_t k2 = 0; k2 < matrix->inner; k2++)
            vch_planes_set(out, slot + ((uint64_t)k1 << n) + k2,
                           vch_planes_get(vch_planes_const(sums), (size_t)k1 * matrix->inner + k2));
}

// A = f_e sum of eq_hi(p) X, B = sum of eq_lo(o) k_o W
static vch_status fill_matrix(const struct job *job, const struct vch_matrix *matrix,
                              struct vch_ext factor, uint64_t slot)
{
    struct vch_arena *arena = job->prover->arena;
    const size_t terms = (size_t)matrix->outer * matrix->inner;
    uint64_t *values = VCH_ARENA_NEW(arena, uint64_t, terms);
    const struct vch_planes x = vch_weights_planes(arena, terms);
    const struct vch_planes w = vch_weights_planes(arena, terms);

    if (values == NULL || x.c1 == NULL || w.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t r = 0; r < matrix->row_count; r++) {
        const struct vch_ext row =
            vch_planes_get(vch_planes_const(job->at.rows), matrix->row_first + r);
        gather(job, values, matrix, &matrix->x, r);
        job->prover->kernels->axpy_base(x, values, vch_ext_mul(factor, row), terms);
    }
    for (uint32_t i = 0; i < matrix->lane_count; i++) {
        gather(job, values, matrix, &matrix->w, i);
        job->prover->kernels->axpy_base(
            w, values, lane_at(job, &matrix->coefficient, matrix->lane_first + i), terms);
    }
    place_sums(job->a, slot, matrix, x);
    place_sums(job->b, slot, matrix, w);
    return VCH_OK;
}

static vch_status fill_entry(const struct job *job, const struct vch_expression *entry,
                             struct vch_ext factor, uint64_t *slot)
{
    struct vch_arena *arena = job->prover->arena;
    const struct vch_arena_mark mark = vch_arena_mark(arena);

    for (uint32_t i = 0; i < entry->product_count; i++) {
        VCH_TRY(
            fill_product(job, &entry->products[i], factor, vch_slots_product(slot, job->section)));
        vch_arena_rewind(arena, mark);
    }
    for (uint32_t i = 0; i < entry->matrix_count; i++) {
        VCH_TRY(fill_matrix(job, &entry->matrices[i], factor,
                            vch_slots_matrix(slot, &entry->matrices[i])));
        vch_arena_rewind(arena, mark);
    }
    return VCH_OK;
}

static bool has_slots(const struct vch_section *section)
{
    for (uint32_t e = 0; e < section->entry_count; e++)
        if (section->entries[e].product_count + section->entries[e].matrix_count > 0) return true;
    return false;
}

static vch_status fill_section(struct job *job)
{
    const struct vch_prover *prover = job->prover;
    uint64_t slot = job->section->first_slot;

    VCH_TRY(vch_weights_section(&job->at, prover->statement, &prover->weights, job->section,
                                prover->kernels, prover->arena));
    for (uint32_t e = 0; e < job->section->entry_count; e++)
        VCH_TRY(fill_entry(job, &job->section->entries[e], job->at.factors[e], &slot));
    return VCH_OK;
}

vch_status vch_prover_slots(struct vch_prover *prover, struct vch_planes a, struct vch_planes b)
{
    const struct vch_statement *statement = prover->statement;

    for (uint32_t i = 0; i < statement->section_count; i++) {
        const struct vch_arena_mark mark = vch_arena_mark(prover->arena);
        struct job job = {.prover = prover,
                          .a = a,
                          .b = b,
                          .section = &statement->sections[i],
                          .source = {prover->input->cells, statement->public_values}};
        if (!has_slots(job.section)) continue;
        VCH_TRY(fill_section(&job));
        vch_arena_rewind(prover->arena, mark);
    }
    return VCH_OK;
}

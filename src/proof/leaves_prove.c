// Numerators and denominators of all places: section 6.
#include "proof/expression.h"
#include "proof/prover.h"

// Weights are gathered once a block, which is little where it has this many rows.
enum { BLOCK_PLACES = 1 << 13, ROWS_MIN = 32, SLACK = 256 };

// One thread's room.
struct filler {
    uint64_t *values; // of one entry, for a block of rows
    struct vch_arena arena;
    vch_status status;
};

struct section_job {
    const struct vch_prover *prover;
    const struct vch_prover_leaves *leaves;
    const struct vch_section *section;
    struct vch_expression_source source;
    struct filler *fillers;
    size_t filler_count, block_count;
    uint32_t block_rows;
};

// Starts a block's denominators with alpha - T, and sets its numerators.
static void begin_rows(const struct section_job *job, uint32_t first, uint32_t count)
{
    const struct vch_section *section = job->section;
    const struct vch_ext start =
        vch_ext_sub(job->prover->weights.alpha, vch_ext_from_base(section->table));

    for (uint32_t p = first; p < first + count; p++)
        for (uint32_t o = 0; o < section->lanes; o++) {
            const size_t place = section->base + ((size_t)p << section->log_lanes) + o;
            uint64_t numerator = 1;
            if (section->kind == VCH_SECTION_TABLE)
                numerator = vch_fp_neg(job->source.cells[vch_cells_number(&section->multiplicities,
                                                                          section->lanes, p, o)]);
            vch_planes_set(job->leaves->n, place, vch_ext_from_base(numerator));
            vch_planes_set(job->leaves->d, place, start);
        }
}

// D -= power * value
static void add_entry(const struct section_job *job, const uint64_t *values, uint32_t first,
                      uint32_t count, struct vch_ext power)
{
    const struct vch_section *section = job->section;
    const struct vch_ext factor = vch_ext_neg(power);

    for (uint32_t p = 0; p < count; p++) {
        const size_t place = section->base + ((size_t)(first + p) << section->log_lanes);
        job->prover->kernels->axpy_base(vch_planes_at(job->leaves->d, place),
                                        values + (size_t)p * section->lanes, factor,
                                        section->lanes);
    }
}

static vch_status fill_rows(const struct section_job *job, struct filler *filler, uint32_t first,
                            uint32_t count)
{
    const struct vch_section *section = job->section;
    struct vch_ext power = vch_ext_from_base(1);

    begin_rows(job, first, count);
    for (uint32_t e = 0; e < section->entry_count; e++) {
        power = vch_ext_mul(power, job->prover->weights.beta);
        VCH_TRY(vch_expression_values(filler->values, &section->entries[e], section->lanes, first,
                                      count, &job->source, &filler->arena));
        add_entry(job, filler->values, first, count, power);
    }
    return VCH_OK;
}

// Every filler takes each so manieth block of rows.
static void fill_blocks(void *context, size_t index)
{
    const struct section_job *job = context;
    struct filler *filler = &job->fillers[index];
    const uint32_t rows = job->section->rows;

    for (size_t block = index; block < job->block_count; block += job->filler_count) {
        const uint32_t first = (uint32_t)block * job->block_rows, left = rows - first;
        const uint32_t count = left < job->block_rows ? left : job->block_rows;
        if (vch_is_ok(filler->status)) filler->status = fill_rows(job, filler, first, count);
    }
}

static bool take_filler(const struct section_job *job, struct filler *filler)
{
    const struct vch_section *section = job->section;
    size_t scratch = 0;

    for (uint32_t e = 0; e < section->entry_count; e++) {
        const size_t own =
            vch_expression_scratch(&section->entries[e], section->lanes, job->block_rows);
        if (own > scratch) scratch = own;
    }
    filler->values =
        VCH_ARENA_NEW(job->prover->arena, uint64_t, (size_t)job->block_rows * section->lanes);
    return filler->values != NULL &&
           vch_arena_part(&filler->arena, job->prover->arena, scratch + SLACK);
}

static vch_status fill_section(struct section_job *job)
{
    const struct vch_prover *prover = job->prover;
    const struct vch_section *section = job->section;
    const size_t threads = prover->workers == NULL ? 1 : prover->workers->thread_count;

    job->block_rows = BLOCK_PLACES / section->lanes;
    if (job->block_rows < ROWS_MIN) job->block_rows = ROWS_MIN;
    if (job->block_rows > section->rows) job->block_rows = section->rows;
    job->block_count = (section->rows + job->block_rows - 1) / job->block_rows;
    job->filler_count = threads < job->block_count ? threads : job->block_count;
    job->fillers = VCH_ARENA_NEW(prover->arena, struct filler, job->filler_count);
    if (job->fillers == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < job->filler_count; i++)
        if (!take_filler(job, &job->fillers[i])) return VCH_FAIL(NO_MEMORY);
    vch_workers_run(prover->workers, fill_blocks, job, job->filler_count);
    for (size_t i = 0; i < job->filler_count; i++)
        VCH_TRY(job->fillers[i].status);
    return VCH_OK;
}

vch_status vch_prover_leaves(struct vch_prover *prover, struct vch_prover_leaves *leaves)
{
    const struct vch_statement *statement = prover->statement;

    leaves->count = (size_t)1 << statement->log_places;
    leaves->n = vch_weights_planes(prover->arena, leaves->count);
    leaves->d = vch_weights_planes(prover->arena, leaves->count);
    if (leaves->n.c1 == NULL || leaves->d.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < leaves->count; i++)
        leaves->d.c0[i] = 1; // gaps

    for (uint32_t i = 0; i < statement->section_count; i++) {
        const struct vch_arena_mark mark = vch_arena_mark(prover->arena);
        struct section_job job = {.prover = prover,
                                  .leaves = leaves,
                                  .section = &statement->sections[i],
                                  .source = {prover->input->cells, statement->public_values}};
        if (job.section->kind == VCH_SECTION_ZERO) continue;
        VCH_TRY(fill_section(&job));
        vch_arena_rewind(prover->arena, mark);
    }
    vch_prover_tamper(prover, VCH_PROVER_LEAVES, leaves);
    return VCH_OK;
}

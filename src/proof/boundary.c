#include "proof/boundary.h"

#include <string.h>

#include "proof/oracle_prove.h"

void vch_boundary_cells(const struct vch_encoder *encoder, uint64_t *cells, const int64_t *values,
                        size_t count)
{
    const size_t rows = vch_boundary_rows(count, encoder->log_columns);

    encoder->field.lift_i64(cells, values, count);
    memset(cells + count, 0, ((rows << encoder->log_columns) - count) * sizeof *cells);
}

vch_status vch_boundary_root(struct vch_digest *root, const struct vch_encoder *encoder,
                             const int64_t *values, size_t count,
                             const uint8_t seed[static VCH_ORACLE_SEED_SIZE],
                             struct vch_arena *arena, struct vch_workers *workers)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    const uint32_t rows = vch_boundary_rows(count, encoder->log_columns);
    uint64_t *cells = VCH_ARENA_NEW(arena, uint64_t, (size_t)rows << encoder->log_columns);
    const struct vch_oracle_matrix matrix = {.cells = cells, .row_count = rows, .seed = seed};
    struct vch_oracle oracle;

    if (cells == NULL) return VCH_FAIL(NO_MEMORY);
    vch_boundary_cells(encoder, cells, values, count);
    VCH_TRY(vch_oracle_prove(&oracle, &matrix, encoder, false, arena, workers));
    *root = oracle.root;
    vch_arena_rewind(arena, mark);
    return VCH_OK;
}

size_t vch_boundary_memory(size_t count, unsigned log_columns, const struct vch_workers *workers)
{
    const size_t rows = vch_boundary_rows(count, log_columns);

    return (rows << log_columns) * sizeof(uint64_t) +
           vch_oracle_prove_memory(rows, log_columns, false, workers);
}

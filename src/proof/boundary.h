// The oracle of a tensor that two parties compute alike: what enters or leaves a range of
// operators. Sections 1 and 3 of specs/proof.md, specs/circuit.md.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/workers.h"
#include "proof/encoder.h"
#include "proof/oracle.h"

// How many rows of 2^log_columns cells hold `count` elements: at least one.
static inline uint32_t vch_boundary_rows(size_t count, unsigned log_columns)
{
    const size_t rows = (count + ((size_t)1 << log_columns) - 1) >> log_columns;

    return rows == 0 ? 1 : (uint32_t)rows;
}

// These rows of cells out of the elements; the cells after the last are 0. `cells` has room.
void vch_boundary_cells(const struct vch_encoder *encoder, uint64_t *cells, const int64_t *values,
                        size_t count);

// The root of the oracle with these rows under `seed`. Whoever knows both can make it anew; whoever
// does not know the seed learns nothing from it. Takes memory from `arena` and gives it back.
vch_status vch_boundary_root(struct vch_digest *root, const struct vch_encoder *encoder,
                             const int64_t *values, size_t count,
                             const uint8_t seed[static VCH_ORACLE_SEED_SIZE],
                             struct vch_arena *arena, struct vch_workers *workers);

// How many bytes that is at most.
size_t vch_boundary_memory(size_t count, unsigned log_columns, const struct vch_workers *workers);

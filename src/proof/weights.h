// With which factors the values of expressions enter the relation of section 7: prover and verifier
// alike.
#pragma once

#include "base/arena.h"
#include "kernels/field_kernels.h"
#include "proof/cells.h"

#define VCH_WEIGHTS_POINT_MAX VCH_STATEMENT_LOG_PLACES_MAX

// The challenges of sections 6 to 8, as far as the relation depends on them.
struct vch_weights {
    struct vch_ext alpha, beta;
    struct vch_ext lambda, batch;              // l and m
    struct vch_ext z[VCH_WEIGHTS_POINT_MAX];   // of places
    struct vch_ext y[VCH_WEIGHTS_POINT_MAX];   // of zero sections' places
    struct vch_ext rho[VCH_WEIGHTS_POINT_MAX]; // of slots
};

// The value of entry e at (p, o) enters with factors[e] * rows[p] * lanes[o].
struct vch_weights_section {
    struct vch_planes rows, lanes;
    struct vch_ext rows_sum;
    struct vch_ext factors[VCH_STATEMENT_ENTRIES_MAX];
};

// 16 bytes a row and less than 32 a lane from `arena`.
vch_status vch_weights_section(struct vch_weights_section *out,
                               const struct vch_statement *statement,
                               const struct vch_weights *weights, const struct vch_section *section,
                               const struct vch_field_kernels *kernels, struct vch_arena *arena);

// out[i] = scale * eq(point, first + i) for i < count, where first + count <= 2^n. About as many
// multiplications as values.
void vch_weights_range(struct vch_planes out, const struct vch_field_kernels *kernels,
                       const struct vch_ext *point, uint32_t n, uint64_t first, uint64_t count,
                       struct vch_ext scale);

// Zeros; NULL planes where there is no memory. Long ones lie in one piece, which large pages may be
// had for, and a little apart, so that not all of what is used together falls into one set of a
// cache.
#define VCH_WEIGHTS_APART 1088u
static inline struct vch_planes vch_weights_planes(struct vch_arena *arena, size_t count)
{
    const size_t apart = count < VCH_WEIGHTS_APART ? 0 : VCH_WEIGHTS_APART;
    uint64_t *values = VCH_ARENA_NEW(arena, uint64_t, 2 * (count + apart));

    if (values == NULL) return (struct vch_planes){NULL, NULL};
    return (struct vch_planes){values, values + count + apart};
}

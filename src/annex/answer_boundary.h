// The root of what enters or leaves a range of operators, out of an opening's numbers.
#pragma once

#include "annex/proof_opening.h"
#include "base/cpu.h"
#include "base/workers.h"
#include "crypto/hash.h"
#include "model/graph.h"

// The values of `graph` at one end of a range (vch_circuit_ends), and how their cells are laid out.
struct vch_answer_boundary {
    const struct vch_graph *graph;
    uint32_t count;
    const uint32_t *values;
    uint32_t batch, log_columns;
    enum vch_cpu_level level;
};

// MALFORMED, with a complaint, when the numbers are not such as these values have; NO_MEMORY.
// `arena` is rewound.
vch_status vch_answer_boundary_root(struct vch_digest *out, const struct vch_answer_boundary *shape,
                                    const struct vch_proof_boundary *boundary,
                                    struct vch_arena *arena, struct vch_workers *workers,
                                    struct vch_complaint *complaint);

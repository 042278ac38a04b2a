// Is this the annex of that model, and does each link hold the same numbers?
#pragma once

#include "annex/annex.h"
#include "base/cpu.h"
#include "circuit/circuit.h"
#include "model/graph.h"

// What statements about an annex take from it.
void vch_annex_verify_model(struct vch_circuit_model *out, const struct vch_annex *annex,
                            const struct vch_graph *graph);

// VCH_OK exactly when the annex speaks of this model in the layout that its parameters have, its
// ranges are proven, and so are its first `links` links. The signature is another matter: see
// vch_annex_verify_owner. BAD_PROOF, UNSUPPORTED, LIMIT, NO_MEMORY. `arena` is rewound.
vch_status vch_annex_verify(const struct vch_annex *annex, uint32_t links,
                            const struct vch_graph *graph, const struct vch_digest *identity,
                            enum vch_cpu_level level, struct vch_arena *arena,
                            struct vch_complaint *complaint);

// VCH_OK exactly when the owner that the annex names signed it; BAD_PROOF otherwise.
vch_status vch_annex_verify_owner(const struct vch_annex *annex);

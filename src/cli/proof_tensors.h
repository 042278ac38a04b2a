// Tensors out of an opening, whose numbers lie anywhere.
#pragma once

#include "annex/proof_opening.h"
#include "cli/tensors.h"

// Copies the values at one end of a range, which are these of the graph. MALFORMED when the opening
// has others.
vch_status vch_proof_tensors_copy(struct vch_tensor *out, const struct vch_proof_boundary *boundary,
                                  uint32_t batch, struct vch_tool *tool,
                                  const struct vch_graph *graph, const uint32_t *values,
                                  uint32_t count);

// Shows an opening's output, which is the graph's, as vch_tensors_show does.
vch_status vch_proof_tensors_show(const struct vch_proof_opening *opening, struct vch_tool *tool,
                                  const struct vch_graph *graph, json_t *json);

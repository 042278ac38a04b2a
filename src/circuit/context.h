// What a statement is about, in 32 bytes: specs/circuit.md, sections 6 and 7.
#pragma once

#include "circuit/circuit.h"

struct vch_digest vch_context_of_run(const struct vch_circuit_claim *claim);
struct vch_digest vch_context_of_ranges(const struct vch_circuit_model *model);
struct vch_digest vch_context_of_link(const struct vch_circuit_model *model);

// USAGE unless the columns are within limits and the parameters exist and ascend.
vch_status vch_context_check(const struct vch_circuit_model *model,
                             struct vch_complaint *complaint);

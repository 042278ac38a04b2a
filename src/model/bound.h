// The largest accumulators that an operator can reach, from public facts.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "model/graph.h"

#define VCH_BOUND_BITS_MAX 62u

// As vch_graph_public_bound, with `writers` saving the search for an int64 operand's writer:
// by value, the operator that writes it or VCH_NONE. May be NULL.
vch_status vch_bound_public(uint64_t *out, const struct vch_graph *graph,
                            const struct vch_operator *operator_, const uint32_t *writers);

// The largest |element| that a value may have: its type's, or what its trees promise.
uint64_t vch_bound_value(const struct vch_graph *graph, uint32_t value);

// LIMIT unless bits(bound) + bits(M) + 1 <= 62 for the operator's largest multiplier M (ADD: its
// bound contains the multipliers already).
vch_status vch_bound_fits(uint64_t bound, const struct vch_operator *operator_);

// What the plan so far has taken of nodes' memory and of operators' shares, and a hash of it: two
// plans up to one cut that have taken the same go on alike.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "split/cost.h"

struct vch_usage {
    const struct vch_cost *cost;
    uint64_t *parameters;  // by node: bytes of all its segments
    uint64_t *activations; // by node: most bytes alive in one of them
    uint32_t *layers;      // by operator
    bool *is_neighbour;    // by operator: serves the segment before
    bool *is_limited;      // by node: may it run out of memory?
    bool is_share_limited;
    uint64_t hash; // of what is taken where it is limited, in whatever order
};

// Nothing is taken.
vch_status vch_usage_init(struct vch_usage *usage, const struct vch_cost *cost,
                          struct vch_arena *arena);

// `members`, which are as many as the problem's quorum, serve segment (i, j).
void vch_usage_take(struct vch_usage *usage, uint32_t i, uint32_t j, const uint16_t *members);
// They, and their operators, have taken nothing, and are nobody's neighbours.
void vch_usage_forget(struct vch_usage *usage, const uint16_t *members);
void vch_usage_set_neighbours(struct vch_usage *usage, const uint16_t *members);

// What a plan that had them serve (i, j) as well would depend on.
struct vch_usage_outlook {
    uint64_t state;   // hash of all of it
    uint64_t company; // hash of their operators
    bool is_shared;   // with the segment before
};
struct vch_usage_outlook vch_usage_look(const struct vch_usage *usage, uint32_t i, uint32_t j,
                                        const uint16_t *members);

// Of one operator, the most of all layers, in percent, rounded up.
uint32_t vch_usage_largest_percent(const struct vch_usage *usage);

// Which sets of nodes could serve a segment next, fastest first.
//
// A set has `quorum` nodes of different operators. What the plan so far has taken of memory and of
// shares is counted, and the operators of the segment before may be kept out.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "split/cost.h"
#include "split/usage.h"

struct vch_teams {
    const struct vch_cost *cost;
    const struct vch_usage *usage; // by the plan so far; borrowed
    uint32_t team_max;             // sets to offer per question
    bool is_cut_short;             // out: there were more
    uint16_t *members;             // the current set; quorum room
    bool *is_taken;                // by operator: in the current set, or kept out
    uint16_t **orders; // by segment: nodes that can serve it, fastest first; count first
    // Called for every set. `time_us` is the slowest member's.
    void (*offer)(void *context, const uint16_t *members, uint64_t time_us);
    void *context;
};

vch_status vch_teams_new(struct vch_teams **out, const struct vch_cost *cost,
                         const struct vch_usage *usage, uint32_t team_max, struct vch_arena *arena);

// Adds or takes back nothing: only offers sets for segment (i, j).
vch_status vch_teams_find(struct vch_teams *teams, uint32_t i, uint32_t j, bool avoid_neighbours,
                          struct vch_arena *arena);

// The time of the fastest set when nothing is taken yet; UINT64_MAX where there is no set at all.
vch_status vch_teams_fastest_us(uint64_t *out, struct vch_teams *teams, uint32_t i, uint32_t j,
                                struct vch_arena *arena);

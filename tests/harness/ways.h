// One graph run in several ways that must give the same bytes: for fuzz targets, where graphs come
// from anybody.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/workers.h"
#include "model/graph.h"

// Is the checked graph small enough for that?
bool ways_is_cheap(const struct vch_graph *graph);

// Runs a checked graph, all of whose parameters are held and checked, on random samples: portable
// and alone; on the best processor level with tasks in backward order; sample by sample; in two
// segments; and by a program prepared for all of them. Ends the process where a byte differs.
void ways_compare(const struct vch_graph *graph, uint64_t seed, struct vch_arena *arena);

// The digest of all outputs for these samples, portable and alone.
void ways_digest(struct vch_digest *out, const struct vch_graph *graph, uint64_t seed,
                 struct vch_arena *arena);

// Workers that run tasks one after another, the last one first.
extern struct vch_workers ways_backwards;

// Where each value of a run lies in memory: planned once, from shapes alone.
//
// A value lives from the operator that writes it to the last one that reads it; values whose lives
// do not meet share memory. A RESHAPE is another name for its operand.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "model/graph.h"
#include "model/prepare.h"

#define VCH_LAYOUT_OUTSIDE SIZE_MAX // not written by this run

struct vch_layout {
    size_t *offsets;     // per value of the graph: into the run's memory, or VCH_LAYOUT_OUTSIDE
    uint32_t *roots;     // per value: itself, or the value that a RESHAPE renames
    uint32_t *last_uses; // per root: the last operator that reads it
    size_t scratch_size; // the largest operator's, at the end of the memory
    size_t scratch_offset;
    size_t size; // of the run's memory
};

// Plans all operators of a graph for a batch; `scratch_size` is the largest that one of them takes.
// Every output has room, also those that will go straight to the caller's memory: so the plan
// follows from graph and batch alone. NO_MEMORY, or LIMIT when the size does not fit an address.
vch_status vch_layout_plan(struct vch_layout *out, const struct vch_graph *graph, uint32_t batch,
                           size_t scratch_size, struct vch_prepare *prepare);

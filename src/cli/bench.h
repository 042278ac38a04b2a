// What benches of a model run it on.
#pragma once

#include "cli/tensors.h"

// Numbers that depend on nothing, small enough for every type, for each input of the graph.
vch_status vch_bench_inputs(struct vch_tensors *inputs, struct vch_tool *tool,
                            const struct vch_graph *graph, uint32_t batch);

// Between files and the model's ports: inputs read and quantised, outputs shown and written.
#pragma once

#include <stdint.h>

#include "cli/tool.h"
#include "model/tensor.h"

// One port's data, quantised, for a batch.
struct vch_tensors {
    uint32_t batch, count;
    struct vch_tensor tensor[VCH_GRAPH_PORTS_MAX];
};

// Reads every --input ([NAME=]FILE.npy, FILE.npz:ARRAY, or synthetic[:SEED]) for the graph's
// inputs; FILE.npz holds several inputs under their names. All have the same number of samples.
vch_status vch_tensors_load(struct vch_tensors *out, struct vch_tool *tool,
                            const struct vch_graph *graph);

// Room for the outputs of `batch` samples.
vch_status vch_tensors_allocate(struct vch_tensors *out, struct vch_tool *tool,
                                const struct vch_graph *graph, uint32_t batch);

// Prints outputs for people, or appends them to a JSON array `outputs` when it is not NULL.
vch_status vch_tensors_show(const struct vch_tensors *outputs, struct vch_tool *tool,
                            const struct vch_graph *graph, json_t *json);

// Writes output port --port (default: the first) as .npy to --output, when given: float32, or int64
// for whole numbers. An .npz without --port holds every output under its name.
vch_status vch_tensors_save(const struct vch_tensors *outputs, struct vch_tool *tool,
                            const struct vch_graph *graph);

// Graphs for tests: built operator by operator with random parameters, or random as a whole.
//
// Everything is in the caller's arena. A finished graph has passed vch_graph_check and its
// parameters are held; a mistake in building ends the test. Randomness comes from test_below, so
// that VCH_SEED replays it.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "model/graph.h"
#include "model/tensor.h"

struct graphs {
    struct vch_arena *arena;
    struct vch_graph *graph;
};

struct vch_shape graphs_shape(uint32_t rank, uint32_t a, uint32_t b, uint32_t c);

void graphs_init(struct graphs *build, struct vch_arena *arena);
// Computes the public bounds, checks, and gives the graph.
struct vch_graph *graphs_finish(struct graphs *build);

// Each gives the index of the value that it adds.
uint32_t graphs_input(struct graphs *build, enum vch_type type, struct vch_shape shape);
uint32_t graphs_linear(struct graphs *build, uint32_t x, uint32_t outputs, enum vch_type type);
// Square kernel; pads keep the size at stride 1 for odd kernels.
uint32_t graphs_convolution(struct graphs *build, uint32_t x, uint32_t channels, uint32_t kernel,
                            uint32_t stride, uint32_t groups, enum vch_type type);
uint32_t graphs_matmul(struct graphs *build, uint32_t a, uint32_t b, enum vch_type type);
uint32_t graphs_add(struct graphs *build, uint32_t a, uint32_t b, enum vch_type type);
uint32_t graphs_multiply(struct graphs *build, uint32_t a, uint32_t b, enum vch_type type);
uint32_t graphs_rescale(struct graphs *build, uint32_t x, enum vch_type type);
uint32_t graphs_relu(struct graphs *build, uint32_t x); // a RESCALE by 1, clamped at 0
uint32_t graphs_table(struct graphs *build, uint32_t x, enum vch_type type);
uint32_t graphs_max_pool(struct graphs *build, uint32_t x, uint32_t kernel, uint32_t stride);
uint32_t graphs_average_pool(struct graphs *build, uint32_t x, uint32_t kernel, uint32_t stride);
uint32_t graphs_concat(struct graphs *build, uint32_t a, uint32_t b, uint32_t axis);
uint32_t graphs_reshape(struct graphs *build, uint32_t x, struct vch_shape shape);
uint32_t graphs_flatten(struct graphs *build, uint32_t x);
uint32_t graphs_transpose(struct graphs *build, uint32_t x); // random permutation
uint32_t graphs_slice(struct graphs *build, uint32_t x);     // random, steps of both signs
uint32_t graphs_pad(struct graphs *build, uint32_t x);       // random
uint32_t graphs_softmax(struct graphs *build, uint32_t x, enum vch_type type);
uint32_t graphs_normalise(struct graphs *build, uint32_t x, enum vch_type type);
uint32_t graphs_divide(struct graphs *build, uint32_t a, uint32_t b, enum vch_type type);
uint32_t graphs_argmax(struct graphs *build, uint32_t x, uint32_t axis);
uint32_t graphs_gather(struct graphs *build, uint32_t x, uint32_t indices, uint32_t axis);
uint32_t graphs_constant(struct graphs *build, enum vch_type type, struct vch_shape shape);
uint32_t graphs_trees(struct graphs *build, uint32_t x, uint32_t tree_count, uint32_t depth,
                      uint32_t targets);
void graphs_output(struct graphs *build, uint32_t value); // argmax: a class, int32: an integer

// The operator that wrote a value, to change before graphs_finish.
struct vch_operator *graphs_writer(struct graphs *build, uint32_t value);

// Whole graphs, with one input and one or two outputs.
struct vch_graph *graphs_random_mlp(struct vch_arena *arena);
struct vch_graph *graphs_random_convnet(struct vch_arena *arena); // residual ADDs, softmax head
struct vch_graph *graphs_random_trees(struct vch_arena *arena);
struct vch_graph *graphs_random(struct vch_arena *arena); // one of the above

// `batch` random samples of a value, extremes included; and zeroed room for them.
struct vch_tensor graphs_random_tensor(const struct vch_graph *graph, uint32_t value,
                                       uint32_t batch, struct vch_arena *arena);
struct vch_tensor graphs_empty_tensor(const struct vch_graph *graph, uint32_t value, uint32_t batch,
                                      struct vch_arena *arena);

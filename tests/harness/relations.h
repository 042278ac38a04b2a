// Graphs of one operator with relations of its own, and inputs with ties, zeros and extremes.
#pragma once

#include "harness/circuits.h"

// The largest axis of a shape: a test may want small ones.
static uint32_t relations_most = 33;

static inline enum vch_type relations_narrow(void)
{
    return test_below(2) ? VCH_TYPE_I8 : VCH_TYPE_I16;
}

static inline enum vch_type relations_any(void)
{
    return (enum vch_type)(VCH_TYPE_I8 + test_below(3));
}

// 1, odd, prime, a power of two and its neighbours.
static inline struct vch_shape relations_shape(uint32_t rank_min, uint32_t rank_max, uint32_t most)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33};
    struct vch_shape shape = {.rank = rank_min + test_below(rank_max - rank_min + 1)};

    if (most > relations_most) most = relations_most;
    for (uint32_t i = 0; i < shape.rank; i++) {
        const uint32_t size = sizes[test_below(sizeof sizes / sizeof *sizes)];
        shape.dims[i] = size <= most ? size : 1 + test_below(most);
    }
    return shape;
}

static inline uint32_t relations_max_pool(struct graphs *build)
{
    const uint32_t channels = 1 + test_below(3), height = 3 + test_below(6);
    const uint32_t x =
        graphs_input(build, relations_any(), graphs_shape(3, channels, height, 3 + test_below(6)));

    return graphs_max_pool(build, x, 1 + test_below(3), 1 + test_below(3));
}

static inline uint32_t relations_argmax(struct graphs *build)
{
    const struct vch_shape shape = relations_shape(1, 3, 33);

    return graphs_argmax(build, graphs_input(build, relations_any(), shape),
                         test_below(shape.rank));
}

static inline uint32_t relations_softmax(struct graphs *build)
{
    const enum vch_type type = test_below(8) ? VCH_TYPE_I8 : VCH_TYPE_I16;

    return graphs_softmax(build, graphs_input(build, type, relations_shape(1, 2, 33)),
                          relations_narrow());
}

static inline uint32_t relations_normalise(struct graphs *build)
{
    return graphs_normalise(build,
                            graphs_input(build, relations_narrow(), relations_shape(1, 2, 33)),
                            relations_narrow());
}

static inline uint32_t relations_divide(struct graphs *build)
{
    const struct vch_shape shape = relations_shape(1, 2, 33);
    struct vch_shape other = shape;

    if (test_below(2)) other.dims[test_below(other.rank)] = 1;
    const uint32_t x = graphs_input(build, relations_narrow(), shape);
    return graphs_divide(build, x, graphs_input(build, relations_narrow(), other), relations_any());
}

// Integers as they come, in all of int32.
static inline uint32_t relations_integer_quotient(struct graphs *build)
{
    static const int32_t multiplier = 1;
    static const uint32_t shifts[] = {1, 1};
    const struct vch_shape shape = relations_shape(1, 1, 33);
    const uint32_t x = graphs_input(build, VCH_TYPE_I32, shape);
    const uint32_t y =
        graphs_divide(build, x, graphs_input(build, VCH_TYPE_I32, shape), VCH_TYPE_I32);

    graphs_writer(build, y)->scaling =
        (struct vch_scaling){1, &multiplier, shifts, INT32_MIN, INT32_MAX};
    return y;
}

static inline uint32_t relations_gather(struct graphs *build)
{
    const struct vch_shape shape = relations_shape(1, 3, 9), picks = relations_shape(0, 2, 5);
    const enum vch_type type = test_below(2) ? VCH_TYPE_I16 : VCH_TYPE_I32;
    const uint32_t x = test_below(2) ? graphs_input(build, relations_any(), shape)
                                     : graphs_constant(build, relations_narrow(), shape);

    return graphs_gather(build, x, graphs_input(build, type, picks), test_below(shape.rank));
}

static inline uint32_t relations_trees(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I32, relations_shape(1, 2, 9));

    return graphs_trees(build, x, 1 + test_below(9), test_below(6), 1 + test_below(12));
}

// A bound that the sum of all trees at once could pass p with.
static inline uint32_t relations_large_trees(struct graphs *build)
{
    const uint32_t y = relations_trees(build);

    graphs_writer(build, y)->bias_bound = (uint64_t)1 << 60;
    return graphs_argmax(build, y, build->graph->values[y].shape.rank - 1);
}

// A function that is flat at its ends, which a short table leaves out: x / 2^shift, clamped.
static inline void relations_flatten(struct graphs *build, uint32_t value)
{
    const struct vch_operator *o = graphs_writer(build, value);
    const bool is_softmax = o->kind == VCH_OPERATOR_SOFTMAX;
    struct vch_table *table = &build->graph->tables[o->table];
    const int32_t zero = table->input == VCH_TYPE_I8 ? 128 : 32768;
    const int32_t lo = is_softmax ? 0 : -(int32_t)test_below(60);
    const int32_t hi = 1 + (int32_t)test_below(60);
    const uint32_t shift = test_below(5);
    int32_t *entries = VCH_ARENA_NEW(build->arena, int32_t, 2 * (size_t)zero);

    for (int32_t i = 0; i < 2 * zero; i++) {
        const int32_t y = ((i - zero) >> shift) + (is_softmax ? hi : 0);
        entries[i] = y < lo ? lo : y > hi ? hi : y;
    }
    table->entries = entries;
}

static inline uint32_t relations_flat_softmax(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I16, relations_shape(1, 2, 33));
    const uint32_t y = graphs_softmax(build, x, relations_narrow());

    relations_flatten(build, y);
    return y;
}

static inline uint32_t relations_flat_table(struct graphs *build)
{
    const uint32_t x = graphs_input(build, relations_narrow(), relations_shape(1, 2, 33));
    const uint32_t y = graphs_table(build, x, relations_any());

    relations_flatten(build, y);
    return y;
}

static const struct relations_maker {
    const char *name;
    uint32_t (*make)(struct graphs *build);
} relations_makers[] = {
    {"max_pool", relations_max_pool},
    {"argmax", relations_argmax},
    {"softmax", relations_softmax},
    {"normalise", relations_normalise},
    {"divide", relations_divide},
    {"divide of integers", relations_integer_quotient},
    {"gather", relations_gather},
    {"trees", relations_trees},
    {"trees with large scores", relations_large_trees},
    {"softmax with a short table", relations_flat_softmax},
    {"table that is short", relations_flat_table},
};

static inline const struct vch_graph *relations_graph(const struct relations_maker *maker,
                                                      struct vch_arena *arena)
{
    struct graphs build;

    graphs_init(&build, arena);
    graphs_output(&build, maker->make(&build));
    return graphs_finish(&build);
}

static inline void relations_store(struct vch_tensor *tensor, size_t i, int64_t value)
{
    if (tensor->type == VCH_TYPE_I8) ((int8_t *)tensor->data)[i] = (int8_t)value;
    if (tensor->type == VCH_TYPE_I16) ((int16_t *)tensor->data)[i] = (int16_t)value;
    if (tensor->type == VCH_TYPE_I32) ((int32_t *)tensor->data)[i] = (int32_t)value;
}

// One of few values, so that there are ties, zeros and both ends; or small ones.
static inline void relations_fill(struct circuits *c)
{
    const struct vch_circuit_ends ends = circuits_ends(c);
    const uint32_t kinds = 1 + test_below(7), range = 2 + test_below(100);
    const bool is_few = test_below(2);

    for (uint32_t i = 0; i < ends.input_count; i++) {
        struct vch_tensor *t = &c->inputs[i];
        const int64_t lo = vch_tensor_type_min(t->type), hi = vch_tensor_type_max(t->type);
        const int64_t few[] = {0, hi, lo, 1, -1, hi - 1, lo + 1};
        const size_t count = vch_tensor_shape_count(&t->shape) * c->claim.batch;
        for (size_t k = 0; k < count; k++)
            relations_store(
                t, k, is_few ? few[test_below(kinds)] : (int64_t)test_below(range) - range / 2);
    }
}

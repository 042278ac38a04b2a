// Operators with relations of their own, on shapes of all sorts, ties, saturation and extremes:
// what a run computes satisfies the statement.
#include "harness/circuits_prove.h"

#include "model/trees.h"

enum { ROUNDS = 40 };

static struct vch_arena arena;

static enum vch_type narrow(void)
{
    return test_below(2) ? VCH_TYPE_I8 : VCH_TYPE_I16;
}

static enum vch_type requantised(void)
{
    return (enum vch_type)(VCH_TYPE_I8 + test_below(3));
}

static uint32_t odd_size(uint32_t most)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33};
    uint32_t size = sizes[test_below(sizeof sizes / sizeof *sizes)];

    return size <= most ? size : 1 + test_below(most);
}

static struct vch_shape random_shape(uint32_t rank_min, uint32_t rank_max, uint32_t most)
{
    struct vch_shape shape = {.rank = rank_min + test_below(rank_max - rank_min + 1)};

    for (uint32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = odd_size(most);
    return shape;
}

static void store(struct vch_tensor *tensor, size_t i, int64_t value)
{
    if (tensor->type == VCH_TYPE_I8) ((int8_t *)tensor->data)[i] = (int8_t)value;
    if (tensor->type == VCH_TYPE_I16) ((int16_t *)tensor->data)[i] = (int16_t)value;
    if (tensor->type == VCH_TYPE_I32) ((int32_t *)tensor->data)[i] = (int32_t)value;
}

// One of few values, so that there are ties, zeros and both ends.
static void fill_few(struct circuits *c)
{
    const struct vch_circuit_ends ends = circuits_ends(c);
    const uint32_t kinds = 1 + test_below(7);

    for (uint32_t i = 0; i < ends.input_count; i++) {
        struct vch_tensor *t = &c->inputs[i];
        const int64_t lo = vch_tensor_type_min(t->type), hi = vch_tensor_type_max(t->type);
        const int64_t few[] = {0, hi, lo, 1, -1, hi - 1, lo + 1};
        const size_t count = vch_tensor_shape_count(&t->shape) * c->claim.batch;
        for (size_t k = 0; k < count; k++)
            store(t, k, few[test_below(kinds)]);
    }
}

static void fill_small(struct circuits *c, uint32_t range)
{
    const struct vch_circuit_ends ends = circuits_ends(c);

    for (uint32_t i = 0; i < ends.input_count; i++) {
        struct vch_tensor *t = &c->inputs[i];
        const size_t count = vch_tensor_shape_count(&t->shape) * c->claim.batch;
        for (size_t k = 0; k < count; k++)
            store(t, k, (int64_t)test_below(range) - range / 2);
    }
}

static void satisfies(const struct vch_graph *graph, uint32_t batch)
{
    struct circuits c;

    circuits_make(&c, graph, batch, &arena);
    circuits_must(&c, circuits_check(&c));
    for (uint32_t i = 0; i < 4; i++) {
        if (i % 2 == 0)
            fill_few(&c);
        else
            fill_small(&c, 2 + test_below(100));
        circuits_witness(&c);
        circuits_must(&c, circuits_check(&c));
    }
}

static void rounds(uint32_t (*make)(struct graphs *build))
{
    for (int i = 0; i < ROUNDS; i++) {
        struct graphs build;
        vch_arena_init(&arena, (size_t)1 << 30);
        graphs_init(&build, &arena);
        graphs_output(&build, make(&build));
        satisfies(graphs_finish(&build), 1 + test_below(3));
        vch_arena_release(&arena);
    }
}

static uint32_t make_max_pool(struct graphs *build)
{
    const uint32_t channels = 1 + test_below(3), height = 3 + test_below(6);
    const uint32_t x =
        graphs_input(build, requantised(), graphs_shape(3, channels, height, 3 + test_below(6)));

    return graphs_max_pool(build, x, 1 + test_below(3), 1 + test_below(3));
}

TEST(max_pool_satisfies_its_circuit)
{
    rounds(make_max_pool);
}

static uint32_t make_argmax(struct graphs *build)
{
    const struct vch_shape shape = random_shape(1, 3, 33);

    return graphs_argmax(build, graphs_input(build, requantised(), shape), test_below(shape.rank));
}

TEST(argmax_satisfies_its_circuit)
{
    rounds(make_argmax);
}

// A function that is flat at its ends, which a short table leaves out: of x / 2^shift, clamped.
static void flatten(struct graphs *build, uint32_t value)
{
    const struct vch_operator *o = graphs_writer(build, value);
    struct vch_table *table = &build->graph->tables[o->table];
    const int32_t zero = table->input == VCH_TYPE_I8 ? 128 : 32768;
    const int32_t lo = o->kind == VCH_OPERATOR_SOFTMAX ? 0 : -(int32_t)test_below(60);
    const int32_t hi = 1 + (int32_t)test_below(60);
    const uint32_t shift = test_below(5);
    int32_t *entries = VCH_ARENA_NEW(&arena, int32_t, 2 * (size_t)zero);

    for (int32_t i = 0; i < 2 * zero; i++) {
        const int32_t y = ((i - zero) >> shift) + (o->kind == VCH_OPERATOR_SOFTMAX ? hi : 0);
        entries[i] = y < lo ? lo : y > hi ? hi : y;
    }
    table->entries = entries;
}

static uint32_t make_flat_softmax(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I16, random_shape(1, 2, 33));
    const uint32_t y = graphs_softmax(build, x, narrow());

    flatten(build, y);
    return y;
}

static uint32_t make_flat_table(struct graphs *build)
{
    const uint32_t x = graphs_input(build, narrow(), random_shape(1, 2, 33));
    const uint32_t y = graphs_table(build, x, requantised());

    flatten(build, y);
    return y;
}

TEST(functions_with_flat_ends_satisfy_their_circuit)
{
    rounds(make_flat_softmax);
    rounds(make_flat_table);
}

static uint32_t make_softmax(struct graphs *build)
{
    const enum vch_type type = test_below(8) ? VCH_TYPE_I8 : VCH_TYPE_I16;

    return graphs_softmax(build, graphs_input(build, type, random_shape(1, 2, 33)), narrow());
}

TEST(softmax_satisfies_its_circuit)
{
    rounds(make_softmax);
}

static uint32_t make_normalise(struct graphs *build)
{
    return graphs_normalise(build, graphs_input(build, narrow(), random_shape(1, 2, 33)), narrow());
}

TEST(normalise_satisfies_its_circuit)
{
    rounds(make_normalise);
}

static uint32_t make_divide(struct graphs *build)
{
    const struct vch_shape shape = random_shape(1, 2, 33);
    struct vch_shape other = shape;

    if (test_below(2)) other.dims[test_below(other.rank)] = 1;
    const uint32_t x = graphs_input(build, narrow(), shape);
    return graphs_divide(build, x, graphs_input(build, narrow(), other), requantised());
}

TEST(divide_satisfies_its_circuit)
{
    rounds(make_divide);
}

// Integers as they come, in all of int32.
static uint32_t make_integer_quotient(struct graphs *build)
{
    const struct vch_shape shape = random_shape(1, 1, 33);
    const uint32_t x = graphs_input(build, VCH_TYPE_I32, shape);
    const uint32_t y =
        graphs_divide(build, x, graphs_input(build, VCH_TYPE_I32, shape), VCH_TYPE_I32);
    struct vch_operator *divide = graphs_writer(build, y);

    *(int32_t *)(uintptr_t)divide->scaling.multipliers = 1;
    ((uint32_t *)(uintptr_t)divide->scaling.shifts)[0] = 1;
    ((uint32_t *)(uintptr_t)divide->scaling.shifts)[1] = 1;
    return y;
}

TEST(quotients_of_integers_satisfy_their_circuit)
{
    rounds(make_integer_quotient);
}

static uint32_t make_gather(struct graphs *build)
{
    const struct vch_shape shape = random_shape(1, 3, 9), picks = random_shape(0, 2, 5);
    const enum vch_type type = test_below(2) ? VCH_TYPE_I16 : VCH_TYPE_I32;
    const uint32_t x = test_below(2) ? graphs_input(build, requantised(), shape)
                                     : graphs_constant(build, narrow(), shape);

    return graphs_gather(build, x, graphs_input(build, type, picks), test_below(shape.rank));
}

TEST(gather_satisfies_its_circuit)
{
    rounds(make_gather);
}

static uint32_t make_trees(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I32, random_shape(1, 2, 9));

    return graphs_trees(build, x, 1 + test_below(9), test_below(6), 1 + test_below(12));
}

TEST(trees_satisfy_their_circuit)
{
    rounds(make_trees);
}

// A bound that the sum of all trees at once could pass p with.
static uint32_t make_large_trees(struct graphs *build)
{
    const uint32_t y = make_trees(build);

    graphs_writer(build, y)->bias_bound = (uint64_t)1 << 60;
    return graphs_argmax(build, y, build->graph->values[y].shape.rank - 1);
}

TEST(trees_with_large_scores_satisfy_their_circuit)
{
    rounds(make_large_trees);
}

TEST(each_is_proven_and_verifies)
{
    static uint32_t (*const makers[])(struct graphs *) = {
        make_max_pool,    make_argmax,       make_softmax,          make_normalise,
        make_divide,      make_gather,       make_integer_quotient, make_trees,
        make_large_trees, make_flat_softmax, make_flat_table};

    FOR_EACH(make, makers)
    {
        struct graphs build;
        struct circuits c;
        struct circuits_proof p;
        vch_arena_init(&arena, (size_t)1 << 30);
        graphs_init(&build, &arena);
        graphs_output(&build, (*make)(&build));
        circuits_make(&c, graphs_finish(&build), 1 + test_below(3), &arena);
        circuits_commit(&p, &c);
        circuits_must(&c, circuits_prove(&p));
        circuits_must(&c, circuits_verify(&p, &c.circuit.statement));
        vch_arena_release(&arena);
    }
}

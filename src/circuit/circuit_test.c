// Every operator, on shapes of all sorts and values up to the extremes: what a run computes
// satisfies the statement.
#include "circuit/circuit.h"

#include "harness/circuits.h"

enum { ROUNDS = 30 };

static struct vch_arena arena;

static enum vch_type narrow(void)
{
    return test_below(2) ? VCH_TYPE_I8 : VCH_TYPE_I16;
}

static enum vch_type requantised(void)
{
    return (enum vch_type)(VCH_TYPE_I8 + test_below(3));
}

static struct vch_shape random_shape(uint32_t rank_min, uint32_t rank_max, uint32_t dim_max)
{
    static const uint32_t odd[] = {1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17};
    struct vch_shape shape = {.rank = rank_min + test_below(rank_max - rank_min + 1)};

    for (uint32_t i = 0; i < shape.rank; i++) {
        const uint32_t dim = odd[test_below(sizeof odd / sizeof *odd)];
        shape.dims[i] = dim <= dim_max ? dim : 1 + test_below(dim_max);
    }
    return shape;
}

// All of one value: the least, the greatest.
static void fill_extreme(struct circuits *c, bool is_greatest)
{
    const struct vch_circuit_ends ends = circuits_ends(c);

    for (uint32_t i = 0; i < ends.input_count; i++) {
        struct vch_tensor *t = &c->inputs[i];
        const size_t count = vch_tensor_shape_count(&t->shape) * c->claim.batch;
        const int64_t value =
            is_greatest ? vch_tensor_type_max(t->type) : vch_tensor_type_min(t->type);
        for (size_t k = 0; k < count; k++) {
            if (t->type == VCH_TYPE_I8) ((int8_t *)t->data)[k] = (int8_t)value;
            if (t->type == VCH_TYPE_I16) ((int16_t *)t->data)[k] = (int16_t)value;
            if (t->type == VCH_TYPE_I32) ((int32_t *)t->data)[k] = (int32_t)value;
        }
    }
}

static void satisfies(const struct vch_graph *graph, uint32_t batch)
{
    struct circuits c;

    circuits_make(&c, graph, batch, &arena);
    circuits_must(&c, circuits_check(&c));
    for (uint32_t i = 0; i < 2; i++) {
        fill_extreme(&c, i == 1);
        circuits_witness(&c);
        circuits_must(&c, circuits_check(&c));
    }
}

// Builds rounds of graphs with one input, made by `make`, and checks them.
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

static uint32_t make_linear(struct graphs *build)
{
    const uint32_t x = graphs_input(build, narrow(), random_shape(1, 3, 17));
    return graphs_linear(build, x, 1 + test_below(17), requantised());
}

TEST(linear_satisfies_its_circuit)
{
    rounds(make_linear);
}

static struct vch_shape image(uint32_t channels)
{
    const uint32_t height = 5 + test_below(8), width = 5 + test_below(8);

    if (test_below(2)) return graphs_shape(3, channels, height, width);
    return (struct vch_shape){4, {1, channels, height, width}};
}

static uint32_t make_convolution(struct graphs *build)
{
    const uint32_t groups = 1 + test_below(3), kernel = 1 + test_below(3);
    const uint32_t x = graphs_input(build, narrow(), image(groups * (1 + test_below(3))));
    const uint32_t y = graphs_convolution(build, x, groups * (1 + test_below(4)), kernel,
                                          1 + test_below(2), groups, requantised());
    struct vch_operator *o = graphs_writer(build, y);
    struct vch_shape *shape = &build->graph->values[y].shape;

    if (kernel > 1 && test_below(2)) { // a dilation and pads that differ
        const uint32_t *in = build->graph->values[x].shape.dims + shape->rank - 3;
        o->window.dilation[0] = 2;
        o->window.pad_begin[1] = 3;
        shape->dims[shape->rank - 2] =
            (in[1] + 2 * (kernel / 2) - (2 * (kernel - 1) + 1)) / o->window.stride[0] + 1;
        shape->dims[shape->rank - 1] = (in[2] + kernel / 2 + 3 - kernel) / o->window.stride[1] + 1;
    }
    return y;
}

TEST(convolution_satisfies_its_circuit)
{
    rounds(make_convolution);
}

static uint32_t make_matmul(struct graphs *build)
{
    const uint32_t m = 1 + test_below(7), k = 1 + test_below(9), n = 1 + test_below(7);
    struct vch_shape a = {4, {1 + test_below(3), 1 + test_below(3), m, k}};
    struct vch_shape b = {4, {a.dims[0], a.dims[1], k, n}};

    if (test_below(2)) a.dims[test_below(2)] = 1;
    if (test_below(2)) b.dims[test_below(2)] = 1;
    if (test_below(3) == 0) b = graphs_shape(2, k, n, 0);
    const uint32_t x = graphs_input(build, narrow(), a);
    return graphs_matmul(build, x, graphs_input(build, narrow(), b), requantised());
}

TEST(matmul_satisfies_its_circuit)
{
    rounds(make_matmul);
}

static uint32_t make_add(struct graphs *build)
{
    const struct vch_shape shape = random_shape(1, 4, 9);
    struct vch_shape other = shape;

    other.dims[test_below(other.rank)] = 1;
    const uint32_t a = graphs_input(build, requantised(), shape);
    return graphs_add(build, a, graphs_input(build, requantised(), other), requantised());
}

TEST(add_satisfies_its_circuit)
{
    rounds(make_add);
}

static uint32_t make_multiply(struct graphs *build)
{
    const struct vch_shape shape = random_shape(2, 4, 9);
    struct vch_shape other = {.rank = shape.rank - 1};

    for (uint32_t i = 0; i < other.rank; i++)
        other.dims[i] = test_below(2) ? shape.dims[i + 1] : 1;
    const uint32_t a = graphs_input(build, narrow(), shape);
    return graphs_multiply(build, a, graphs_input(build, narrow(), other), requantised());
}

TEST(multiply_satisfies_its_circuit)
{
    rounds(make_multiply);
}

static uint32_t make_rescale(struct graphs *build)
{
    const uint32_t x = graphs_input(build, requantised(), random_shape(0, 4, 9));
    return test_below(3) ? graphs_rescale(build, x, requantised()) : graphs_relu(build, x);
}

TEST(rescale_satisfies_its_circuit)
{
    rounds(make_rescale);
}

// So many elements that a table of quotients pays.
static uint32_t make_wide(struct graphs *build)
{
    const struct vch_shape shape = graphs_shape(3, 3, 20 + test_below(40), 33);
    const uint32_t x = graphs_rescale(build, graphs_input(build, narrow(), shape), VCH_TYPE_I8);
    return graphs_add(build, x, graphs_relu(build, x), VCH_TYPE_I8);
}

TEST(many_elements_satisfy_their_circuit)
{
    rounds(make_wide);
}

static uint32_t make_table(struct graphs *build)
{
    const enum vch_type type = test_below(8) ? VCH_TYPE_I8 : VCH_TYPE_I16;
    const uint32_t x = graphs_table(build, graphs_input(build, type, random_shape(0, 3, 9)),
                                    test_below(4) ? type : VCH_TYPE_I32);
    return x;
}

TEST(table_satisfies_its_circuit)
{
    rounds(make_table);
}

static uint32_t make_average_pool(struct graphs *build)
{
    const uint32_t x = graphs_input(build, requantised(), image(1 + test_below(5)));
    return graphs_average_pool(build, x, 1 + test_below(4), 1 + test_below(3));
}

TEST(average_pool_satisfies_its_circuit)
{
    rounds(make_average_pool);
}

// Moves in a row, between two operators that compute.
static uint32_t make_moves(struct graphs *build)
{
    uint32_t x = graphs_input(build, VCH_TYPE_I8, random_shape(2, 4, 5));

    if (test_below(2)) x = graphs_relu(build, x);
    for (uint32_t i = 0; i < 4; i++)
        switch (test_below(6)) {
        case 0: x = graphs_transpose(build, x); break;
        case 1: x = graphs_slice(build, x); break;
        case 2: x = graphs_pad(build, x); break;
        case 3:
            x = graphs_concat(build, x, x, test_below(build->graph->values[x].shape.rank));
            break;
        case 4: x = graphs_flatten(build, x); break;
        default:
            x = graphs_concat(build, x,
                              graphs_constant(build, VCH_TYPE_I8, build->graph->values[x].shape),
                              test_below(build->graph->values[x].shape.rank));
        }
    return test_below(2) ? graphs_relu(build, x) : x;
}

TEST(moves_satisfy_their_circuit)
{
    rounds(make_moves);
}

// A residual network, cut where one value crosses: every segment has its own statement.
TEST(segments_of_a_network_have_circuits_of_their_own)
{
    struct graphs build;
    struct circuits c;
    struct vch_arena scratch;

    vch_arena_init(&arena, (size_t)1 << 30);
    vch_arena_init(&scratch, (size_t)1 << 20);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 3, 8, 8));
    x = graphs_convolution(&build, x, 4, 3, 1, 1, VCH_TYPE_I8);
    const uint32_t y = graphs_convolution(&build, graphs_relu(&build, x), 4, 3, 1, 4, VCH_TYPE_I16);
    x = graphs_add(&build, x, y, VCH_TYPE_I8);
    x = graphs_average_pool(&build, x, 3, 2);
    graphs_output(&build, graphs_linear(&build, graphs_flatten(&build, x), 5, VCH_TYPE_I8));
    const struct vch_graph *graph = graphs_finish(&build);
    const uint32_t cuts[] = {0, 1, 4, 5, graph->operator_count};
    for (uint32_t i = 0; i + 1 < sizeof cuts / sizeof *cuts; i++) {
        circuits_must(&c, circuits_build(&c, graph, cuts[i], cuts[i + 1], 2, &arena));
        circuits_random_inputs(&c);
        circuits_witness(&c);
        circuits_must(&c, circuits_check(&c));
    }
    CHECK_FAILS(circuits_build(&c, graph, 2, 5, 1, &arena), UNSUPPORTED); // two values cross
    CHECK(strstr(c.complaint.text, "operators 2 to 5") != NULL);
    vch_arena_release(&scratch);
    vch_arena_release(&arena);
}

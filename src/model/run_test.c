// Every operator, on shapes of all sorts and values up to the extremes, against the oracle.
#include "model/run.h"

#include "harness/graphs.h"
#include "harness/oracle.h"
#include "harness/test.h"

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

static enum vch_type any(void)
{
    return (enum vch_type)(VCH_TYPE_I8 + test_below(4));
}

static struct vch_shape random_shape(uint32_t rank_min, uint32_t rank_max, uint32_t dim_max)
{
    struct vch_shape shape = {.rank = rank_min + test_below(rank_max - rank_min + 1)};

    for (uint32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = test_below(5) == 0 ? 1 : 1 + test_below(dim_max);
    return shape;
}

static void run(const struct vch_graph *graph, const struct vch_tensor *inputs,
                const struct vch_tensor *outputs, uint32_t batch, enum vch_cpu_level level)
{
    struct vch_kernels kernels = vch_kernels_select(level);
    struct vch_run run = {
        .graph = graph,
        .last = graph->operator_count,
        .batch = batch,
        .kernels = &kernels,
    };
    struct vch_complaint complaint = {.text = ""};

    if (!vch_is_ok(vch_run_graph(&run, inputs, outputs, &arena, &complaint)))
        test_fail(__FILE__, __LINE__, "%s", complaint.text);
}

static void check_against_oracle(const struct vch_graph *graph, uint32_t batch)
{
    struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX], outputs[VCH_GRAPH_PORTS_MAX];
    enum vch_cpu_level level = (enum vch_cpu_level)test_below((uint32_t)vch_cpu_level(NULL) + 1);

    for (uint32_t i = 0; i < graph->input_count; i++)
        inputs[i] = graphs_random_tensor(graph, graph->inputs[i].value, batch, &arena);
    for (uint32_t i = 0; i < graph->output_count; i++)
        outputs[i] = graphs_empty_tensor(graph, graph->outputs[i].value, batch, &arena);
    run(graph, inputs, outputs, batch, level);
    int64_t **want = oracle_run(graph, inputs, batch, &arena);
    for (uint32_t i = 0; i < graph->output_count; i++) {
        size_t count = batch * vch_tensor_shape_count(&outputs[i].shape);
        for (size_t k = 0; k < count; k++)
            CHECK_EQ(oracle_element(outputs[i].data, outputs[i].type, k),
                     want[graph->outputs[i].value][k]);
    }
}

// Graphs of one operator: `build` adds its inputs and gives its output.
static void check_operator(uint32_t (*build)(struct graphs *))
{
    vch_arena_init(&arena, (size_t)1 << 30);
    for (int round = 0; round < ROUNDS; round++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        struct graphs graphs;
        graphs_init(&graphs, &arena);
        graphs_output(&graphs, build(&graphs));
        check_against_oracle(graphs_finish(&graphs), 1 + test_below(6));
        vch_arena_rewind(&arena, mark);
    }
    vch_arena_release(&arena);
}

static uint32_t build_linear(struct graphs *build)
{
    struct vch_shape shape = random_shape(1, 3, 20);

    if (test_below(4) == 0) shape.dims[shape.rank - 1] = 1 + test_below(300);
    uint32_t x = graphs_input(build, narrow(), shape);
    return graphs_linear(build, x, 1 + test_below(150), requantised());
}

TEST(linear_is_what_the_oracle_says)
{
    check_operator(build_linear);
}

// Strides, pads, dilations and kernels that differ between height and width, then repaired so
// that a window fits.
static void randomise_window(struct graphs *build, uint32_t value, bool is_pool)
{
    struct vch_operator *operator_ = graphs_writer(build, value);
    struct vch_shape *out = &build->graph->values[value].shape;
    const struct vch_shape *in = &build->graph->values[operator_->inputs[0]].shape;
    struct vch_window *window = &operator_->window;

    for (uint32_t i = 0; i < 2; i++) {
        uint32_t size = in->dims[in->rank - 2 + i];
        bool is_padded = !is_pool || test_below(2);
        window->stride[i] = 1 + test_below(3);
        window->dilation[i] = is_pool && is_padded ? 1 : 1 + test_below(3);
        uint32_t pad = is_pool ? window->kernel[i] : 5;
        window->pad_begin[i] = is_padded ? test_below(pad) : 0;
        window->pad_end[i] = is_padded ? test_below(pad) : 0;
        uint32_t reach = (window->kernel[i] - 1) * window->dilation[i] + 1;
        if (size + window->pad_begin[i] + window->pad_end[i] < reach) {
            window->dilation[i] = 1;
            reach = window->kernel[i];
        }
        while (size + window->pad_begin[i] + window->pad_end[i] < reach)
            window->pad_begin[i] < window->pad_end[i] ? window->pad_begin[i]++
                                                      : window->pad_end[i]++;
        out->dims[out->rank - 2 + i] =
            (size + window->pad_begin[i] + window->pad_end[i] - reach) / window->stride[i] + 1;
    }
}

static struct vch_shape random_image(uint32_t channels)
{
    struct vch_shape shape = {3, {channels, 1 + test_below(14), 1 + test_below(14)}};

    if (test_below(3) != 0) return shape;
    return (struct vch_shape){4, {1, channels, shape.dims[1], shape.dims[2]}};
}

static uint32_t build_convolution(struct graphs *build)
{
    uint32_t groups = test_below(2) ? 1 : 1 + test_below(5);
    uint32_t channels = groups * (test_below(3) == 0 ? 1 : 1 + test_below(6));
    uint32_t outputs = groups * (1 + test_below(test_below(4) == 0 ? 90 : 9));
    uint32_t kernel = 1 + test_below(test_below(2) ? 1 : 4);
    uint32_t x = graphs_input(build, narrow(), random_image(channels));
    uint32_t y = graphs_convolution(build, x, outputs, kernel | 1, 1, groups, requantised());

    if (kernel > 1 || test_below(2)) randomise_window(build, y, false);
    return y;
}

TEST(convolution_is_what_the_oracle_says)
{
    check_operator(build_convolution);
}

// Depthwise and pointwise convolutions wide enough for more than one block of a row.
static uint32_t build_wide_convolution(struct graphs *build)
{
    struct vch_shape shape = {3, {1 + test_below(3), 2, 200 + test_below(200)}};
    uint32_t groups = test_below(2) ? shape.dims[0] : 1, kernel = test_below(2) ? 1 : 3;
    uint32_t x = graphs_input(build, narrow(), shape);
    return graphs_convolution(build, x, groups * (1 + test_below(3)), kernel, 1 + test_below(2),
                              groups, narrow());
}

TEST(convolution_of_wide_images_is_what_the_oracle_says)
{
    check_operator(build_wide_convolution);
}

// Too long for int32 sums: depth above VCH_DOT_I8_COUNT_MAX, all at the extremes.
static void set_all(void *data, size_t count, int8_t value)
{
    for (size_t i = 0; i < count; i++)
        ((int8_t *)data)[i] = value;
}

TEST(sums_longer_than_int32_holds_are_exact)
{
    static int8_t x[VCH_DOT_I8_COUNT_MAX + 5000];
    const size_t depth = sizeof x;
    uint32_t size = (uint32_t)depth;
    struct graphs build;
    int32_t y[2] = {0, 0};

    vch_arena_init(&arena, (size_t)1 << 30);
    set_all(x, depth, -127);
    for (int kind = 0; kind < 2; kind++) {
        graphs_init(&build, &arena);
        uint32_t image = graphs_input(
            &build, VCH_TYPE_I8, kind ? graphs_shape(3, size, 1, 1) : graphs_shape(1, size, 0, 0));
        uint32_t out = kind ? graphs_convolution(&build, image, 1, 1, 1, 1, VCH_TYPE_I32)
                            : graphs_linear(&build, image, 1, VCH_TYPE_I32);
        struct vch_operator *writer = graphs_writer(&build, out);
        writer->parameter_count = 1;
        writer->bias_bound = 0;
        writer->scaling.lo = INT32_MIN;
        ((int32_t *)(uintptr_t)writer->scaling.multipliers)[0] = 1;
        ((uint32_t *)(uintptr_t)writer->scaling.shifts)[0] = 8;
        build.graph->parameter_count = 1;
        set_all((void *)(uintptr_t)build.graph->parameters[0].data, depth, 127);
        graphs_output(&build, out);
        const struct vch_graph *graph = graphs_finish(&build);
        const struct vch_tensor input = {VCH_TYPE_I8, graph->values[image].shape, x};
        const struct vch_tensor output = {VCH_TYPE_I32, graph->values[out].shape, y};
        int64_t sum = -(int64_t)depth * 127 * 127;
        for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
            run(graph, &input, &output, 1, level);
            CHECK_EQ(y[0], oracle_requantise(sum, 1, 8, INT32_MIN, INT32_MAX));
        }
    }
    vch_arena_release(&arena);
}

static uint32_t build_matmul(struct graphs *build)
{
    uint32_t dim_max = test_below(4) == 0 ? 90 : 12;
    struct vch_shape a = random_shape(2, 5, 3), b = random_shape(2, 5, 3);

    for (uint32_t i = 3; i <= a.rank && i <= b.rank; i++) // outer axes agree or stretch
        if (a.dims[a.rank - i] != 1 && b.dims[b.rank - i] != 1)
            b.dims[b.rank - i] = a.dims[a.rank - i];
    a.dims[a.rank - 2] = 1 + test_below(dim_max);
    a.dims[a.rank - 1] = b.dims[b.rank - 2] = 1 + test_below(dim_max);
    b.dims[b.rank - 1] = 1 + test_below(dim_max);
    uint32_t x = graphs_input(build, narrow(), a);
    uint32_t y =
        test_below(3) == 0 ? graphs_constant(build, narrow(), b) : graphs_input(build, narrow(), b);
    return graphs_matmul(build, x, y, requantised());
}

TEST(matmul_is_what_the_oracle_says)
{
    check_operator(build_matmul);
}

// `b` with some axes of `a` stretched or missing.
static struct vch_shape stretchable(const struct vch_shape *a)
{
    struct vch_shape b = {.rank = test_below(a->rank + 1)};

    for (uint32_t i = 0; i < b.rank; i++)
        b.dims[i] = test_below(3) == 0 ? 1 : a->dims[a->rank - b.rank + i];
    return b;
}

static uint32_t build_pair(struct graphs *build, bool is_sum)
{
    struct vch_shape shape = random_shape(0, 5, test_below(4) == 0 ? 12 : 4);
    enum vch_type type = is_sum ? requantised() : narrow();
    uint32_t a = graphs_input(build, type, shape), b = a;

    switch (test_below(3)) {
    case 0: b = graphs_input(build, is_sum ? requantised() : narrow(), stretchable(&shape)); break;
    case 1: b = graphs_constant(build, narrow(), stretchable(&shape)); break;
    default: break; // itself
    }
    if (test_below(2)) {
        uint32_t swapped = a;
        a = b;
        b = swapped;
    }
    return is_sum ? graphs_add(build, a, b, requantised())
                  : graphs_multiply(build, a, b, requantised());
}

static uint32_t build_add(struct graphs *build)
{
    return build_pair(build, true);
}

static uint32_t build_multiply(struct graphs *build)
{
    return build_pair(build, false);
}

TEST(add_is_what_the_oracle_says)
{
    check_operator(build_add);
}

TEST(multiply_is_what_the_oracle_says)
{
    check_operator(build_multiply);
}

static uint32_t build_rescale(struct graphs *build)
{
    uint32_t x = graphs_input(build, requantised(), random_shape(0, 3, 40));
    return test_below(3) == 0 ? graphs_relu(build, x) : graphs_rescale(build, x, requantised());
}

TEST(rescale_is_what_the_oracle_says)
{
    check_operator(build_rescale);
}

static uint32_t build_scores(struct graphs *build)
{
    uint32_t x = graphs_input(build, VCH_TYPE_I32, random_shape(1, 2, 9));
    x = graphs_trees(build, x, 1 + test_below(9), test_below(6), 1 + test_below(4));
    return test_below(2) ? x : graphs_rescale(build, x, requantised());
}

TEST(trees_are_what_the_oracle_says)
{
    check_operator(build_scores);
}

static uint32_t build_table(struct graphs *build)
{
    uint32_t x = graphs_input(build, narrow(), random_shape(0, 3, 20));
    return graphs_table(build, x, requantised());
}

TEST(table_is_what_the_oracle_says)
{
    check_operator(build_table);
}

static uint32_t build_max_pool(struct graphs *build)
{
    uint32_t x = graphs_input(build, any(), random_image(1 + test_below(4)));
    uint32_t y = graphs_max_pool(build, x, 1 + test_below(4), 1);
    randomise_window(build, y, true);
    return y;
}

TEST(max_pool_is_what_the_oracle_says)
{
    check_operator(build_max_pool);
}

// The count of multipliers follows the pads, so the window is only stretched where it has none.
static uint32_t build_average_pool(struct graphs *build)
{
    uint32_t x = graphs_input(build, requantised(), random_image(1 + test_below(4)));
    return graphs_average_pool(build, x, 1 + test_below(5), 1 + test_below(3));
}

TEST(average_pool_is_what_the_oracle_says)
{
    check_operator(build_average_pool);
}

static uint32_t build_concat(struct graphs *build)
{
    struct vch_shape shape = random_shape(1, 4, 6), other = shape;
    enum vch_type type = any();
    uint32_t axis = test_below(shape.rank);

    other.dims[axis] = 1 + test_below(9);
    uint32_t x = graphs_input(build, type, shape);
    uint32_t y =
        test_below(2) ? graphs_input(build, type, other) : graphs_constant(build, type, other);
    return test_below(2) ? graphs_concat(build, x, y, axis) : graphs_concat(build, y, x, axis);
}

TEST(concat_is_what_the_oracle_says)
{
    check_operator(build_concat);
}

static uint32_t build_move(struct graphs *build)
{
    uint32_t x = graphs_input(build, any(), random_shape(1, 6, 5));

    switch (test_below(4)) {
    case 0: return graphs_transpose(build, x);
    case 1: return graphs_slice(build, x);
    case 2: return graphs_pad(build, x);
    default: return graphs_transpose(build, graphs_flatten(build, graphs_slice(build, x)));
    }
}

TEST(moving_elements_is_what_the_oracle_says)
{
    for (int i = 0; i < 4; i++)
        check_operator(build_move);
}

// Axes of size 1 do not count when rows become columns: most axes here have it.
static uint32_t build_turn(struct graphs *build)
{
    struct vch_shape shape = {.rank = 1 + test_below(6)};

    for (uint32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = test_below(2) ? 1 : 1 + test_below(9);
    return graphs_transpose(build, graphs_input(build, any(), shape));
}

TEST(transposing_with_axes_of_one_is_what_the_oracle_says)
{
    for (int i = 0; i < 10; i++)
        check_operator(build_turn);
}

static uint32_t build_softmax(struct graphs *build)
{
    uint32_t x = graphs_input(build, narrow(), random_shape(1, 3, 30));
    return graphs_softmax(build, x, narrow());
}

TEST(softmax_is_what_the_oracle_says)
{
    check_operator(build_softmax);
}

static uint32_t build_normalise(struct graphs *build)
{
    uint32_t x = graphs_input(build, narrow(), random_shape(1, 3, 30));
    return graphs_normalise(build, x, narrow());
}

TEST(normalising_is_what_the_oracle_says)
{
    check_operator(build_normalise);
}

static uint32_t build_divide(struct graphs *build)
{
    struct vch_shape shape = random_shape(1, 4, 6), other = shape;
    uint32_t x = graphs_input(build, requantised(), shape);

    other.dims[test_below(other.rank)] = 1;
    uint32_t y = graphs_constant(build, requantised(), test_below(2) ? shape : other);
    if (test_below(4) == 0) y = x; // zeros and signs of all kinds
    return test_below(2) ? graphs_divide(build, x, y, requantised())
                         : graphs_divide(build, y, x, requantised());
}

TEST(divide_is_what_the_oracle_says)
{
    check_operator(build_divide);
}

static uint32_t build_argmax(struct graphs *build)
{
    struct vch_shape shape = random_shape(1, 4, 6);
    uint32_t x = graphs_input(build, any(), shape);
    return graphs_argmax(build, x, test_below(shape.rank));
}

TEST(argmax_is_what_the_oracle_says)
{
    check_operator(build_argmax);
}

// Half of the time the indices fit the axis, else they are anything.
static uint32_t build_gather(struct graphs *build)
{
    struct vch_shape shape = random_shape(1, 4, 6), picks = random_shape(0, 2, 5);
    uint32_t axis = test_below(shape.rank), x = graphs_input(build, any(), shape);
    enum vch_type type = test_below(2) ? VCH_TYPE_I16 : VCH_TYPE_I32;

    if (test_below(2)) return graphs_gather(build, x, graphs_input(build, type, picks), axis);
    picks.dims[picks.rank++] = shape.dims[axis];
    uint32_t scores = graphs_input(build, narrow(), picks);
    return graphs_gather(build, x, graphs_argmax(build, scores, picks.rank - 1), axis);
}

TEST(gather_is_what_the_oracle_says)
{
    check_operator(build_gather);
}

TEST(whole_graphs_are_what_the_oracle_says)
{
    vch_arena_init(&arena, (size_t)1 << 30);
    for (int round = 0; round < ROUNDS; round++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        check_against_oracle(graphs_random(&arena), 1 + test_below(5));
        vch_arena_rewind(&arena, mark);
    }
    vch_arena_release(&arena);
}

// Sums of int16 are formed in runs of equal length, the last of which ends beyond the row: what
// lies there must belong to the run. The sanitizer watches.
TEST(long_sums_read_nothing_beyond_their_operands)
{
    static const struct {
        uint32_t rows, depth, batch; // of a chunk, so that all the memory planned is used
    } cases[] = {{1, 511, 64}, {1, 513, 64}, {32, 5121, 3}, {5, 100001, 13}};

    vch_arena_init(&arena, (size_t)1 << 30);
    FOR_EACH(c, cases)
    {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        struct graphs build;
        graphs_init(&build, &arena);
        uint32_t x = graphs_input(&build, VCH_TYPE_I16, graphs_shape(2, c->rows, c->depth, 0));
        graphs_output(&build, graphs_linear(&build, x, 3, VCH_TYPE_I16));
        check_against_oracle(graphs_finish(&build), c->batch);
        vch_arena_rewind(&arena, mark);
    }
    vch_arena_release(&arena);
}

TEST(constants_alone_fill_the_whole_batch)
{
    struct graphs build;

    vch_arena_init(&arena, (size_t)1 << 30);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 7, 0, 0));
    uint32_t constant = graphs_constant(&build, VCH_TYPE_I8, graphs_shape(2, 3, 7, 0));
    uint32_t moved = graphs_transpose(&build, graphs_relu(&build, constant));
    graphs_output(&build, constant);
    graphs_output(&build, graphs_linear(&build, constant, 5, VCH_TYPE_I16));
    graphs_output(&build, moved);
    graphs_output(&build, graphs_flatten(&build, constant));
    graphs_output(&build, graphs_add(&build, x, constant, VCH_TYPE_I8));
    check_against_oracle(graphs_finish(&build), 3);
    vch_arena_release(&arena);
}

TEST(inputs_outside_their_range_are_refused)
{
    struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    struct vch_complaint complaint = {.text = ""};
    struct graphs build;
    int8_t x[2 * 3] = {1, 2, 3, 4, 5, -128}, y[2 * 4];

    vch_arena_init(&arena, (size_t)1 << 30);
    graphs_init(&build, &arena);
    uint32_t value = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 3, 0, 0));
    graphs_output(&build, graphs_linear(&build, value, 4, VCH_TYPE_I8));
    const struct vch_graph *graph = graphs_finish(&build);
    struct vch_run run = {.graph = graph, .last = 1, .batch = 2, .kernels = &kernels};
    struct vch_tensor input = {VCH_TYPE_I8, graphs_shape(1, 3, 0, 0), x};
    struct vch_tensor output = {VCH_TYPE_I8, graphs_shape(1, 4, 0, 0), y};

    CHECK_FAILS(vch_run_graph(&run, &input, &output, &arena, &complaint), MALFORMED);
    CHECK(complaint.text[0] != '\0');
    x[5] = -127;
    CHECK_OK(vch_run_graph(&run, &input, &output, &arena, NULL));
    input.type = VCH_TYPE_I16;
    CHECK_FAILS(vch_run_graph(&run, &input, &output, &arena, NULL), MALFORMED);
    vch_arena_release(&arena);
}

// Between segments an int64 comes from outside: sums were bounded for what honest trees give.
TEST(scores_beyond_what_their_trees_may_give_are_refused)
{
    struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    struct graphs build;
    int64_t x[2 * 3] = {0};
    int8_t y[2 * 3];

    vch_arena_init(&arena, (size_t)1 << 30);
    graphs_init(&build, &arena);
    uint32_t keys = graphs_input(&build, VCH_TYPE_I32, graphs_shape(1, 5, 0, 0));
    uint32_t scores = graphs_trees(&build, keys, 4, 3, 3);
    uint32_t answer = graphs_rescale(&build, scores, VCH_TYPE_I8);
    graphs_output(&build, answer);
    const struct vch_graph *graph = graphs_finish(&build);
    struct vch_run run = {.graph = graph, .first = 1, .last = 2, .batch = 2, .kernels = &kernels};
    struct vch_tensor input = {VCH_TYPE_I64, graph->values[scores].shape, x};
    struct vch_tensor output = {VCH_TYPE_I8, graph->values[answer].shape, y};
    int64_t most = (int64_t)graph->operators[0].bias_bound;
    const int64_t lies[] = {most + 1, -most - 1, INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct vch_complaint complaint = {.text = ""};
        x[5] = lies[i];
        CHECK_FAILS(
            vch_run_execute(&run, &scores, &input, 1, &answer, &output, 1, &arena, &complaint),
            MALFORMED);
        CHECK(complaint.text[0] != '\0');
    }
    x[5] = most;
    x[4] = -most;
    CHECK_OK(vch_run_execute(&run, &scores, &input, 1, &answer, &output, 1, &arena, NULL));
    vch_arena_release(&arena);
}

TEST(a_run_without_enough_memory_is_refused)
{
    struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    struct vch_complaint complaint = {.text = ""};
    struct vch_arena small;

    vch_arena_init(&arena, (size_t)1 << 30);
    const struct vch_graph *graph = graphs_random_mlp(&arena);
    struct vch_run run = {
        .graph = graph, .last = graph->operator_count, .batch = 1, .kernels = &kernels};
    struct vch_tensor x = graphs_random_tensor(graph, graph->inputs[0].value, 1, &arena);
    struct vch_tensor y = graphs_empty_tensor(graph, graph->outputs[0].value, 1, &arena);

    for (size_t limit = 0; limit < 400; limit += 100) {
        complaint.text[0] = '\0';
        vch_arena_init(&small, limit);
        CHECK_FAILS(vch_run_graph(&run, &x, &y, &small, &complaint), NO_MEMORY);
        CHECK(complaint.text[0] != '\0');
        vch_arena_release(&small);
    }
    vch_arena_release(&arena);
}

// A residual block whose parts are wanted as outputs too, in a batch: what goes to the caller's
// memory must not change the plan.
TEST(every_value_may_be_asked_for_at_once)
{
    struct vch_kernels kernels = vch_kernels_select(vch_cpu_level(NULL));
    enum { BATCH = 3, VALUES_MAX = 64 };

    vch_arena_init(&arena, (size_t)1 << 30);
    for (int round = 0; round < ROUNDS; round++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        const struct vch_graph *graph = graphs_random(&arena);
        struct vch_run run = {
            .graph = graph, .last = graph->operator_count, .batch = BATCH, .kernels = &kernels};
        struct vch_tensor x = graphs_random_tensor(graph, 0, BATCH, &arena), outputs[VALUES_MAX];
        uint32_t values[VALUES_MAX], count = 0;
        struct vch_arena own;
        size_t size = 0;
        CHECK(graph->value_count <= VALUES_MAX && graph->inputs[0].value == 0);
        for (uint32_t i = 0; i < graph->value_count; i++) {
            if (test_below(3) == 0) continue; // not quite all
            values[count] = i;
            outputs[count++] = graphs_empty_tensor(graph, i, BATCH, &arena);
        }
        CHECK_OK(vch_run_memory(&size, &run, &arena));
        vch_arena_init(&own, size);
        CHECK_OK(vch_run_execute(&run, &graph->inputs[0].value, &x, 1, values, outputs, count, &own,
                                 NULL));
        vch_arena_release(&own);
        int64_t **want = oracle_run(graph, &x, BATCH, &arena);
        for (uint32_t i = 0; i < count; i++)
            for (size_t k = 0; k < BATCH * vch_tensor_shape_count(&outputs[i].shape); k++)
                CHECK_EQ(oracle_element(outputs[i].data, outputs[i].type, k), want[values[i]][k]);
        vch_arena_rewind(&arena, mark);
    }
    vch_arena_release(&arena);
}

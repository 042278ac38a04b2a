// Whole imports of tiny models: what the integers compute, against the float model.
#include "import/import.h"

#include <math.h>
#include <string.h>

#include "harness/onnx.h"
#include "harness/spec.h"
#include "harness/test.h"
#include "import/quantise.h"
#include "model/manifest.h"
#include "model/run.h"

#define DIMS(...) \
    (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)
#define NUMBERS DIMS

enum { SAMPLES = 64, SIZE_MAX_ = 256 };

static struct onnx onnx;
static struct vch_arena arena;
static struct vch_complaint complaint;
static struct vch_graph *graph;
static struct vch_import_report report;
static float values[SAMPLES * SIZE_MAX_];

static float any_real(void)
{
    return (float)test_below(2000001) * 1e-6f - 1;
}

static struct vch_npy any_samples(size_t size)
{
    for (size_t i = 0; i < SAMPLES * size; i++)
        values[i] = any_real();
    return (struct vch_npy){
        .rank = 2, .dims = {SAMPLES, size}, .count = SAMPLES * size, .values = values};
}

static vch_status import_with(unsigned bits, const struct vch_npy *samples, size_t memory)
{
    const struct onnx_bytes *file = onnx_finish(&onnx);
    static struct vch_kernels kernels;
    const struct vch_import_options options = {
        .activation_bits = bits, .calibration = samples, .kernels = &kernels};

    kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    vch_arena_release(&arena);
    vch_arena_init(&arena, memory);
    complaint.text[0] = '\0';
    return vch_import_onnx(&graph, &report, file->bytes, file->size, &options, &arena, &complaint);
}

static vch_status import(unsigned bits, size_t size)
{
    struct vch_npy samples = any_samples(size);

    return import_with(bits, &samples, (size_t)64 << 20);
}

static void check_close(double part_of_range)
{
    for (uint32_t i = 0; i < report.output_count; i++)
        if (!(report.outputs[i].error_max <= part_of_range * report.outputs[i].range))
            test_fail(__FILE__, __LINE__, "output %s is off by %g of %g", report.outputs[i].name,
                      report.outputs[i].error_max, report.outputs[i].range);
}

static void node(const char *operator_, const char *inputs, const char *outputs)
{
    onnx_node(&onnx, operator_, inputs, outputs);
    onnx_end(&onnx);
}

static void reals(const char *name, const int64_t *dims, size_t rank)
{
    static float list[4096];
    size_t count = 1;

    for (size_t i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    CHECK(count <= 4096);
    for (size_t i = 0; i < count; i++)
        list[i] = any_real();
    onnx_reals(&onnx, name, dims, rank, list);
}

static void start(int64_t opset, const int64_t *dims, size_t rank)
{
    onnx_init(&onnx, opset);
    onnx_input(&onnx, "x", dims, rank);
    onnx_output(&onnx, "y");
}

static void perceptron(void)
{
    start(13, DIMS(-1, 12));
    reals("w", DIMS(20, 12));
    reals("b", DIMS(20));
    reals("v", DIMS(20, 5));
    onnx_node(&onnx, "Gemm", "x,w,b", "h");
    onnx_attribute_integer(&onnx, "transB", 1);
    onnx_end(&onnx);
    node("Relu", "h", "r");
    node("MatMul", "r,v", "y");
}

static uint32_t count_kind(enum vch_operator_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < graph->operator_count; i++)
        count += graph->operators[i].kind == kind;
    return count;
}

TEST(import_takes_models_that_do_nothing)
{
    start(13, DIMS(-1, 3));
    node("Identity", "x", "y");
    CHECK_OK(import(8, 3));
    CHECK_EQ(graph->operator_count, 1); // a port of its own
}

// Shapes are divided by the sizes of what is computed with: no file may bring a size of 0.
TEST(import_refuses_to_compute_with_constants_of_no_elements)
{
    static const struct {
        const char *operator_, *inputs;
    } cases[] = {
        {"GatherND", "empty,none"},
        {"Pad", "empty,pads"},
        {"PRelu", "empty,slope"},
        {"CumSum", "empty,axis"},
        {"Softmax", "empty"},
        {"Tile", "empty,pads"},
        {"LayerNormalization", "empty,slope"},
    };

    FOR_EACH(c, cases)
    {
        start(17, DIMS(-1, 3));
        onnx_reals(&onnx, "empty", DIMS(0, 3), NULL);
        onnx_reals(&onnx, "slope", DIMS(1), (const float[]){0.5F});
        onnx_integers(&onnx, "none", NULL, 0);
        onnx_integers(&onnx, "pads", NUMBERS(1, 1, 1, 1));
        onnx_integers(&onnx, "axis", NUMBERS(1));
        node(c->operator_, c->inputs, "dead");
        node("Relu", "x", "y");
        CHECK_FAILS(import(8, 3), UNSUPPORTED);
        if (strstr(complaint.text, "no elements") == NULL)
            test_fail(__FILE__, __LINE__, "%s", complaint.text);
    }
}

// Files of a few bytes that would take hours or all memory, were sizes not looked at first.
TEST(import_refuses_what_would_grow_without_end)
{
    enum { LONG = 1 << 20 };

    start(17, DIMS(1, 1, LONG));
    onnx_node(&onnx, "MaxPool", "x", "y");
    onnx_attribute_integers(&onnx, "kernel_shape", NUMBERS(1024));
    onnx_attribute_integers(&onnx, "dilations", NUMBERS(2));
    onnx_attribute_integers(&onnx, "pads", NUMBERS(1, 1));
    onnx_end(&onnx);
    CHECK_FAILS(import(8, 1), LIMIT);
    CHECK(strstr(complaint.text, "windows of 1024 elements") != NULL);

    start(17, DIMS(1, LONG, 1));
    onnx_integers(&onnx, "step", NUMBERS(1));
    onnx_reals(&onnx, "window", DIMS(4096), (const float[4096]){0});
    onnx_integers(&onnx, "length", NUMBERS(4096));
    node("STFT", "x,step,window,length", "y");
    CHECK_FAILS(import(8, 1), LIMIT);
    CHECK(strstr(complaint.text, "frames of 4096 numbers") != NULL);

    start(18, DIMS(1, 3));
    onnx_integers(&onnx, "shape", NUMBERS(INT64_MIN, 3));
    node("CenterCropPad", "x,shape", "y");
    CHECK_FAILS(import(8, 3), LIMIT);
}

TEST(import_cuts_long_names_between_characters)
{
    char name[202] = "x";

    for (size_t i = 1; i < sizeof name - 1; i += 2)
        memcpy(name + i, "\xc3\xa9", 2);
    name[sizeof name - 1] = '\0';
    onnx_init(&onnx, 13);
    onnx_input(&onnx, name, DIMS(-1, 3));
    onnx_output(&onnx, "y");
    node("Relu", name, "y");
    CHECK_OK(import(8, 3));
    CHECK_EQ(strlen(graph->inputs[0].name), 199);
    CHECK_OK(vch_manifest_check_text(graph->inputs[0].name, NULL));
}

TEST(import_makes_a_perceptron_of_two_operators_that_is_close_to_the_float_model)
{
    perceptron();
    CHECK_OK(import(8, 12));
    CHECK_EQ(graph->operator_count, 2);
    CHECK_EQ(graph->operators[0].scaling.lo, 0); // the ReLU is the first one's clamp
    CHECK_EQ(graph->values[graph->operators[0].output].type, VCH_TYPE_I8);
    CHECK_EQ(graph->values[graph->outputs[0].value].type, VCH_TYPE_I16);
    check_close(0.03);
    CHECK_OK(import(16, 12));
    check_close(0.015);
}

TEST(import_folds_normalisation_sums_and_scales_into_weights)
{
    start(13, DIMS(1, 3, 8, 8));
    reals("w", DIMS(4, 3, 3, 3));
    reals("bias", DIMS(4, 1, 1));
    reals("scale", DIMS(4));
    onnx_reals(&onnx, "variance", DIMS(4), (const float[]){0.5f, 1, 2, 0.25f});
    onnx_reals(&onnx, "half", DIMS(1), (const float[]){0.5f});
    node("Mul", "x,half", "s");
    node("Conv", "s,w", "c");
    node("Add", "c,bias", "d");
    node("BatchNormalization", "d,scale,scale,scale,variance", "n");
    node("Relu", "n", "y");
    CHECK_OK(import(8, 192));
    CHECK_EQ(graph->operator_count, 1);
    check_close(0.03);
}

TEST(import_shifts_inputs_only_where_no_padding_would_need_it)
{
    for (int64_t pad = 0; pad < 2; pad++) {
        start(13, DIMS(1, 2, 6, 6));
        reals("w", DIMS(3, 2, 3, 3));
        reals("mean", DIMS(2, 1, 1));
        node("Sub", "x,mean", "s");
        onnx_node(&onnx, "Conv", "s,w", "y");
        onnx_attribute_integers(&onnx, "pads", NUMBERS(pad, pad, pad, pad));
        onnx_end(&onnx);
        CHECK_OK(import(8, 72));
        CHECK_EQ(count_kind(VCH_OPERATOR_CONVOLUTION), 1 + pad);
        check_close(0.04);
    }
}

TEST(import_agrees_on_every_table_function)
{
    static const char *const functions[] = {
        "Abs", "Elu",  "Erf",     "Exp",      "HardSigmoid", "HardSwish", "LeakyRelu", "Mish",
        "Neg", "Selu", "Sigmoid", "Softplus", "Softsign",    "Tanh",      "Sin",       "Cos",
    };

    FOR_EACH(function, functions)
    {
        start(18, DIMS(1, 16));
        node(*function, "x", "y");
        CHECK_OK(import(16, 16));
        check_close(0.001);
    }
}

TEST(import_rounds_tables_correctly)
{
    start(13, DIMS(1, 16));
    node("Tanh", "x", "y");
    CHECK_OK(import(8, 16));
    double in = 0, out = 0;
    memcpy(&in, &graph->inputs[0].scale_bits, sizeof in);
    memcpy(&out, &graph->outputs[0].scale_bits, sizeof out);
    CHECK_EQ(graph->table_count, 1);
    for (int i = -128; i < 128; i++)
        CHECK(fabs(tanh(in * i) / out - graph->tables[0].entries[i + 128]) <= 0.5 + 1e-9);
}

TEST(import_agrees_on_moves_pools_and_products)
{
    start(13, DIMS(1, 2, 6, 6));
    onnx_integers(&onnx, "flat", NUMBERS(2, 36));
    onnx_integers(&onnx, "pads", NUMBERS(0, 0, 1, 2, 0, 0, 0, 1));
    onnx_integers(&onnx, "axes", NUMBERS(1));
    node("Pad", "x,pads", "p");
    onnx_node(&onnx, "AveragePool", "p", "a");
    onnx_attribute_integers(&onnx, "kernel_shape", NUMBERS(2, 2));
    onnx_attribute_integers(&onnx, "pads", NUMBERS(1, 0, 0, 1));
    onnx_end(&onnx);
    onnx_node(&onnx, "MaxPool", "a", "m");
    onnx_attribute_integers(&onnx, "kernel_shape", NUMBERS(2, 3));
    onnx_end(&onnx);
    onnx_node(&onnx, "Concat", "m,m", "c");
    onnx_attribute_integer(&onnx, "axis", 1);
    onnx_end(&onnx);
    onnx_node(&onnx, "Transpose", "c", "t");
    onnx_attribute_integers(&onnx, "perm", NUMBERS(0, 1, 3, 2));
    onnx_end(&onnx);
    node("MatMul", "c,t", "q");
    onnx_node(&onnx, "ReduceMean", "q", "r");
    onnx_attribute_integers(&onnx, "axes", NUMBERS(3));
    onnx_end(&onnx);
    node("Mul", "q,r", "u");
    node("Add", "u,q", "y");
    CHECK_OK(import(16, 72));
    check_close(0.003);
}

// The same model as two opsets write it.
static struct vch_shape softmax_shape(int64_t opset)
{
    start(opset, DIMS(1, 3, 4));
    node("Softmax", "x", "y");
    CHECK_OK(import(16, 12));
    check_close(0.002);
    for (uint32_t i = 0; i < graph->operator_count; i++)
        if (graph->operators[i].kind == VCH_OPERATOR_SOFTMAX)
            return graph->values[graph->operators[i].output].shape;
    return (struct vch_shape){0};
}

TEST(import_takes_softmax_over_what_its_opset_says)
{
    struct vch_shape old = softmax_shape(12), now = softmax_shape(13);

    CHECK_EQ(old.dims[old.rank - 1], 12); // all axes from 1 on
    CHECK_EQ(now.dims[now.rank - 1], 4);  // the last axis
}

TEST(import_reads_lists_as_attributes_or_operands)
{
    for (int64_t opset = 9; opset <= 13; opset += 4) {
        start(opset, DIMS(1, 6, 1));
        onnx_node(&onnx, "Squeeze", opset < 13 ? "x" : "x,axes", "s");
        if (opset < 13) onnx_attribute_integers(&onnx, "axes", NUMBERS(2));
        onnx_end(&onnx);
        onnx_node(&onnx, "Slice", opset < 13 ? "s" : "s,begin,end,one", "t");
        if (opset < 13) onnx_attribute_integers(&onnx, "starts", NUMBERS(-5));
        if (opset < 13) onnx_attribute_integers(&onnx, "ends", NUMBERS(INT64_MAX));
        if (opset < 13) onnx_attribute_integers(&onnx, "axes", NUMBERS(1));
        onnx_end(&onnx);
        onnx_integers(&onnx, "axes", NUMBERS(2));
        onnx_integers(&onnx, "one", NUMBERS(1));
        onnx_integers(&onnx, "begin", NUMBERS(-5));
        onnx_integers(&onnx, "end", NUMBERS(INT64_MAX));
        node("Relu", "t", "y");
        CHECK_OK(import(8, 6));
        CHECK_EQ(graph->values[graph->outputs[0].value].shape.rank, 2);
        CHECK_EQ(graph->values[graph->outputs[0].value].shape.dims[1], 5);
        check_close(0.02);
    }
}

TEST(import_computes_shapes_before_the_model_runs)
{
    start(10, DIMS(-1, 3, 4));
    onnx_raw(&onnx, "zero", 7, NULL, 0, (const int64_t[]){0}, 8);
    onnx_integers(&onnx, "rest", NUMBERS(-1));
    node("Shape", "x", "s");
    node("Gather", "s,zero", "n");
    onnx_node(&onnx, "Unsqueeze", "n", "u");
    onnx_attribute_integers(&onnx, "axes", NUMBERS(0));
    onnx_end(&onnx);
    onnx_node(&onnx, "Concat", "u,rest", "to");
    onnx_attribute_integer(&onnx, "axis", 0);
    onnx_end(&onnx);
    node("Reshape", "x,to", "r");
    node("Sigmoid", "r", "y");
    CHECK_OK(import(8, 12));
    CHECK_EQ(graph->values[graph->outputs[0].value].shape.rank, 2);
    CHECK_EQ(graph->values[graph->outputs[0].value].shape.dims[1], 12);
}

TEST(import_gives_a_class_as_a_whole_number)
{
    start(13, DIMS(1, 7));
    onnx_node(&onnx, "ArgMax", "x", "y");
    onnx_attribute_integer(&onnx, "axis", 1);
    onnx_end(&onnx);
    CHECK_OK(import(16, 7));
    CHECK_EQ(graph->outputs[0].kind, VCH_PORT_INTEGER);
    CHECK(report.outputs[0].top1_agreement > 0.95);
}

TEST(import_gives_the_same_model_every_time)
{
    static int8_t first[240];

    perceptron();
    CHECK_OK(import(8, 12));
    memcpy(first, graph->parameters[0].data, sizeof first);
    struct vch_npy same = {
        .rank = 2, .dims = {SAMPLES, 12}, .count = (size_t)SAMPLES * 12, .values = values};
    CHECK_OK(import_with(8, &same, (size_t)64 << 20));
    CHECK(memcmp(first, graph->parameters[0].data, sizeof first) == 0);
}

TEST(import_promises_bounds_that_its_biases_keep)
{
    perceptron();
    CHECK_OK(import(8, 12));
    for (uint32_t i = 0; i < graph->operator_count; i++) {
        const struct vch_operator *o = &graph->operators[i];
        const struct vch_parameter *bias = &graph->parameters[o->parameters[1]];
        const int64_t *list = bias->data;
        CHECK((o->bias_bound & (o->bias_bound - 1)) == 0);
        for (uint32_t j = 0; j < bias->shape.dims[0]; j++)
            CHECK((uint64_t)llabs(list[j]) <= o->bias_bound);
    }
}

TEST(import_asks_for_samples_and_checks_them)
{
    struct vch_npy samples = {0};

    perceptron();
    CHECK_FAILS(import_with(8, NULL, (size_t)64 << 20), USAGE);
    CHECK(strstr(complaint.text, "calibration") != NULL);
    CHECK_FAILS(import_with(12, NULL, (size_t)64 << 20), USAGE);
    samples = any_samples(11);
    CHECK_FAILS(import_with(8, &samples, (size_t)64 << 20), MALFORMED);
    samples = any_samples(12);
    values[100] = (float)NAN;
    CHECK_FAILS(import_with(8, &samples, (size_t)64 << 20), MALFORMED);
}

TEST(import_names_what_it_does_not_support)
{
    start(13, DIMS(1, 4));
    node("Wobble", "x", "y");
    CHECK_FAILS(import(8, 4), UNSUPPORTED);
    CHECK(strstr(complaint.text, "Wobble") != NULL && strstr(complaint.text, "'y'") != NULL);
    CHECK(strstr(complaint.text, "support") != NULL);
    CHECK(strstr(complaint.text, "specs/onnx.md") != NULL);
}

TEST(import_supports_what_its_page_says)
{
    static char page[1 << 14];
    FILE *file = test_spec_open("onnx.md");

    CHECK(file != NULL);
    size_t size = fread(page, 1, sizeof page - 1, file);
    (void)fclose(file);
    CHECK(size > 0 && size < sizeof page - 1);
    for (const char *const *name = vch_import_supported(); *name != NULL; name++) {
        char quoted[64];
        CHECK(name[1] == NULL || strcmp(name[0], name[1]) < 0);
        (void)snprintf(quoted, sizeof quoted, "`%s`", *name);
        if (strstr(page, quoted) == NULL)
            test_fail(__FILE__, __LINE__, "specs/onnx.md does not mention %s", *name);
    }
}

TEST(import_refuses_operands_that_do_not_fit)
{
    static const struct {
        const char *operator_, *inputs;
    } wrong[] = {
        {"Add", "x,three"}, {"MatMul", "x,three"}, {"Conv", "x,w"},     {"Gemm", "x,w"},
        {"Reshape", "x,x"}, {"Concat", "x,three"}, {"Pad", "x,x"},      {"Relu", ""},
        {"Div", "x,three"}, {"Compress", "x,x"},   {"Transpose", ",x"}, {"Clip", "x,three"},
        {"MaxPool", "x"},   {"Unsqueeze", "x,w"},  {"Slice", "x,w"},
    };

    FOR_EACH(c, wrong)
    {
        start(13, DIMS(1, 4));
        onnx_reals(&onnx, "three", DIMS(3), (const float[]){1, 2, 3});
        onnx_reals(&onnx, "w", DIMS(1, 1, 1, 1), (const float[]){1});
        node(c->operator_, c->inputs, "y");
        CHECK(!vch_is_ok(import(8, 4)));
        CHECK(complaint.text[0] != '\0');
    }
}

TEST(import_refuses_models_that_would_never_end)
{
    start(13, DIMS(1, 1 << 12));
    onnx_integers(&onnx, "wide", NUMBERS(1 << 12, 1 << 12));
    onnx_node(&onnx, "ConstantOfShape", "wide", "c");
    onnx_end(&onnx);
    node("MatMul", "c,c", "d");
    node("MatMul", "x,d", "y");
    struct vch_npy samples = {0};
    vch_status status = import_with(8, &samples, (size_t)4 << 30);
    CHECK(status.code == VCH_CODE_LIMIT || status.code == VCH_CODE_NO_MEMORY);
}

static void filled(const char *name, int64_t rows, int64_t columns)
{
    char shape[32];

    (void)snprintf(shape, sizeof shape, "%s shape", name);
    onnx_integers(&onnx, shape, NUMBERS(rows, columns));
    onnx_node(&onnx, "ConstantOfShape", shape, name);
    onnx_end(&onnx);
}

TEST(import_refuses_constants_that_grow_from_nothing)
{
    struct vch_npy samples = {0};

    start(13, DIMS(1, 4));
    filled("huge", 1 << 14, 1 << 14);
    node("Relu", "x", "y");
    CHECK_FAILS(import_with(8, &samples, (size_t)1 << 30), LIMIT);
    CHECK(strstr(complaint.text, "grow") != NULL);
    start(13, DIMS(1, 4));
    filled("row", 1, 1 << 14);
    filled("column", 1 << 14, 1);
    node("Add", "row,column", "huge");
    node("Relu", "x", "y");
    CHECK_FAILS(import_with(8, &samples, (size_t)1 << 30), LIMIT);
    CHECK(strstr(complaint.text, "grow") != NULL);
}

TEST(import_refuses_more_layers_than_it_could_simplify_in_time)
{
    enum { PARTS = 256, SPLITS = 33 }; // a layer each: more than 8192
    struct vch_npy samples = {0};
    char outputs[PARTS * 5 + 1];

    start(13, DIMS(1, PARTS));
    for (unsigned i = 0; i < SPLITS; i++) {
        for (unsigned j = 0; j < PARTS; j++)
            (void)snprintf(outputs + (size_t)j * 5, 6, "%04x,", i * PARTS + j);
        outputs[sizeof outputs - 2] = '\0';
        onnx_node(&onnx, "Split", "x", outputs);
        onnx_attribute_integer(&onnx, "axis", 1);
        onnx_end(&onnx);
    }
    node("Relu", "x", "y");
    CHECK_FAILS(import_with(8, &samples, (size_t)1 << 28), LIMIT);
    CHECK(strstr(complaint.text, "layers") != NULL);
}

static void chain(const char *const operators[2], const char *const constants[2])
{
    char from[16] = "x", to[16];

    start(13, DIMS(1, 6));
    reals("c", DIMS(6));
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(to, sizeof to, i == 999 ? "y" : "t%u", i);
        strncat(from, constants[i % 2], sizeof from - strlen(from) - 1);
        node(operators[i % 2], from, to);
        memcpy(from, to, sizeof from);
    }
}

TEST(import_makes_few_operators_of_a_thousand_nodes_that_scale_shift_and_clamp)
{
    chain((const char *const[]){"Relu", "Relu"}, (const char *const[]){"", ""});
    CHECK_OK(import(8, 6));
    CHECK_EQ(graph->operator_count, 1);
    chain((const char *const[]){"Add", "Neg"}, (const char *const[]){",c", ""});
    CHECK_OK(import(16, 6)); // minus one, a thousand times, and the constants cancel
    CHECK(graph->operator_count <= 3);
    check_close(0.01);
}

TEST(import_stays_within_its_memory)
{
    perceptron();
    struct vch_npy samples = any_samples(12);
    for (size_t limit = 0; limit < (size_t)1 << 20; limit += 37 * 1024) {
        vch_status status = import_with(8, &samples, limit);
        CHECK(arena.used <= limit);
        CHECK(vch_is_ok(status) || complaint.text[0] != '\0');
    }
}

static vch_status read_numbers(void *context, const char *name, struct vch_npy *out,
                               struct vch_complaint *unused)
{
    static float six[] = {0, 1, 2, 3, 4, 5};

    (void)unused;
    CHECK(name != NULL);
    *out = (struct vch_npy){.rank = 1, .dims = {6}, .count = 6, .values = six};
    if (strcmp(name, "x") == 0) out->count -= *(size_t *)context;
    return VCH_OK;
}

TEST(import_joins_the_samples_of_several_inputs)
{
    struct vch_npy samples = {0}, synthetic = {0};
    size_t missing = 0;
    const struct vch_import_arrays arrays = {&missing, read_numbers};

    start(13, DIMS(1, 2));
    onnx_input_of(&onnx, "b", 7, DIMS(1, 2));
    onnx_input_of(&onnx, "empty", 7, DIMS(0));
    node("CastLike", "b,x", "r");
    node("Add", "x,r", "y");
    const struct onnx_bytes *file = onnx_finish(&onnx);
    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)64 << 20);
    CHECK_OK(vch_import_join(&samples, file->bytes, file->size, NULL, &arrays, &arena, &complaint));
    CHECK(samples.rank == 2 && samples.dims[0] == 3 && samples.dims[1] == 4);
    CHECK(samples.values[4] == 2 && samples.values[6] == 2 && samples.values[11] == 5);
    missing = 2;
    CHECK_FAILS(
        vch_import_join(&samples, file->bytes, file->size, NULL, &arrays, &arena, &complaint),
        MALFORMED);
    CHECK(strstr(complaint.text, "samples") != NULL);
    CHECK_OK(
        vch_import_synthetic(&synthetic, file->bytes, file->size, NULL, 1, &arena, &complaint));
    CHECK(synthetic.dims[1] == 4 && synthetic.values[2] == floorf(synthetic.values[2]));
}

TEST(import_invents_samples_only_when_asked)
{
    struct vch_npy first = {0}, again = {0}, other = {0};

    perceptron();
    const struct onnx_bytes *file = onnx_finish(&onnx);
    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)64 << 20);
    CHECK_OK(vch_import_synthetic(&first, file->bytes, file->size, NULL, 1, &arena, NULL));
    CHECK_OK(vch_import_synthetic(&again, file->bytes, file->size, NULL, 1, &arena, NULL));
    CHECK_OK(vch_import_synthetic(&other, file->bytes, file->size, NULL, 2, &arena, NULL));
    CHECK_EQ(first.dims[1], 12);
    CHECK(memcmp(first.values, again.values, first.count * sizeof(float)) == 0);
    CHECK(memcmp(first.values, other.values, first.count * sizeof(float)) != 0);
    for (size_t i = 0; i < first.count; i++)
        CHECK(first.values[i] >= 0 && first.values[i] < 1);
}

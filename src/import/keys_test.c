// Real inputs that are only compared: every comparison is what float32's own is.
#include "harness/imports.h"
#include "import/onnx_tensor.h"
#include "model/trees.h"

static struct imports m;

static const float numbers[] = {
    -INFINITY, -3.4e38f,  -1.0000001f, -1,          -0x1p-126f, -0x1p-149f, -0.0f,   0,
    0x1p-149f, 0x1p-126f, 0.1f,        0.10000001f, 16777215,   16777216,   3.4e38f, INFINITY};
enum { COUNT = sizeof numbers / sizeof *numbers, PAIRS = COUNT * COUNT, BOTH = 2 * PAIRS };

static int wanted(const char *operator_, float a, float b)
{
    if (strcmp(operator_, "Greater") == 0) return a > b;
    if (strcmp(operator_, "GreaterOrEqual") == 0) return a >= b;
    if (strcmp(operator_, "Less") == 0) return a < b;
    if (strcmp(operator_, "LessOrEqual") == 0) return a <= b;
    return a == b;
}

static const char *const comparisons[] = {"Greater", "GreaterOrEqual", "Less", "LessOrEqual",
                                          "Equal"};

TEST(two_inputs_that_are_only_compared_are_compared_exactly)
{
    static float x[BOTH], sample[BOTH];
    const int64_t dims[] = {PAIRS};
    float *y = NULL;

    for (size_t i = 0; i < PAIRS; i++) {
        x[i] = numbers[i / COUNT];
        x[PAIRS + i] = numbers[i % COUNT];
    }
    FOR_EACH(operator_, comparisons)
    {
        onnx_init(&m.onnx, 18);
        onnx_input(&m.onnx, "a", dims, 1);
        onnx_input(&m.onnx, "b", dims, 1);
        onnx_output(&m.onnx, "y");
        imports_node(&m, *operator_, "a,b", "y");
        CHECK_OK(imports_import(&m, sample, BOTH));
        for (uint32_t i = 0; i < 2; i++) {
            CHECK_EQ(m.graph->inputs[i].kind, VCH_PORT_KEYS);
            CHECK_EQ(m.graph->values[m.graph->inputs[i].value].type, VCH_TYPE_I32);
        }
        CHECK_EQ(imports_run(&m, x, &y), PAIRS);
        for (size_t i = 0; i < PAIRS; i++)
            CHECK_EQ((int)y[i], wanted(*operator_, x[i], x[PAIRS + i]));
    }
}

TEST(a_constant_is_met_by_its_neighbours_exactly)
{
    static const float thresholds[] = {0, 0.1f, -7.3f, 1e-40f, 12345.678f, 3e38f};
    float *y = NULL;

    FOR_EACH(operator_, comparisons)
    FOR_EACH(at, thresholds)
    {
        const float x[] = {nextafterf(*at, -INFINITY), *at, nextafterf(*at, INFINITY), -0.0f};
        imports_start(&m, 18, NUMBERS(4));
        onnx_reals(&m.onnx, "c", NUMBERS(1), at);
        imports_node(&m, *operator_, "x,c", "y");
        CHECK_OK(imports_import(&m, REALS(1, 2, 3, 4)));
        CHECK_EQ(m.graph->inputs[0].kind, VCH_PORT_KEYS);
        CHECK_EQ(imports_run(&m, x, &y), 4);
        for (size_t i = 0; i < 4; i++)
            CHECK_EQ((int)y[i], wanted(*operator_, x[i], *at));
    }
}

// x (2, 3): its columns in another order, turned, one of them twice, beside a constant.
TEST(moves_keep_keys)
{
    const float x[] = {0.1f, 20000, -1e-20f, 0.10000001f, 20001, 1e-20f};
    float *y = NULL;

    imports_start(&m, 18, NUMBERS(2, 3));
    onnx_raw(&m.onnx, "i", 7, NUMBERS(4), (const int64_t[]){2, 0, 1, 0}, 32);
    onnx_reals(&m.onnx, "more", NUMBERS(1, 2), (const float[]){0.1f, 20000});
    onnx_reals(&m.onnx, "c", NUMBERS(5, 1), (const float[]){0, 0.1f, 20000, 0.10000001f, 20000});
    onnx_integers(&m.onnx, "shape", NUMBERS(5, 2));
    onnx_node(&m.onnx, "Gather", "x,i", "g");
    onnx_attribute_integer(&m.onnx, "axis", 1);
    onnx_end(&m.onnx);
    imports_node(&m, "Transpose", "g", "t");
    imports_node(&m, "Identity", "t", "same");
    onnx_node(&m.onnx, "Concat", "same,more", "j");
    onnx_attribute_integer(&m.onnx, "axis", 0);
    onnx_end(&m.onnx);
    imports_node(&m, "Reshape", "j,shape", "r");
    imports_node(&m, "Greater", "r,c", "y");
    CHECK_OK(imports_import(&m, REALS(1, 2, 3, 4, 5, 6)));
    CHECK_EQ(m.graph->inputs[0].kind, VCH_PORT_KEYS);
    CHECK_EQ(imports_run(&m, x, &y), 10);
    const float want[] = {0, 1, 0, 1, 0, 1, 0, 0, 0, 0};
    for (size_t i = 0; i < 10; i++)
        CHECK_EQ((int)y[i], (int)want[i]);
}

TEST(no_number_is_refused_where_keys_are_compared)
{
    int32_t keys[2];

    imports_start(&m, 18, NUMBERS(2));
    onnx_reals(&m.onnx, "c", NUMBERS(1), (const float[]){1});
    imports_node(&m, "Greater", "x,c", "y");
    CHECK_OK(imports_import(&m, REALS(1, 2)));
    CHECK_FAILS(vch_quantise_input(keys, m.graph, &m.graph->inputs[0], (const float[]){1, NAN}, 2,
                                   &m.complaint),
                MALFORMED);
    CHECK(strstr(m.complaint.text, "element 1 is not a number") != NULL);
    CHECK_OK(vch_quantise_input(keys, m.graph, &m.graph->inputs[0],
                                (const float[]){-INFINITY, INFINITY}, 2, &m.complaint));
}

TEST(inputs_that_are_also_computed_with_stay_real)
{
    imports_start(&m, 18, NUMBERS(2)); // a sum reads it
    onnx_reals(&m.onnx, "c", NUMBERS(1), (const float[]){1});
    imports_node(&m, "Greater", "x,c", "g");
    imports_node(&m, "Add", "x,c", "s");
    imports_node(&m, "Where", "g,s,c", "y");
    CHECK_OK(imports_import(&m, REALS(1, 2)));
    CHECK_EQ(m.graph->inputs[0].kind, VCH_PORT_REAL);
    imports_start(&m, 18, NUMBERS(2)); // compared with what is computed
    imports_node(&m, "Exp", "x", "e");
    onnx_input(&m.onnx, "b", NUMBERS(2));
    imports_node(&m, "Less", "b,e", "y");
    CHECK_OK(imports_import(&m, REALS(1, 2, 3, 4)));
    CHECK_EQ(m.graph->inputs[0].kind, VCH_PORT_REAL);
    CHECK_EQ(m.graph->inputs[1].kind, VCH_PORT_REAL);
    imports_start(&m, 18, NUMBERS(4)); // moved, and then some of it leaves
    onnx_output(&m.onnx, "z");
    onnx_integers(&m.onnx, "shape", NUMBERS(2, 2));
    onnx_reals(&m.onnx, "c", NUMBERS(1), (const float[]){1});
    imports_node(&m, "Reshape", "x,shape", "z");
    imports_node(&m, "Greater", "z,c", "y");
    CHECK_OK(imports_import(&m, REALS(1, 2, 3, 4)));
    CHECK_EQ(m.graph->inputs[0].kind, VCH_PORT_REAL);
}

// As exporters of trees write it: thresholds and features chosen by computed indices.
static void one_tree_level(void)
{
    onnx_init(&m.onnx, 12);
    onnx_input(&m.onnx, "x", NUMBERS(1, 3));
    onnx_input_of(&m.onnx, "i", VCH_ONNX_TENSOR_INT64, NUMBERS(5));
    onnx_output(&m.onnx, "y");
    onnx_integers(&m.onnx, "depth", NUMBERS(3));
    onnx_integers(&m.onnx, "row", NUMBERS(1, 5));
    onnx_integers(&m.onnx, "column", NUMBERS(1, 3, 1));
    onnx_reals(&m.onnx, "values", NUMBERS(2), (const float[]){0, 1});
    imports_node(&m, "Reshape", "i,row", "index");
    onnx_node(&m.onnx, "OneHot", "index,depth,values", "hot");
    onnx_attribute_integer(&m.onnx, "axis", 1);
    onnx_end(&m.onnx);
    imports_node(&m, "Reshape", "x,column", "features");
    imports_node(&m, "Mul", "features,hot", "masked");
    onnx_node(&m.onnx, "ReduceSum", "masked", "sum");
    onnx_attribute_integers(&m.onnx, "axes", NUMBERS(1));
    onnx_attribute_integer(&m.onnx, "keepdims", 0);
    onnx_end(&m.onnx);
}

TEST(sums_of_products_with_one_hot_choose_exactly)
{
    const float x[] = {0.1f, 30000, -1e-30f, 0, 1, 2, -1, 3};
    const float thresholds[] = {0.099999994f, 30000, -1.1e-30f, -0x1p-149f, -0x1p-149f};
    const float want[] = {1, 0, 1, 0, 1}; // the last index is outside: OneHot gives a sum of zero
    float *y = NULL;

    one_tree_level();
    onnx_reals(&m.onnx, "t", NUMBERS(5), thresholds);
    imports_node(&m, "Greater", "sum,t", "y");
    CHECK_OK(imports_import(&m, REALS(1, 2, 3, 0, 1, 2, -1, 3)));
    CHECK_EQ(m.graph->inputs[0].kind, VCH_PORT_KEYS);
    CHECK_EQ(imports_run(&m, x, &y), 5);
    for (size_t i = 0; i < 5; i++)
        CHECK_EQ((int)y[i], (int)want[i]);
}

TEST(sums_of_products_with_one_hot_choose_among_computed_numbers)
{
    one_tree_level();
    imports_node(&m, "Abs", "sum", "y");
    imports_check(&m, REALS(1, 2, 3, 0, 1, 2, -1, 3), REALS(1, 2, 3, 3, 0), 1e-3);
    for (uint32_t i = 0; i < m.graph->operator_count; i++)
        CHECK(m.graph->operators[i].kind != VCH_OPERATOR_MULTIPLY);
}

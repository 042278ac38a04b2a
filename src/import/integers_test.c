// Whole numbers and booleans: every result is exactly what ONNX says.
#include "harness/imports.h"
#include "import/onnx_tensor.h"

static struct imports m;

static void start(int32_t type, size_t count)
{
    const int64_t dims[] = {(int64_t)count};

    onnx_init(&m.onnx, 18);
    onnx_input_of(&m.onnx, "a", type, dims, 1);
    onnx_input_of(&m.onnx, "b", type, dims, 1);
    onnx_output(&m.onnx, "y");
}

static void check_exactly(const float *x, size_t x_count, const float *want, size_t count)
{
    imports_check(&m, x, x_count, want, count, 0);
    CHECK_EQ(m.graph->outputs[0].kind, VCH_PORT_INTEGER);
}

TEST(whole_numbers_are_computed_with_exactly)
{
    static const struct {
        const char *operator_;
        float want[6];
    } cases[] = {
        {"Add", {10007, -6, 0, 65536, 3, 400}}, {"Sub", {-9993, 0, 14, 0, -3, 0}},
        {"Max", {10000, -3, 7, 32768, 3, 200}}, {"Min", {7, -3, -7, 32768, 0, 200}},
        {"Greater", {0, 0, 1, 0, 0, 0}},        {"GreaterOrEqual", {0, 1, 1, 1, 0, 1}},
        {"Less", {1, 0, 0, 0, 1, 0}},           {"LessOrEqual", {1, 1, 0, 1, 1, 1}},
        {"Equal", {0, 1, 0, 1, 0, 1}},
    };
    static const float x[] = {7, -3, 7, 32768, 0, 200, 10000, -3, -7, 32768, 3, 200};

    FOR_EACH(c, cases)
    {
        start(VCH_ONNX_TENSOR_INT64, 6);
        imports_node(&m, c->operator_, "a,b", "y");
        check_exactly(x, 12, c->want, 6);
    }
    start(VCH_ONNX_TENSOR_INT64, 3);
    imports_node(&m, "Mul", "a,b", "y");
    check_exactly(REALS(7, -3, 16384, 10000, -3, 16384), REALS(70000, 9, 268435456));
}

TEST(booleans_follow_their_tables)
{
    static const struct {
        const char *operator_;
        float want[4];
    } cases[] = {{"And", {0, 0, 0, 1}}, {"Or", {0, 1, 1, 1}}, {"Xor", {0, 1, 1, 0}}};

    FOR_EACH(c, cases)
    {
        start(VCH_ONNX_TENSOR_BOOL, 4);
        imports_node(&m, c->operator_, "a,b", "y");
        check_exactly(REALS(0, 0, 1, 1, 0, 1, 0, 1), c->want, 4);
        CHECK_EQ(m.graph->values[m.graph->outputs[0].value].type, VCH_TYPE_I8);
    }
    start(VCH_ONNX_TENSOR_BOOL, 2);
    imports_node(&m, "Not", "a", "y");
    check_exactly(REALS(0, 1, 0, 0), REALS(1, 0));
}

TEST(a_sum_is_exact_for_whatever_the_port_lets_in)
{
    float *y = NULL;

    start(VCH_ONNX_TENSOR_INT32, 2);
    imports_node(&m, "Add", "a,b", "y");
    check_exactly(REALS(1, 2, 3, 4), REALS(4, 6)); // calibrated on small numbers
    CHECK_EQ(imports_run(&m, (const float[]){32767, -32767, 32767, -32767}, &y), 2);
    CHECK(y[0] == 65534 && y[1] == -65534);
}

TEST(a_choice_takes_whole_and_real_numbers)
{
    static const float condition[] = {0, 1, 1};

    for (int is_real = 0; is_real < 2; is_real++) {
        int32_t type = is_real ? VCH_ONNX_TENSOR_FLOAT : VCH_ONNX_TENSOR_INT32;
        onnx_init(&m.onnx, 16);
        onnx_input_of(&m.onnx, "c", VCH_ONNX_TENSOR_BOOL, NUMBERS(3));
        onnx_input_of(&m.onnx, "a", type, NUMBERS(3));
        onnx_input_of(&m.onnx, "b", type, NUMBERS(1));
        onnx_output(&m.onnx, "y");
        imports_node(&m, "Where", "c,a,b", "y");
        const float x[] = {condition[0], condition[1], condition[2], 5, 6, -30000, 9};
        imports_check(&m, x, 7, REALS(9, 6, -30000), is_real ? 1e-4 : 0);
        CHECK_EQ(m.graph->outputs[0].kind, is_real ? VCH_PORT_REAL : VCH_PORT_INTEGER);
    }
}

static void cast(int32_t from, int32_t to, const char *operator_)
{
    onnx_init(&m.onnx, 19);
    onnx_input_of(&m.onnx, "x", from, NUMBERS(4));
    onnx_input_of(&m.onnx, "like", to, NUMBERS(1));
    onnx_output(&m.onnx, "y");
    onnx_node(&m.onnx, operator_, strcmp(operator_, "Cast") == 0 ? "x" : "x,like", "y");
    if (strcmp(operator_, "Cast") == 0) onnx_attribute_integer(&m.onnx, "to", to);
    onnx_end(&m.onnx);
}

TEST(casts_truncate_count_and_keep)
{
    static const char *const operators[] = {"Cast", "CastLike"};

    FOR_EACH(operator_, operators)
    {
        cast(VCH_ONNX_TENSOR_FLOAT, VCH_ONNX_TENSOR_INT64, *operator_);
        check_exactly(REALS(2, -1.5f, 0.25f, 7, 1), REALS(2, -1, 0, 7));
        cast(VCH_ONNX_TENSOR_FLOAT, VCH_ONNX_TENSOR_BOOL, *operator_);
        check_exactly(REALS(2, -1.5f, 0, 7, 1), REALS(1, 1, 0, 1));
        cast(VCH_ONNX_TENSOR_INT32, VCH_ONNX_TENSOR_BOOL, *operator_);
        check_exactly(REALS(2, -1, 0, 70000, 1), REALS(1, 1, 0, 1));
        cast(VCH_ONNX_TENSOR_INT32, VCH_ONNX_TENSOR_FLOAT, *operator_);
        imports_check(&m, REALS(2, -1, 0, 7, 1), REALS(2, -1, 0, 7), 0);
        CHECK_EQ(m.graph->outputs[0].kind, VCH_PORT_REAL);
    }
}

TEST(a_cast_sinks_past_what_moves)
{
    onnx_init(&m.onnx, 13);
    onnx_input_of(&m.onnx, "x", VCH_ONNX_TENSOR_UINT8, NUMBERS(1, 4));
    onnx_reals(&m.onnx, "w", NUMBERS(4, 1), (const float[]){1, 0.5f, 0.25f, -1});
    onnx_integers(&m.onnx, "flat", NUMBERS(1, 4));
    onnx_output(&m.onnx, "y");
    onnx_node(&m.onnx, "Cast", "x", "r");
    onnx_attribute_integer(&m.onnx, "to", 1);
    onnx_end(&m.onnx);
    imports_node(&m, "Transpose", "r", "t");
    imports_node(&m, "Reshape", "t,flat", "f");
    imports_node(&m, "MatMul", "f,w", "y");
    imports_check(&m, REALS(255, 100, 40, 5), REALS(310), 0.02);
}

TEST(real_numbers_are_compared_in_the_same_steps)
{
    onnx_init(&m.onnx, 13);
    onnx_input(&m.onnx, "a", NUMBERS(4));
    onnx_input(&m.onnx, "b", NUMBERS(4));
    onnx_reals(&m.onnx, "bound", NUMBERS(1), (const float[]){0.5f});
    onnx_output(&m.onnx, "y");
    imports_node(&m, "Equal", "a,b", "y");
    check_exactly(REALS(0.1f, 0.7f, -3, 9, 0.1f, 0.701f, -3, -9), REALS(1, 0, 1, 0));
    onnx_init(&m.onnx, 13);
    onnx_input(&m.onnx, "a", NUMBERS(4));
    onnx_reals(&m.onnx, "bound", NUMBERS(1), (const float[]){0.5f});
    onnx_output(&m.onnx, "y");
    imports_node(&m, "GreaterOrEqual", "a,bound", "y");
    check_exactly(REALS(0.5f, 0.501f, 0.499f, -2), REALS(1, 1, 0, 0));
}

TEST(outputs_that_depend_on_nothing_are_constants)
{
    static const char *const operators[] = {"Shape", "Size"};
    static const float wants[][2] = {{2, 3}, {6}};

    for (size_t i = 0; i < 2; i++) {
        imports_start(&m, 13, NUMBERS(2, 3));
        imports_node(&m, operators[i], "x", "y");
        check_exactly(REALS(0, 0, 0, 0, 0, 0), wants[i], 2 - i);
    }
}

TEST(the_largest_int32_calibrates_although_float32_rounds_it)
{
    start(VCH_ONNX_TENSOR_INT32, 2);
    imports_node(&m, "Sub", "a,b", "y");
    if (!vch_is_ok(imports_import(&m, (const float[]){0x1p31F, -0x1p31F, 1, -1}, 4)))
        test_fail(__FILE__, __LINE__, "%s", m.complaint.text);
    CHECK_EQ(m.graph->values[m.graph->inputs[0].value].type, VCH_TYPE_I32);
}

TEST(whole_numbers_beyond_int32_are_refused)
{
    const float sample[] = {1e10f, 0, 0, 0};

    start(VCH_ONNX_TENSOR_INT64, 2);
    imports_node(&m, "Add", "a,b", "y");
    CHECK_FAILS(imports_import(&m, sample, 4), UNSUPPORTED);
    CHECK(strstr(m.complaint.text, "int32") != NULL);
    start(VCH_ONNX_TENSOR_INT64, 2);
    imports_node(&m, "Add", "a,b", "y");
    CHECK_FAILS(imports_import(&m, (const float[]){0.5f, 0, 0, 0}, 4), MALFORMED);
    CHECK(strstr(m.complaint.text, "whole") != NULL);
}

TEST(quotients_of_whole_numbers_truncate)
{
    start(VCH_ONNX_TENSOR_INT32, 6);
    imports_node(&m, "Div", "a,b", "y");
    check_exactly(REALS(7, -7, 7, -7, 0, 100000, 2, 2, -2, -2, 5, 7),
                  REALS(3, -3, -3, 3, 0, 14285));
    onnx_init(&m.onnx, 13);
    onnx_input_of(&m.onnx, "a", VCH_ONNX_TENSOR_INT16, NUMBERS(3));
    onnx_integers(&m.onnx, "three", NUMBERS(3));
    onnx_output(&m.onnx, "y");
    imports_node(&m, "Div", "a,three", "y");
    check_exactly(REALS(8, -8, 2), REALS(2, -2, 0));
}

TEST(remainders_take_the_sign_that_they_are_asked_for)
{
    for (int64_t fmod = 0; fmod < 2; fmod++) {
        start(VCH_ONNX_TENSOR_INT64, 6);
        onnx_node(&m.onnx, "Mod", "a,b", "y");
        onnx_attribute_integer(&m.onnx, "fmod", fmod);
        onnx_end(&m.onnx);
        const float x[] = {-4, 7, 5, 4, -7, 8, 2, -3, 8, -2, 3, 5};
        const float wants[][6] = {{0, -2, 5, 0, 2, 3}, {0, 1, 5, 0, -1, 3}};
        check_exactly(x, 12, wants[fmod], 6);
    }
    onnx_init(&m.onnx, 13);
    onnx_input(&m.onnx, "a", NUMBERS(3));
    onnx_input(&m.onnx, "b", NUMBERS(3));
    onnx_output(&m.onnx, "y");
    onnx_node(&m.onnx, "Mod", "a,b", "y");
    onnx_attribute_integer(&m.onnx, "fmod", 1);
    onnx_end(&m.onnx);
    imports_check(&m, REALS(-4.3f, 7.2f, 5, 2.1f, -3.4f, 8), REALS(-0.1f, 0.4f, 5), 1e-3);
}

TEST(real_quotients_keep_their_precision)
{
    start(VCH_ONNX_TENSOR_FLOAT, 4);
    imports_node(&m, "Div", "a,b", "y");
    imports_check(&m, REALS(1, -2, 3, 0, 4, 0.5f, -8, 3), REALS(0.25f, -4, -0.375f, 0), 1e-3);
    start(VCH_ONNX_TENSOR_FLOAT, 2);
    imports_node(&m, "Div", "a,b", "y");
    CHECK_FAILS(imports_import(&m, (const float[]){1, 1, 2, 0}, 4), MALFORMED);
}

TEST(shifts_multiply_and_divide)
{
    static const char *const directions[] = {"LEFT", "RIGHT"};
    static const float wants[][3] = {{32, 16, 510}, {8, 1, 127}};

    for (int i = 0; i < 2; i++) {
        onnx_init(&m.onnx, 11);
        onnx_input_of(&m.onnx, "a", VCH_ONNX_TENSOR_UINT8, NUMBERS(3));
        onnx_raw(&m.onnx, "s", VCH_ONNX_TENSOR_UINT8, NUMBERS(3), "\1\2\1", 3);
        onnx_output(&m.onnx, "y");
        onnx_node(&m.onnx, "BitShift", "a,s", "y");
        onnx_attribute_text(&m.onnx, "direction", directions[i]);
        onnx_end(&m.onnx);
        check_exactly(REALS(16, 4, 255), wants[i], 3);
    }
}

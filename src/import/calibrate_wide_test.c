// Real numbers in int32: large numbers whose differences are what counts.
#include "harness/imports.h"

static struct imports m;

static enum vch_type input_type(void)
{
    return m.graph->values[m.graph->inputs[0].value].type;
}

static uint32_t count_of(enum vch_operator_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < m.graph->operator_count; i++)
        count += m.graph->operators[i].kind == kind;
    return count;
}

// In int16 the steps of 10003 are 0.46.
TEST(softmax_of_large_numbers_sees_their_differences)
{
    const float want[] = {0.0320586f, 0.0871443f, 0.2368828f, 0.6439143f};

    imports_start(&m, 18, NUMBERS(1, 4));
    imports_node(&m, "Softmax", "x", "y");
    imports_check(&m, REALS(10000, 10001, 10002, 10003), want, 4, 1e-3);
    CHECK_EQ(input_type(), VCH_TYPE_I32);
    imports_start(&m, 18, NUMBERS(1, 4));
    imports_node(&m, "LogSoftmax", "x", "y");
    imports_check(&m, REALS(10000, 10001, 10002, 10003),
                  REALS(-3.4401897f, -2.4401897f, -1.4401897f, -0.4401897f), 1e-3);
    CHECK_EQ(input_type(), VCH_TYPE_I32);
}

TEST(softmax_of_small_numbers_stays_as_it_is)
{
    const float want[] = {0.0320586f, 0.0871443f, 0.2368828f, 0.6439143f};

    imports_start(&m, 18, NUMBERS(1, 4));
    imports_node(&m, "Softmax", "x", "y");
    imports_check(&m, REALS(0, 1, 2, 3), want, 4, 1e-3);
    CHECK_EQ(input_type(), VCH_TYPE_I16);
    CHECK_EQ(m.graph->operator_count, 1);
}

// The masked scores leave the model as well, and so keep the mask's range.
TEST(softmax_of_masked_scores_that_leave_the_model_sees_scores)
{
    const float mask[] = {0, 0, -1e5f, -1e5f, -1e5f, 0, 0, -1e5f};
    const float p = 0.2689414f, q = 0.7310586f;

    imports_start(&m, 18, NUMBERS(1, 2, 2, 4));
    onnx_reals(&m.onnx, "mask", NUMBERS(2, 4), mask);
    imports_node(&m, "Add", "x,mask", "s");
    imports_node(&m, "Softmax", "s", "y");
    onnx_output(&m.onnx, "s");
    imports_check(&m, REALS(1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8),
                  (const float[]){p, q, 0, 0, 0, p, q, 0, p, q, 0, 0, 0, p, q, 0}, 16, 1e-3);
    CHECK_EQ(input_type(), VCH_TYPE_I16);
    CHECK_EQ(m.graph->values[m.graph->outputs[1].value].type, VCH_TYPE_I32);
}

// Whoever else reads such a value gets int16, as before.
TEST(large_numbers_are_int16_to_other_readers)
{
    static const struct {
        const char *operator_, *operands;
        float want[4];
    } cases[] = {
        {"Add", "x,five", {10005, 10006, 10007, 10008}},
        {"Mul", "x,x", {1e8f, 1.0002e8f, 1.0004e8f, 1.0006e8f}},
        {"Mul", "x,five", {50000, 50005, 50010, 50015}},
        {"Sub", "x,half", {5000, 5000.5f, 5001, 5001.5f}},
        {"Sqrt", "x", {100, 100.005f, 100.01f, 100.015f}},
        {"Relu", "x", {10000, 10001, 10002, 10003}},
        {"Concat", "x", {10000, 10001, 10002, 10003}},
    };

    FOR_EACH(c, cases)
    {
        imports_start(&m, 18, NUMBERS(1, 4));
        onnx_reals(&m.onnx, "five", NUMBERS(1), (const float[]){5});
        onnx_reals(&m.onnx, "two", NUMBERS(1), (const float[]){0.5f});
        imports_node(&m, "Softmax", "x", "p");
        imports_node(&m, "Mul", "x,two", "half");
        onnx_node(&m.onnx, c->operator_, c->operands, "y");
        if (strcmp(c->operator_, "Concat") == 0) onnx_attribute_integer(&m.onnx, "axis", 1);
        onnx_end(&m.onnx);
        onnx_output(&m.onnx, "p");
        imports_check(&m, REALS(10000, 10001, 10002, 10003), c->want, 4, 2e-4);
        CHECK_EQ(input_type(), VCH_TYPE_I32);
        CHECK_EQ(count_of(VCH_OPERATOR_SOFTMAX), 1);
    }
}

TEST(differences_of_large_neighbours_are_exact)
{
    imports_start(&m, 18, NUMBERS(1, 4));
    onnx_integers(&m.onnx, "zero", NUMBERS(0));
    onnx_integers(&m.onnx, "one", NUMBERS(1));
    onnx_integers(&m.onnx, "three", NUMBERS(3));
    onnx_integers(&m.onnx, "four", NUMBERS(4));
    imports_node(&m, "Slice", "x,zero,three,one", "a");
    imports_node(&m, "Slice", "x,one,four,one", "b");
    imports_node(&m, "Sub", "b,a", "y");
    imports_check(&m, REALS(10000, 10001, 10001.5f, 10003), REALS(1, 0.5f, 1.5f), 1e-3);
    CHECK_EQ(input_type(), VCH_TYPE_I32);
}

// What is compared is counted in the steps of what it is compared with.
TEST(compared_numbers_keep_their_steps)
{
    imports_start(&m, 18, NUMBERS(1, 4));
    onnx_reals(&m.onnx, "k", NUMBERS(1), (const float[]){10001});
    imports_node(&m, "Softmax", "x", "p");
    imports_node(&m, "Greater", "x,k", "y");
    onnx_output(&m.onnx, "p");
    imports_check(&m, REALS(10000, 10000, 10002, 10003), REALS(0, 0, 1, 1), 0);
    CHECK_EQ(input_type(), VCH_TYPE_I16);
}

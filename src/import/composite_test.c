// Functions written in several operators: one table each, close to the float model.
#include <math.h>
#include <string.h>

#include "harness/importing.h"

static struct importing at;

static void open_function(void)
{
    importing_start(&at, 13, DIMS(1, 30));
    onnx_reals(&at.onnx, "half", DIMS(1), (const float[]){0.5f});
    onnx_reals(&at.onnx, "one", DIMS(1), (const float[]){1});
    onnx_reals(&at.onnx, "three", DIMS(1), (const float[]){3});
    onnx_reals(&at.onnx, "small", DIMS(1), (const float[]){0.044715f});
    onnx_reals(&at.onnx, "root", DIMS(1), (const float[]){0.7978846f});
}

static void check_table(uint32_t tables, uint32_t products, double part_of_range)
{
    struct vch_npy samples = importing_samples(&at, 30);

    for (size_t i = 0; i < samples.count; i++)
        at.values[i] *= 20;
    importing_succeeds(&at, importing_with(&at, 16, &samples));
    importing_is_close(&at, part_of_range);
    CHECK_EQ(importing_count(&at, VCH_OPERATOR_TABLE), tables);
    CHECK_EQ(importing_count(&at, VCH_OPERATOR_MULTIPLY), products);
}

TEST(gelu_by_tanh_is_one_table)
{
    open_function();
    importing_node(&at, "Mul", "small,x", "a");
    importing_node(&at, "Mul", "x,a", "b");
    importing_node(&at, "Mul", "x,b", "c");
    importing_node(&at, "Add", "x,c", "d");
    importing_node(&at, "Mul", "root,d", "e");
    importing_node(&at, "Tanh", "e", "t");
    importing_node(&at, "Add", "one,t", "f");
    importing_node(&at, "Mul", "half,f", "g");
    importing_node(&at, "Mul", "x,g", "y");
    check_table(1, 0, 0.0005);
}

TEST(sigmoid_times_its_argument_is_one_table_and_clamps_count)
{
    open_function();
    importing_node(&at, "Sigmoid", "x", "s");
    importing_node(&at, "Mul", "x,s", "y");
    check_table(1, 0, 0.0005);

    open_function(); // min(relu(x) * exp(-relu(x)), ...) with a clamp inside and one behind
    importing_node(&at, "Relu", "x", "r");
    importing_node(&at, "Neg", "r", "n");
    importing_node(&at, "Exp", "n", "e");
    importing_node(&at, "Mul", "r,e", "m");
    importing_node(&at, "Add", "m,half", "h");
    importing_node(&at, "Relu", "h", "y");
    check_table(1, 0, 0.002);
}

TEST(what_is_no_function_of_one_value_stays_as_it_is)
{
    open_function(); // a square alone
    importing_node(&at, "Mul", "x,x", "y");
    check_table(0, 1, 0.0005);

    open_function(); // two values
    importing_reals(&at, "w", DIMS(30, 30));
    importing_node(&at, "MatMul", "x,w", "h");
    importing_node(&at, "Sigmoid", "x", "s");
    importing_node(&at, "Mul", "h,s", "y");
    check_table(1, 1, 0.05);

    open_function(); // factors that differ
    importing_reals(&at, "each", DIMS(1, 30));
    importing_node(&at, "Sigmoid", "x", "s");
    importing_node(&at, "Mul", "s,each", "m");
    importing_node(&at, "Mul", "x,m", "y");
    check_table(1, 1, 0.01);
}

// A value inside that others read is still there for them.
TEST(values_inside_stay_for_their_other_readers)
{
    open_function();
    onnx_output(&at.onnx, "s");
    importing_node(&at, "Sigmoid", "x", "s");
    importing_node(&at, "Mul", "x,s", "y");
    check_table(2, 0, 0.0005);
}

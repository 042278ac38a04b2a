// Reductions: what they give, over which axes, and how many elements.
#include "harness/imports.h"

static struct imports m;

TEST(reductions_join_what_they_say)
{
    static const struct {
        const char *name;
        float want[2];
    } cases[] = {
        {"ReduceL1", {6, 15}},
        {"ReduceL2", {3.7416574f, 8.7749644f}},
        {"ReduceLogSum", {1.7917595f, 2.7080502f}},
        {"ReduceLogSumExp", {3.4076059f, 6.4076059f}},
        {"ReduceMax", {3, 6}},
        {"ReduceMean", {2, 5}},
        {"ReduceMin", {1, 4}},
        {"ReduceProd", {6, 120}},
        {"ReduceSum", {6, 15}},
        {"ReduceSumSquare", {14, 77}},
    };

    FOR_EACH(c, cases)
    {
        imports_start(&m, 18, NUMBERS(1, 2, 3));
        onnx_integers(&m.onnx, "axes", NUMBERS(-1));
        imports_node(&m, c->name, "x,axes", "y");
        imports_check_counted(&m, 6, c->want, 2);
    }
}

TEST(reductions_take_axes_as_attribute_and_drop_them)
{
    imports_start(&m, 11, NUMBERS(2, 2, 3));
    onnx_node(&m.onnx, "ReduceSum", "x", "y");
    onnx_attribute_integers(&m.onnx, "axes", NUMBERS(0, 2));
    onnx_attribute_integer(&m.onnx, "keepdims", 0);
    onnx_end(&m.onnx);
    imports_check_counted(&m, 12, REALS(30, 48));
    CHECK_EQ(m.graph->values[m.graph->outputs[0].value].shape.rank, 1);
}

TEST(reductions_without_axes_take_all_or_nothing)
{
    for (int64_t noop = 0; noop < 2; noop++) {
        imports_start(&m, 18, NUMBERS(2, 2));
        onnx_node(&m.onnx, "ReduceMax", "x", "y");
        onnx_attribute_integer(&m.onnx, "noop_with_empty_axes", noop);
        onnx_end(&m.onnx);
        imports_check_counted(&m, 4, noop != 0 ? (const float[]){1, 2, 3, 4} : (const float[]){4},
                              noop != 0 ? 4 : 1);
    }
}

TEST(reductions_take_rows_that_no_window_covers)
{
    static const char *const names[] = {"ReduceMax", "ReduceMean", "ReduceSum"};
    static const float want[] = {1031, 516, 531996}; // 1031 is a prime

    for (int i = 0; i < 3; i++) {
        imports_start(&m, 18, NUMBERS(1031));
        imports_node(&m, names[i], "x", "y");
        imports_check_counted(&m, 1031, &want[i], 1);
    }
}

TEST(reductions_of_nothing_give_what_changes_nothing)
{
    static const char *const names[] = {"ReduceSum", "ReduceProd"};

    for (int i = 0; i < 2; i++) {
        imports_start(&m, 18, NUMBERS(2));
        onnx_raw(&m.onnx, "none", 1, NUMBERS(2, 0), NULL, 0);
        onnx_integers(&m.onnx, "axes", NUMBERS(1));
        onnx_node(&m.onnx, names[i], "none,axes", "r");
        onnx_attribute_integer(&m.onnx, "keepdims", 0);
        onnx_end(&m.onnx);
        imports_node(&m, "Add", "x,r", "y");
        imports_check_counted(&m, 2, i == 0 ? (const float[]){1, 2} : (const float[]){2, 3}, 2);
    }
    imports_start(&m, 18, NUMBERS(2));
    onnx_raw(&m.onnx, "none", 1, NUMBERS(2, 0), NULL, 0);
    imports_node(&m, "ReduceMax", "none", "r");
    imports_node(&m, "Add", "x,r", "y");
    CHECK_FAILS(imports_import(&m, REALS(1, 2)), UNSUPPORTED);
}

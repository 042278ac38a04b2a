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

// e^0 is nothing beside e^60 in one tensor of int16, and e^100 is beyond float32.
TEST(logarithms_of_sums_of_exponentials_take_any_exponents)
{
    static const float x[] = {1, 0, 60, 62, -100, -99}, far[] = {1, 2, 98, 100, -50, -50};
    static const float want[] = {1.3132617f, 62.126928f, -98.686738f};
    static const float want_far[] = {2.3132617f, 100.126928f, -49.306853f};

    for (int i = 0; i < 4; i++) {
        bool is_whole = i >= 2, keeps = i % 2 == 1;
        imports_start(&m, 18, NUMBERS(1, 3, 2));
        onnx_integers(&m.onnx, "axes", NUMBERS(-1));
        imports_node(&m, "Exp", "x", "p");
        imports_node(&m, "Identity", "p", "e");
        onnx_node(&m.onnx, is_whole ? "ReduceLogSum" : "ReduceSum", "e,axes", is_whole ? "y" : "s");
        onnx_attribute_integer(&m.onnx, "keepdims", keeps);
        onnx_end(&m.onnx);
        if (!is_whole) imports_node(&m, "Identity", "s", "t");
        if (!is_whole) imports_node(&m, "Log", "t", "y");
        imports_check(&m, is_whole ? far : x, 6, is_whole ? want_far : want, 3, 1e-3);
        CHECK_EQ(m.graph->values[m.graph->outputs[0].value].shape.rank, keeps ? 3 : 2);
    }
}

// A softmax by hand subtracts the largest itself, and is not made to do so twice.
TEST(logarithms_of_sums_that_are_safe_stay_as_they_are)
{
    uint32_t pools = 0;

    imports_start(&m, 18, NUMBERS(1, 4));
    onnx_integers(&m.onnx, "axes", NUMBERS(-1));
    imports_node(&m, "ReduceMax", "x,axes", "m");
    imports_node(&m, "Sub", "x,m", "d");
    imports_node(&m, "Exp", "d", "e");
    imports_node(&m, "ReduceSum", "e,axes", "s");
    imports_node(&m, "Log", "s", "y");
    imports_check(&m, REALS(1, 2, 3, 4), REALS(0.4401897f), 1e-3);
    for (uint32_t i = 0; i < m.graph->operator_count; i++)
        pools += m.graph->operators[i].kind == VCH_OPERATOR_MAX_POOL;
    CHECK_EQ(pools, 1);
}

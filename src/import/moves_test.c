// Operators that move elements: what they give, element by element.
#include "harness/imports.h"

static struct imports m;

TEST(gather_takes_constant_indices_of_any_shape_and_sign)
{
    imports_start(&m, 13, NUMBERS(2, 3));
    onnx_raw(&m.onnx, "i", 7, NUMBERS(2, 2), (const int64_t[]){2, 0, -1, 1}, 32);
    onnx_node(&m.onnx, "Gather", "x,i", "y");
    onnx_attribute_integer(&m.onnx, "axis", 1);
    onnx_end(&m.onnx);
    imports_check_counted(&m, 6, REALS(3, 1, 3, 2, 6, 4, 6, 5));
}

TEST(gather_takes_indices_that_the_model_computes)
{
    imports_start(&m, 13, NUMBERS(1, 4));
    onnx_reals(&m.onnx, "table", NUMBERS(3, 2), (const float[]){1, 2, 3, 4, 5, 6});
    imports_node(&m, "Gather", "table,x", "y");
    imports_check(&m, REALS(2, 0, 1, -1), REALS(5, 6, 1, 2, 3, 4, 5, 6), 1e-3);
}

TEST(gather_means_the_nearest_end_where_an_index_is_outside)
{
    imports_start(&m, 13, NUMBERS(3));
    onnx_reals(&m.onnx, "table", NUMBERS(3), (const float[]){7, 8, 9});
    imports_node(&m, "Gather", "table,x", "y");
    imports_check(&m, REALS(5, 1, 100), REALS(9, 8, 9), 1e-3);
}

TEST(many_uneven_indices_become_one_gather)
{
    imports_start(&m, 13, NUMBERS(12));
    onnx_integers(&m.onnx, "i", NUMBERS(0, 5, 1, 7, 7, 2, 11, 3, 3, 0, 9, 4, 4, 4, 8, 1, 6, 10));
    imports_node(&m, "Gather", "x,i", "y");
    imports_check_counted(&m, 12, REALS(1, 6, 2, 8, 8, 3, 12, 4, 4, 1, 10, 5, 5, 5, 9, 2, 7, 11));
    CHECK_EQ(m.graph->operator_count, 2); // with its CONSTANT
}

TEST(gather_elements_takes_indices_that_the_model_computes)
{
    imports_start(&m, 13, NUMBERS(2, 2));
    onnx_reals(&m.onnx, "data", NUMBERS(3, 2), (const float[]){1, 2, 3, 4, 5, 6});
    onnx_node(&m.onnx, "GatherElements", "data,x", "y");
    onnx_end(&m.onnx);
    imports_check(&m, REALS(1, 2, 0, -1), REALS(3, 6, 1, 6), 1e-3);
}

TEST(gather_nd_takes_indices_that_the_model_computes)
{
    imports_start(&m, 13, NUMBERS(2, 1, 2));
    onnx_reals(&m.onnx, "data", NUMBERS(2, 2, 3, 1),
               (const float[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    onnx_node(&m.onnx, "GatherND", "data,x", "y");
    onnx_attribute_integer(&m.onnx, "batch_dims", 1);
    onnx_end(&m.onnx);
    imports_check(&m, REALS(1, 2, 0, 1), REALS(6, 8), 1e-3);
}

TEST(gather_nd_takes_slices)
{
    imports_start(&m, 13, NUMBERS(2, 3, 2));
    onnx_raw(&m.onnx, "i", 7, NUMBERS(2, 2), (const int64_t[]){0, 2, 1, -3}, 32);
    imports_node(&m, "GatherND", "x,i", "y");
    imports_check_counted(&m, 12, REALS(5, 6, 7, 8));
}

TEST(compress_keeps_what_its_condition_says)
{
    imports_start(&m, 13, NUMBERS(2, 3));
    onnx_raw(&m.onnx, "c", 9, NUMBERS(3), "\1\0\1", 3);
    onnx_node(&m.onnx, "Compress", "x,c", "y");
    onnx_attribute_integer(&m.onnx, "axis", 1);
    onnx_end(&m.onnx);
    imports_check_counted(&m, 6, REALS(1, 3, 4, 6));
    imports_start(&m, 13, NUMBERS(2, 3));
    onnx_raw(&m.onnx, "c", 9, NUMBERS(5), "\0\1\0\0\1", 5);
    imports_node(&m, "Compress", "x,c", "y");
    imports_check_counted(&m, 6, REALS(2, 5));
}

TEST(one_hot_is_off_for_indices_outside)
{
    imports_start(&m, 13, NUMBERS(4));
    onnx_integers(&m.onnx, "depth", NUMBERS(3));
    onnx_reals(&m.onnx, "values", NUMBERS(2), (const float[]){-1, 4});
    onnx_node(&m.onnx, "OneHot", "x,depth,values", "y");
    onnx_attribute_integer(&m.onnx, "axis", 0);
    onnx_end(&m.onnx);
    imports_check(&m, REALS(1, -1, 3, -4), REALS(-1, -1, -1, -1, 4, -1, -1, -1, -1, 4, -1, -1),
                  1e-3);
}

TEST(constant_indices_outside_are_refused)
{
    static const char *const operators[] = {"Gather", "GatherElements", "GatherND"};

    FOR_EACH(operator_, operators)
    {
        imports_start(&m, 13, NUMBERS(3));
        onnx_raw(&m.onnx, "i", 7, NUMBERS(1), (const int64_t[]){3}, 8);
        imports_node(&m, *operator_, "x,i", "y");
        CHECK_FAILS(imports_import(&m, REALS(1, 2, 3)), MALFORMED);
        CHECK(strstr(m.complaint.text, "index 3 of 3") != NULL);
    }
}

// Resize in its modes: what each element of the result is made of.
#include "harness/imports.h"

static struct imports m;

static void start(const char *mode, const char *transformation, float scale)
{
    imports_start(&m, 19, NUMBERS(1, 1, 4));
    onnx_reals(&m.onnx, "s", NUMBERS(3), (const float[]){1, 1, scale});
    onnx_node(&m.onnx, "Resize", "x,,s", "y");
    onnx_attribute_text(&m.onnx, "mode", mode);
    if (transformation != NULL)
        onnx_attribute_text(&m.onnx, "coordinate_transformation_mode", transformation);
}

static void check(const float *want, size_t count)
{
    onnx_end(&m.onnx);
    imports_check_counted(&m, 4, want, count);
}

TEST(the_nearest_element_follows_the_rounding)
{
    static const struct {
        const char *rounding;
        float want[6];
    } cases[] = {
        {"floor", {1, 1, 2, 3, 3, 4}},
        {"ceil", {1, 2, 3, 3, 4, 4}},
        {"round_prefer_floor", {1, 2, 2, 3, 4, 4}},
        {"round_prefer_ceil", {1, 2, 2, 3, 4, 4}},
    };

    FOR_EACH(c, cases) // places 0, 2/3, 4/3, 2, 8/3, 10/3
    {
        start("nearest", "asymmetric", 1.5f);
        onnx_attribute_text(&m.onnx, "nearest_mode", c->rounding);
        check(c->want, 6);
    }
}

TEST(linear_weights_follow_the_transformation)
{
    static const struct {
        const char *transformation;
        float want[8];
    } cases[] = {
        {"half_pixel", {1, 1.25f, 1.75f, 2.25f, 2.75f, 3.25f, 3.75f, 4}},
        {"asymmetric", {1, 1.5f, 2, 2.5f, 3, 3.5f, 4, 4}},
        {"align_corners", {1, 1.428571f, 1.857143f, 2.285714f, 2.714286f, 3.142857f, 3.571429f, 4}},
    };

    FOR_EACH(c, cases)
    {
        start("linear", c->transformation, 2);
        check(c->want, 8);
    }
}

TEST(cubic_weights_reach_over_four_elements)
{
    start("cubic", NULL, 0.5f);
    check((const float[]){1.40625f, 3.59375f}, 2);
}

TEST(antialiasing_reaches_over_all_elements_that_become_one)
{
    start("linear", NULL, 0.5f); // weights 1, 3, 3, 1
    onnx_attribute_integer(&m.onnx, "antialias", 1);
    check((const float[]){1.625f, 3.375f}, 2);
}

TEST(parts_outside_are_extrapolated)
{
    imports_start(&m, 19, NUMBERS(1, 1, 4));
    onnx_reals(&m.onnx, "roi", NUMBERS(6), (const float[]){0, 0, 0, 1, 1, 2});
    onnx_integers(&m.onnx, "sizes", NUMBERS(1, 1, 3));
    onnx_node(&m.onnx, "Resize", "x,roi,,sizes", "y");
    onnx_attribute_text(&m.onnx, "mode", "linear");
    onnx_attribute_text(&m.onnx, "coordinate_transformation_mode", "tf_crop_and_resize");
    onnx_attribute_real(&m.onnx, "extrapolation_value", 9);
    check((const float[]){1, 4, 9}, 3);
}

TEST(proportions_are_kept_inside_or_outside_of_the_sizes)
{
    static const char *const policies[] = {"not_larger", "not_smaller"};

    for (int i = 0; i < 2; i++) {
        imports_start(&m, 19, NUMBERS(2, 4));
        onnx_integers(&m.onnx, "sizes", NUMBERS(1, 4));
        onnx_node(&m.onnx, "Resize", "x,,,sizes", "y");
        onnx_attribute_text(&m.onnx, "keep_aspect_ratio_policy", policies[i]);
        onnx_end(&m.onnx);
        CHECK_OK(imports_import(&m, REALS(1, 2, 3, 4, 5, 6, 7, 8)));
        const struct vch_shape *shape = &m.graph->values[m.graph->outputs[0].value].shape;
        CHECK_EQ(shape->dims[0], i + 1);
        CHECK_EQ(shape->dims[1], 2 * i + 2);
    }
}

TEST(upsample_repeats_elements)
{
    imports_start(&m, 9, NUMBERS(1, 1, 2));
    onnx_reals(&m.onnx, "s", NUMBERS(3), (const float[]){1, 1, 2});
    imports_node(&m, "Upsample", "x,s", "y");
    imports_check_counted(&m, 2, REALS(1, 1, 2, 2));
}

TEST(affine_grids_place_the_middle_or_the_corners)
{
    static const float want[][12] = {
        {9.333333f, 0, 10, 0, 10.66667f, 0}, // x 10 + 1 * (-2/3, 0, 2/3)
        {9, 0, 10, 0, 11, 0},
    };

    for (int64_t corners = 0; corners < 2; corners++) {
        imports_start(&m, 20, NUMBERS(1, 2, 3));
        onnx_integers(&m.onnx, "size", NUMBERS(1, 1, 1, 3));
        onnx_node(&m.onnx, "AffineGrid", "x,size", "y");
        onnx_attribute_integer(&m.onnx, "align_corners", corners);
        onnx_end(&m.onnx);
        imports_check(&m, REALS(1, 0, 10, 0, 0, 0), want[corners], 6, 1e-3);
    }
}

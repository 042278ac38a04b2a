// Convolutions and pools over one to three dimensions: what they give, element by element.
#include "harness/imports.h"

static struct imports m;

static void windowed(const char *operator_, const char *inputs, const int64_t *kernel, size_t axes)
{
    onnx_node(&m.onnx, operator_, inputs, "y");
    onnx_attribute_integers(&m.onnx, "kernel_shape", kernel, axes);
}

static void check(size_t x_count, const float *want, size_t count)
{
    onnx_end(&m.onnx);
    imports_check_within(&m, x_count, want, count, 5e-3); // weights are int8
}

TEST(convolutions_take_several_samples_each_by_itself)
{
    imports_start(&m, 13, NUMBERS(2, 1, 3, 2));
    onnx_reals(&m.onnx, "w", NUMBERS(1, 1, 2, 1), (const float[]){1, 10});
    windowed("Conv", "x,w", NUMBERS(2, 1));
    onnx_attribute_integers(&m.onnx, "strides", NUMBERS(2, 1));
    onnx_attribute_integers(&m.onnx, "pads", NUMBERS(1, 0, 0, 0));
    check(12, REALS(10, 20, 53, 64, 70, 80, 119, 130));
}

TEST(convolutions_take_one_dimension_with_dilation)
{
    imports_start(&m, 13, NUMBERS(1, 1, 5));
    onnx_reals(&m.onnx, "w", NUMBERS(1, 1, 2), (const float[]){1, -1});
    windowed("Conv", "x,w", NUMBERS(2));
    onnx_attribute_integers(&m.onnx, "dilations", NUMBERS(2));
    onnx_attribute_integers(&m.onnx, "pads", NUMBERS(0, 1));
    check(5, REALS(-2, -2, -2, 4));
}

TEST(convolutions_take_three_dimensions_in_groups)
{
    imports_start(&m, 13, NUMBERS(1, 2, 2, 2, 2));
    onnx_reals(&m.onnx, "w", NUMBERS(2, 1, 2, 1, 2), (const float[]){1, 2, 3, 4, -1, -2, -3, -4});
    onnx_reals(&m.onnx, "b", NUMBERS(2), (const float[]){1, 0});
    windowed("Conv", "x,w,b", NUMBERS(2, 1, 2));
    onnx_attribute_integer(&m.onnx, "group", 2);
    check(16, REALS(45, 65, -124, -144)); // 1 + 1*1 + 2*2 + 3*5 + 4*6, ...
}

TEST(convolutions_pad_themselves)
{
    static const struct {
        const char *mode;
        float want[3];
    } cases[] = {{"SAME_UPPER", {3, 5, 3}}, {"SAME_LOWER", {1, 3, 5}}, {"VALID", {3, 5}}};

    FOR_EACH(c, cases)
    {
        imports_start(&m, 13, NUMBERS(1, 1, 3));
        onnx_reals(&m.onnx, "w", NUMBERS(1, 1, 2), (const float[]){1, 1});
        windowed("Conv", "x,w", NUMBERS(2));
        onnx_attribute_text(&m.onnx, "auto_pad", c->mode);
        check(3, c->want, c->want[2] != 0 ? 3 : 2);
    }
}

TEST(transposed_convolutions_spread_their_operand)
{
    imports_start(&m, 13, NUMBERS(1, 1, 3));
    onnx_reals(&m.onnx, "w", NUMBERS(1, 1, 3), (const float[]){1, 10, 100});
    windowed("ConvTranspose", "x,w", NUMBERS(3));
    onnx_attribute_integers(&m.onnx, "strides", NUMBERS(2));
    check(3, REALS(1, 10, 102, 20, 203, 30, 300));
}

TEST(transposed_convolutions_take_pads_groups_and_sizes)
{
    imports_start(&m, 13, NUMBERS(1, 2, 1, 2));
    onnx_reals(&m.onnx, "w", NUMBERS(2, 1, 1, 2), (const float[]){1, 10, 100, 1000});
    windowed("ConvTranspose", "x,w", NUMBERS(1, 2));
    onnx_attribute_integer(&m.onnx, "group", 2);
    onnx_attribute_integers(&m.onnx, "pads", NUMBERS(0, 1, 0, 0));
    check(4, REALS(12, 20, 3400, 4000));
    imports_start(&m, 13, NUMBERS(1, 1, 2));
    onnx_reals(&m.onnx, "w", NUMBERS(1, 1, 2), (const float[]){1, 10});
    windowed("ConvTranspose", "x,w", NUMBERS(2));
    onnx_attribute_integers(&m.onnx, "strides", NUMBERS(2));
    onnx_attribute_integers(&m.onnx, "output_padding", NUMBERS(1));
    onnx_attribute_integers(&m.onnx, "output_shape", NUMBERS(5));
    check(2, REALS(1, 10, 2, 20, 0));
}

TEST(transposed_convolutions_take_several_samples)
{
    imports_start(&m, 13, NUMBERS(2, 1, 2));
    onnx_reals(&m.onnx, "w", NUMBERS(1, 2, 2), (const float[]){1, 10, -1, -10});
    windowed("ConvTranspose", "x,w", NUMBERS(2));
    check(4, REALS(1, 12, 20, -1, -12, -20, 3, 34, 40, -3, -34, -40));
}

TEST(maxima_take_dilation_with_padding)
{
    imports_start(&m, 13, NUMBERS(1, 1, 5));
    windowed("MaxPool", "x", NUMBERS(2));
    onnx_attribute_integers(&m.onnx, "dilations", NUMBERS(3));
    onnx_attribute_integers(&m.onnx, "pads", NUMBERS(1, 1));
    check(5, REALS(3, 4, 5, 3));
}

TEST(maxima_take_three_dimensions)
{
    imports_start(&m, 13, NUMBERS(1, 1, 2, 2, 3));
    windowed("MaxPool", "x", NUMBERS(2, 1, 2));
    check(12, REALS(8, 9, 11, 12));
}

// Windows at 0, 2 and 4 of six padded elements 0 1 2 3 4 0; the last one hangs over the end.
TEST(means_divide_by_what_they_hold)
{
    static const float want[][3] = {{1.5f, 3, 4}, {1, 3, 2}};

    for (int64_t counts = 0; counts < 2; counts++) {
        imports_start(&m, 19, NUMBERS(1, 1, 4));
        windowed("AveragePool", "x", NUMBERS(3));
        onnx_attribute_integers(&m.onnx, "strides", NUMBERS(2));
        onnx_attribute_integers(&m.onnx, "pads", NUMBERS(1, 1));
        onnx_attribute_integer(&m.onnx, "ceil_mode", 1);
        onnx_attribute_integer(&m.onnx, "count_include_pad", counts);
        check(4, want[counts], 3);
    }
}

TEST(means_take_dilation_with_padding)
{
    imports_start(&m, 19, NUMBERS(1, 1, 4));
    windowed("AveragePool", "x", NUMBERS(2));
    onnx_attribute_integers(&m.onnx, "dilations", NUMBERS(2));
    onnx_attribute_integers(&m.onnx, "pads", NUMBERS(1, 1));
    check(4, REALS(2, 2, 3, 3));
}

TEST(means_take_three_dimensions)
{
    imports_start(&m, 13, NUMBERS(1, 1, 2, 2, 2));
    windowed("AveragePool", "x", NUMBERS(2, 2, 1));
    check(8, REALS(4, 5));
}

TEST(norms_pool_magnitudes)
{
    imports_start(&m, 18, NUMBERS(1, 1, 3));
    windowed("LpPool", "x", NUMBERS(2));
    onnx_attribute_integer(&m.onnx, "p", 1);
    check(3, REALS(3, 5));
    imports_start(&m, 18, NUMBERS(1, 1, 4));
    imports_node(&m, "GlobalLpPool", "x", "y");
    imports_check_counted(&m, 4, REALS(5.477226f));
}

TEST(lrn_divides_by_the_channels_around)
{
    imports_start(&m, 13, NUMBERS(1, 3, 1, 1));
    onnx_node(&m.onnx, "LRN", "x", "y");
    onnx_attribute_integer(&m.onnx, "size", 3);
    onnx_attribute_real(&m.onnx, "alpha", 3);
    onnx_attribute_real(&m.onnx, "beta", 1);
    onnx_attribute_real(&m.onnx, "bias", 1);
    onnx_end(&m.onnx);
    imports_check_counted(&m, 3, REALS(1.0f / 6, 2.0f / 15, 3.0f / 14));
}

TEST(patches_add_up_to_an_image)
{
    imports_start(&m, 18, NUMBERS(1, 2, 3));
    onnx_integers(&m.onnx, "image", NUMBERS(1, 4));
    onnx_integers(&m.onnx, "block", NUMBERS(1, 2));
    imports_node(&m, "Col2Im", "x,image,block", "y");
    imports_check_counted(&m, 6, REALS(1, 6, 8, 6));
}

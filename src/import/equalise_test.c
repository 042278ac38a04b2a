// Equalisation: channels of very different sizes cost no precision, and the float model stays.
#include <math.h>

#include "harness/importing.h"

enum { INPUTS = 12, MIDDLE = 16, OUTPUTS = 5 };

static struct importing at;
static float first[INPUTS * MIDDLE], bias[MIDDLE], second[MIDDLE * OUTPUTS];

// Channel c is 2^-(c % 4) as large as the largest, and its weights are as much larger.
static void draw(bool is_uneven)
{
    for (size_t c = 0; c < MIDDLE; c++) {
        float size = is_uneven ? ldexpf(1, -(int)(c % 4)) : 1;
        for (size_t i = 0; i < INPUTS; i++)
            first[i * MIDDLE + c] = size * importing_real();
        bias[c] = size * importing_real();
        for (size_t o = 0; o < OUTPUTS; o++)
            second[c * OUTPUTS + o] = importing_real() / size;
    }
}

static void build(const char *activation)
{
    importing_start(&at, 13, DIMS(1, INPUTS));
    onnx_reals(&at.onnx, "w", DIMS(INPUTS, MIDDLE), first);
    onnx_reals(&at.onnx, "b", DIMS(MIDDLE), bias);
    onnx_reals(&at.onnx, "v", DIMS(MIDDLE, OUTPUTS), second);
    importing_node(&at, "Gemm", "x,w,b", "h");
    importing_node(&at, activation, "h", "a");
    importing_node(&at, "MatMul", "a,v", "y");
}

static double mean_error(const char *activation)
{
    build(activation);
    importing_succeeds(&at, importing_random(&at, 8, INPUTS));
    return at.report.outputs[0].error_mean / at.report.outputs[0].range;
}

TEST(channels_of_all_sizes_lose_as_little_as_equal_ones)
{
    double even = 0, uneven = 0, hindered = 0;

    for (unsigned round = 0; round < 8; round++) {
        draw(false);
        even += mean_error("Relu");
        draw(true);
        uneven += mean_error("Relu");
        hindered += mean_error("Softplus"); // minds a factor, so that nothing can be done
    }
    CHECK(uneven < 1.5 * even);
    CHECK(hindered > 1.2 * uneven);
}

// What the float model gives, by hand.
static double largest_output(void)
{
    double largest = 0;

    for (size_t sample = 0; sample < IMPORTING_SAMPLES; sample++)
        for (size_t o = 0; o < OUTPUTS; o++) {
            double y = 0;
            for (size_t c = 0; c < MIDDLE; c++) {
                double h = (double)bias[c];
                for (size_t i = 0; i < INPUTS; i++)
                    h += (double)at.values[sample * INPUTS + i] * (double)first[i * MIDDLE + c];
                y += fmax(h, 0) * (double)second[c * OUTPUTS + o];
            }
            largest = fmax(largest, fabs(y));
        }
    return largest;
}

TEST(equalising_leaves_the_float_model_what_it_was)
{
    draw(true);
    (void)mean_error("Relu");
    CHECK(fabs(at.report.outputs[0].range / largest_output() - 1) < 1e-5);
}

static void picture(const float *kernel, const float *weights, bool is_hindered)
{
    importing_start(&at, 13, DIMS(1, 3, 6, 6));
    onnx_reals(&at.onnx, "k", DIMS(MIDDLE, 3, 3, 3), kernel);
    onnx_reals(&at.onnx, "b", DIMS(MIDDLE), bias);
    onnx_reals(&at.onnx, "v", DIMS(MIDDLE * 4, OUTPUTS), weights);
    importing_node(&at, "Conv", "x,k,b", "c");
    importing_node(&at, "Relu", "c", "r");
    onnx_node(&at.onnx, "MaxPool", "r", "p");
    onnx_attribute_integers(&at.onnx, "kernel_shape", (const int64_t[]){2, 2}, 2);
    onnx_attribute_integers(&at.onnx, "strides", (const int64_t[]){2, 2}, 2);
    onnx_end(&at.onnx);
    importing_node(&at, "Flatten", "p", "f");
    importing_node(&at, "MatMul", "f,v", "y");
    if (is_hindered) onnx_output(&at.onnx, "p"); // somebody else reads it
}

// Channels keep their factors through convolution, pool and flattening.
TEST(equalising_across_pools_and_flattening_leaves_the_float_model_what_it_was)
{
    static float kernel[MIDDLE * 27], weights[MIDDLE * 4 * OUTPUTS];
    struct vch_npy samples = importing_samples(&at, 108);

    draw(true);
    for (size_t i = 0; i < MIDDLE * 27; i++)
        kernel[i] = ldexpf(importing_real(), -(int)(i / 27 % 4));
    for (size_t i = 0; i < MIDDLE * 4 * OUTPUTS; i++)
        weights[i] = ldexpf(importing_real(), (int)(i / OUTPUTS / 4 % 4));
    picture(kernel, weights, true);
    importing_succeeds(&at, importing_with(&at, 8, &samples));
    double range = at.report.outputs[0].range, error = at.report.outputs[0].error_mean;
    picture(kernel, weights, false);
    importing_succeeds(&at, importing_with(&at, 8, &samples));
    CHECK(fabs(at.report.outputs[0].range / range - 1) < 1e-9);
    CHECK(at.report.outputs[0].error_mean < error);
}

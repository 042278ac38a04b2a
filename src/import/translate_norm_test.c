// Norms of every kind: what the integers compute, against the float model.
#include <math.h>
#include <string.h>

#include "harness/importing.h"

static struct importing at;

static void start_norm(int64_t opset, const int64_t *dims, size_t rank)
{
    importing_start(&at, opset, dims, rank);
    importing_reals(&at, "scale", DIMS(6));
    importing_reals(&at, "bias", DIMS(6));
    importing_reals(&at, "pair", DIMS(2));
}

static void check_norm(size_t size, double part_of_range)
{
    importing_succeeds(&at, importing_random(&at, 16, size));
    CHECK_EQ(importing_count(&at, VCH_OPERATOR_NORMALISE), 1);
    importing_is_close(&at, part_of_range);
}

TEST(layer_normalization_over_any_axes)
{
    for (int64_t axis = -3; axis < 3; axis++) {
        start_norm(17, DIMS(2, 4, 6));
        onnx_node(&at.onnx, "LayerNormalization", "x,scale,bias", "y");
        onnx_attribute_integer(&at.onnx, "axis", axis);
        onnx_end(&at.onnx);
        check_norm(48, 0.004);
    }
}

TEST(layer_normalization_gives_mean_and_deviation)
{
    start_norm(17, DIMS(1, 4, 6));
    onnx_output(&at.onnx, "mean");
    onnx_output(&at.onnx, "inverse");
    importing_node(&at, "LayerNormalization", "x,scale,bias", "y,mean,inverse");
    check_norm(24, 0.01);
    CHECK_EQ(at.report.output_count, 3);
}

TEST(normalization_by_root_mean_square)
{
    start_norm(23, DIMS(1, 4, 6));
    importing_node(&at, "RMSNormalization", "x,scale", "y");
    check_norm(24, 0.004);
}

TEST(instance_and_group_normalization)
{
    start_norm(17, DIMS(1, 6, 3, 5));
    importing_node(&at, "InstanceNormalization", "x,scale,bias", "y");
    check_norm(90, 0.005);

    start_norm(18, DIMS(1, 6, 3, 5)); // one scale per group
    onnx_node(&at.onnx, "GroupNormalization", "x,pair,pair", "y");
    onnx_attribute_integer(&at.onnx, "num_groups", 2);
    onnx_end(&at.onnx);
    check_norm(90, 0.005);

    start_norm(21, DIMS(1, 6, 3, 5)); // one scale per channel
    onnx_node(&at.onnx, "GroupNormalization", "x,scale,bias", "y");
    onnx_attribute_integer(&at.onnx, "num_groups", 3);
    onnx_end(&at.onnx);
    check_norm(90, 0.005);
}

TEST(mean_variance_and_lp_normalization)
{
    start_norm(13, DIMS(1, 6, 3, 5));
    importing_node(&at, "MeanVarianceNormalization", "x", "y");
    check_norm(90, 0.004);

    for (int64_t axis = 0; axis < 3; axis++) {
        start_norm(13, DIMS(2, 4, 6));
        onnx_node(&at.onnx, "LpNormalization", "x", "y");
        onnx_attribute_integer(&at.onnx, "axis", axis);
        onnx_end(&at.onnx);
        check_norm(48, 0.004);
    }
    start_norm(13, DIMS(2, 4, 6));
    onnx_node(&at.onnx, "LpNormalization", "x", "y");
    onnx_attribute_integer(&at.onnx, "p", 1);
    onnx_end(&at.onnx);
    importing_succeeds(&at, importing_random(&at, 16, 48));
    importing_is_close(&at, 0.02);
}

// Rows from a thousandth of the largest up: each is as precise as its own elements are.
TEST(rows_whose_variances_differ_keep_their_precision)
{
    importing_start(&at, 17, DIMS(1, 4, 16));
    onnx_reals(&at.onnx, "ones", DIMS(1), (const float[]){1});
    onnx_node(&at.onnx, "LayerNormalization", "x,ones", "y");
    onnx_attribute_real(&at.onnx, "epsilon", 1e-12f);
    onnx_end(&at.onnx);
    struct vch_npy samples = importing_samples(&at, 64);
    for (size_t i = 0; i < samples.count; i++)
        at.values[i] *= powf(10, -(float)(i / 16 % 4));
    importing_succeeds(&at, importing_with(&at, 16, &samples));
    importing_is_close(&at, 0.03); // the smallest rows have some 30 steps
    CHECK(at.report.outputs[0].error_mean < 0.002 * at.report.outputs[0].range);
}

TEST(an_epsilon_that_drowns_the_variance)
{
    importing_start(&at, 17, DIMS(1, 4, 16));
    onnx_reals(&at.onnx, "ones", DIMS(1), (const float[]){1});
    onnx_node(&at.onnx, "LayerNormalization", "x,ones", "y");
    onnx_attribute_real(&at.onnx, "epsilon", 1e6f);
    onnx_end(&at.onnx);
    check_norm(64, 0.002);
}

// 90,000 elements are more than int16 rows may have: the row is int8.
TEST(long_rows_are_normalised_as_int8)
{
    static float sample[90000];

    for (size_t i = 0; i < 90000; i++)
        sample[i] = importing_real();
    importing_start(&at, 17, DIMS(1, 1, 300, 300));
    onnx_reals(&at.onnx, "one", DIMS(1), (const float[]){1});
    importing_node(&at, "InstanceNormalization", "x,one,one", "y");
    struct vch_npy samples = {.rank = 2, .dims = {1, 90000}, .count = 90000, .values = sample};
    importing_succeeds(&at, importing_with(&at, 16, &samples));
    importing_is_close(&at, 0.01);
}

// Its scale and offset go into the weights of all that read it; else into a product and a sum.
TEST(scales_of_norms_end_up_in_weights)
{
    importing_start(&at, 17, DIMS(1, 4, 6));
    importing_reals(&at, "scale", DIMS(6));
    importing_reals(&at, "bias", DIMS(6));
    importing_reals(&at, "w", DIMS(6, 3));
    importing_reals(&at, "v", DIMS(6, 3));
    importing_node(&at, "LayerNormalization", "x,scale,bias", "n");
    importing_node(&at, "MatMul", "n,w", "a");
    importing_node(&at, "MatMul", "n,v", "b");
    importing_node(&at, "Mul", "a,b", "y");
    importing_succeeds(&at, importing_random(&at, 16, 24));
    importing_is_close(&at, 0.02);
    // A layer that needs it gets two rows of weights, and a sum.
    uint32_t rows = importing_count(&at, VCH_OPERATOR_LINEAR);
    CHECK_EQ(at.graph->operator_count, 2 + rows + (rows - 2));

    start_norm(17, DIMS(1, 4, 6));
    importing_node(&at, "LayerNormalization", "x,scale,bias", "y");
    importing_succeeds(&at, importing_random(&at, 16, 24));
    CHECK_EQ(importing_count(&at, VCH_OPERATOR_MULTIPLY), 1);
    CHECK_EQ(importing_count(&at, VCH_OPERATOR_ADD), 1);
    CHECK_EQ(importing_count(&at, VCH_OPERATOR_CONVOLUTION), 0);
}

static void mean_of(const char *what, const char *mean)
{
    onnx_node(&at.onnx, "ReduceMean", what, mean);
    onnx_attribute_integers(&at.onnx, "axes", NUMBERS(-1));
    onnx_end(&at.onnx);
}

static void open_written_norm(void)
{
    start_norm(13, DIMS(1, 4, 6));
    onnx_reals(&at.onnx, "epsilon", DIMS(1), (const float[]){1e-5f});
    onnx_reals(&at.onnx, "two", DIMS(1), (const float[]){2});
    onnx_reals(&at.onnx, "zero", DIMS(1), (const float[]){0});
    mean_of("x", "mean");
    importing_node(&at, "Sub", "x,mean", "apart");
}

TEST(norms_written_by_hand_are_recognised)
{
    open_written_norm(); // PyTorch
    importing_node(&at, "Pow", "apart,two", "squares");
    mean_of("squares", "variance");
    importing_node(&at, "Add", "variance,epsilon", "sum");
    importing_node(&at, "Sqrt", "sum", "deviation");
    importing_node(&at, "Div", "apart,deviation", "normal");
    importing_node(&at, "Mul", "normal,scale", "scaled");
    importing_node(&at, "Add", "scaled,bias", "y");
    check_norm(24, 0.004);

    open_written_norm(); // JAX
    importing_node(&at, "Mul", "x,x", "squares");
    mean_of("squares", "mean of squares");
    importing_node(&at, "Mul", "mean,mean", "square of mean");
    importing_node(&at, "Sub", "mean of squares,square of mean", "difference");
    importing_node(&at, "Max", "zero,difference", "variance");
    importing_node(&at, "Add", "variance,epsilon", "sum");
    importing_node(&at, "Sqrt", "sum", "deviation");
    importing_node(&at, "Reciprocal", "deviation", "inverse");
    importing_node(&at, "Mul", "inverse,scale", "factor");
    importing_node(&at, "Mul", "apart,factor", "scaled");
    importing_node(&at, "Add", "scaled,bias", "y");
    check_norm(24, 0.004);

    open_written_norm(); // root mean square
    importing_node(&at, "Pow", "x,two", "squares");
    mean_of("squares", "square");
    importing_node(&at, "Add", "square,epsilon", "sum");
    importing_node(&at, "Sqrt", "sum", "root");
    importing_node(&at, "Div", "x,root", "normal");
    importing_node(&at, "Mul", "normal,scale", "y");
    check_norm(24, 0.004);
}

// Almost a norm: the deviation of something else, or of another axis.
TEST(what_is_no_norm_is_not_taken_for_one)
{
    for (int way = 0; way < 2; way++) {
        open_written_norm();
        importing_node(&at, "Mul", way == 0 ? "x,x" : "apart,apart", "squares");
        onnx_node(&at.onnx, "ReduceMean", "squares", "variance");
        onnx_attribute_integers(&at.onnx, "axes", NUMBERS(way == 0 ? 2 : 1));
        onnx_end(&at.onnx);
        importing_node(&at, "Add", "variance,epsilon", "sum");
        importing_node(&at, "Sqrt", "sum", "deviation");
        importing_node(&at, "Div", "apart,deviation", "y");
        importing_succeeds(&at, importing_random(&at, 16, 24));
        importing_is_close(&at, 0.02);
        CHECK_EQ(importing_count(&at, VCH_OPERATOR_NORMALISE), way);
    }
}

// Per row, but turned before it meets the rows: every element has another row's deviation.
TEST(deviations_that_moves_have_turned_are_no_norms)
{
    importing_start(&at, 13, DIMS(1, 4, 4));
    onnx_reals(&at.onnx, "epsilon", DIMS(1), (const float[]){1e-5f});
    onnx_integers(&at.onnx, "turned", NUMBERS(1, 1, 4));
    importing_node(&at, "Mul", "x,x", "squares");
    mean_of("squares", "square");
    importing_node(&at, "Add", "square,epsilon", "sum");
    importing_node(&at, "Sqrt", "sum", "root");
    importing_node(&at, "Reshape", "root,turned", "other roots");
    importing_node(&at, "Div", "x,other roots", "y");
    importing_succeeds(&at, importing_random(&at, 16, 16));
    CHECK_EQ(importing_count(&at, VCH_OPERATOR_NORMALISE), 0);
    CHECK_EQ(importing_count(&at, VCH_OPERATOR_DIVIDE), 1);
}

static void check_refused(const char *says)
{
    CHECK(!vch_is_ok(importing_random(&at, 16, 24)));
    if (strstr(at.complaint.text, says) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", at.complaint.text, says);
}

TEST(norms_that_do_not_fit_are_refused)
{
    static const struct {
        const char *operator_, *inputs, *attribute;
        int64_t value;
        const char *says;
    } wrong[] = {
        {"LayerNormalization", "x,pair", "axis", -1, "differ"},
        {"LayerNormalization", "x", "axis", 3, "no axis"},
        {"GroupNormalization", "x,scale,bias", "stash_type", 1, "num_groups"},
        {"GroupNormalization", "x,scale,bias", "num_groups", 3, "3 groups of 4"},
        {"InstanceNormalization", "x,scale,scale", "stash_type", 1, "6 numbers for 4"},
        {"LpNormalization", "x", "p", 3, "1 and 2"},
        {"MeanVarianceNormalization", "x", "stash_type", 1, "no axis"},
    };

    FOR_EACH(c, wrong)
    {
        start_norm(18, DIMS(1, 4, 6));
        onnx_node(&at.onnx, c->operator_, c->inputs, "y");
        onnx_attribute_integer(&at.onnx, c->attribute, c->value);
        onnx_end(&at.onnx);
        check_refused(c->says);
    }
}

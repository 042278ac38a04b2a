// Functions of each element, powers, softmax: what the integers compute, against the float model.
#include <math.h>
#include <string.h>

#include "harness/importing.h"

static struct importing at;

static void check_close(size_t size, double part_of_range)
{
    importing_succeeds(&at, importing_random(&at, 16, size));
    importing_is_close(&at, part_of_range);
}

TEST(every_function_is_a_table)
{
    static const char *const names[] = {
        "Acos", "Asin", "Asinh", "Atan", "Celu", "Cosh", "Shrink", "Sinh", "Swish", "Tan",
    };

    FOR_EACH(name, names)
    {
        importing_start(&at, 24, DIMS(1, 30));
        importing_node(&at, *name, "x", "y");
        check_close(30, strcmp(*name, "Shrink") == 0 ? 0.51 : 0.01); // it jumps; others are steep
        CHECK_EQ(importing_count(&at, VCH_OPERATOR_TABLE), 1);
        CHECK(at.report.outputs[0].error_mean < 0.0005 * at.report.outputs[0].range);
    }
}

// A softmax reads x as well, so that it is an integer for numbers up to 3.
static const struct vch_table *table_of(const char *function, double *scale)
{
    static float ones[] = {1, 0.5f, 0.25f};
    struct vch_npy samples = {.rank = 2, .dims = {1, 3}, .count = 3, .values = ones};

    importing_start(&at, 13, DIMS(1, 3));
    onnx_output(&at.onnx, "z");
    importing_node(&at, "Softmax", "x", "z");
    importing_node(&at, function, "x", "y");
    importing_succeeds(&at, importing_with(&at, 16, &samples));
    memcpy(scale, &at.graph->inputs[0].scale_bits, sizeof *scale);
    CHECK(*scale > 2.0 / 32767);
    for (uint32_t i = 0; i < at.graph->operator_count; i++)
        if (at.graph->operators[i].kind == VCH_OPERATOR_TABLE)
            return &at.graph->tables[at.graph->operators[i].table];
    test_fail(__FILE__, __LINE__, "%s is no table", function);
}

TEST(functions_beyond_their_domain_are_what_they_are_at_its_edge)
{
    double scale = 0;
    const int32_t *entries = table_of("Asin", &scale)->entries;
    int32_t edge = (int32_t)floor(1 / scale);

    CHECK(entries[32768 + edge] > 20000);
    CHECK_EQ(entries[65535], entries[32768 + edge]);
    CHECK_EQ(entries[1], entries[32768 - edge]);
    entries = table_of("Sqrt", &scale)->entries;
    CHECK(entries[65535] > 20000);
    CHECK_EQ(entries[1], 0);
}

TEST(powers_with_one_exponent_many_or_one_base)
{
    static const float exponents[] = {2, 3, 2, 1, 0, 3};

    importing_start(&at, 15, DIMS(1, 6));
    onnx_reals(&at.onnx, "e", DIMS(6), exponents);
    importing_node(&at, "Pow", "x,e", "y"); // bases of both signs
    check_close(6, 0.002);

    importing_start(&at, 15, DIMS(1, 6));
    onnx_reals(&at.onnx, "b", DIMS(1), (const float[]){3});
    importing_node(&at, "Pow", "b,x", "y");
    check_close(6, 0.001);
    CHECK_EQ(importing_count(&at, VCH_OPERATOR_TABLE), 1);

    importing_start(&at, 15, DIMS(1, 6));
    importing_node(&at, "Sigmoid", "x", "b"); // positive
    importing_node(&at, "Pow", "b,x", "y");
    check_close(6, 0.002);
}

TEST(powers_of_negative_numbers_are_refused)
{
    importing_start(&at, 15, DIMS(1, 6));
    importing_node(&at, "Pow", "x,x", "y");
    CHECK(!vch_is_ok(importing_random(&at, 16, 6)));
    CHECK(strstr(at.complaint.text, "is no number") != NULL);
}

TEST(softmax_and_its_logarithm_over_any_axis)
{
    static const char *const names[] = {"Softmax", "LogSoftmax"};

    FOR_EACH(name, names)
    {
        for (int64_t opset = 11; opset <= 13; opset += 2)
            for (int64_t axis = -2; axis < 3; axis++)
                for (unsigned bits = 8; bits <= 16; bits += 8) {
                    importing_start(&at, opset, DIMS(2, 3, 5));
                    onnx_node(&at.onnx, *name, "x", "y");
                    onnx_attribute_integer(&at.onnx, "axis", axis);
                    onnx_end(&at.onnx);
                    importing_succeeds(&at, importing_random(&at, bits, 30));
                    importing_is_close(&at, 0.001);
                }
    }
}

// A logarithm of the softmax's result would be of nothing but zeros here.
TEST(log_softmax_knows_what_is_small)
{
    importing_start(&at, 13, DIMS(1, 8));
    importing_node(&at, "LogSoftmax", "x", "y");
    struct vch_npy samples = importing_samples(&at, 8);
    for (size_t i = 0; i < samples.count; i++)
        at.values[i] *= 30;
    importing_succeeds(&at, importing_with(&at, 16, &samples));
    importing_is_close(&at, 0.001);
}

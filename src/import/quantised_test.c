// Quantised models: the file's integers and scales, and nothing to calibrate.
#include <math.h>
#include <string.h>

#include "harness/importing.h"
#include "import/onnx_tensor.h"
#include "import/quantise.h"
#include "model/run.h"

enum { INPUTS = 4, OUTPUTS = 3 };

static struct importing at;
static int8_t weights[INPUTS * OUTPUTS]; // (in, out), as MatMul has them
static const float scales[OUTPUTS] = {0.25f, 0.5f, 0.125f};

static vch_status import(unsigned bits)
{
    const struct onnx_bytes *file = onnx_finish(&at.onnx);
    const struct vch_import_options options = {.activation_bits = bits, .kernels = &at.kernels};

    at.kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    vch_arena_release(&at.arena);
    vch_arena_init(&at.arena, (size_t)64 << 20);
    at.complaint.text[0] = '\0';
    return vch_import_onnx(&at.graph, &at.report, file->bytes, file->size, &options, &at.arena,
                           &at.complaint);
}

static void scalar(const char *name, float scale)
{
    onnx_raw(&at.onnx, name, VCH_ONNX_TENSOR_FLOAT, NULL, 0, &scale, sizeof scale);
}

static void zero(const char *name, int32_t type, uint8_t value)
{
    onnx_raw(&at.onnx, name, type, NULL, 0, &value, 1);
}

static void constants(void)
{
    for (size_t i = 0; i < INPUTS * OUTPUTS; i++)
        weights[i] = (int8_t)(test_below(255) - 127);
    onnx_raw(&at.onnx, "w", VCH_ONNX_TENSOR_INT8, DIMS(INPUTS, OUTPUTS), weights, sizeof weights);
    onnx_raw(&at.onnx, "ws", VCH_ONNX_TENSOR_FLOAT, DIMS(OUTPUTS), scales, sizeof scales);
    scalar("xs", 0.5f);
    zero("xz", VCH_ONNX_TENSOR_UINT8, 10);
    scalar("ys", 0.25f);
    zero("yz", VCH_ONNX_TENSOR_UINT8, 128);
}

static double within(double x, double lo, double hi)
{
    return fmin(fmax(x, lo), hi);
}

// What the file says that the model computes; halves go up, as everywhere in the integer model.
static double expected(const float *x, size_t output)
{
    double sum = 0;

    for (size_t i = 0; i < INPUTS; i++)
        sum += within(floor((double)x[i] / 0.5 + 0.5), -10, 245) * 0.5 *
               (double)weights[i * OUTPUTS + output] * (double)scales[output];
    return within(floor(sum / 0.25 + 0.5), -127, 127);
}

static void check(double step, double offset)
{
    const struct vch_graph *graph = at.graph;
    const struct vch_value *in = &graph->values[graph->inputs[0].value];
    const struct vch_value *out = &graph->values[graph->outputs[0].value];
    struct vch_tensor x = {in->type, in->shape, vch_arena_alloc(&at.arena, INPUTS, 8)};
    struct vch_tensor y = {out->type, out->shape, vch_arena_alloc(&at.arena, OUTPUTS, 8)};
    const struct vch_run run = {
        .graph = graph, .last = graph->operator_count, .batch = 1, .kernels = &at.kernels};

    for (unsigned round = 0; round < 200; round++) {
        float reals[INPUTS], got[OUTPUTS];
        for (size_t i = 0; i < INPUTS; i++)
            reals[i] = importing_real() * (round % 2 == 0 ? 4 : 200);
        CHECK_OK(
            vch_quantise_input(x.data, graph, &graph->inputs[0], reals, INPUTS, &at.complaint));
        CHECK_OK(vch_run_graph(&run, &x, &y, &at.arena, &at.complaint));
        vch_quantise_output(got, graph, &graph->outputs[0], y.data, OUTPUTS);
        for (size_t i = 0; i < OUTPUTS; i++) {
            double want = expected(reals, i);
            if (want == -127 && (double)got[i] == step * (-128 + offset)) continue; // of uint8
            CHECK((double)got[i] == step * (want + offset));
        }
    }
}

TEST(import_of_quantised_and_dequantised_operands_keeps_their_integers)
{
    importing_start(&at, 13, DIMS(1, INPUTS));
    constants();
    importing_node(&at, "QuantizeLinear", "x,xs,xz", "xq");
    importing_node(&at, "DequantizeLinear", "xq,xs,xz", "xr");
    onnx_node(&at.onnx, "DequantizeLinear", "w,ws", "wr");
    onnx_attribute_integer(&at.onnx, "axis", 1);
    onnx_end(&at.onnx);
    importing_node(&at, "MatMul", "xr,wr", "p");
    importing_node(&at, "QuantizeLinear", "p,ys,yz", "q");
    importing_node(&at, "DequantizeLinear", "q,ys,yz", "y");
    CHECK_OK(import(8));
    CHECK_EQ(at.graph->operator_count, 2); // the clamp of the input, and the product
    CHECK_EQ(at.report.sample_count, 0);
    check(0.25, 0);
}

TEST(import_of_a_quantised_product_gives_its_integers)
{
    importing_start(&at, 13, DIMS(1, INPUTS));
    constants();
    importing_node(&at, "QuantizeLinear", "x,xs,xz", "xq");
    onnx_raw(&at.onnx, "wz", VCH_ONNX_TENSOR_INT8, DIMS(OUTPUTS), "\0\0\0", OUTPUTS);
    importing_node(&at, "QLinearMatMul", "xq,xs,xz,w,ws,wz,ys,yz", "y");
    CHECK_OK(import(16));
    check(1, 128);
}

TEST(import_gives_a_second_row_to_weights_beyond_int8)
{
    static const uint8_t wide[INPUTS] = {255, 0, 7, 200};

    importing_start(&at, 13, DIMS(1, INPUTS));
    constants();
    onnx_raw(&at.onnx, "v", VCH_ONNX_TENSOR_UINT8, DIMS(INPUTS, 1), wide, sizeof wide);
    scalar("vs", 0.25f);
    zero("vz", VCH_ONNX_TENSOR_UINT8, 3);
    importing_node(&at, "QuantizeLinear", "x,xs,xz", "xq");
    importing_node(&at, "QLinearMatMul", "xq,xs,xz,v,vs,vz,ys,yz", "q");
    importing_node(&at, "DequantizeLinear", "q,ys,yz", "y");
    CHECK_OK(import(8));
    CHECK_EQ(importing_count(&at, VCH_OPERATOR_LINEAR), 2);
}

TEST(import_refuses_scales_that_it_cannot_keep)
{
    importing_start(&at, 13, DIMS(1, INPUTS));
    scalar("xs", 0);
    importing_node(&at, "QuantizeLinear", "x,xs", "y");
    CHECK_FAILS(import(8), MALFORMED);
    importing_start(&at, 13, DIMS(1, INPUTS));
    onnx_raw(&at.onnx, "xs", VCH_ONNX_TENSOR_FLOAT, DIMS(OUTPUTS), scales, sizeof scales);
    importing_node(&at, "QuantizeLinear", "x,xs", "y");
    CHECK_FAILS(import(8), UNSUPPORTED);
    importing_start(&at, 13, DIMS(1, INPUTS));
    importing_node(&at, "DynamicQuantizeLinear", "x", "y,s,z");
    CHECK_FAILS(import(8), UNSUPPORTED);
    CHECK(strstr(at.complaint.text, "depends on the model's input") != NULL);
}

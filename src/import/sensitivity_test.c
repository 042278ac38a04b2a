// Mixed precision: demands are met or refused, and nothing is spent without one.
#include <string.h>

#include "harness/importing.h"

static struct importing at;

static void build(void)
{
    importing_start(&at, 13, DIMS(1, 16));
    importing_reals(&at, "w", DIMS(16, 24));
    importing_reals(&at, "v", DIMS(24, 24));
    importing_reals(&at, "u", DIMS(24, 8));
    importing_node(&at, "MatMul", "x,w", "a");
    importing_node(&at, "Relu", "a", "b");
    importing_node(&at, "MatMul", "b,v", "c");
    importing_node(&at, "Tanh", "c", "d");
    importing_node(&at, "MatMul", "d,u", "y");
}

static vch_status import(struct vch_import_options options)
{
    const struct onnx_bytes *file = onnx_finish(&at.onnx);
    struct vch_npy samples = {
        .rank = 2,
        .dims = {IMPORTING_SAMPLES, 16},
        .count = IMPORTING_SAMPLES * (size_t)16,
        .values = at.values,
    };

    at.kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    options.calibration = &samples;
    options.kernels = &at.kernels;
    vch_arena_release(&at.arena);
    vch_arena_init(&at.arena, (size_t)256 << 20);
    at.complaint.text[0] = '\0';
    return vch_import_onnx(&at.graph, &at.report, file->bytes, file->size, &options, &at.arena,
                           &at.complaint);
}

static double mean_error(void)
{
    return at.report.outputs[0].error_mean / at.report.outputs[0].range;
}

static uint64_t size_of_tables(void)
{
    uint64_t size = 0;

    for (uint32_t i = 0; i < at.graph->table_count; i++)
        size += (at.graph->tables[i].input == VCH_TYPE_I8 ? 256u : 65536u) *
                vch_tensor_type_size(at.graph->tables[i].output);
    return size;
}

static uint32_t count_rows(void)
{
    return importing_count(&at, VCH_OPERATOR_ADD);
}

TEST(import_with_a_demand_loses_no_more_than_that)
{
    double before = 1;

    build();
    (void)importing_samples(&at, 16);
    CHECK_OK(import((struct vch_import_options){.activation_bits = 8}));
    CHECK_EQ(count_rows(), 0);
    double plain = mean_error();
    for (unsigned i = 0; i < 3; i++) {
        const struct vch_import_options demand = {
            .activation_bits = 8, .has_loss_max = true, .loss_max = plain * 100 / (2 << 2 * i)};
        vch_status status = import(demand);
        if (status.code == VCH_CODE_LIMIT) break; // classes may ask for more than there is
        CHECK_OK(status);
        CHECK(mean_error() <= demand.loss_max / 100 * 1.0001);
        CHECK(mean_error() <= before);
        before = mean_error();
    }
    CHECK(before < plain);
}

TEST(import_refuses_a_demand_that_it_cannot_meet)
{
    build();
    (void)importing_samples(&at, 16);
    CHECK_FAILS(import((struct vch_import_options){.activation_bits = 8, .has_loss_max = true}),
                LIMIT);
    CHECK(strstr(at.complaint.text, "at best") != NULL);
    CHECK_FAILS(import((struct vch_import_options){.activation_bits = 8, .size_max = 100}), LIMIT);
    CHECK(strstr(at.complaint.text, "bytes at least") != NULL);
}

TEST(import_makes_the_best_of_a_size)
{
    build();
    (void)importing_samples(&at, 16);
    CHECK_OK(import((struct vch_import_options){.activation_bits = 8}));
    uint64_t size = at.report.integer_size + size_of_tables();
    double plain = mean_error();
    CHECK_OK(import((struct vch_import_options){.activation_bits = 8, .size_max = size}));
    CHECK_EQ(count_rows(), 0); // a second row would not fit
    CHECK_OK(import((struct vch_import_options){.activation_bits = 8, .size_max = size << 20}));
    CHECK_EQ(count_rows(), 3);
    CHECK(mean_error() < plain / 8);
    CHECK_OK(import((struct vch_import_options){.activation_bits = 8, .size_max = size + 2000}));
    CHECK(at.report.integer_size + size_of_tables() <= size + 2000);
    CHECK(mean_error() <= plain);
}

TEST(weights_in_two_rows_are_as_precise_as_16_bits)
{
    importing_start(&at, 13, DIMS(1, 16));
    importing_reals(&at, "w", DIMS(16, 24));
    importing_node(&at, "MatMul", "x,w", "y");
    (void)importing_samples(&at, 16);
    CHECK_OK(import((struct vch_import_options){.activation_bits = 16, .size_max = UINT64_MAX}));
    CHECK_EQ(count_rows(), 1);
    CHECK_EQ(at.graph->operator_count, 3);
    importing_is_close(&at, 0.0003);
    importing_start(&at, 13, DIMS(1, 4, 2, 2));
    importing_reals(&at, "w", DIMS(6, 2, 2, 1));
    importing_reals(&at, "b", DIMS(6));
    onnx_node(&at.onnx, "Conv", "x,w,b", "c");
    onnx_attribute_integer(&at.onnx, "group", 2);
    onnx_end(&at.onnx);
    importing_node(&at, "Relu", "c", "y");
    CHECK_OK(import((struct vch_import_options){.activation_bits = 16, .size_max = UINT64_MAX}));
    CHECK_EQ(count_rows(), 1);
    importing_is_close(&at, 0.0003);
}

// Tiny ONNX models that tests of the importer import, run and compare with what they must give.
#pragma once

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/onnx.h"
#include "harness/test.h"
#include "import/import.h"
#include "import/quantise.h"
#include "model/run.h"

#define NUMBERS(...) \
    (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)
#define REALS(...) \
    (const float[]){__VA_ARGS__}, sizeof((const float[]){__VA_ARGS__}) / sizeof(float)

struct imports {
    struct onnx onnx;
    struct vch_arena arena;
    struct vch_complaint complaint;
    struct vch_graph *graph;
    struct vch_import_report report;
};

// A model with the input "x" and the output "y".
static inline void imports_start(struct imports *m, int64_t opset, const int64_t *dims, size_t rank)
{
    onnx_init(&m->onnx, opset);
    onnx_input(&m->onnx, "x", dims, rank);
    onnx_output(&m->onnx, "y");
}

static inline void imports_node(struct imports *m, const char *operator_, const char *inputs,
                                const char *outputs)
{
    onnx_node(&m->onnx, operator_, inputs, outputs);
    onnx_end(&m->onnx);
}

// Imports at 16 bits with `x` as the only sample.
static inline vch_status imports_import(struct imports *m, const float *x, size_t count)
{
    const struct onnx_bytes *file = onnx_finish(&m->onnx);
    const struct vch_npy samples = {
        .rank = 2, .dims = {1, count}, .count = count, .values = (float *)(uintptr_t)x};
    const struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    const struct vch_import_options options = {
        .activation_bits = 16, .calibration = &samples, .kernels = &kernels};

    vch_arena_release(&m->arena);
    vch_arena_init(&m->arena, (size_t)256 << 20);
    m->complaint.text[0] = '\0';
    return vch_import_onnx(&m->graph, &m->report, file->bytes, file->size, &options, &m->arena,
                           &m->complaint);
}

static inline void *imports_room(struct imports *m, size_t count, size_t size)
{
    void *room = vch_arena_alloc(&m->arena, count, size);
    CHECK(room != NULL);
    return room;
}

static inline struct vch_tensor imports_tensor(struct imports *m, const struct vch_port *port)
{
    const struct vch_value *value = &m->graph->values[port->value];
    struct vch_tensor tensor = {value->type, value->shape, NULL};

    tensor.data = imports_room(m, vch_tensor_size(&tensor), 1);
    return tensor;
}

// What the imported model gives for its inputs, end to end in `x`: the first output's elements.
static inline size_t imports_run(struct imports *m, const float *x, float **y)
{
    const struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    const struct vch_run run = {
        .graph = m->graph, .last = m->graph->operator_count, .batch = 1, .kernels = &kernels};
    struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX] = {0}, outputs[VCH_GRAPH_PORTS_MAX] = {0};

    for (uint32_t i = 0; i < m->graph->input_count; i++) {
        inputs[i] = imports_tensor(m, &m->graph->inputs[i]);
        size_t count = vch_tensor_shape_count(&inputs[i].shape);
        CHECK_OK(vch_quantise_input(inputs[i].data, m->graph, &m->graph->inputs[i], x, count,
                                    &m->complaint));
        x += count;
    }
    for (uint32_t i = 0; i < m->graph->output_count; i++)
        outputs[i] = imports_tensor(m, &m->graph->outputs[i]);
    CHECK_OK(vch_run_graph(&run, inputs, outputs, &m->arena, &m->complaint));
    size_t count = vch_tensor_shape_count(&outputs[0].shape);
    *y = imports_room(m, count, sizeof **y);
    vch_quantise_output(*y, m->graph, &m->graph->outputs[0], outputs[0].data, count);
    return count;
}

// Within `part` of the largest number expected.
static inline void imports_check(struct imports *m, const float *x, size_t x_count,
                                 const float *want, size_t count, double part)
{
    float *y = NULL;
    double largest = 0;

    if (!vch_is_ok(imports_import(m, x, x_count)))
        test_fail(__FILE__, __LINE__, "%s", m->complaint.text);
    CHECK_EQ(imports_run(m, x, &y), count);
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)want[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)y[i] - (double)want[i]) <= part * largest))
            test_fail(__FILE__, __LINE__, "element %zu is %g, expected %g", i, (double)y[i],
                      (double)want[i]);
}

// x 1, 2, 3, ... and outputs that are such numbers as well.
static inline void imports_check_within(struct imports *m, size_t x_count, const float *want,
                                        size_t count, double part)
{
    static float x[4096];

    CHECK(x_count <= 4096);
    for (size_t i = 0; i < x_count; i++)
        x[i] = (float)(i + 1);
    imports_check(m, x, x_count, want, count, part);
}

static inline void imports_check_counted(struct imports *m, size_t x_count, const float *want,
                                         size_t count)
{
    imports_check_within(m, x_count, want, count, 1e-3);
}

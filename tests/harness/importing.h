// Tests of import: a tiny ONNX model, random samples, and how far the integers are from the floats.
#pragma once

#include "harness/onnx.h"
#include "harness/test.h"
#include "import/import.h"

#define DIMS(...) \
    (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)
#define NUMBERS DIMS

enum { IMPORTING_SAMPLES = 64, IMPORTING_SIZE_MAX = 1024 };

struct importing {
    struct onnx onnx;
    struct vch_arena arena;
    struct vch_complaint complaint;
    struct vch_kernels kernels;
    struct vch_graph *graph;
    struct vch_import_report report;
    float values[IMPORTING_SAMPLES * IMPORTING_SIZE_MAX];
};

static inline float importing_real(void)
{
    return (float)test_below(2000001) * 1e-6f - 1;
}

// A model with one input "x" and one output "y".
static inline void importing_start(struct importing *at, int64_t opset, const int64_t *dims,
                                   size_t rank)
{
    onnx_init(&at->onnx, opset);
    onnx_input(&at->onnx, "x", dims, rank);
    onnx_output(&at->onnx, "y");
}

static inline void importing_node(struct importing *at, const char *operator_, const char *inputs,
                                  const char *outputs)
{
    onnx_node(&at->onnx, operator_, inputs, outputs);
    onnx_end(&at->onnx);
}

// A constant of random numbers between -1 and 1.
static inline void importing_reals(struct importing *at, const char *name, const int64_t *dims,
                                   size_t rank)
{
    float list[4096];
    size_t count = 1;

    for (size_t i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    CHECK(count <= 4096);
    for (size_t i = 0; i < count; i++)
        list[i] = importing_real();
    onnx_reals(&at->onnx, name, dims, rank, list);
}

static inline vch_status importing_with(struct importing *at, unsigned bits,
                                        const struct vch_npy *samples)
{
    const struct onnx_bytes *file = onnx_finish(&at->onnx);
    const struct vch_import_options options = {
        .activation_bits = bits, .calibration = samples, .kernels = &at->kernels};

    at->kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    vch_arena_release(&at->arena);
    vch_arena_init(&at->arena, (size_t)256 << 20);
    at->complaint.text[0] = '\0';
    return vch_import_onnx(&at->graph, &at->report, file->bytes, file->size, &options, &at->arena,
                           &at->complaint);
}

static inline struct vch_npy importing_samples(struct importing *at, size_t size)
{
    CHECK(size <= IMPORTING_SIZE_MAX);
    for (size_t i = 0; i < IMPORTING_SAMPLES * size; i++)
        at->values[i] = importing_real();
    return (struct vch_npy){.rank = 2,
                            .dims = {IMPORTING_SAMPLES, size},
                            .count = IMPORTING_SAMPLES * size,
                            .values = at->values};
}

// On random samples of `size` numbers between -1 and 1.
static inline vch_status importing_random(struct importing *at, unsigned bits, size_t size)
{
    struct vch_npy samples = importing_samples(at, size);

    return importing_with(at, bits, &samples);
}

static inline void importing_succeeds(struct importing *at, vch_status status)
{
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", at->complaint.text);
}

static inline void importing_is_close(const struct importing *at, double part_of_range)
{
    for (uint32_t i = 0; i < at->report.output_count; i++) {
        const struct vch_import_output_report *output = &at->report.outputs[i];
        if (!(output->error_max <= part_of_range * output->range))
            test_fail(__FILE__, __LINE__, "output %s is off by %g of %g", output->name,
                      output->error_max, output->range);
    }
}

static inline uint32_t importing_count(const struct importing *at, enum vch_operator_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < at->graph->operator_count; i++)
        count += at->graph->operators[i].kind == kind;
    return count;
}

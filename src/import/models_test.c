// Real models: imported, and held against the float model and, for digits, against the labels.
// The data is not part of the project: ../shared/data, or the folder in VOUCH_DATA.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "harness/test.h"
#include "import/import.h"
#include "import/quantise.h"
#include "model/run.h"

enum { PIXELS = 784, CALIBRATION = 100, DIGITS = 500 };

static struct vch_arena arena;
static struct vch_complaint complaint;
static struct vch_kernels kernels;
static struct vch_graph *graph;
static struct vch_import_report report;

static const char *path_of(const char *name)
{
    static const char here[] = "src/import/models_test.c", file[] = __FILE__;
    static char path[4096];
    const char *folder = getenv("VOUCH_DATA");

    if (folder != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    } else {
        int root = (int)(sizeof file - sizeof here);
        (void)snprintf(path, sizeof path, "%.*s../shared/data/%s", root, file, name);
    }
    return path;
}

// Plain or gzip, into the arena; NULL where the file is absent.
static uint8_t *read_file(const char *name, size_t size_max, size_t *size)
{
    gzFile file = gzopen(path_of(name), "rb");

    if (file == NULL) return NULL;
    uint8_t *bytes = vch_arena_alloc(&arena, size_max, 1);
    int got = bytes == NULL ? -1 : gzread(file, bytes, (unsigned)size_max);
    (void)gzclose(file);
    CHECK(got > 0);
    *size = (size_t)got;
    return bytes;
}

static float *read_digits(const char *name, size_t count, float scale)
{
    size_t size = 0;
    uint8_t *bytes = read_file(name, 16 + count * PIXELS, &size);

    if (bytes == NULL) return NULL;
    CHECK_EQ(size, 16 + count * PIXELS);
    float *out = VCH_ARENA_NEW(&arena, float, count *PIXELS);
    CHECK(out != NULL);
    for (size_t i = 0; i < count * PIXELS; i++)
        out[i] = scale * (float)bytes[16 + i];
    return out;
}

static bool skipped(const char *name, const void *found)
{
    if (found == NULL) printf("# SKIP %s is not here\n", name);
    return found == NULL;
}

static void import(const uint8_t *bytes, size_t size, const struct vch_npy *samples, unsigned bits)
{
    const struct vch_import_options options = {
        .activation_bits = bits,
        .calibration = samples,
        .calibration_max = CALIBRATION,
        .kernels = &kernels,
    };

    complaint.text[0] = '\0';
    vch_status status = vch_import_onnx(&graph, &report, bytes, size, &options, &arena, &complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
    CHECK_OK(vch_graph_check(graph, &arena, &complaint));
}

static size_t count_correct(const float *digits, const uint8_t *labels, size_t count)
{
    const struct vch_value *x = &graph->values[graph->inputs[0].value];
    const struct vch_value *y = &graph->values[graph->outputs[0].value];
    struct vch_tensor in = {x->type, x->shape, vch_arena_alloc(&arena, PIXELS, 8)};
    struct vch_tensor out = {y->type, y->shape, vch_arena_alloc(&arena, 10, 8)};
    const struct vch_run run = {
        .graph = graph, .last = graph->operator_count, .batch = 1, .kernels = &kernels};
    float reals[10];
    size_t correct = 0;

    CHECK_EQ(vch_tensor_shape_count(&y->shape), 10);
    for (size_t i = 0; i < count; i++) {
        size_t best = 0;
        CHECK_OK(vch_quantise_input(in.data, graph, &graph->inputs[0], digits + i * PIXELS, PIXELS,
                                    &complaint));
        CHECK_OK(vch_run_graph(&run, &in, &out, &arena, &complaint));
        vch_quantise_output(reals, graph, &graph->outputs[0], out.data, 10);
        for (size_t j = 1; j < 10; j++)
            if (reals[j] > reals[best]) best = j;
        correct += best == labels[8 + i];
    }
    return correct;
}

static void start(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)1 << 30);
    kernels = vch_kernels_select(vch_cpu_level(NULL));
}

// Of the first 500 test digits the float model gets `float_correct` right.
static void check_digits(const char *model, float scale, size_t float_correct, size_t loss_max)
{
    size_t size = 0, label_size = 0;

    start();
    uint8_t *bytes = read_file(model, (size_t)1 << 22, &size);
    float *calibration =
        read_digits("derived/mnist-train-images-idx3-ubyte.gz", CALIBRATION, scale);
    float *digits = read_digits("datasets/mnist/t10k-images-idx3-ubyte.gz", DIGITS, scale);
    uint8_t *labels =
        read_file("datasets/mnist/t10k-labels-idx1-ubyte.gz", 8 + DIGITS, &label_size);
    if (skipped(model, bytes) || skipped("MNIST", calibration) || skipped("MNIST", digits) ||
        skipped("MNIST", labels))
        return;
    const struct vch_npy samples = {
        .rank = 2,
        .dims = {CALIBRATION, PIXELS},
        .count = (size_t)CALIBRATION * PIXELS,
        .values = calibration,
    };
    import(bytes, size, &samples, 8);
    size_t correct = count_correct(digits, labels, DIGITS);
    printf("# %s: %zu of %d, float %zu\n", model, correct, DIGITS, float_correct);
    CHECK(correct + loss_max >= float_correct);
}

TEST(models_of_digits_classify_as_well_with_integers)
{
    check_digits("onnx-trained/mnist/mnist-12.onnx", 1, 493, 2);
    check_digits("onnx-trained/mnist/mnist.onnx", 1, 493, 2);
    check_digits("onnx-trained/mnist/mnist_float16.onnx", 1, 493, 2);
    check_digits("onnx-trained/marabou/softmax-last-layer.onnx", 1.0f / 255, 445, 4);
    check_digits("onnx-trained/marabou/mnist5x20_leaky_relu.onnx", 1.0f / 255, 474, 8);
    check_digits("onnx-trained/marabou/robust_model_sigmoid_linear.onnx", 1.0f / 255, 471, 4);
    check_digits("onnx-trained/marabou/cnn_max_mninst2.onnx", 1.0f / 255, 494, 2);
    check_digits("onnx-trained/marabou/cnn_max_mninst3.onnx", 1.0f / 255, 494, 2);
}

// Mean error of the outputs as a part of their range.
static double mean_error(void)
{
    double worst = 0;

    for (uint32_t i = 0; i < report.output_count; i++) {
        double error = report.outputs[i].error_mean / report.outputs[i].range;
        worst = error > worst ? error : worst;
    }
    return worst;
}

TEST(models_of_all_kinds_stay_close_to_their_floats)
{
    static const struct {
        const char *name;
        unsigned bits;
        double error_max;
    } models[] = {
        {"onnx-trained/mnist-rten/mnist.onnx", 8, 0.01},
        {"onnx-trained/tract-keras/example.onnx", 8, 0.01},
        {"onnx-trained/mlperf-tiny/toycar.onnx", 8, 0.03},
        {"onnx-trained/marabou/cifar_base_kw.onnx", 8, 0.01},
        {"onnx-trained/marabou/cifar_base_kw_simp.onnx", 8, 0.01},
        {"onnx-trained/marabou/cifar_deep_kw.onnx", 8, 0.01},
        {"onnx-trained/marabou/cifar_deep_kw_simp.onnx", 8, 0.01},
        {"onnx-trained/marabou/cifar_wide_kw.onnx", 8, 0.01},
        {"onnx-trained/marabou/cifar_wide_kw_simp.onnx", 8, 0.01},
        {"onnx-trained/marabou/tanh_test.onnx", 8, 0.02},
        {"onnx-trained/marabou/traffic-classifier64.onnx", 8, 0.01},
        {"onnx-trained/marabou/model-german-traffic-sign-fast.onnx", 8, 0.01},
        {"onnx-trained/marabou/ACASXU_experimental_v2a_1_1.onnx", 16, 0.03},
        {"onnx-trained/marabou/ACASXU_experimental_v2a_2_9.onnx", 16, 0.03},
        {"onnx-trained/cifar10-resnet/resnet_2b.onnx", 8, 0.01},
    };

    FOR_EACH(model, models)
    {
        size_t size = 0;
        struct vch_npy samples = {0};
        start();
        uint8_t *bytes = read_file(model->name, (size_t)1 << 22, &size);
        if (skipped(model->name, bytes)) continue;
        CHECK_OK(vch_import_synthetic(&samples, bytes, size, NULL, 1, &arena, &complaint));
        import(bytes, size, &samples, model->bits);
        printf("# %s, int%u: mean error %.5f, top-1 agreement %.3f, %u operators\n", model->name,
               model->bits, mean_error(), report.outputs[0].top1_agreement, graph->operator_count);
        CHECK(mean_error() <= model->error_max);
    }
}

// The residual network on the 200 pictures of CIFAR-10 that are here.
TEST(models_of_pictures_agree_with_their_floats)
{
    enum { PICTURE = 3072, PICTURES = 16 };
    static const float mean[] = {0.485f, 0.456f, 0.406f}, deviation[] = {0.229f, 0.224f, 0.225f};
    size_t size = 0, picture_size = 0;

    start();
    uint8_t *bytes = read_file("derived/resnet20-12fca82f.onnx", (size_t)1 << 22, &size);
    uint8_t *pictures = read_file("derived/cifar10_exact_subset.bin",
                                  (size_t)PICTURES * (PICTURE + 1), &picture_size);
    if (skipped("resnet20", bytes) || skipped("CIFAR-10", pictures)) return;
    float *values = VCH_ARENA_NEW(&arena, float, (size_t)PICTURES *PICTURE);
    CHECK(values != NULL);
    for (size_t i = 0; i < (size_t)PICTURES * PICTURE; i++) {
        uint8_t pixel = pictures[i / PICTURE * (PICTURE + 1) + 1 + i % PICTURE];
        size_t plane = i % PICTURE / 1024;
        values[i] = ((float)pixel / 255 - mean[plane]) / deviation[plane];
    }
    const struct vch_npy samples = {
        .rank = 2,
        .dims = {PICTURES, PICTURE},
        .count = (size_t)PICTURES * PICTURE,
        .values = values,
    };
    import(bytes, size, &samples, 8);
    printf("# resnet20: top-1 agreement %.3f on %d pictures, mean error %.5f\n",
           report.outputs[0].top1_agreement, PICTURES, mean_error());
    CHECK(report.outputs[0].top1_agreement >= 0.9);
}

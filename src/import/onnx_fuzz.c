// Any bytes as an ONNX file, taken all the way where that is cheap: decoded, translated, quantised
// on made-up samples, packaged, opened again and run in several ways. What imports must pass every
// check that a package's reader makes, whatever the threads give the same model, and give the same
// bytes however it is run.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/check.h"
#include "harness/mutate_onnx.h"
#include "harness/ways.h"
#include "import/ensemble.h"
#include "import/import.h"
#include "import/onnx.h"
#include "import/onnx_tensor.h"
#include "import/plot.h"
#include "import/simplify.h"
#include "import/translate.h"
#include "model/package.h"

#define ARENA_LIMIT ((size_t)256 << 20)
#define WORK_MAX 1e6 // multiplications a sample
#define SAMPLES 2
#define SAMPLE_SIZE_MAX ((size_t)1 << 16)

struct job {
    const uint8_t *bytes;
    size_t size;
    uint64_t seed; // from the bytes
    struct vch_kernels kernels;
    struct vch_npy samples;
    struct vch_arena arena;
    struct vch_complaint complaint;
};

static uint64_t seed_of(const uint8_t *bytes, size_t size) // FNV-1a
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

// Ends the process, saying why.
static void require(vch_status status, const struct job *job)
{
    if (!vch_is_ok(status)) (void)fprintf(stderr, "%s\n", job->complaint.text);
    VCH_ASSERT(vch_is_ok(status));
}

// Small numbers, now and then larger ones; such as the input's type has where it takes whole ones.
static float make_number(uint64_t *random, const struct vch_network_value *input)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    float number = (float)(int32_t)(*random >> 40) / 8388608.0F - 1.0F;
    if (*random >> 61 == 0) number *= 40;
    if (input->type != VCH_NETWORK_INTEGER) return number;
    switch (input->element) {
    case VCH_ONNX_TENSOR_BOOL: return number > 0 ? 1.0F : 0.0F;
    case VCH_ONNX_TENSOR_UINT8:
    case VCH_ONNX_TENSOR_UINT16:
    case VCH_ONNX_TENSOR_UINT32:
    case VCH_ONNX_TENSOR_UINT64: return fabsf(floorf(4 * number));
    default: return floorf(4 * number);
    }
}

// Samples for all inputs, end to end.
static vch_status make_samples(struct job *job, const struct vch_network *network)
{
    size_t size = 0, next = 0;
    uint64_t random = job->seed;

    for (uint32_t i = 0; i < network->input_count; i++)
        size += vch_network_count(&network->values[network->inputs[i]].shape);
    if (size > SAMPLE_SIZE_MAX) return VCH_FAIL(LIMIT);
    job->samples = (struct vch_npy){.rank = 2, .dims = {SAMPLES, size}, .count = SAMPLES * size};
    job->samples.values = VCH_ARENA_NEW(&job->arena, float, job->samples.count);
    if (job->samples.values == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < SAMPLES * network->input_count; i++) {
        const struct vch_network_value *input =
            &network->values[network->inputs[i % network->input_count]];
        for (size_t k = vch_network_count(&input->shape); k > 0; k--)
            job->samples.values[next++] = make_number(&random, input);
    }
    return VCH_OK;
}

// Is the model no ensemble, and evaluated with little work? LIMIT where it takes more.
static vch_status check_cost(struct job *job, struct vch_network *network)
{
    struct vch_layers *layers = NULL;
    struct vch_ensemble_labels labels[VCH_GRAPH_PORTS_MAX] = {0};
    double work = 0;

    VCH_TRY(vch_ensemble_rewrite(network, labels, &job->complaint));
    VCH_TRY(vch_translate_network(&layers, network, &job->complaint));
    VCH_TRY(vch_simplify_layers(layers));
    for (uint32_t i = 0; i < layers->count; i++)
        work += vch_layers_work(layers, &layers->layers[i]);
    if (work > WORK_MAX) return VCH_FAIL(LIMIT);
    return make_samples(job, network);
}

static vch_status import_with(struct vch_graph **graph, struct job *job,
                              struct vch_workers *workers)
{
    struct vch_import_report report = {0};
    const char *picture = NULL;
    size_t size = 0;
    const struct vch_import_options options = {
        .activation_bits = job->seed % 4 == 0 ? 16 : 8,
        .range = {(enum vch_import_range_kind)(job->seed / 4 % 3), 99},
        .has_loss_max = job->seed / 16 % 16 == 0,
        .loss_max = (double)(job->seed / 256 % 8),
        .wants_shares = job->seed / 64 % 8 == 0,
        .size_max = job->seed / 32 % 16 == 0 ? job->seed / 256 % 4096 : 0,
        .calibration = &job->samples,
        .calibration_is_synthetic = true,
        .kernels = &job->kernels,
        .workers = workers,
    };

    VCH_TRY(vch_import_onnx(graph, &report, job->bytes, job->size, &options, &job->arena,
                            &job->complaint));
    vch_status status = vch_plot_report(&picture, &size, "m", &report, &job->arena);
    VCH_ASSERT(vch_is_ok(status) || status.code == VCH_CODE_NO_MEMORY);
    return VCH_OK;
}

static vch_status pack(struct vch_package *package, struct job *job, struct vch_graph *graph)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {1};
    struct vch_salt *salts = VCH_ARENA_NEW(&job->arena, struct vch_salt, graph->parameter_count);
    struct vch_secret_key owner;
    uint8_t *file = NULL;
    size_t size = 0;

    if (salts == NULL) return VCH_FAIL(NO_MEMORY);
    vch_sign_key(&owner, seed);
    VCH_TRY(
        vch_package_encode(&file, &size, graph, salts, &owner, &job->arena, NULL, &job->complaint));
    return vch_package_decode(package, file, size, &job->arena, NULL, &job->complaint);
}

// Whatever imports is a model that anyone may be sent.
static void check_graph(struct job *job, struct vch_graph *graph)
{
    struct vch_package package, again;
    struct vch_graph *other = NULL;
    struct vch_digest own, opened;

    vch_status status = pack(&package, job, graph);
    if (status.code == VCH_CODE_NO_MEMORY) return;
    require(status, job);
    if (ways_is_cheap(graph)) {
        ways_digest(&own, graph, job->seed, &job->arena);
        ways_digest(&opened, package.graph, job->seed, &job->arena);
        VCH_ASSERT(vch_hash_is_equal(&own, &opened));
        ways_compare(package.graph, job->seed, &job->arena);
    }
    if (job->seed % 8 >= 2) return; // the same model whoever does the work
    status = import_with(&other, job, &ways_backwards);
    if (status.code == VCH_CODE_NO_MEMORY) return;
    require(status, job);
    if (!vch_is_ok(pack(&again, job, other))) return;
    VCH_ASSERT(vch_hash_is_equal(&again.identity, &package.identity));
}

static vch_status run(struct job *job)
{
    struct vch_network *network = NULL;
    struct vch_graph *graph = NULL;

    VCH_TRY(vch_onnx_decode(&network, job->bytes, job->size, NULL, &job->arena, &job->complaint));
    if (!vch_ensemble_is(network)) VCH_TRY(check_cost(job, network));
    VCH_TRY(import_with(&graph, job, NULL));
    require(vch_graph_check(graph, &job->arena, &job->complaint), job);
    check_graph(job, graph);
    return VCH_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct job job = {
        .bytes = data,
        .size = size,
        .seed = seed_of(data, size),
        .kernels = vch_kernels_select(VCH_CPU_PORTABLE),
    };

    vch_arena_init(&job.arena, ARENA_LIMIT);
    (void)run(&job);
    vch_arena_release(&job.arena);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    return mutate_onnx(data, size, size_max, seed, vch_import_supported());
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t out_size_max,
                                 unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t out_size_max,
                                 unsigned seed)
{
    return mutate_onnx_cross(one, one_size, other, other_size, out, out_size_max, seed);
}

// An imported model is the same whatever the machine's threads: its identity says so.
#include <string.h>

#include "harness/onnx.h"
#include "harness/pool.h"
#include "harness/test.h"
#include "import/import.h"
#include "model/package.h"

enum { SAMPLES = 37, SIDE = 9, CHANNELS = 3, SIZE = CHANNELS * SIDE * SIDE };

static struct onnx onnx;
static struct vch_arena arena;
static struct vch_complaint complaint;
static float samples[SAMPLES * SIZE];

static float any_real(void)
{
    return (float)test_below(2000001) * 1e-6f - 1;
}

static void reals(const char *name, const int64_t *dims, size_t rank)
{
    static float list[4096];
    size_t count = 1;

    for (size_t i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    CHECK(count <= 4096);
    for (size_t i = 0; i < count; i++)
        list[i] = any_real();
    onnx_reals(&onnx, name, dims, rank, list);
}

static void node(const char *operator_, const char *inputs, const char *outputs)
{
    onnx_node(&onnx, operator_, inputs, outputs);
    onnx_end(&onnx);
}

// Convolutions with a stride and with groups, a residual sum, a pool and a product.
static void build(void)
{
    onnx_init(&onnx, 13);
    onnx_input(&onnx, "x", (const int64_t[]){-1, CHANNELS, SIDE, SIDE}, 4);
    onnx_output(&onnx, "y");
    reals("w", (const int64_t[]){6, CHANNELS, 3, 3}, 4);
    reals("b", (const int64_t[]){6}, 1);
    reals("v", (const int64_t[]){6, 3, 3, 3}, 4);
    reals("u", (const int64_t[]){6, 10}, 2);
    onnx_node(&onnx, "Conv", "x,w,b", "a");
    onnx_attribute_integers(&onnx, "strides", (const int64_t[]){2, 2}, 2);
    onnx_end(&onnx);
    node("Relu", "a", "r");
    onnx_node(&onnx, "Conv", "r,v", "c");
    onnx_attribute_integer(&onnx, "group", 2);
    onnx_attribute_integers(&onnx, "pads", (const int64_t[]){1, 1, 1, 1}, 4);
    onnx_end(&onnx);
    node("Add", "c,r", "s");
    node("Sigmoid", "s", "t");
    node("GlobalAveragePool", "t", "g");
    node("Flatten", "g", "f");
    node("MatMul", "f,u", "y");
}

static struct vch_digest import_and_encode(const struct vch_import_options *options)
{
    const struct onnx_bytes *file = onnx_finish(&onnx);
    const uint8_t seed[VCH_SIGN_SEED_SIZE] = {1};
    struct vch_import_report report;
    struct vch_graph *graph = NULL;
    struct vch_package package;
    struct vch_secret_key owner;
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)256 << 20);
    CHECK_OK(
        vch_import_onnx(&graph, &report, file->bytes, file->size, options, &arena, &complaint));
    struct vch_salt *salts = VCH_ARENA_NEW(&arena, struct vch_salt, graph->parameter_count);
    CHECK(salts != NULL);
    vch_sign_key(&owner, seed);
    CHECK_OK(vch_package_encode(&bytes, &size, graph, salts, &owner, &arena, NULL, &complaint));
    CHECK_OK(vch_package_decode(&package, bytes, size, &arena, NULL, &complaint));
    return package.identity;
}

TEST(import_gives_one_identity_whatever_the_number_of_threads)
{
    static const size_t thread_counts[] = {2, 7};
    const struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    const struct vch_npy given = {
        .rank = 2,
        .dims = {SAMPLES, SIZE},
        .count = (size_t)SAMPLES * SIZE,
        .values = samples,
    };

    build();
    for (size_t i = 0; i < (size_t)SAMPLES * SIZE; i++)
        samples[i] = any_real() * (float)(1 + i / SIZE % 5); // ranges grow from sample to sample
    for (unsigned round = 0; round < 3; round++) {
        struct vch_import_options options = {
            .activation_bits = round == 0 ? 16 : 8,
            .has_loss_max = round == 2,
            .loss_max = 3,
            .calibration = &given,
            .kernels = &kernels,
        };
        const struct vch_digest alone = import_and_encode(&options);
        FOR_EACH(count, thread_counts)
        {
            struct pool pool;
            pool_init(&pool, *count);
            options.workers = &pool.workers;
            const struct vch_digest together = import_and_encode(&options);
            CHECK(memcmp(alone.bytes, together.bytes, VCH_DIGEST_SIZE) == 0);
        }
    }
}

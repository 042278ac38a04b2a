// What writing and opening a package costs, as a multiple of hashing its bytes once.
#include <stdio.h>
#include <time.h>

#include "harness/graphs.h"
#include "harness/test.h"
#include "model/package.h"

enum { SIDE = 8192, REPEATS = 3 };

static struct vch_arena arena;
static uint8_t *file;
static size_t file_size;
static struct vch_graph *graph;
static struct vch_salt salts[2];
static struct vch_secret_key owner;

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void hash(void)
{
    struct vch_digest digest = vch_hash_bytes(graph->parameters[0].data, (size_t)SIDE * SIDE);
    CHECK(!vch_hash_is_equal(&digest, &graph->parameters[0].root));
}

static void encode(void)
{
    CHECK_OK(vch_package_encode(&file, &file_size, graph, salts, &owner, &arena, NULL, NULL));
}

static void decode(void)
{
    struct vch_package package;
    CHECK_OK(vch_package_decode(&package, file, file_size, &arena, NULL, NULL));
}

static double best_of(void (*run)(void))
{
    double best = 1e9;

    for (int i = 0; i < REPEATS; i++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        double before = seconds();
        run();
        double taken = seconds() - before;
        if (taken < best) best = taken;
        if (run != encode) vch_arena_rewind(&arena, mark);
    }
    return best;
}

TEST(package_bench)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {1};
    struct graphs build;

    vch_arena_init(&arena, (size_t)1 << 30);
    vch_sign_key(&owner, seed);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, SIDE, 0, 0));
    graphs_output(&build, graphs_linear(&build, x, SIDE, VCH_TYPE_I8));
    graph = graphs_finish(&build);
    double hashing = best_of(hash), encoding = best_of(encode), decoding = best_of(decode);
    printf("hash once        %7.1f MiB/s\n", (double)(SIDE * SIDE / (1 << 20)) / hashing);
    printf("package encode   %7.2f times that\n", encoding / hashing);
    printf("package decode   %7.2f times that, one thread\n", decoding / hashing);
    vch_arena_release(&arena);
}

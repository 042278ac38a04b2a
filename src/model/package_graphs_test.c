// Packages of random graphs: the laws, and the seeds of the fuzz corpus.
//
// VCH_CORPUS=tests/corpus/package VCH_SEED=1 build/dev/model.package_graphs_test
// package_seeds_corpus writes the corpus anew.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/graphs.h"
#include "harness/test.h"
#include "model/package.h"
#include "model/package_format.h"
#include "model/segment.h"

enum { ROUNDS = 40 };

static struct vch_arena arena;
static struct vch_complaint complaint;
static struct vch_package package;
static uint8_t *file;
static size_t file_size;

static void random_bytes(uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)test_below(256);
}

static void start(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1u << 30);
    complaint.text[0] = '\0';
}

static struct vch_salt *random_salts(const struct vch_graph *graph)
{
    struct vch_salt *salts = VCH_ARENA_NEW(&arena, struct vch_salt, graph->parameter_count);

    for (uint32_t i = 0; i < graph->parameter_count; i++)
        random_bytes(salts[i].bytes, sizeof salts[i].bytes);
    return salts;
}

static void encode_and_decode(struct vch_graph *graph)
{
    struct vch_secret_key owner;
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    random_bytes(seed, sizeof seed);
    vch_sign_key(&owner, seed);
    CHECK_OK(vch_package_encode(&file, &file_size, graph, random_salts(graph), &owner, &arena, NULL,
                                &complaint));
    if (!vch_is_ok(vch_package_decode(&package, file, file_size, &arena, NULL, &complaint)))
        test_fail(__FILE__, __LINE__, "%s", complaint.text);
}

static void check_same_parameters(const struct vch_graph *a, const struct vch_graph *b)
{
    CHECK_EQ(a->parameter_count, b->parameter_count);
    for (uint32_t i = 0; i < a->parameter_count; i++) {
        size_t size = vch_package_format_parameter_size(&a->parameters[i]);
        CHECK_EQ(size, vch_package_format_parameter_size(&b->parameters[i]));
        CHECK(memcmp(a->parameters[i].data, b->parameters[i].data, size) == 0);
    }
}

TEST(package_of_random_graphs_comes_back)
{
    for (int round = 0; round < ROUNDS; round++) {
        start();
        struct vch_graph *graph = graphs_random(&arena);
        encode_and_decode(graph);
        check_same_parameters(graph, package.graph);
        CHECK_EQ(package.graph->operator_count, graph->operator_count);
        for (uint32_t i = 0; i < graph->operator_count; i++) {
            CHECK_EQ(package.graph->operators[i].kind, graph->operators[i].kind);
            CHECK_EQ(package.graph->operators[i].public_bound, graph->operators[i].public_bound);
        }
        CHECK(vch_package_memory_max(file_size) > file_size);
    }
}

// Cut anywhere, decoded part by part and merged, a package is the one that was cut.
TEST(package_parts_of_random_graphs_merge_to_the_whole)
{
    for (int round = 0; round < ROUNDS; round++) {
        start();
        encode_and_decode(graphs_random(&arena));
        struct vch_package whole = package, head, tail;
        uint32_t count = whole.graph->operator_count, cut = test_below(count + 1);
        uint8_t *bytes = NULL;
        size_t size = 0;
        CHECK_OK(vch_package_extract(&bytes, &size, &whole, 0, cut, &arena, &complaint));
        CHECK_OK(vch_package_decode(&head, bytes, size, &arena, NULL, &complaint));
        CHECK(vch_segment_is_held(head.graph, 0, cut));
        CHECK_OK(vch_package_extract(&bytes, &size, &whole, cut, count, &arena, &complaint));
        CHECK_OK(vch_package_decode(&tail, bytes, size, &arena, NULL, &complaint));
        CHECK_OK(vch_package_merge(&tail, &head, &arena, &complaint));
        check_same_parameters(whole.graph, tail.graph);
        CHECK_OK(vch_package_extract(&bytes, &size, &tail, 0, count, &arena, &complaint));
        CHECK(size == file_size && memcmp(bytes, file, size) == 0);
    }
}

TEST(package_of_random_graphs_refuses_random_damage)
{
    struct vch_package damaged;

    for (int round = 0; round < ROUNDS; round++) {
        start();
        encode_and_decode(graphs_random(&arena));
        for (int i = 0; i < 20; i++) {
            size_t at = test_below((uint32_t)file_size);
            uint8_t honest = file[at];
            file[at] ^= (uint8_t)(1 + test_below(255));
            CHECK(!vch_is_ok(
                vch_package_decode(&damaged, file, file_size, &arena, NULL, &complaint)));
            file[at] = honest;
        }
    }
}

static void write_seed(const char *name, uint8_t mode, const uint8_t *bytes, size_t size)
{
    const char *folder = getenv("VCH_CORPUS");
    char path[4096];

    if (folder == NULL) return;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    CHECK(out != NULL);
    CHECK(fputc(mode, out) == mode && fwrite(bytes, 1, size, out) == size);
    CHECK_EQ(fclose(out), 0);
}

// As package_fuzz.c takes them apart: sizes, manifest, holder, data.
static void write_seeds(const char *name)
{
    struct vch_package_format format;
    char path[64];

    CHECK_OK(vch_package_format_read(&format, file, file_size, NULL));
    size_t data_offset = vch_package_format_data_offset(&format), size = 6;
    uint8_t *parts = VCH_ARENA_NEW(&arena, uint8_t, format.manifest_size + file_size);
    vch_put_u32le(parts, (uint32_t)format.manifest_size);
    parts[4] = (uint8_t)format.holder_size;
    parts[5] = (uint8_t)(format.holder_size >> 8);
    memcpy(parts + size, package.manifest, package.manifest_size);
    size += package.manifest_size;
    memcpy(parts + size, file + vch_package_format_holder_offset(&format), format.holder_size);
    size += format.holder_size;
    memcpy(parts + size, file + data_offset, file_size - data_offset);
    size += file_size - data_offset;
    write_seed(name, 0, file, file_size);
    (void)snprintf(path, sizeof path, "%s_wrapped", name);
    write_seed(path, 1, parts, size);
    (void)snprintf(path, sizeof path, "%s_repaired", name);
    write_seed(path, 2, parts, size);
}

TEST(package_seeds_corpus)
{
    struct graphs build;

    start();
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 4, 0, 0));
    x = graphs_table(&build, graphs_linear(&build, x, 3, VCH_TYPE_I8), VCH_TYPE_I8);
    x = graphs_normalise(&build, x, VCH_TYPE_I8);
    graphs_output(&build,
                  graphs_softmax(&build, graphs_linear(&build, x, 2, VCH_TYPE_I8), VCH_TYPE_I8));
    encode_and_decode(graphs_finish(&build));
    write_seeds("layers");

    start();
    graphs_init(&build, &arena);
    x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 2, 4, 4));
    x = graphs_convolution(&build, x, 2, 3, 1, 2, VCH_TYPE_I8);
    x = graphs_add(&build, x, graphs_relu(&build, x), VCH_TYPE_I16);
    x = graphs_average_pool(&build, graphs_max_pool(&build, x, 2, 2), 2, 1);
    x = graphs_transpose(&build, graphs_pad(&build, graphs_slice(&build, x)));
    x = graphs_flatten(&build, x);
    x = graphs_divide(&build, x, x, VCH_TYPE_I8);
    graphs_output(&build, graphs_gather(&build, x, graphs_argmax(&build, x, 0), 0));
    encode_and_decode(graphs_finish(&build));
    write_seeds("image");

    start();
    graphs_init(&build, &arena);
    x = graphs_input(&build, VCH_TYPE_I32, graphs_shape(1, 3, 0, 0));
    graphs_output(&build, graphs_trees(&build, x, 2, 2, 2));
    encode_and_decode(graphs_finish(&build));
    write_seeds("trees");
}

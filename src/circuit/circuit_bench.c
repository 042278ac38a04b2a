// What circuits cost: cells, look-ups, bytes of a proof, and the time to build one and to make a
// witness. Of the packages that VCH_PACKAGES names, or of a network the size of ResNet-20.
#include "circuit/circuit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/circuits.h"
#include "model/package.h"

enum { SAMPLE_BYTES = 1 << 28, REPEATS = 3 };

static struct vch_arena arena;

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t look_ups(const struct vch_statement *s)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < s->section_count; i++)
        if (s->sections[i].kind == VCH_SECTION_LOOKUP)
            count += (uint64_t)s->sections[i].rows * s->sections[i].lanes;
    return count;
}

// The annex of the same model: that its numbers are in range.
static void measure_ranges(const struct circuits *c)
{
    const struct vch_digest root = {{0}};
    struct vch_complaint complaint = {.text = ""};
    struct vch_circuit circuit;
    uint64_t *cells;

    if (!vch_is_ok(
            vch_circuit_build_ranges(&circuit, &c->claim.model, &root, &arena, &complaint)) ||
        !vch_is_ok(
            vch_witness_make_ranges(&cells, &circuit, &c->claim.model, &arena, &complaint))) {
        printf("# its annex is refused: %s\n", complaint.text);
        return;
    }
    CHECK_OK(vch_statement_check_witness(&circuit.statement, cells, &arena, NULL));
    printf("# %-40s places 2^%u, rows %u, proof %zu KB\n", "    its annex",
           circuit.statement.log_places, circuit.statement.row_count,
           vch_statement_proof_size(&circuit.statement) / 1000);
}

static void measure(const char *name, const struct vch_graph *graph)
{
    struct vch_complaint complaint = {.text = ""};
    struct circuits c;
    uint32_t columns = 0;
    double build = 1e9, witness = 1e9;

    if (!vch_is_ok(vch_circuit_suggest(&columns, graph, 1, &arena, &complaint))) {
        printf("# %-40s refused: %s\n", name, complaint.text);
        return;
    }
    for (int i = 0; i < REPEATS; i++) {
        const struct vch_arena_mark mark = vch_arena_mark(&arena);
        CHECK_OK(circuits_build(&c, graph, 0, graph->operator_count, 1, &arena));
        c.claim.model.log_columns = columns;
        const double start = seconds();
        circuits_must(&c, vch_circuit_build(&c.circuit, &c.claim, &arena, &c.complaint));
        const double built = seconds();
        circuits_random_inputs(&c);
        const double ready = seconds();
        circuits_witness(&c);
        const double made = seconds();
        if (i == 0) circuits_must(&c, circuits_check(&c));
        if (built - start < build) build = built - start;
        if (made - ready < witness) witness = made - ready;
        if (i + 1 < REPEATS) vch_arena_rewind(&arena, mark);
    }
    const struct vch_statement *s = &c.circuit.statement;
    printf("# %-40s c %2u, annex %8llu, witness %8u cells, rows %4u, look-ups %8llu, places 2^%u, "
           "zeros 2^%u, slots 2^%u, proof %5zu KB, build %6.1f ms, witness %7.1f ms\n",
           name, columns, (unsigned long long)vch_circuit_annex_cells(&c.claim.model),
           c.circuit.witness_cells, s->row_count, (unsigned long long)look_ups(s), s->log_places,
           s->log_zero_places, s->log_slots, vch_statement_proof_size(s) / 1000, build * 1e3,
           witness * 1e3);
    measure_ranges(&c);
}

static void measure_package(const char *path)
{
    struct vch_package package;
    struct vch_complaint complaint = {.text = ""};
    uint8_t *bytes = vch_arena_alloc(&arena, SAMPLE_BYTES, 1);
    FILE *file = fopen(path, "rb");
    const char *name = strrchr(path, '/');

    CHECK(bytes != NULL && file != NULL);
    const size_t size = fread(bytes, 1, SAMPLE_BYTES, file);
    (void)fclose(file);
    if (!vch_is_ok(vch_package_decode(&package, bytes, size, &arena, NULL, &complaint)))
        test_fail(__FILE__, __LINE__, "%s: %s", path, complaint.text);
    measure(name != NULL ? name + 1 : path, package.graph);
}

// Stages of 16, 32 and 64 channels with three residual blocks each, on 32 x 32 pixels.
static const struct vch_graph *residual_network(void)
{
    struct graphs build;

    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 3, 32, 32));
    x = graphs_relu(&build, graphs_convolution(&build, x, 16, 3, 1, 1, VCH_TYPE_I8));
    for (uint32_t stage = 0; stage < 3; stage++)
        for (uint32_t block = 0; block < 3; block++) {
            const uint32_t channels = 16u << stage, stride = stage > 0 && block == 0 ? 2 : 1;
            uint32_t y = graphs_convolution(&build, x, channels, 3, stride, 1, VCH_TYPE_I8);
            y = graphs_convolution(&build, y, channels, 3, 1, 1, VCH_TYPE_I8);
            if (stride == 2) x = graphs_convolution(&build, x, channels, 1, 2, 1, VCH_TYPE_I8);
            x = graphs_add(&build, x, y, VCH_TYPE_I8);
        }
    x = graphs_average_pool(&build, x, 7, 7);
    graphs_output(&build, graphs_linear(&build, graphs_flatten(&build, x), 10, VCH_TYPE_I8));
    return graphs_finish(&build);
}

TEST(circuit_bench)
{
    const char *packages = getenv("VCH_PACKAGES");
    char paths[65536];

    if (packages == NULL) {
        vch_arena_init(&arena, (size_t)8 << 30);
        measure("residual network", residual_network());
        vch_arena_release(&arena);
        return;
    }
    (void)snprintf(paths, sizeof paths, "%s", packages);
    for (char *path = strtok(paths, " "); path != NULL; path = strtok(NULL, " ")) {
        vch_arena_init(&arena, (size_t)8 << 30);
        measure_package(path);
        vch_arena_release(&arena);
    }
}

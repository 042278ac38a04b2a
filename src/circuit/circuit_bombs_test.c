// Models and claims that are made to be slow: they are refused, or built, before the test's time is
// over, and in little memory.
#include "harness/circuits.h"

static struct vch_arena arena;

static struct graphs start(size_t limit)
{
    struct graphs build;

    vch_arena_init(&arena, limit);
    graphs_init(&build, &arena);
    return build;
}

// All taps of a large window but the last lie outside a small image: each has the window's first
// tap inside in its place, which must not be looked for again and again.
TEST(a_window_that_is_almost_empty_is_no_bomb)
{
    enum { KERNEL = 512 };
    struct graphs build = start((size_t)1 << 30);
    struct circuits c;
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 4, 1, 1));
    const uint32_t y = graphs_max_pool(&build, x, 2, 1);
    struct vch_operator *pool = graphs_writer(&build, y);

    for (uint32_t i = 0; i < 2; i++) {
        pool->window.kernel[i] = KERNEL;
        pool->window.stride[i] = 65536;
        pool->window.pad_begin[i] = KERNEL - 1;
        pool->window.pad_end[i] = 0;
    }
    build.graph->values[y].shape = graphs_shape(3, 4, 1, 1);
    graphs_output(&build, y);
    circuits_must(&c, circuits_build(&c, graphs_finish(&build), 0, 1, 1, &arena));
    vch_arena_release(&arena);
}

// Each GATHER of what was computed has a table of its own, in each sample.
TEST(a_hundred_thousand_tables_are_no_bomb)
{
    enum { OPERATORS = 24, BATCH = VCH_BATCH_MAX };
    struct graphs build = start((size_t)1 << 30);
    struct circuits c;
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(2, OPERATORS, 1, 0));
    const uint32_t i = graphs_input(&build, VCH_TYPE_I16, graphs_shape(1, 1, 0, 0));
    uint32_t y = graphs_rescale(&build, x, VCH_TYPE_I8);

    for (uint32_t n = 0; n < OPERATORS; n++)
        y = graphs_rescale(&build, graphs_gather(&build, y, i, 1), VCH_TYPE_I8);
    graphs_output(&build, y);
    const struct vch_graph *graph = graphs_finish(&build);
    CHECK_FAILS(circuits_build(&c, graph, 0, graph->operator_count, BATCH, &arena), LIMIT);
    CHECK(strstr(c.complaint.text, "tables") != NULL);
    vch_arena_release(&arena);
}

// How many samples a proof is about is its own word: it must not take gigabytes to find out that
// these are too many.
TEST(samples_that_no_proof_has_are_refused_in_little_memory)
{
    struct graphs build = start((size_t)1 << 26);
    struct circuits c;
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 3, 16, 16));

    for (uint32_t i = 0; i < 4; i++)
        x = graphs_convolution(&build, x, 16, 3, 1, 1, VCH_TYPE_I8);
    graphs_output(&build, x);
    const struct vch_graph *graph = graphs_finish(&build);
    CHECK_OK(circuits_build(&c, graph, 0, graph->operator_count, 1, &arena));
    CHECK_FAILS(circuits_build(&c, graph, 0, graph->operator_count, VCH_BATCH_MAX, &arena), LIMIT);
    CHECK(strstr(c.complaint.text, "places") != NULL);
    vch_arena_release(&arena);
}

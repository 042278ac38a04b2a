// What somebody would write into the witness of an operator with relations of its own: each lie is
// caught by the relation that is there for it, and by whoever verifies the proof.
#include "harness/liars.h"

static struct vch_arena arena;
static struct circuits c;

static void window_of(struct vch_operator *o, uint32_t kernel, uint32_t pad)
{
    for (uint32_t i = 0; i < 2; i++) {
        o->window.kernel[i] = kernel;
        o->window.pad_begin[i] = o->window.pad_end[i] = pad;
    }
}

TEST(of_a_window_only_the_largest_passes)
{
    // y, m_1, m_2; x is 3, 7, 5, 7.
    static const struct circuits_lie lies[] = {
        LIE(ZERO, "larger than all", {0, 8}),
        LIE(ZERO, "no element, all the way", {2, 8}, {0, 8}),
        LIE(LOOKUP, "the first, which is not the largest", {1, 3}, {2, 3}, {0, 3}),
        LIE(LOOKUP, "not the largest on the way", {1, 3}, {2, 5}),
        LIE(ZERO, "no element on the way", {1, 6}),
        LIE(LOOKUP, "not the larger one at the end", {1, 7}, {2, 5}, {0, 5}),
    };
    struct graphs build = circuits_lie_start(&arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 1, 2, 2));
    const uint32_t y = graphs_max_pool(&build, x, 2, 2);

    window_of(graphs_writer(&build, y), 2, 0);
    build.graph->values[y].shape = graphs_shape(3, 1, 1, 1);
    circuits_lie_finish(&c, &build, y);
    GIVE(&c, 0, 3, 7, 5, 7);
    circuits_lie_all(&c, lies, sizeof lies / sizeof *lies);
    circuits_lie_truth(&c, -127, 127);
    vch_arena_release(&arena);
}

TEST(what_is_outside_the_image_is_not_in_its_windows)
{
    struct graphs build = circuits_lie_start(&arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 2, 3, 3));

    circuits_lie_finish(&c, &build, graphs_max_pool(&build, x, 3, 1)); // pads of 1
    GIVE(&c, 0, -5, -6, -7, -8, -9, -10, -11, -12, -13, -1, -2, -3, -4, -120, -127, -127, -127,
         -127);
    circuits_lie_truth(&c, -13, 1);
    vch_arena_release(&arena);
}

TEST(of_equals_the_first_is_the_index)
{
    // y, m, c_0 .. c_2; x is 5, 9, 8, 9.
    static const struct circuits_lie lies[] = {
        LIE(LOOKUP, "the second of two equals", {0, 3}),
        LIE(ZERO, "an index of another number", {0, 0}),
        LIE(LOOKUP, "an index of a smaller number", {0, 2}, {1, 8}),
        LIE(ZERO, "a larger maximum", {1, 10}),
        LIE(LOOKUP, "a smaller maximum", {1, 8}),
        LIE(ZERO, "steps that do not add up to the index", {0, 2}, {2, 1}, {3, 0}, {4, 0}),
        LIE(ZERO, "a step up", {0, 2}, {2, 1}, {3, 0}, {4, 1}),
        LIE(ZERO, "a step down too many", {1, 10}, {2, 0}, {3, 1}, {4, 0}),
        LIE(ZERO, "an index past the end", {0, 4}, {1, 10}, {3, 1}, {4, 2}),
    };
    struct graphs build = circuits_lie_start(&arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 4, 0, 0));

    circuits_lie_finish(&c, &build, graphs_argmax(&build, x, 0));
    GIVE(&c, 0, 5, 9, 8, 9);
    circuits_lie_all(&c, lies, sizeof lies / sizeof *lies);
    circuits_lie_truth(&c, -1, 5);
    GIVE(&c, 0, 9, 9, 9, 9);
    circuits_lie_truth(&c, -1, 5);
    vch_arena_release(&arena);
}

TEST(softmax_divides_what_its_row_says)
{
    // y 0 .. 2, m, e 4 .. 6, is_largest 7 .. 9, inverse, sum; x is 10, 3, 10.
    static int32_t entries[256];
    static const struct circuits_lie lies[] = {
        LIE(LOOKUP, "one more", {0, 61}),
        LIE(LOOKUP, "one less", {1, 6}),
        LIE(ZERO, "a larger maximum", {3, 11}, {0, 62}, {1, 4}, {2, 62}),
        LIE(ZERO, "a larger maximum that is said to be there", {3, 11}, {0, 62}, {1, 4}, {2, 62},
            {7, 1}),
        LIE(LOOKUP, "a smaller maximum", {3, 3}),
        LIE(LOOKUP, "the exponential of another element", {5, 1000}),
        LIE(ZERO, "another sum", {11, 2000}, {0, 64}, {1, 8}, {2, 64}),
        LIE(ZERO, "no largest element", {7, 0}, {9, 0}),
        LIE(LOOKUP, "a share that is negative", {1, -1}),
    };
    struct graphs build = circuits_lie_start(&arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 3, 0, 0));
    const uint32_t y = graphs_softmax(&build, x, VCH_TYPE_I8);

    for (int i = 0; i < 256; i++)
        entries[i] = i > 128 ? 1 : i < 108 ? 0 : 1000 >> (128 - i) / 2;
    build.graph->tables[graphs_writer(&build, y)->table].entries = entries;
    circuits_lie_finish(&c, &build, y);
    GIVE(&c, 0, 10, 3, 10);
    circuits_lie_all(&c, lies, sizeof lies / sizeof *lies);
    circuits_lie_truth(&c, -127, 127);
    vch_arena_release(&arena);
}

// T[x] = x / 16, clamped to -100 .. 100, of which -1585 .. 1600 is a table.
TEST(flat_ends_of_a_function_begin_where_they_do)
{
    // y 0 .. 4, below 5 .. 9, above 10 .. 14; x is 1599, 1600, 32767, -1600, -32767.
    static int32_t entries[65536];
    static const struct circuits_lie lies[] = {
        LIE(LOOKUP, "one more inside", {0, 100}),
        LIE(ZERO, "moved up where nothing is to be moved", {0, 100}, {5, 1}),
        LIE(ZERO, "moved further than the end", {2, 99}, {12, 31168}),
        LIE(LOOKUP, "not moved far enough", {12, 31166}),
        LIE(ZERO, "moved up to another place", {4, -99}, {9, 31183}),
        LIE(ZERO, "moved down where nothing is to be moved", {1, 99}, {11, 1}),
        LIE(LOOKUP, "a negative move to the end", {0, 100}, {10, -1}),
        LIE(LOOKUP, "both moves", {2, 99}, {7, -1}, {12, 31167}),
    };
    struct graphs build = circuits_lie_start(&arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I16, graphs_shape(1, 5, 0, 0));
    const uint32_t y = graphs_table(&build, x, VCH_TYPE_I8);

    for (int32_t i = 0; i < 65536; i++) {
        const int32_t value = (i - 32768) >> 4;
        entries[i] = value < -100 ? -100 : value > 100 ? 100 : value;
    }
    build.graph->tables[graphs_writer(&build, y)->table].entries = entries;
    circuits_lie_finish(&c, &build, y);
    GIVE(&c, 0, 1599, 1600, 32767, -1600, -32767);
    circuits_lie_all(&c, lies, sizeof lies / sizeof *lies);
    circuits_lie_truth(&c, -127, 127);
    vch_arena_release(&arena);
}

TEST(slices_are_those_of_the_clamped_index)
{
    // y 0 .. 9, the clamped indices 10 .. 14, how far above 15 .. 19; the indices are 7, -2, 1, 0,
    // 2 into three slices.
    static const struct circuits_lie lies[] = {
        LIE(LOOKUP, "another element", {4, 31}),
        LIE(LOOKUP, "an element of the next slice", {4, 50}),
        LIE(ZERO, "an index above, one too low", {0, 30}, {1, 40}, {10, 1}),
        LIE(ZERO, "an index below, one too high", {2, 30}, {3, 40}, {11, 1}),
        LIE(ZERO, "the last slice for an index inside", {4, 50}, {5, 60}, {12, 2}),
        LIE(ZERO, "the first slice for an index inside", {4, 10}, {5, 20}, {12, 0}),
        LIE(LOOKUP, "a slice past the end", {10, 7}),
        LIE(LOOKUP, "a slice before the first", {11, -2}),
        LIE(LOOKUP, "an index that goes round the field", {4, 50}, {12, 2}, {17, -1}),
    };
    struct graphs build = circuits_lie_start(&arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(2, 3, 2, 0));
    const uint32_t i = graphs_input(&build, VCH_TYPE_I16, graphs_shape(1, 5, 0, 0));

    circuits_lie_finish(&c, &build, graphs_gather(&build, x, i, 0));
    GIVE(&c, 0, 10, 20, 30, 40, 50, 60);
    GIVE(&c, 1, 7, -2, 1, 0, 2);
    circuits_lie_all(&c, lies, sizeof lies / sizeof *lies);
    circuits_lie_truth(&c, -127, 127);
    vch_arena_release(&arena);
}

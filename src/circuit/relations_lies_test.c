// What somebody would write into the witness of an operator with relations of its own: each lie is
// caught by the relation that is there for it, and by whoever verifies the proof.
#include "harness/circuits_lie.h"

static struct vch_arena arena;
static struct circuits c;

// A graph of one operator, ready to be built; inputs follow.
static struct graphs start(void)
{
    struct graphs build;

    vch_arena_init(&arena, (size_t)1 << 30);
    graphs_init(&build, &arena);
    return build;
}

static void finish(struct graphs *build, uint32_t y)
{
    graphs_output(build, y);
    circuits_make(&c, graphs_finish(build), 1, &arena);
}

static void give(uint32_t input, const int64_t *values, size_t count)
{
    struct vch_tensor *t = &c.inputs[input];

    CHECK_EQ(vch_tensor_shape_count(&t->shape), count);
    for (size_t i = 0; i < count; i++) {
        if (t->type == VCH_TYPE_I8) ((int8_t *)t->data)[i] = (int8_t)values[i];
        if (t->type == VCH_TYPE_I16) ((int16_t *)t->data)[i] = (int16_t)values[i];
        if (t->type == VCH_TYPE_I32) ((int32_t *)t->data)[i] = (int32_t)values[i];
    }
}
#define GIVE(input, ...) \
    give(input, (const int64_t[]){__VA_ARGS__}, \
         sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

#define LIE(by, what, ...) \
    { \
        what, CAUGHT_BY_##by, sizeof((const int64_t[][2]){__VA_ARGS__}) / (2 * sizeof(int64_t)), \
        { \
            __VA_ARGS__ \
        } \
    }

#define TELL(lies) circuits_lie_all(&c, lies, sizeof(lies) / sizeof *(lies))

// No value of an output's type but the one that was computed can be claimed for an element.
static void only_the_truth_passes(int64_t lo, int64_t hi, int64_t step)
{
    const struct vch_graph *graph = c.claim.model.graph;
    const uint32_t value = graph->outputs[0].value;
    const size_t count = vch_tensor_shape_count(&graph->values[value].shape);

    circuits_witness(&c);
    const int64_t first = (int64_t)vch_witness_first(&c.circuit.statement, VCH_CIRCUIT_OUTPUT);
    for (size_t i = 0; i < count; i++) {
        const int64_t truth = vch_fp_to_i64(c.witness.cells[(size_t)first + i]);
        for (int64_t claim = lo; claim <= hi; claim += step) {
            const struct circuits_lie lie = {"", 0, 1, {{(uint32_t)i, claim}}};
            circuits_lie_tell(&c, &lie);
            CHECK(vch_is_ok(circuits_check(&c)) == (claim == truth));
        }
        const struct circuits_lie honest = {"", 0, 1, {{(uint32_t)i, truth}}};
        circuits_lie_tell(&c, &honest);
        circuits_must(&c, circuits_check(&c));
    }
}

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
    struct graphs build = start();
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 1, 2, 2));
    const uint32_t y = graphs_max_pool(&build, x, 2, 2);

    window_of(graphs_writer(&build, y), 2, 0);
    build.graph->values[y].shape = graphs_shape(3, 1, 1, 1);
    finish(&build, y);
    GIVE(0, 3, 7, 5, 7);
    TELL(lies);
    only_the_truth_passes(-127, 127, 1);
    vch_arena_release(&arena);
}

TEST(what_is_outside_the_image_is_not_in_its_windows)
{
    struct graphs build = start();
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 2, 3, 3));

    finish(&build, graphs_max_pool(&build, x, 3, 1)); // pads of 1
    GIVE(0, -5, -6, -7, -8, -9, -10, -11, -12, -13, -1, -2, -3, -4, -120, -127, -127, -127, -127);
    only_the_truth_passes(-13, 1, 1);
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
    struct graphs build = start();
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 4, 0, 0));

    finish(&build, graphs_argmax(&build, x, 0));
    GIVE(0, 5, 9, 8, 9);
    TELL(lies);
    only_the_truth_passes(-1, 5, 1);
    GIVE(0, 9, 9, 9, 9);
    only_the_truth_passes(-1, 5, 1);
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
    struct graphs build = start();
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 3, 0, 0));
    const uint32_t y = graphs_softmax(&build, x, VCH_TYPE_I8);

    for (int i = 0; i < 256; i++)
        entries[i] = i > 128 ? 1 : 1000 >> (128 - i) / 2;
    build.graph->tables[graphs_writer(&build, y)->table].entries = entries;
    finish(&build, y);
    GIVE(0, 10, 3, 10);
    TELL(lies);
    only_the_truth_passes(-127, 127, 1);
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
    struct graphs build = start();
    const uint32_t x = graphs_input(&build, VCH_TYPE_I16, graphs_shape(1, 5, 0, 0));
    const uint32_t y = graphs_table(&build, x, VCH_TYPE_I8);

    for (int32_t i = 0; i < 65536; i++) {
        const int32_t value = (i - 32768) >> 4;
        entries[i] = value < -100 ? -100 : value > 100 ? 100 : value;
    }
    build.graph->tables[graphs_writer(&build, y)->table].entries = entries;
    finish(&build, y);
    GIVE(0, 1599, 1600, 32767, -1600, -32767);
    TELL(lies);
    only_the_truth_passes(-127, 127, 1);
    vch_arena_release(&arena);
}

static void make_normalise(bool is_centred, uint64_t factor)
{
    struct graphs build = start();
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 4, 0, 0));
    const uint32_t y = graphs_normalise(&build, x, VCH_TYPE_I8);

    graphs_writer(&build, y)->norm = (struct vch_norm){
        .is_centred = is_centred, .root_shift = 3, .epsilon = 10, .factor = factor};
    finish(&build, y);
}

TEST(norms_are_by_the_root_and_no_other_number)
{
    // y 0 .. 3, S, r, g, rest 7 .. 10, low 11 .. 14, high 15 .. 18; x is 9, -4, 0, 3: S = 8,
    // D = 4 * 106 - 64 = 360, A = 23050, r = 151, g = 249; d is 28, -24, -8, 4.
    static const struct circuits_lie lies[] = {
        LIE(LOOKUP, "one more", {2, -41}),
        LIE(LOOKUP, "one less", {2, -43}),
        LIE(LOOKUP, "a root that is one too large", {5, 152}),
        LIE(LOOKUP, "a root that is one too small", {5, 150}),
        LIE(LOOKUP, "a negative root", {5, -151}),
        LIE(ZERO, "another remainder of the root", {6, 250}),
        LIE(ZERO, "another sum", {4, 7}, {1, -119}, {2, -36}, {3, 26}),
        LIE(LOOKUP, "less than the clamp allows", {0, 126}),
        LIE(LOOKUP, "a clamp where there is none", {2, -127}),
        LIE(ZERO, "a waiver at neither end, below", {2, -41}, {13, 1}),
        LIE(ZERO, "a waiver at neither end, above", {2, -43}, {17, 1}),
        LIE(ZERO, "another rest", {2, -41}, {9, 100}),
    };

    make_normalise(true, 800);
    GIVE(0, 9, -4, 0, 3);
    TELL(lies);
    only_the_truth_passes(-127, 127, 1);
    vch_arena_release(&arena);
    make_normalise(false, 300);
    GIVE(0, 0, 0, 0, 0);
    only_the_truth_passes(-127, 127, 1);
    GIVE(0, 127, -127, 127, 1);
    only_the_truth_passes(-127, 127, 1);
    vch_arena_release(&arena);
}

static void make_divide(enum vch_rounding rounding, int64_t lo, int64_t hi)
{
    static const int32_t multiplier = 3;
    static const uint32_t shifts[] = {1, 2};
    struct graphs build = start();
    const uint32_t x = graphs_input(&build, VCH_TYPE_I16, graphs_shape(1, 8, 0, 0));
    const uint32_t z = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 8, 0, 0));
    const uint32_t y = graphs_divide(&build, x, z, VCH_TYPE_I8);

    graphs_writer(&build, y)->rounding = rounding;
    graphs_writer(&build, y)->scaling = (struct vch_scaling){1, &multiplier, shifts, lo, hi};
    finish(&build, y);
    GIVE(0, 101, -7, 32767, -60, -9, 32767, 0, 85);
    GIVE(1, 3, -2, 127, 127, 0, 0, 0, -1);
}

TEST(quotients_round_one_way_and_clamp_at_two_ends)
{
    static const int64_t ends[][2] = {{-127, 127}, {-1, 100}, {3, 90}, {-90, -3}, {5, 5}};

    for (uint32_t rounding = 0; rounding < 3; rounding++)
        FOR_EACH(end, ends)
        {
            make_divide((enum vch_rounding)rounding, (*end)[0], (*end)[1]);
            only_the_truth_passes(-127, 127, 1);
            vch_arena_release(&arena);
        }
}

TEST(divisors_have_one_sign_and_zero_is_none_of_them)
{
    // y 0 .. 7, z < 0 8 .. 15, z = 0 16 .. 23, |z| 24 .. 31, dividend 32 .. 39, both 40 .. 47,
    // rest 48 .. 55, low 56 .. 63, high 64 .. 71. The quotients are 51, 5, 127, -1, -127, 127, 0,
    // -127.
    static const struct circuits_lie lies[] = {
        LIE(LOOKUP, "a positive divisor called negative", {8, 1}),
        LIE(LOOKUP, "a negative divisor called positive", {9, 0}),
        LIE(ZERO, "a sign that is no bit", {9, 2}),
        LIE(ZERO, "0 with a sign", {0 + 4, 127}, {8 + 4, 1}),
        LIE(LOOKUP, "0 called a divisor", {16 + 4, 0}),
        LIE(ZERO, "a divisor called 0", {18, 1}),
        LIE(ZERO, "0 called twice 0", {16 + 4, 2}),
        LIE(ZERO, "another size", {24, 4}, {0, 38}),
        LIE(ZERO, "another dividend", {32, 100}, {0, 50}),
        LIE(ZERO, "a dividend called 0", {0, 0}, {40, 1}),
        LIE(ZERO, "0 by 0 called 1", {6, 1}, {46, 1}),
        LIE(LOOKUP, "nothing by 0 at the upper end", {6, 127}, {46, 0}),
        LIE(LOOKUP, "nothing by 0 at the lower end", {6, -127}, {46, 0}),
        LIE(ZERO, "waived below", {0, 52}, {56, 1}),
        LIE(ZERO, "waived above", {0, 49}, {64, 1}),
        LIE(ZERO, "another rest", {0, 50}, {48, 0}),
    };

    make_divide(VCH_ROUNDING_NEAREST, -127, 127);
    TELL(lies);
    vch_arena_release(&arena);
}

TEST(truncation_has_the_signs_of_both)
{
    // x < 0 48 .. 55, signs differ 56 .. 63, |y| 64 .. 71; the quotients are 50, 5, 127, 0, -127,
    // 127, 0, -127.
    static const struct circuits_lie lies[] = {
        LIE(LOOKUP, "a positive dividend called negative", {48, 1}),
        LIE(LOOKUP, "a negative dividend called positive", {49, 0}),
        LIE(ZERO, "signs that do not differ", {56, 1}, {0, -50}),
        LIE(ZERO, "the wrong sign", {0, -50}, {64, 50}),
        LIE(ZERO, "another quotient", {0, 49}, {64, 50}),
        LIE(LOOKUP, "towards minus infinity", {3, -1}),
    };

    make_divide(VCH_ROUNDING_TRUNCATE, -127, 127);
    TELL(lies);
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
    struct graphs build = start();
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(2, 3, 2, 0));
    const uint32_t i = graphs_input(&build, VCH_TYPE_I16, graphs_shape(1, 5, 0, 0));

    finish(&build, graphs_gather(&build, x, i, 0));
    GIVE(0, 10, 20, 30, 40, 50, 60);
    GIVE(1, 7, -2, 1, 0, 2);
    TELL(lies);
    only_the_truth_passes(-127, 127, 1);
    vch_arena_release(&arena);
}

TEST(what_could_wrap_around_is_refused)
{
    static const int32_t multiplier = 32767;
    static const uint32_t shifts[] = {14, 2};
    struct graphs build = start();
    const uint32_t x = graphs_input(&build, VCH_TYPE_I32, graphs_shape(1, 4, 0, 0));
    const uint32_t y = graphs_divide(&build, x, x, VCH_TYPE_I32);

    graphs_writer(&build, y)->scaling =
        (struct vch_scaling){1, &multiplier, shifts, INT32_MIN, INT32_MAX};
    graphs_output(&build, y);
    const struct vch_graph *graph = graphs_finish(&build);
    CHECK_OK(circuits_build(&c, graph, 0, 1, 1, &arena));
    build.graph->operators[0].scaling.shifts = (const uint32_t[]){2, 14};
    CHECK_FAILS(circuits_build(&c, graph, 0, 1, 1, &arena), UNSUPPORTED);
    CHECK(strstr(c.complaint.text, "operator 0, \"divide\"") != NULL);
    vch_arena_release(&arena);
}

// What somebody would write into a witness who wants another quotient: each lie is caught by the
// relation that is there for it, and by whoever verifies the proof.
#include "harness/liars.h"

static struct vch_arena arena;
static struct circuits c;

static void make_normalise(bool is_centred, uint64_t factor)
{
    struct graphs build = circuits_lie_start(&arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 4, 0, 0));
    const uint32_t y = graphs_normalise(&build, x, VCH_TYPE_I8);

    graphs_writer(&build, y)->norm = (struct vch_norm){
        .is_centred = is_centred, .root_shift = 3, .epsilon = 10, .factor = factor};
    circuits_lie_finish(&c, &build, y);
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
    GIVE(&c, 0, 9, -4, 0, 3);
    circuits_lie_all(&c, lies, sizeof lies / sizeof *lies);
    circuits_lie_truth(&c, -127, 127);
    vch_arena_release(&arena);
    make_normalise(false, 300);
    GIVE(&c, 0, 0, 0, 0, 0);
    circuits_lie_truth(&c, -127, 127);
    GIVE(&c, 0, 127, -127, 127, 1);
    circuits_lie_truth(&c, -127, 127);
    vch_arena_release(&arena);
}

static void make_divide(enum vch_rounding rounding, int64_t lo, int64_t hi)
{
    static const int32_t multiplier = 3;
    static const uint32_t shifts[] = {1, 2};
    struct graphs build = circuits_lie_start(&arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I16, graphs_shape(1, 8, 0, 0));
    const uint32_t z = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 8, 0, 0));
    const uint32_t y = graphs_divide(&build, x, z, VCH_TYPE_I8);

    graphs_writer(&build, y)->rounding = rounding;
    graphs_writer(&build, y)->scaling = (struct vch_scaling){1, &multiplier, shifts, lo, hi};
    circuits_lie_finish(&c, &build, y);
    GIVE(&c, 0, 101, -7, 32767, -60, -9, 32767, 0, 85);
    GIVE(&c, 1, 3, -2, 127, 127, 0, 0, 0, -1);
}

TEST(quotients_round_one_way_and_clamp_at_two_ends)
{
    static const int64_t ends[][2] = {{-127, 127}, {-1, 100}, {3, 90}, {-90, -3}, {5, 5}};

    for (uint32_t rounding = 0; rounding < 3; rounding++)
        FOR_EACH(end, ends)
        {
            make_divide((enum vch_rounding)rounding, (*end)[0], (*end)[1]);
            circuits_lie_truth(&c, -127, 127);
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
    circuits_lie_all(&c, lies, sizeof lies / sizeof *lies);
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
    circuits_lie_all(&c, lies, sizeof lies / sizeof *lies);
    vch_arena_release(&arena);
}

TEST(what_could_wrap_around_is_refused)
{
    static const int32_t multiplier = 32767;
    static const uint32_t shifts[] = {14, 2};
    struct graphs build = circuits_lie_start(&arena);
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

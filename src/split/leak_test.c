// The measure on models whose leakage is known: all, nothing, ever less.
#include "split/leak.h"

#include <math.h>
#include <string.h>

#include "harness/graphs.h"
#include "harness/test.h"
#include "model/segment.h"
#include "split/leak_picture.h"
#include "split/seeded.h"

enum { SAMPLES = 60, SIDE = 9, PIXELS = SIDE * SIDE };

static struct vch_arena arena;
static struct vch_complaint complaint;
static struct vch_kernels kernels;
static float samples[SAMPLES * PIXELS];
static int8_t quantised[SAMPLES * PIXELS];

static void begin(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)1 << 29);
    complaint.text[0] = '\0';
    kernels = vch_kernels_select(VCH_CPU_PORTABLE);
}

static void fill_samples(uint32_t each)
{
    uint64_t seed = 11 + test_below(1000);

    for (size_t i = 0; i < (size_t)SAMPLES * each; i++) {
        quantised[i] = (int8_t)((int)(vch_seeded_next(&seed) % 255) - 127);
        samples[i] = (float)quantised[i] / 16;
    }
}

// Identity, then a ReLU, then nothing: every value clamped to one number.
static struct vch_graph *fading(struct vch_shape shape)
{
    struct graphs build;

    begin();
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, shape);
    uint32_t same = graphs_relu(&build, x);
    graphs_writer(&build, same)->scaling.lo = -127;
    uint32_t half = graphs_relu(&build, same);
    uint32_t nothing = graphs_relu(&build, half);
    graphs_writer(&build, nothing)->scaling.lo = graphs_writer(&build, nothing)->scaling.hi = 5;
    graphs_output(&build, nothing);
    fill_samples((uint32_t)vch_tensor_shape_count(&shape));
    return graphs_finish(&build);
}

static struct vch_leak_problem example(const struct vch_graph *graph)
{
    return (struct vch_leak_problem){.graph = graph,
                                     .sample_count = SAMPLES,
                                     .samples = samples,
                                     .quantised = quantised,
                                     .steps = 8,
                                     .seed = 3,
                                     .kernels = &kernels};
}

TEST(a_cut_that_holds_the_image_leaks_it_and_one_that_holds_nothing_does_not)
{
    struct vch_leak_problem problem = example(fading(graphs_shape(3, 1, SIDE, SIDE)));
    struct vch_leak leak;

    problem.steps = 0; // as many as people get
    CHECK_OK(vch_leak_measure(&leak, &problem, &arena, &complaint));
    CHECK(leak.is_image);
    CHECK_EQ(leak.cut_count, 4);
    CHECK_EQ(leak.training, 36);
    CHECK_EQ(leak.validation, 12);
    CHECK_EQ(leak.test, 12);
    CHECK(leak.blind.r2 == 0);
    CHECK(leak.cuts[0].is_input && leak.cuts[0].leak == 1);
    CHECK(!leak.cuts[1].is_input);
    CHECK(leak.cuts[1].leak > 0.98 && leak.cuts[1].leak <= 1); // the same numbers, once rewritten
    CHECK(leak.cuts[1].convolution.ssim > 0.98);
    CHECK(leak.cuts[2].leak > 0.5 && leak.cuts[2].leak < 0.9); // half of the numbers are gone
    CHECK(leak.cuts[3].leak < 0.05);
    CHECK(leak.cuts[3].linear.r2 == 0); // the blind guess itself
    CHECK(fabs(leak.cuts[3].linear.psnr_db - leak.blind.psnr_db) < 1e-9);
}

TEST(a_tables_leak_is_that_of_its_most_revealed_column)
{
    struct graphs build;
    struct vch_leak leak;

    begin();
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 6, 0, 0));
    uint32_t slice = graphs_slice(&build, x); // random; made the last two columns below
    struct vch_operator *last = graphs_writer(&build, slice);
    last->begin[0] = 4;
    last->step[0] = 1;
    build.graph->values[slice].shape.dims[0] = 2;
    graphs_output(&build, slice);
    struct vch_leak_problem problem = example(graphs_finish(&build));
    fill_samples(6);
    CHECK_OK(vch_leak_measure(&leak, &problem, &arena, &complaint));
    CHECK(!leak.is_image);
    CHECK_EQ(leak.cut_count, 2);
    const struct vch_leak_cut *cut = &leak.cuts[1];
    CHECK(!cut->convolution.is_made);
    CHECK(cut->column >= 4);
    CHECK(cut->leak > 0.999);
    CHECK(cut->linear.r2 > 0 && cut->linear.r2 < 0.7); // two of six, give or take
    for (int t = 0; t < 6; t++)
        CHECK(t < 4 ? cut->linear.column_r2[t] < 0.5 : cut->linear.column_r2[t] > 0.999);
}

TEST(columns_that_never_vary_have_no_figure)
{
    struct vch_leak_problem problem = example(fading(graphs_shape(1, 5, 0, 0)));
    struct vch_leak leak;

    for (size_t s = 0; s < SAMPLES; s++)
        samples[5 * s + 2] = 1;
    CHECK_OK(vch_leak_measure(&leak, &problem, &arena, &complaint));
    CHECK(isnan(leak.cuts[0].linear.column_r2[2]));
    CHECK(leak.cuts[0].column != 2);
    for (size_t i = 0; i < (size_t)SAMPLES * 5; i++)
        samples[i] = 1;
    CHECK_OK(vch_leak_measure(&leak, &problem, &arena, &complaint));
    CHECK(leak.cuts[1].leak == 0);
}

TEST(a_cut_leaks_no_less_than_any_later_one)
{
    struct graphs build;
    struct vch_leak leak;

    begin();
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 1, SIDE, SIDE));
    x = graphs_relu(&build, graphs_convolution(&build, x, 3, 3, 2, 1, VCH_TYPE_I8));
    x = graphs_flatten(&build, x);
    x = graphs_linear(&build, x, 20, VCH_TYPE_I8);
    graphs_output(&build, graphs_linear(&build, x, 4, VCH_TYPE_I8));
    struct vch_leak_problem problem = example(graphs_finish(&build));
    fill_samples(PIXELS);
    CHECK_OK(vch_leak_measure(&leak, &problem, &arena, &complaint));
    for (uint32_t i = 1; i < leak.cut_count; i++) {
        CHECK(leak.cuts[i].leak <= leak.cuts[i - 1].leak);
        CHECK(leak.cuts[i].leak >= leak.cuts[i].measured);
    }
}

static bool is_same(const struct vch_leak_cut *a, const struct vch_leak_cut *b)
{
    return a->position == b->position && a->linear.r2 == b->linear.r2 &&
           a->linear.ssim == b->linear.ssim && a->convolution.r2 == b->convolution.r2 &&
           a->convolution.ssim == b->convolution.ssim;
}

static void run_backwards(struct vch_workers *self, void (*task)(void *context, size_t index),
                          void *context, size_t count)
{
    (void)self;
    while (count-- > 0)
        task(context, count);
}

TEST(figures_depend_on_no_thread_and_no_other_cut)
{
    struct vch_leak_problem problem = example(fading(graphs_shape(3, 1, SIDE, SIDE)));
    struct vch_workers workers = {.thread_count = 2, .run = run_backwards};
    const uint32_t position = 2;
    struct vch_leak all, one, other;

    CHECK_OK(vch_leak_measure(&all, &problem, &arena, &complaint));
    problem.positions = &position;
    problem.position_count = 1;
    problem.workers = &workers;
    CHECK_OK(vch_leak_measure(&one, &problem, &arena, &complaint));
    CHECK_EQ(one.cut_count, 1);
    CHECK(is_same(&one.cuts[0], &all.cuts[2]));
    problem.seed++;
    CHECK_OK(vch_leak_measure(&other, &problem, &arena, &complaint));
    CHECK(!is_same(&other.cuts[0], &all.cuts[2]));
}

TEST(a_flattened_cut_has_the_figures_of_the_cut_before)
{
    struct graphs build;
    struct vch_leak leak;

    begin();
    graphs_init(&build, &arena);
    uint32_t x =
        graphs_relu(&build, graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 1, SIDE, SIDE)));
    graphs_output(&build, graphs_linear(&build, graphs_flatten(&build, x), 3, VCH_TYPE_I8));
    struct vch_leak_problem problem = example(graphs_finish(&build));
    const uint32_t position = 2;
    fill_samples(PIXELS);
    CHECK_OK(vch_leak_measure(&leak, &problem, &arena, &complaint));
    CHECK_EQ(leak.cuts[2].same_as, 1);
    CHECK(leak.cuts[2].convolution.r2 == leak.cuts[1].convolution.r2);
    problem.positions = &position; // alone, it is still a picture
    problem.position_count = 1;
    CHECK_OK(vch_leak_measure(&leak, &problem, &arena, &complaint));
    CHECK(leak.cuts[0].convolution.r2 > 0);
}

// The same picture with its channels last is the same picture.
TEST(channels_may_come_last)
{
    struct graphs build;
    struct vch_leak leak;

    begin();
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, SIDE, SIDE - 1, 1));
    graphs_output(&build, graphs_relu(&build, x));
    struct vch_leak_problem problem = example(graphs_finish(&build));
    fill_samples(SIDE * (SIDE - 1));
    CHECK_OK(vch_leak_measure(&leak, &problem, &arena, &complaint));
    CHECK(leak.is_image);
    CHECK_EQ(leak.image.channels, 1);
    CHECK_EQ(leak.image.height, SIDE);
    CHECK_EQ(leak.image.width, SIDE - 1);
}

TEST(refusals_say_what_is_needed)
{
    struct vch_leak_problem problem = example(fading(graphs_shape(1, PIXELS, 0, 0)));
    struct vch_leak leak;

    problem.sample_count = VCH_LEAK_SAMPLES_MIN - 1;
    CHECK_FAILS(vch_leak_measure(&leak, &problem, &arena, &complaint), USAGE);
    CHECK(strstr(complaint.text, "at least 40 samples") != NULL);
    CHECK(strstr(complaint.text, "found 39") != NULL);
    problem.sample_count = SAMPLES;

    complaint.text[0] = '\0';
    problem.image = (struct vch_image_shape){1, 5, 5};
    CHECK_FAILS(vch_leak_measure(&leak, &problem, &arena, &complaint), USAGE);
    CHECK(strstr(complaint.text, "81 numbers") != NULL);
    problem.image = (struct vch_image_shape){1, SIDE, SIDE};
    const uint32_t position = 1;
    problem.positions = &position;
    problem.position_count = 1;
    CHECK_OK(vch_leak_measure(&leak, &problem, &arena, &complaint));
    CHECK(leak.is_image);

    samples[7] = INFINITY;
    CHECK_FAILS(vch_leak_measure(&leak, &problem, &arena, &complaint), MALFORMED);
}

TEST(reports_hold_a_row_per_guess)
{
    struct vch_leak_problem problem = example(fading(graphs_shape(3, 1, SIDE, SIDE)));
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G'};
    const char *names[5] = {"age", "<script>", "c", "d", "e"};
    struct vch_leak leak;
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_OK(vch_leak_measure(&leak, &problem, &arena, &complaint));
    CHECK_OK(vch_leak_picture_png(&bytes, &size, &leak, &arena));
    CHECK(memcmp(bytes, signature, sizeof signature) == 0);
    CHECK_OK(vch_leak_picture_svg(&bytes, &size, &leak, problem.graph, NULL, &arena));
    CHECK_EQ(strlen((const char *)bytes), size);
    CHECK(strstr((const char *)bytes, "data:image/png;base64,iVBORw0KGgo") != NULL);
    CHECK(strstr((const char *)bytes, "cut 3, leak 0.0") != NULL);
    CHECK(memcmp(bytes + size - 7, "</svg>\n", 7) == 0);

    problem = example(fading(graphs_shape(1, 5, 0, 0)));
    CHECK_OK(vch_leak_measure(&leak, &problem, &arena, &complaint));
    CHECK_OK(vch_leak_picture_svg(&bytes, &size, &leak, problem.graph, names, &arena));
    CHECK(strstr((const char *)bytes, ">age<") != NULL);
    CHECK(strstr((const char *)bytes, "script>") == NULL); // names are no markup
    CHECK(strstr((const char *)bytes, "?script?") != NULL);
    vch_arena_release(&arena);
}

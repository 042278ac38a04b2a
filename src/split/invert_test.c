// Both inverters: what can be recovered is, what cannot is not, and no thread changes a bit.
#include <string.h>

#include "harness/test.h"
#include "split/invert_convolution.h"
#include "split/invert_linear.h"
#include "split/seeded.h"

enum { TRAINING = 60, VALIDATION = 20, TEST_COUNT = 20, SAMPLES = 100, WIDEST = 200 };

static struct vch_arena arena;
static float activations[SAMPLES * WIDEST], inputs[SAMPLES * WIDEST], guesses[TEST_COUNT * WIDEST];
static float mean[WIDEST];

static struct vch_inversion example(size_t features, size_t targets)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)1 << 28);
    return (struct vch_inversion){.training = TRAINING,
                                  .validation = VALIDATION,
                                  .test = TEST_COUNT,
                                  .features = features,
                                  .targets = targets,
                                  .activations = activations,
                                  .inputs = inputs,
                                  .mean = mean,
                                  .steps = VCH_INVERT_CONVOLUTION_STEPS,
                                  .seed = 5,
                                  .arena = &arena};
}

static void fill(float *values, size_t count)
{
    uint64_t seed = test_below(1u << 30);

    for (size_t i = 0; i < count; i++)
        values[i] = vch_seeded_uniform(&seed, 1);
}

// Inputs in standard units: the training samples' mean taken off.
static void fill_inputs(size_t targets)
{
    fill(inputs, SAMPLES * targets);
    for (size_t t = 0; t < targets; t++) {
        float sum = 0;
        for (size_t s = 0; s < TRAINING; s++)
            sum += inputs[s * targets + t];
        for (size_t s = 0; s < SAMPLES; s++)
            inputs[s * targets + t] -= sum / TRAINING;
    }
}

// The share of the held-out inputs' squares that the guesses explain.
static double explained(const struct vch_inversion *of)
{
    const float *y = inputs + (of->training + of->validation) * of->targets;
    double error = 0, all = 0;

    for (size_t i = 0; i < of->test * of->targets; i++) {
        error += ((double)guesses[i] - (double)y[i]) * ((double)guesses[i] - (double)y[i]);
        all += (double)y[i] * (double)y[i];
    }
    return 1 - error / all;
}

// x = A y, plus an offset, so that a linear map leads back where A has enough rows.
static void mix(size_t features, size_t targets)
{
    static float matrix[WIDEST * WIDEST];

    fill_inputs(targets);
    fill(matrix, features * targets);
    for (size_t t = 0; t < targets && t < features; t++)
        matrix[t * targets + t] += 4; // well away from what cannot be undone
    for (size_t s = 0; s < SAMPLES; s++)
        for (size_t f = 0; f < features; f++) {
            float sum = 30;
            for (size_t t = 0; t < targets; t++)
                sum += matrix[f * targets + t] * inputs[s * targets + t];
            activations[s * features + f] = sum;
        }
}

TEST(linear_inverter_undoes_a_linear_map)
{
    struct vch_inversion_result result = {.guesses = guesses};
    static const struct {
        size_t features, targets;
    } shapes[] = {{10, 10}, {40, 7}, {60, 30}, {200, 12}}; // over features, then over samples

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct vch_inversion of = example(shapes[i].features, shapes[i].targets);
        mix(of.features, of.targets);
        CHECK_OK(vch_invert_linear_run(&result, &of));
        CHECK(explained(&of) > 0.999);
        CHECK(result.validation_error < 1e-3);
    }
}

// Three of seven numbers cross: the other four stay unknown.
TEST(linear_inverter_recovers_what_crosses_and_no_more)
{
    struct vch_inversion_result result = {.guesses = guesses};
    struct vch_inversion of = example(3, 7);

    fill_inputs(7);
    for (size_t s = 0; s < SAMPLES; s++)
        memcpy(activations + s * 3, inputs + s * 7, 3 * sizeof(float));
    CHECK_OK(vch_invert_linear_run(&result, &of));
    double r2 = explained(&of);
    CHECK(r2 > 0.2 && r2 < 0.6); // three sevenths, give or take
}

TEST(linear_inverter_makes_nothing_of_noise)
{
    struct vch_inversion_result result = {.guesses = guesses};
    struct vch_inversion of = example(150, 20);

    fill_inputs(20);
    fill(activations, (size_t)SAMPLES * 150);
    CHECK_OK(vch_invert_linear_run(&result, &of));
    CHECK(explained(&of) < 0.1);
}

TEST(inverters_guess_blindly_where_nothing_crosses)
{
    struct vch_inversion_result result = {.guesses = guesses};
    struct vch_inversion of = example(9, 64);

    of.image = (struct vch_image_shape){1, 8, 8};
    of.activation = (struct vch_image_shape){1, 3, 3};
    fill_inputs(64);
    for (size_t i = 0; i < (size_t)SAMPLES * 9; i++)
        activations[i] = -4;
    CHECK_OK(vch_invert_linear_run(&result, &of));
    for (size_t i = 0; i < of.test * 64; i++)
        CHECK(guesses[i] == 0);
    of.steps = 40;
    CHECK_OK(vch_invert_convolution_run(&result, &of));
    CHECK(explained(&of) < 0.02);
}

static struct vch_inversion picture_example(void)
{
    struct vch_inversion of = example((size_t)2 * 81, 81);

    of.image = (struct vch_image_shape){1, 9, 9};
    of.activation = (struct vch_image_shape){2, 9, 9};
    fill_inputs(81);
    for (size_t s = 0; s < SAMPLES; s++) // the positive and the negative part
        for (size_t p = 0; p < 81; p++) {
            float v = inputs[s * 81 + p];
            activations[s * 162 + p] = v > 0 ? v : 0;
            activations[s * 162 + 81 + p] = v < 0 ? -v : 0;
        }
    return of;
}

TEST(convolutional_inverter_recovers_a_picture_from_its_parts)
{
    struct vch_inversion_result result = {.guesses = guesses};
    struct vch_inversion of = picture_example();

    of.steps = 160;
    CHECK(vch_invert_convolution_is_possible(&of));
    CHECK_OK(vch_invert_convolution_run(&result, &of));
    CHECK(explained(&of) > 0.9);
}

static bool is_equal(const float *a, const float *b, size_t count)
{
    bool is_same = true;

    for (size_t i = 0; i < count; i++)
        is_same = is_same && a[i] == b[i];
    return is_same;
}

static void run_backwards(struct vch_workers *self, void (*task)(void *context, size_t index),
                          void *context, size_t count)
{
    (void)self;
    while (count-- > 0)
        task(context, count);
}

TEST(inverters_give_the_same_bits_in_whatever_order_tasks_run)
{
    static float alone[TEST_COUNT * WIDEST];
    struct vch_workers workers = {.thread_count = 3, .run = run_backwards};
    struct vch_inversion_result result = {.guesses = alone};
    struct vch_inversion of = picture_example();

    CHECK_OK(vch_invert_linear_run(&result, &of));
    of.workers = &workers;
    result.guesses = guesses;
    CHECK_OK(vch_invert_linear_run(&result, &of));
    CHECK(is_equal(alone, guesses, (size_t)TEST_COUNT * 81));

    of.steps = 24;
    CHECK_OK(vch_invert_convolution_run(&result, &of));
    of.workers = NULL;
    result.guesses = alone;
    CHECK_OK(vch_invert_convolution_run(&result, &of));
    CHECK(is_equal(alone, guesses, (size_t)TEST_COUNT * 81));
    of.seed++;
    CHECK_OK(vch_invert_convolution_run(&result, &of));
    CHECK(!is_equal(alone, guesses, (size_t)TEST_COUNT * 81)); // of the seed
}

TEST(inverters_say_when_memory_is_short)
{
    struct vch_inversion_result result = {.guesses = guesses};
    struct vch_inversion of = picture_example();

    for (size_t limit = 1 << 12; limit <= 1 << 18; limit *= 4) {
        vch_arena_release(&arena);
        vch_arena_init(&arena, limit);
        if (limit <= 1 << 14) CHECK_FAILS(vch_invert_linear_run(&result, &of), NO_MEMORY);
        CHECK_FAILS(vch_invert_convolution_run(&result, &of), NO_MEMORY);
    }
    vch_arena_release(&arena);
}

#include "split/leak_samples.h"

#include <math.h>
#include <string.h>

#include "split/seeded.h"

#define HELD_OUT 5u // a fifth chooses, a fifth is guessed, the rest is learnt from
#define IMAGE_SIDE_MIN 8u

bool vch_leak_samples_planes(struct vch_image_shape *out, const struct vch_shape *shape)
{
    uint32_t skipped = shape->rank == 4 && shape->dims[0] == 1;

    if (shape->rank - skipped != 3) return false;
    *out = (struct vch_image_shape){shape->dims[skipped], shape->dims[skipped + 1],
                                    shape->dims[skipped + 2]};
    return true;
}

static bool has_channels_of_image(uint32_t channels)
{
    return channels == 1 || channels == 3;
}

static bool is_large_enough(uint32_t height, uint32_t width)
{
    return height >= IMAGE_SIDE_MIN && width >= IMAGE_SIDE_MIN;
}

// What the person says, or else what the shape looks like.
static vch_status recognise_image(struct vch_leak_samples *out, struct vch_leak *leak,
                                  const struct vch_leak_problem *problem,
                                  const struct vch_shape *shape, struct vch_complaint *complaint)
{
    struct vch_image_shape planes = {0};

    if (problem->image.channels > 0) {
        if (vch_image_quality_count(&problem->image) != leak->target_count)
            return vch_complain(complaint, VCH_CODE_USAGE,
                                "an image of %u x %u x %u is not the %u numbers of the input",
                                problem->image.channels, problem->image.height,
                                problem->image.width, leak->target_count);
        leak->image = problem->image;
        leak->is_image = true;
        return VCH_OK;
    }
    if (!vch_leak_samples_planes(&planes, shape)) return VCH_OK;
    leak->image = planes;
    leak->is_image =
        has_channels_of_image(planes.channels) && is_large_enough(planes.height, planes.width);
    if (leak->is_image) return VCH_OK;
    out->is_channels_last = leak->is_image =
        has_channels_of_image(planes.width) && is_large_enough(planes.channels, planes.height);
    if (leak->is_image)
        leak->image = (struct vch_image_shape){planes.width, planes.channels, planes.height};
    return VCH_OK;
}

static vch_status check(const struct vch_leak_problem *problem, uint32_t targets,
                        struct vch_complaint *complaint)
{
    if (problem->graph->input_count != 1)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "leakage is measured for models with one input; this one has %u",
                            problem->graph->input_count);
    if (problem->sample_count < VCH_LEAK_SAMPLES_MIN)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "measuring leakage needs at least %u samples, to learn from some and "
                            "guess others; found %u",
                            VCH_LEAK_SAMPLES_MIN, problem->sample_count);
    if (problem->sample_count > VCH_LEAK_SAMPLES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "leakage is measured on at most %u samples; found %u",
                            VCH_LEAK_SAMPLES_MAX, problem->sample_count);
    for (size_t i = 0; i < (size_t)problem->sample_count * targets; i++)
        if (!isfinite(problem->samples[i]))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "sample %zu holds a number that is not finite", i / targets);
    return VCH_OK;
}

static vch_status allocate(struct vch_leak_samples *out, const struct vch_leak *leak,
                           uint32_t samples, struct vch_arena *arena)
{
    out->order = VCH_ARENA_NEW(arena, uint32_t, samples);
    out->inputs = vch_arena_alloc(arena, samples, leak->target_count * sizeof(float));
    out->test_originals = vch_arena_alloc(arena, leak->test, leak->target_count * sizeof(float));
    out->means = VCH_ARENA_NEW(arena, float, leak->target_count);
    out->standard_means = VCH_ARENA_NEW(arena, float, leak->target_count);
    out->spreads = VCH_ARENA_NEW(arena, float, leak->target_count);
    bool is_whole = out->order != NULL && out->inputs != NULL && out->test_originals != NULL &&
                    out->means != NULL && out->standard_means != NULL && out->spreads != NULL;
    return is_whole ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

// Where the number that belongs at `target` stands in the person's sample.
static size_t source(const struct vch_leak_samples *samples, const struct vch_leak *leak,
                     size_t target)
{
    size_t plane = (size_t)leak->image.height * leak->image.width;

    if (!samples->is_channels_last) return target;
    return target % plane * leak->image.channels + target / plane;
}

static void deal(struct vch_leak_samples *out, const struct vch_leak *leak,
                 const struct vch_leak_problem *problem)
{
    uint64_t random = problem->seed;

    vch_seeded_shuffle(out->order, problem->sample_count, &random);
    for (size_t s = 0; s < problem->sample_count; s++) {
        const float *sample = problem->samples + (size_t)out->order[s] * leak->target_count;
        for (size_t t = 0; t < leak->target_count; t++)
            out->inputs[s * leak->target_count + t] = sample[source(out, leak, t)];
    }
    size_t first = (size_t)leak->training + leak->validation;
    memcpy(out->test_originals, out->inputs + first * leak->target_count,
           (size_t)leak->test * leak->target_count * sizeof(float));
}

static void fill_means(struct vch_leak_samples *out, const struct vch_leak *leak)
{
    for (size_t t = 0; t < leak->target_count; t++) {
        double sum = 0;
        for (size_t s = 0; s < leak->training; s++)
            sum += (double)out->inputs[s * leak->target_count + t];
        out->means[t] = (float)(sum / leak->training);
    }
}

// What the training samples deviate from the mean, root of the mean square: a column's own, or of
// an image as a whole. 1 where nothing varies.
static void fill_spreads(struct vch_leak_samples *out, const struct vch_leak *leak)
{
    double all = 0;

    for (size_t t = 0; t < leak->target_count; t++) {
        double squares = 0;
        for (size_t s = 0; s < leak->training; s++) {
            double d = (double)out->inputs[s * leak->target_count + t] - (double)out->means[t];
            squares += d * d / leak->training;
        }
        float spread = (float)sqrt(squares);
        out->spreads[t] = spread > 0 ? spread : 1;
        all += squares / leak->target_count;
    }
    for (size_t t = 0; leak->is_image && t < leak->target_count; t++)
        out->spreads[t] = (float)sqrt(all) > 0 ? (float)sqrt(all) : 1;
}

static void find_range(struct vch_leak *leak, const struct vch_leak_samples *samples)
{
    size_t count = (size_t)leak->training * leak->target_count;
    float low = samples->inputs[0], high = low;

    for (size_t i = 0; i < count; i++) {
        low = fminf(low, samples->inputs[i]);
        high = fmaxf(high, samples->inputs[i]);
    }
    leak->low = (double)low;
    leak->range = high > low ? (double)high - (double)low : 1;
}

static void standardise(struct vch_leak_samples *out, const struct vch_leak *leak, uint32_t samples)
{
    for (size_t t = 0; t < leak->target_count; t++)
        out->standard_means[t] = out->means[t] / out->spreads[t];
    for (size_t s = 0; s < samples; s++)
        for (size_t t = 0; t < leak->target_count; t++) {
            float *at = &out->inputs[s * leak->target_count + t];
            *at = (*at - out->means[t]) / out->spreads[t];
        }
}

vch_status vch_leak_samples_init(struct vch_leak_samples *out, struct vch_leak *leak,
                                 const struct vch_leak_problem *problem, struct vch_arena *arena,
                                 struct vch_complaint *complaint)
{
    const struct vch_graph *graph = problem->graph;
    const struct vch_shape *shape = &graph->values[graph->inputs[0].value].shape;

    *out = (struct vch_leak_samples){0};
    leak->target_count = (uint32_t)vch_tensor_shape_count(shape);
    VCH_TRY(check(problem, leak->target_count, complaint));
    VCH_TRY(recognise_image(out, leak, problem, shape, complaint));
    leak->validation = leak->test = problem->sample_count / HELD_OUT;
    leak->training = problem->sample_count - leak->validation - leak->test;
    leak->shown_count = leak->test < VCH_LEAK_SHOWN_MAX ? leak->test : VCH_LEAK_SHOWN_MAX;
    VCH_TRY(allocate(out, leak, problem->sample_count, arena));
    deal(out, leak, problem);
    leak->originals = out->test_originals;
    find_range(leak, out);
    fill_means(out, leak);
    fill_spreads(out, leak);
    standardise(out, leak, problem->sample_count);
    return VCH_OK;
}

void vch_leak_samples_restore(float *guesses, const struct vch_leak_samples *samples,
                              const struct vch_leak *leak)
{
    float low = (float)leak->low, high = (float)(leak->low + leak->range);

    for (size_t s = 0; s < leak->test; s++)
        for (size_t t = 0; t < leak->target_count; t++) {
            float *at = &guesses[s * leak->target_count + t];
            *at = samples->means[t] + samples->spreads[t] * *at;
            if (leak->is_image) *at = fminf(fmaxf(*at, low), high);
        }
}

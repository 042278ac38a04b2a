// The network's gradient against differences of its output, for planes, odd strides and no plane.
#include "split/decoder.h"

#include <math.h>
#include <stdbool.h>

#include "harness/test.h"
#include "split/seeded.h"

enum { PROBES = 60 };

static struct vch_arena arena;

struct trial {
    struct vch_decoder decoder;
    struct vch_decoder_scratch scratch;
    float *parameters, *gradient, *activation, *weights;
    float *across[VCH_DECODER_LAYERS];
    size_t image_count;
};

// A loss that is linear in the image: the sum of weights times pixels.
static double loss(struct trial *trial)
{
    double sum = 0;

    vch_decoder_forward(&trial->scratch, trial->activation, trial->parameters, &trial->decoder);
    for (size_t i = 0; i < trial->image_count; i++)
        sum += (double)trial->weights[i] * (double)trial->scratch.outputs[2][i];
    return sum;
}

static float *random_floats(size_t count, uint64_t *seed)
{
    float *out = VCH_ARENA_NEW(&arena, float, count);

    CHECK(out != NULL);
    for (size_t i = 0; i < count; i++)
        out[i] = vch_seeded_uniform(seed, 1);
    return out;
}

static void prepare(struct trial *trial, struct vch_image_shape activation,
                    struct vch_image_shape image)
{
    uint64_t seed = test_below(1u << 30);

    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)1 << 28);
    *trial = (struct trial){0};
    CHECK(vch_decoder_init(&trial->decoder, &activation, &image));
    CHECK(vch_decoder_scratch_init(&trial->scratch, &trial->decoder, &arena));
    trial->image_count =
        trial->decoder.height * trial->decoder.width * vch_decoder_image_channels(&trial->decoder);
    trial->decoder.mean = random_floats(vch_image_quality_count(&image), &seed);
    trial->activation = random_floats(vch_image_quality_count(&activation), &seed);
    trial->weights = random_floats(trial->image_count, &seed);
    trial->parameters = random_floats(trial->decoder.parameter_count, &seed);
    trial->gradient = VCH_ARENA_NEW(&arena, float, trial->decoder.parameter_count);
    vch_decoder_seed(trial->parameters, &trial->decoder, seed);
    for (size_t l = 1; l < VCH_DECODER_LAYERS; l++) {
        const struct vch_convolution *layer = &trial->decoder.layers[l];
        trial->across[l] = VCH_ARENA_NEW(&arena, float, vch_convolution_parameter_count(layer));
        CHECK(trial->across[l] != NULL);
        vch_convolution_transpose(trial->across[l], trial->parameters + trial->decoder.offsets[l],
                                  layer);
    }
}

// The loss is linear in each parameter, but for the corners of the ReLUs: those few probes that
// meet one are told by their one-sided differences.
static bool agrees(struct trial *trial, size_t parameter, double analytic)
{
    const float step = 1.0F / 1024;
    float kept = trial->parameters[parameter];
    double here = loss(trial);

    trial->parameters[parameter] = kept + step;
    double right = (loss(trial) - here) / (double)step;
    trial->parameters[parameter] = kept - step;
    double left = (here - loss(trial)) / (double)step;
    trial->parameters[parameter] = kept;
    double tolerance = 0.01 * (fabs(analytic) + 0.1);
    return fabs(right - analytic) < tolerance || fabs(left - analytic) < tolerance;
}

static void check_gradient(struct vch_image_shape activation, struct vch_image_shape image)
{
    struct trial trial;
    int agreeing = 0, moving = 0;

    prepare(&trial, activation, image);
    (void)loss(&trial);
    for (size_t i = 0; i < trial.image_count; i++)
        trial.scratch.returned[i] = trial.weights[i];
    vch_decoder_backward(trial.gradient, &trial.scratch, trial.across, &trial.decoder);
    for (int probe = 0; probe < PROBES; probe++) {
        size_t layer = (size_t)probe % VCH_DECODER_LAYERS;
        size_t count = vch_convolution_parameter_count(&trial.decoder.layers[layer]);
        size_t at = trial.decoder.offsets[layer] + test_below((uint32_t)count);
        agreeing += agrees(&trial, at, (double)trial.gradient[at]);
        moving += trial.gradient[at] != 0;
    }
    CHECK(agreeing >= PROBES - 3);
    CHECK(moving >= PROBES / 4); // of a ReLU's dead filters there are some
}

TEST(gradient_agrees_with_differences_where_sizes_are_equal)
{
    check_gradient((struct vch_image_shape){5, 9, 8}, (struct vch_image_shape){1, 9, 8});
}

TEST(gradient_agrees_with_differences_where_the_image_is_cut_out)
{
    check_gradient((struct vch_image_shape){3, 3, 4}, (struct vch_image_shape){3, 8, 11});
}

TEST(gradient_agrees_with_differences_without_a_plane)
{
    check_gradient((struct vch_image_shape){12, 1, 1}, (struct vch_image_shape){1, 8, 8});
}

TEST(gradient_agrees_with_differences_where_the_activation_is_larger)
{
    check_gradient((struct vch_image_shape){2, 12, 13}, (struct vch_image_shape){1, 8, 9});
}

TEST(decoder_has_fewer_channels_where_it_would_be_too_large)
{
    struct vch_decoder decoder;
    const struct vch_image_shape image = {1, 28, 28}, wide = {256, 1, 1}, wider = {4096, 1, 1};

    CHECK(vch_decoder_init(&decoder, &wide, &image));
    CHECK_EQ(decoder.channels, 4);
    CHECK(decoder.parameter_count <= VCH_DECODER_PARAMETERS_MAX);
    CHECK(!vch_decoder_init(&decoder, &wider, &image));
    CHECK(!vch_decoder_init(&decoder, &wide, &(struct vch_image_shape){3, 224, 224}));
    vch_arena_release(&arena);
}

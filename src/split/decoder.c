#include "split/decoder.h"

#include <math.h>
#include <string.h>

#include "split/matrix.h"
#include "split/seeded.h"

#define CHANNELS_MAX 16u
#define LAST_LAYER 0.1F // of the weights that He et al. give

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static void fill_layers(struct vch_decoder *out, const struct vch_image_shape *activation,
                        const struct vch_image_shape *image)
{
    bool has_plane = activation->height * (size_t)activation->width > 1;
    size_t k = out->channels;
    size_t padded = divide_up(image->channels, VCH_MATRIX_COLUMNS) * VCH_MATRIX_COLUMNS;

    out->layers[0] =
        (struct vch_convolution){activation->height, activation->width, activation->channels,
                                 k * out->stride * out->stride, has_plane ? 3 : 1};
    out->layers[1] = (struct vch_convolution){out->height, out->width, k, k, 3};
    out->layers[2] = (struct vch_convolution){out->height, out->width, k, padded, 3};
    out->parameter_count = 0;
    for (size_t l = 0; l < VCH_DECODER_LAYERS; l++) {
        out->offsets[l] = out->parameter_count;
        out->parameter_count += vch_convolution_parameter_count(&out->layers[l]);
    }
}

bool vch_decoder_init(struct vch_decoder *out, const struct vch_image_shape *activation,
                      const struct vch_image_shape *image)
{
    size_t down = divide_up(image->height, activation->height);
    size_t across = divide_up(image->width, activation->width);

    *out = (struct vch_decoder){
        .stride = down > across ? down : across, .height = image->height, .width = image->width};
    out->top = (activation->height * out->stride - image->height) / 2;
    out->left = (activation->width * out->stride - image->width) / 2;
    if ((size_t)image->height * image->width > VCH_DECODER_PIXELS_MAX) return false;
    if ((size_t)activation->height * activation->width > VCH_DECODER_PIXELS_MAX) return false;
    for (out->channels = CHANNELS_MAX; out->channels > 0; out->channels -= VCH_MATRIX_COLUMNS) {
        fill_layers(out, activation, image);
        out->given = out->channels >= 2 * (size_t)image->channels ? image->channels : 0;
        if (out->parameter_count <= VCH_DECODER_PARAMETERS_MAX) return true;
    }
    return false;
}

size_t vch_decoder_image_channels(const struct vch_decoder *decoder)
{
    return decoder->layers[2].out;
}

static size_t output_count(const struct vch_convolution *layer)
{
    return layer->height * layer->width * layer->out;
}

bool vch_decoder_scratch_init(struct vch_decoder_scratch *out, const struct vch_decoder *decoder,
                              struct vch_arena *arena)
{
    size_t inner = output_count(&decoder->layers[1]);
    bool is_whole = true;

    for (size_t l = 0; l < VCH_DECODER_LAYERS; l++) {
        const struct vch_convolution *layer = &decoder->layers[l];
        out->patches[l] = VCH_ARENA_NEW(arena, float, vch_convolution_patch_count(layer));
        out->outputs[l] = VCH_ARENA_NEW(arena, float, output_count(layer));
        is_whole = is_whole && out->patches[l] != NULL && out->outputs[l] != NULL;
    }
    out->dealt = VCH_ARENA_NEW(arena, float, inner);
    out->returned = VCH_ARENA_NEW(arena, float, output_count(&decoder->layers[2]));
    out->returned_before = VCH_ARENA_NEW(arena, float, inner);
    out->returned_first = VCH_ARENA_NEW(arena, float, output_count(&decoder->layers[0]));
    out->returned_patches =
        VCH_ARENA_NEW(arena, float, vch_convolution_patch_count(&decoder->layers[1]));
    return is_whole && out->dealt != NULL && out->returned != NULL &&
           out->returned_before != NULL && out->returned_first != NULL &&
           out->returned_patches != NULL;
}

void vch_decoder_seed(float *parameters, const struct vch_decoder *decoder, uint64_t seed)
{
    for (size_t l = 0; l < VCH_DECODER_LAYERS; l++) {
        const struct vch_convolution *layer = &decoder->layers[l];
        size_t fan_in = layer->kernel * layer->kernel * layer->in;
        float bound = sqrtf(6.0F / (float)fan_in);
        if (l + 1 == VCH_DECODER_LAYERS) bound *= LAST_LAYER;
        float *weights = parameters + decoder->offsets[l];
        for (size_t i = 0; i < fan_in * layer->out; i++)
            weights[i] = vch_seeded_uniform(&seed, bound);
        memset(weights + fan_in * layer->out, 0, layer->out * sizeof *weights);
    }
}

static void rectify(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] > 0 ? values[i] : 0;
}

// A gradient passes a ReLU where the ReLU let something through.
static void rectify_back(float *gradient, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        gradient[i] = values[i] > 0 ? gradient[i] : 0;
}

// Where the K numbers of an image's pixel lie in the first layer's output.
static size_t dealt_from(const struct vch_decoder *decoder, size_t y, size_t x)
{
    const struct vch_convolution *first = &decoder->layers[0];
    size_t stride = decoder->stride, row = y + decoder->top, column = x + decoder->left;
    size_t pixel = row / stride * first->width + column / stride;

    return pixel * first->out + (row % stride * stride + column % stride) * decoder->channels;
}

static void deal(float *dealt, const float *output, const struct vch_decoder *decoder)
{
    size_t plane = decoder->height * decoder->width, own = decoder->channels - decoder->given;

    for (size_t p = 0; p < plane; p++, dealt += decoder->channels) {
        size_t y = p / decoder->width, x = p % decoder->width;
        memcpy(dealt, output + dealt_from(decoder, y, x), own * sizeof *dealt);
        for (size_t c = 0; c < decoder->given; c++)
            dealt[own + c] = decoder->mean[c * plane + p];
    }
}

static void deal_back(float *output, const float *dealt, const struct vch_decoder *decoder)
{
    size_t own = decoder->channels - decoder->given;

    memset(output, 0, output_count(&decoder->layers[0]) * sizeof *output); // what was cut off
    for (size_t y = 0; y < decoder->height; y++)
        for (size_t x = 0; x < decoder->width; x++, dealt += decoder->channels)
            memcpy(output + dealt_from(decoder, y, x), dealt, own * sizeof *dealt);
}

void vch_decoder_forward(struct vch_decoder_scratch *scratch, const float *activation,
                         const float *parameters, const struct vch_decoder *decoder)
{
    const float *x = activation;

    for (size_t l = 0; l < VCH_DECODER_LAYERS; l++) {
        const struct vch_convolution *layer = &decoder->layers[l];
        vch_convolution_forward(scratch->outputs[l], scratch->patches[l], x,
                                parameters + decoder->offsets[l], layer);
        if (l + 1 < VCH_DECODER_LAYERS) rectify(scratch->outputs[l], output_count(layer));
        if (l == 0) deal(scratch->dealt, scratch->outputs[0], decoder);
        x = l == 0 ? scratch->dealt : scratch->outputs[l];
    }
}

void vch_decoder_backward(float *gradient, struct vch_decoder_scratch *scratch,
                          float *const across[VCH_DECODER_LAYERS],
                          const struct vch_decoder *decoder)
{
    const struct vch_convolution *layers = decoder->layers;
    float *inner = scratch->returned_before;

    vch_convolution_learn(gradient + decoder->offsets[2], scratch->patches[2], scratch->returned,
                          &layers[2]);
    vch_convolution_backward(inner, scratch->returned_patches, scratch->returned, across[2],
                             &layers[2]);
    rectify_back(inner, scratch->outputs[1], output_count(&layers[1]));
    vch_convolution_learn(gradient + decoder->offsets[1], scratch->patches[1], inner, &layers[1]);
    vch_convolution_backward(scratch->dealt, scratch->returned_patches, inner, across[1],
                             &layers[1]);
    deal_back(scratch->returned_first, scratch->dealt, decoder);
    rectify_back(scratch->returned_first, scratch->outputs[0], output_count(&layers[0]));
    vch_convolution_learn(gradient + decoder->offsets[0], scratch->patches[0],
                          scratch->returned_first, &layers[0]);
}

#include "split/convolution.h"

#include <string.h>

#include "split/matrix.h"

static size_t patch_size(const struct vch_convolution *layer)
{
    return layer->kernel * layer->kernel * layer->in;
}

static size_t pixel_count(const struct vch_convolution *layer)
{
    return layer->height * layer->width;
}

size_t vch_convolution_parameter_count(const struct vch_convolution *layer)
{
    return (patch_size(layer) + 1) * layer->out;
}

size_t vch_convolution_patch_count(const struct vch_convolution *layer)
{
    return pixel_count(layer) * patch_size(layer);
}

// The taps of one axis that fall inside the image, [first, last), for an output at `at`.
struct taps {
    size_t first, last;
};

static struct taps taps_inside(size_t at, size_t size, size_t kernel)
{
    size_t reach = kernel / 2, beyond = size - at; // pixels from here to the end
    return (struct taps){at < reach ? reach - at : 0, beyond > reach ? kernel : reach + beyond};
}

// Element of x where the taps' row `v` begins; patches are rows of kernel * in numbers.
static size_t source(const struct vch_convolution *layer, size_t y, size_t x, size_t v, size_t u)
{
    size_t reach = layer->kernel / 2;
    return ((y + v - reach) * layer->width + (x + u - reach)) * layer->in;
}

static void gather(float *patches, const float *x, const struct vch_convolution *layer)
{
    size_t row = layer->kernel * layer->in;

    memset(patches, 0, vch_convolution_patch_count(layer) * sizeof *patches);
    for (size_t i = 0; i < layer->height; i++) {
        struct taps rows = taps_inside(i, layer->height, layer->kernel);
        for (size_t j = 0; j < layer->width; j++, patches += patch_size(layer)) {
            struct taps columns = taps_inside(j, layer->width, layer->kernel);
            size_t count = (columns.last - columns.first) * layer->in;
            for (size_t v = rows.first; v < rows.last; v++)
                memcpy(patches + v * row + columns.first * layer->in,
                       x + source(layer, i, j, v, columns.first), count * sizeof *x);
        }
    }
}

static void scatter(float *x, const float *patches, const struct vch_convolution *layer)
{
    size_t row = layer->kernel * layer->in;

    memset(x, 0, pixel_count(layer) * layer->in * sizeof *x);
    for (size_t i = 0; i < layer->height; i++) {
        struct taps rows = taps_inside(i, layer->height, layer->kernel);
        for (size_t j = 0; j < layer->width; j++, patches += patch_size(layer)) {
            struct taps columns = taps_inside(j, layer->width, layer->kernel);
            size_t count = (columns.last - columns.first) * layer->in;
            for (size_t v = rows.first; v < rows.last; v++) {
                float *to = x + source(layer, i, j, v, columns.first);
                const float *from = patches + v * row + columns.first * layer->in;
                for (size_t k = 0; k < count; k++)
                    to[k] += from[k];
            }
        }
    }
}

void vch_convolution_forward(float *y, float *patches, const float *x, const float *parameters,
                             const struct vch_convolution *layer)
{
    const float *biases = parameters + patch_size(layer) * layer->out;

    gather(patches, x, layer);
    for (size_t p = 0; p < pixel_count(layer); p++)
        memcpy(y + p * layer->out, biases, layer->out * sizeof *y);
    vch_matrix_add_product(y, patches, patch_size(layer), 1, parameters, pixel_count(layer),
                           patch_size(layer), layer->out);
}

void vch_convolution_learn(float *gradient, const float *patches, const float *dy,
                           const struct vch_convolution *layer)
{
    float *biases = gradient + patch_size(layer) * layer->out;

    vch_matrix_add_product(gradient, patches, 1, patch_size(layer), dy, patch_size(layer),
                           pixel_count(layer), layer->out);
    for (size_t p = 0; p < pixel_count(layer); p++)
        for (size_t o = 0; o < layer->out; o++)
            biases[o] += dy[p * layer->out + o];
}

void vch_convolution_backward(float *dx, float *patches, const float *dy, const float *across,
                              const struct vch_convolution *layer)
{
    memset(patches, 0, vch_convolution_patch_count(layer) * sizeof *patches);
    vch_matrix_add_product(patches, dy, layer->out, 1, across, pixel_count(layer), layer->out,
                           patch_size(layer));
    scatter(dx, patches, layer);
}

void vch_convolution_transpose(float *across, const float *parameters,
                               const struct vch_convolution *layer)
{
    for (size_t i = 0; i < patch_size(layer); i++)
        for (size_t o = 0; o < layer->out; o++)
            across[o * patch_size(layer) + i] = parameters[i * layer->out + o];
}

#include "import/evaluate_window.h"

#include <math.h>

// A picture with its padding around it, so that the loops below need no bounds.
static double *padded(const double *x, const struct vch_network_shape *shape,
                      const struct vch_window *window, size_t *height, size_t *width,
                      struct vch_arena *scratch)
{
    size_t channels = shape->dims[1], h = shape->dims[2], w = shape->dims[3];

    *height = h + window->pad_begin[0] + window->pad_end[0];
    *width = w + window->pad_begin[1] + window->pad_end[1];
    double *out = VCH_ARENA_NEW(scratch, double, channels **height **width);
    if (out == NULL) return NULL;
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < h; i++)
            for (size_t j = 0; j < w; j++)
                out[(c * *height + i + window->pad_begin[0]) * *width + j + window->pad_begin[1]] =
                    x[(c * h + i) * w + j];
    return out;
}

// out (rows, columns) += weight * the picture shifted to one position of the window.
static void accumulate(double *out, size_t rows, size_t columns, double weight, const double *x,
                       size_t width, const uint32_t *stride)
{
    for (size_t i = 0; i < rows; i++, out += columns, x += width * stride[0])
        for (size_t j = 0; j < columns; j++)
            out[j] += weight * x[j * stride[1]];
}

vch_status vch_evaluate_window_convolution(double *out, const struct vch_layers *layers,
                                           const struct vch_layer *layer, const double *x,
                                           struct vch_arena *scratch)
{
    const struct vch_network_shape *from = vch_layers_shape(layers, layer->inputs[0]);
    const struct vch_network_shape *to = vch_layers_shape(layers, layer->output);
    const struct vch_window *window = &layer->window;
    size_t height = 0, width = 0, area = (size_t)to->dims[2] * to->dims[3];
    size_t depth = from->dims[1] / window->groups;
    size_t kernel = (size_t)window->kernel[0] * window->kernel[1];
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    const double *picture = padded(x, from, window, &height, &width, scratch);

    if (picture == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t c = 0; c < layer->channels; c++, out += area) {
        size_t group = c / (layer->channels / window->groups);
        const double *weights = layer->weights + c * depth * kernel;
        for (size_t i = 0; i < area; i++)
            out[i] = layer->bias[c];
        for (size_t k = 0; k < depth * kernel; k++) {
            size_t row = k % kernel / window->kernel[1] * window->dilation[0];
            size_t column = k % window->kernel[1] * window->dilation[1];
            size_t plane = group * depth + k / kernel;
            accumulate(out, to->dims[2], to->dims[3], weights[k],
                       picture + (plane * height + row) * width + column, width, window->stride);
        }
    }
    vch_arena_rewind(scratch, mark);
    return VCH_OK;
}

// One window at (top, left), which may be outside the picture: its maximum, sum and size.
static double pool_one(const struct vch_layer *layer, const double *x, int64_t height,
                       int64_t width, int64_t top, int64_t left)
{
    const struct vch_window *window = &layer->window;
    double largest = -INFINITY, sum = 0;
    size_t count = 0;

    for (uint32_t i = 0; i < window->kernel[0]; i++)
        for (uint32_t j = 0; j < window->kernel[1]; j++) {
            int64_t row = top + (int64_t)i * window->dilation[0];
            int64_t column = left + (int64_t)j * window->dilation[1];
            if (row < 0 || column < 0 || row >= height || column >= width) continue;
            double value = x[row * width + column];
            largest = value > largest ? value : largest;
            sum += value;
            count++;
        }
    if (layer->kind == VCH_LAYER_MAX_POOL) return largest;
    if (window->count_includes_pad) count = (size_t)window->kernel[0] * window->kernel[1];
    return sum / (double)count;
}

void vch_evaluate_window_pool(double *out, const struct vch_layers *layers,
                              const struct vch_layer *layer, const double *x)
{
    const struct vch_network_shape *from = vch_layers_shape(layers, layer->inputs[0]);
    const struct vch_network_shape *to = vch_layers_shape(layers, layer->output);
    const struct vch_window *window = &layer->window;
    int64_t height = from->dims[2], width = from->dims[3];

    for (uint32_t c = 0; c < from->dims[1]; c++, x += height * width)
        for (uint32_t i = 0; i < to->dims[2]; i++)
            for (uint32_t j = 0; j < to->dims[3]; j++)
                *out++ = pool_one(layer, x, height, width,
                                  (int64_t)i * window->stride[0] - window->pad_begin[0],
                                  (int64_t)j * window->stride[1] - window->pad_begin[1]);
}

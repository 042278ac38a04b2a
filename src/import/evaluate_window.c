#include "import/evaluate_window.h"

#include <math.h>

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

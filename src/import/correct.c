#include "import/correct.h"

static void average_rows(double *out, const double *input, size_t count, size_t depth)
{
    size_t rows = count / depth;

    for (size_t i = 0; i < count; i++)
        out[i % depth] += input[i];
    for (size_t k = 0; k < depth; k++)
        out[k] /= (double)rows;
}

// One plane under one position of the window: the sum over all windows.
static double sum_under(const double *plane, const struct vch_network_shape *from,
                        const struct vch_network_shape *to, const struct vch_window *window,
                        const uint32_t position[2])
{
    int64_t height = from->dims[2], width = from->dims[3];
    double sum = 0;

    for (uint32_t i = 0; i < to->dims[2]; i++)
        for (uint32_t j = 0; j < to->dims[3]; j++) {
            int64_t row = (int64_t)i * window->stride[0] +
                          (int64_t)position[0] * window->dilation[0] - window->pad_begin[0];
            int64_t column = (int64_t)j * window->stride[1] +
                             (int64_t)position[1] * window->dilation[1] - window->pad_begin[1];
            if (row < 0 || column < 0 || row >= height || column >= width) continue;
            sum += plane[row * width + column];
        }
    return sum;
}

static void average_windows(double *out, const struct vch_layers *layers,
                            const struct vch_layer *layer, const double *input)
{
    const struct vch_network_shape *from = vch_layers_shape(layers, layer->inputs[0]);
    const struct vch_network_shape *to = vch_layers_shape(layers, layer->output);
    const struct vch_window *window = &layer->window;
    size_t area = (size_t)from->dims[2] * from->dims[3];
    double windows = (double)to->dims[2] * to->dims[3];

    for (uint32_t c = 0; c < from->dims[1]; c++, input += area)
        for (uint32_t u = 0; u < window->kernel[0]; u++)
            for (uint32_t v = 0; v < window->kernel[1]; v++)
                *out++ = sum_under(input, from, to, window, (const uint32_t[]){u, v}) / windows;
}

vch_status vch_correct_means(double **out, const struct vch_layers *layers,
                             const struct vch_layer *layer, const double *input,
                             struct vch_arena *arena)
{
    const struct vch_network_shape *from = vch_layers_shape(layers, layer->inputs[0]);
    size_t depth = vch_layers_fan_in(layers, layer);
    bool is_linear = layer->kind == VCH_LAYER_LINEAR;

    *out = NULL;
    if (input == NULL) return VCH_OK;
    *out = VCH_ARENA_NEW(arena, double, is_linear ? depth : depth * layer->window.groups);
    if (*out == NULL) return VCH_FAIL(NO_MEMORY);
    if (is_linear)
        average_rows(*out, input, vch_network_count(from), depth);
    else
        average_windows(*out, layers, layer, input);
    return VCH_OK;
}

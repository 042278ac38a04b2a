// A product of weights and what windows see, a few windows at a time.
//
// Each sum begins with the bias and takes its products in the order of the weights, whatever the
// width of a vector: the same doubles everywhere.
#include "import/evaluate_convolution.h"

#include <string.h>

#define WINDOWS 4  // at once, in two vectors
#define CHANNELS 4 // likewise

typedef double pair __attribute__((vector_size(2 * sizeof(double)))); // every processor has these

struct lanes {
    pair low, high;
};

// One convolution with everything that its loops need.
struct convolution {
    const struct vch_layer *layer;
    const double *picture; // padded
    size_t height, width;  // of the padded picture
    size_t columns, area;  // windows along a row, and in all
    size_t planes, depth;  // input channels of a group, and weights of an output channel
    size_t *offsets;       // of each weight's element from the window's corner
    struct lanes *seen;    // per weight: what the windows see there
};

static size_t padded_count(const struct vch_network_shape *shape, const struct vch_window *window)
{
    return (size_t)shape->dims[1] * (shape->dims[2] + window->pad_begin[0] + window->pad_end[0]) *
           (shape->dims[3] + window->pad_begin[1] + window->pad_end[1]);
}

size_t vch_evaluate_convolution_scratch(const struct vch_layers *layers,
                                        const struct vch_layer *layer)
{
    const struct vch_network_shape *from = vch_layers_shape(layers, layer->inputs[0]);

    return padded_count(from, &layer->window) * sizeof(double) +
           vch_layers_fan_in(layers, layer) * (sizeof(struct lanes) + sizeof(size_t));
}

// A picture with its padding around it, so that the loops below need no bounds.
static double *padded(struct convolution *at, const double *x,
                      const struct vch_network_shape *shape, struct vch_arena *scratch)
{
    const struct vch_window *window = &at->layer->window;
    size_t channels = shape->dims[1], h = shape->dims[2], w = shape->dims[3];
    double *out = VCH_ARENA_NEW(scratch, double, padded_count(shape, window));

    if (out == NULL) return NULL;
    at->height = h + window->pad_begin[0] + window->pad_end[0];
    at->width = w + window->pad_begin[1] + window->pad_end[1];
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < h; i++)
            memcpy(out + (c * at->height + i + window->pad_begin[0]) * at->width +
                       window->pad_begin[1],
                   x + (c * h + i) * w, w * sizeof *out);
    return out;
}

static void find_offsets(const struct convolution *at)
{
    const struct vch_window *window = &at->layer->window;
    size_t kernel = (size_t)window->kernel[0] * window->kernel[1];

    for (size_t k = 0; k < at->depth; k++) {
        size_t row = k % kernel / window->kernel[1] * window->dilation[0];
        size_t column = k % window->kernel[1] * window->dilation[1];
        at->offsets[k] = (k / kernel * at->height + row) * at->width + column;
    }
}

// What `WINDOWS` windows from `first` on see of a group's planes. The last ones may repeat.
static void look(const struct convolution *at, const double *planes, size_t first)
{
    const uint32_t *stride = at->layer->window.stride;
    size_t corners[WINDOWS];

    for (size_t i = 0; i < WINDOWS; i++) {
        size_t window = first + i < at->area ? first + i : at->area - 1;
        corners[i] =
            window / at->columns * stride[0] * at->width + window % at->columns * stride[1];
    }
    for (size_t k = 0; k < at->depth; k++) {
        const double *x = planes + at->offsets[k];
        at->seen[k].low = (pair){x[corners[0]], x[corners[1]]};
        at->seen[k].high = (pair){x[corners[2]], x[corners[3]]};
    }
}

// out[c][i] for `count` channels from `channel` on, of which the last may repeat.
static void multiply(const struct convolution *at, double *out, size_t channel, size_t count,
                     size_t first)
{
    const double *weights[CHANNELS];
    struct lanes sums[CHANNELS];
    size_t windows = at->area - first < WINDOWS ? at->area - first : WINDOWS;

    for (size_t c = 0; c < CHANNELS; c++) {
        size_t from = channel + (c < count ? c : count - 1);
        weights[c] = at->layer->weights + from * at->depth;
        sums[c].low = sums[c].high = at->layer->bias[from] + (pair){0};
    }
    for (size_t k = 0; k < at->depth; k++)
        for (size_t c = 0; c < CHANNELS; c++) {
            sums[c].low += weights[c][k] * at->seen[k].low;
            sums[c].high += weights[c][k] * at->seen[k].high;
        }
    for (size_t c = 0; c < count; c++)
        memcpy(out + (channel + c) * at->area + first, &sums[c], windows * sizeof *out);
}

static void run_group(const struct convolution *at, double *out, size_t group)
{
    size_t channels = at->layer->channels / at->layer->window.groups;
    const double *planes = at->picture + group * at->planes * at->height * at->width;

    for (size_t first = 0; first < at->area; first += WINDOWS) {
        look(at, planes, first);
        for (size_t c = 0; c < channels; c += CHANNELS)
            multiply(at, out, group * channels + c,
                     channels - c < CHANNELS ? channels - c : CHANNELS, first);
    }
}

vch_status vch_evaluate_convolution_run(double *out, const struct vch_layers *layers,
                                        const struct vch_layer *layer, const double *x,
                                        struct vch_arena *scratch)
{
    const struct vch_network_shape *from = vch_layers_shape(layers, layer->inputs[0]);
    const struct vch_network_shape *to = vch_layers_shape(layers, layer->output);
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct convolution at = {
        .layer = layer,
        .columns = to->dims[3],
        .area = (size_t)to->dims[2] * to->dims[3],
        .planes = from->dims[1] / layer->window.groups,
        .depth = vch_layers_fan_in(layers, layer),
    };

    at.offsets = VCH_ARENA_NEW(scratch, size_t, at.depth);
    at.seen = VCH_ARENA_NEW(scratch, struct lanes, at.depth);
    at.picture = padded(&at, x, from, scratch);
    if (at.offsets == NULL || at.seen == NULL || at.picture == NULL) return VCH_FAIL(NO_MEMORY);
    find_offsets(&at);
    for (size_t group = 0; group < layer->window.groups; group++)
        run_group(&at, out, group);
    vch_arena_rewind(scratch, mark);
    return VCH_OK;
}

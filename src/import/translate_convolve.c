#include "import/translate_convolve.h"

#include "import/translate_build.h"

// Of an axis that is not there.
static const struct vch_translate_span one = {1, 1, 1, 1, 0, 0, 0, 1};

struct vch_translate_convolution vch_translate_convolve_new(const struct vch_translate *at)
{
    struct vch_translate_convolution conv = {
        .layer = vch_layers_new(VCH_LAYER_CONVOLUTION, at->node.name, NULL, 1)};

    conv.layer.window.groups = 1;
    return conv;
}

static void set_axis(struct vch_window *window, uint32_t i, const struct vch_translate_span *span)
{
    window->kernel[i] = span->kernel;
    window->stride[i] = span->stride;
    window->dilation[i] = span->dilation;
    window->pad_begin[i] = (uint32_t)span->begin;
    window->pad_end[i] = (uint32_t)span->end;
}

static vch_status reshape(struct vch_translate *at, uint32_t *x,
                          const struct vch_network_shape *shape)
{
    uint32_t output = VCH_NONE;

    VCH_TRY(vch_translate_reshape_to(at, *x, shape, &output));
    *x = output;
    return VCH_OK;
}

// One sample of one or two dimensions: what the integer model has.
static vch_status convolve_picture(struct vch_translate *at, uint32_t x,
                                   const struct vch_translate_convolution *conv, uint32_t *output)
{
    const bool is_flat = conv->spans.axes == 1;
    const struct vch_translate_span *h = is_flat ? &one : &conv->spans.at[0];
    const struct vch_translate_span *w = &conv->spans.at[conv->spans.axes - 1];
    const uint32_t c = vch_translate_shape_of(at, x)->dims[1], channels = conv->layer.channels;
    const struct vch_network_shape picture = {.rank = 4, .dims = {1, c, h->size, w->size}};
    const struct vch_network_shape shape = {.rank = 4, .dims = {1, channels, h->count, w->count}};
    const struct vch_network_shape flat = {.rank = 3, .dims = {1, channels, w->count}};
    uint32_t done = is_flat ? VCH_NONE : *output;

    if (is_flat) VCH_TRY(reshape(at, &x, &picture));
    struct vch_layer layer = conv->layer;
    layer.inputs = &x;
    set_axis(&layer.window, 0, h);
    set_axis(&layer.window, 1, w);
    VCH_TRY(vch_translate_emit(at, &layer, &shape, &done));
    if (is_flat) return vch_translate_reshape_to(at, done, &flat, output);
    *output = done;
    return VCH_OK;
}

// (N, C, D, H, W) with all its padding but the width's, and as many rows below as make the height
// a multiple of the stride.
static vch_status pad_rows(struct vch_translate *at, uint32_t x, const struct vch_translate_span *d,
                           const struct vch_translate_span *h, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_PAD, at->node.name, &x, 1);
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    uint32_t high = h->size + (uint32_t)(h->begin + h->end);

    layer.begin[2] = d->begin;
    layer.end[2] = d->end;
    layer.begin[3] = h->begin;
    layer.end[3] = h->end + (h->stride - high % h->stride) % h->stride;
    shape.dims[2] += (uint32_t)(layer.begin[2] + layer.end[2]);
    shape.dims[3] += (uint32_t)(layer.begin[3] + layer.end[3]);
    return vch_translate_emit(at, &layer, &shape, output);
}

// (C, N, D, H, W) to (C, kernel depth, N, depths, H, W): each depth of the kernel sees its slices.
static vch_status shift_depths(struct vch_translate *at, uint32_t x,
                               const struct vch_translate_span *d, uint32_t *output)
{
    uint32_t copies[VCH_GRAPH_OPERANDS_MAX];

    if (d->kernel > VCH_GRAPH_OPERANDS_MAX)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "a kernel %u deep; at most %u",
                                    d->kernel, VCH_GRAPH_OPERANDS_MAX);
    for (uint32_t k = 0; k < d->kernel; k++) {
        copies[k] = VCH_NONE;
        VCH_TRY(vch_translate_build_slice(at, x, 2, (int64_t)k * d->dilation, d->stride, d->count,
                                          &copies[k]));
        const struct vch_network_shape *from = vch_translate_shape_of(at, copies[k]);
        const struct vch_network_shape apart = {
            .rank = 6,
            .dims = {from->dims[0], 1, from->dims[1], from->dims[2], from->dims[3], from->dims[4]}};
        VCH_TRY(reshape(at, &copies[k], &apart));
    }
    return vch_translate_build_concat(at, copies, d->kernel, 1, output);
}

// Samples and channels, changed places.
static const uint32_t swap[] = {1, 0, 2, 3, 4};

// Samples and depths below each other in one picture, each as high as *high says.
static vch_status stack(struct vch_translate *at, uint32_t *x, uint32_t *high,
                        const struct vch_translate_span *d, const struct vch_translate_span *h,
                        const struct vch_translate_span *w)
{
    const uint32_t n = vch_translate_shape_of(at, *x)->dims[0];
    const uint32_t c = vch_translate_shape_of(at, *x)->dims[1];
    const struct vch_network_shape whole = {.rank = 5, .dims = {n, c, d->size, h->size, w->size}};
    uint32_t padded = VCH_NONE, swapped = VCH_NONE, deep = VCH_NONE;

    VCH_TRY(reshape(at, x, &whole));
    VCH_TRY(pad_rows(at, *x, d, h, &padded));
    VCH_TRY(vch_translate_transpose_to(at, padded, swap, &swapped));
    VCH_TRY(shift_depths(at, swapped, d, &deep));
    *high = vch_translate_shape_of(at, deep)->dims[4];
    const struct vch_network_shape picture = {
        .rank = 4, .dims = {1, c * d->kernel, n * d->count * *high, w->size}};
    *x = deep;
    return reshape(at, x, &picture);
}

// The way back: (1, channels, n * depths * high, W) to (n, channels, depths, height, W).
static vch_status unstack(struct vch_translate *at, uint32_t *x, uint32_t high, uint32_t n,
                          const struct vch_translate_span *d, const struct vch_translate_span *h,
                          const struct vch_translate_span *w)
{
    const uint32_t channels = vch_translate_shape_of(at, *x)->dims[1];
    const struct vch_network_shape rows = {.rank = 5,
                                           .dims = {channels, n, d->count, high, w->count}};
    uint32_t cut = VCH_NONE, back = VCH_NONE;

    VCH_TRY(reshape(at, x, &rows));
    VCH_TRY(vch_translate_build_slice(at, *x, 3, 0, 1, h->count, &cut));
    VCH_TRY(vch_translate_transpose_to(at, cut, swap, &back));
    *x = back;
    return VCH_OK;
}

// Everything else, below each other in one picture.
static vch_status convolve_rows(struct vch_translate *at, uint32_t x,
                                const struct vch_translate_convolution *conv, uint32_t *output)
{
    const uint32_t axes = conv->spans.axes, n = vch_translate_shape_of(at, x)->dims[0];
    const struct vch_translate_span *d = axes == 3 ? &conv->spans.at[0] : &one;
    const struct vch_translate_span *h = axes > 1 ? &conv->spans.at[axes - 2] : &one;
    const struct vch_translate_span *w = &conv->spans.at[axes - 1];
    const uint32_t reach = (uint32_t)vch_translate_span_reach(h);
    uint32_t high = 0, done = VCH_NONE;

    VCH_TRY(stack(at, &x, &high, d, h, w));
    struct vch_layer layer = conv->layer;
    layer.inputs = &x;
    set_axis(&layer.window, 0, h);
    set_axis(&layer.window, 1, w);
    layer.window.pad_begin[0] = 0; // it is in the picture
    layer.window.pad_end[0] = reach > h->stride ? reach - h->stride : 0;
    high /= h->stride;
    const struct vch_network_shape shape = {
        .rank = 4, .dims = {1, layer.channels, n * d->count * high, w->count}};
    VCH_TRY(vch_translate_emit(at, &layer, &shape, &done));
    VCH_TRY(unstack(at, &done, high, n, d, h, w));
    struct vch_network_shape to = {.rank = axes + 2, .dims = {n, layer.channels}};
    for (uint32_t i = 0; i < axes; i++)
        to.dims[2 + i] = conv->spans.at[i].count;
    return vch_translate_reshape_to(at, done, &to, output);
}

vch_status vch_translate_convolve(struct vch_translate *at, uint32_t x,
                                  const struct vch_translate_convolution *conv, uint32_t *output)
{
    if (vch_translate_shape_of(at, x)->dims[0] == 1 && conv->spans.axes < 3)
        return convolve_picture(at, x, conv, output);
    return convolve_rows(at, x, conv, output);
}

// Convolutions, straight and turned around, over one to three dimensions.
//
// The integer model has pictures of one sample: (1, C, H, W). More dimensions go into its height: a
// kernel's depth becomes channels of shifted copies, samples and depths stand below each other with
// their padding between them, and the rows where a window reaches from one into the next are cut
// out afterwards.
#include <string.h>

#include "import/translate_build.h"
#include "import/translate_quantised.h"
#include "import/translate_span.h"

struct convolution {
    struct vch_translate_spans spans; // strides, dilations and pads; begin and end may be negative
    uint32_t channels, groups;        // channels: of the result
    const double *weights, *bias;     // (channels, C / groups, kernel...), (channels)
    const double *scales;             // of a quantised model's weights, or NULL
    bool has_two_rows;                // likewise
};

static vch_status read_weights(struct convolution *conv, const struct vch_translate *at,
                               const struct vch_network_shape *x, struct vch_network_shape *shape)
{
    uint32_t value = 0;
    double *weights = NULL;
    size_t count = 0;
    int64_t groups = 1;

    VCH_TRY(vch_translate_operand(&value, at, 1));
    VCH_TRY(vch_translate_reals(&weights, &count, at, value, "weights"));
    VCH_TRY(vch_network_integer(&groups, &at->node, "group", 1, at->complaint));
    *shape = *vch_translate_shape_of(at, value);
    if (x->rank < 3 || shape->rank != x->rank || count == 0 || groups < 1 || x->dims[0] == 0 ||
        groups > x->dims[1] || x->dims[1] % groups != 0)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "weights of %u dimensions in %lld groups do not fit its "
                                    "operand, (N, C, ...) in %u dimensions",
                                    shape->rank, (long long)groups, x->rank);
    conv->weights = weights;
    conv->groups = (uint32_t)groups;
    return VCH_OK;
}

static vch_status read_bias(struct convolution *conv, const struct vch_translate *at, uint32_t i)
{
    double *bias = VCH_ARENA_NEW(at->network->arena, double, conv->channels), *list = NULL;
    size_t count = 0;

    if (bias == NULL) return VCH_FAIL(NO_MEMORY);
    conv->bias = bias;
    if (!vch_translate_has(at, i)) return VCH_OK;
    VCH_TRY(vch_translate_reals(&list, &count, at, at->node.inputs[i], "bias"));
    if (count != conv->channels && count != 1)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "%zu biases for %u outputs", count,
                                    conv->channels);
    for (uint32_t c = 0; c < conv->channels; c++)
        bias[c] = list[count == 1 ? 0 : c];
    return VCH_OK;
}

static struct vch_layer layer_of(const struct vch_translate *at, uint32_t *x,
                                 const struct convolution *conv)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_CONVOLUTION, at->node.name, x, 1);

    layer.weights = conv->weights;
    layer.bias = conv->bias;
    layer.scales = conv->scales;
    layer.has_two_rows = conv->has_two_rows;
    layer.channels = conv->channels;
    layer.window.groups = conv->groups;
    return layer;
}

static void set_axis(struct vch_window *window, uint32_t i, const struct vch_translate_span *span)
{
    window->kernel[i] = span->kernel;
    window->stride[i] = span->stride;
    window->dilation[i] = span->dilation;
    window->pad_begin[i] = (uint32_t)span->begin;
    window->pad_end[i] = (uint32_t)span->end;
}

// One sample of one or two dimensions: what the integer model has.
static vch_status convolve_picture(struct vch_translate *at, uint32_t x,
                                   const struct convolution *conv, uint32_t *output)
{
    const struct vch_network_shape *from = vch_translate_shape_of(at, x);
    const struct vch_translate_span *spans = conv->spans.at, one = {1, 1, 1, 1, 0, 0, 0, 1};
    bool is_flat = conv->spans.axes == 1;
    struct vch_network_shape shape = {
        .rank = 4,
        .dims = {1, from->dims[1], is_flat ? 1 : spans[0].size, from->dims[from->rank - 1]}};
    uint32_t picture = x, done = is_flat ? VCH_NONE : *output;

    if (is_flat) {
        picture = VCH_NONE;
        VCH_TRY(vch_translate_reshape_to(at, x, &shape, &picture));
    }
    struct vch_layer layer = layer_of(at, &picture, conv);
    const struct vch_translate_span *last = &spans[conv->spans.axes - 1];
    set_axis(&layer.window, 0, is_flat ? &one : &spans[0]);
    set_axis(&layer.window, 1, last);
    shape.dims[1] = conv->channels;
    shape.dims[2] = is_flat ? 1 : spans[0].count;
    shape.dims[3] = last->count;
    VCH_TRY(vch_translate_emit(at, &layer, &shape, &done));
    *output = is_flat ? *output : done;
    const struct vch_network_shape flat = {.rank = 3, .dims = {1, conv->channels, last->count}};
    return is_flat ? vch_translate_reshape_to(at, done, &flat, output) : VCH_OK;
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
        uint32_t part = VCH_NONE;
        VCH_TRY(vch_translate_build_slice(at, x, 2, (int64_t)k * d->dilation, d->stride, d->count,
                                          &part));
        const struct vch_network_shape *from = vch_translate_shape_of(at, part);
        const struct vch_network_shape one = {
            .rank = 6,
            .dims = {from->dims[0], 1, from->dims[1], from->dims[2], from->dims[3], from->dims[4]}};
        copies[k] = VCH_NONE;
        VCH_TRY(vch_translate_reshape_to(at, part, &one, &copies[k]));
    }
    return vch_translate_build_concat(at, copies, d->kernel, 1, output);
}

// Everything else, below each other in one picture.
static vch_status convolve_rows(struct vch_translate *at, uint32_t x,
                                const struct convolution *conv, uint32_t *output)
{
    static const uint32_t swap[] = {1, 0, 2, 3, 4};
    const struct vch_network_shape from = *vch_translate_shape_of(at, x);
    const uint32_t axes = conv->spans.axes, n = from.dims[0], c = from.dims[1];
    struct vch_translate_span one = {1, 1, 1, 1, 0, 0, 0, 1};
    const struct vch_translate_span *d = axes == 3 ? &conv->spans.at[0] : &one;
    const struct vch_translate_span *h = axes > 1 ? &conv->spans.at[axes - 2] : &one;
    const struct vch_translate_span *w = &conv->spans.at[axes - 1];
    const struct vch_network_shape five = {.rank = 5, .dims = {n, c, d->size, h->size, w->size}};
    uint32_t whole = VCH_NONE, padded = VCH_NONE, swapped = VCH_NONE, deep = VCH_NONE;
    uint32_t picture = VCH_NONE, done = VCH_NONE, apart = VCH_NONE, cut = VCH_NONE, back = VCH_NONE;

    VCH_TRY(vch_translate_reshape_to(at, x, &five, &whole));
    VCH_TRY(pad_rows(at, whole, d, h, &padded));
    VCH_TRY(vch_translate_transpose_to(at, padded, swap, &swapped));
    VCH_TRY(shift_depths(at, swapped, d, &deep));
    const uint32_t high = vch_translate_shape_of(at, deep)->dims[4];
    struct vch_network_shape shape = {.rank = 4,
                                      .dims = {1, c * d->kernel, n * d->count * high, w->size}};
    VCH_TRY(vch_translate_reshape_to(at, deep, &shape, &picture));
    struct vch_layer layer = layer_of(at, &picture, conv);
    uint32_t reach = (uint32_t)vch_translate_span_reach(h);
    set_axis(&layer.window, 0, h);
    set_axis(&layer.window, 1, w);
    layer.window.pad_begin[0] = 0;
    layer.window.pad_end[0] = reach > h->stride ? reach - h->stride : 0;
    shape.dims[1] = conv->channels;
    shape.dims[2] /= h->stride;
    shape.dims[3] = w->count;
    VCH_TRY(vch_translate_emit(at, &layer, &shape, &done));
    const struct vch_network_shape rows = {
        .rank = 5, .dims = {conv->channels, n, d->count, high / h->stride, w->count}};
    VCH_TRY(vch_translate_reshape_to(at, done, &rows, &apart));
    VCH_TRY(vch_translate_build_slice(at, apart, 3, 0, 1, h->count, &cut));
    VCH_TRY(vch_translate_transpose_to(at, cut, swap, &back));
    struct vch_network_shape to = {.rank = axes + 2, .dims = {n, conv->channels}};
    for (uint32_t i = 0; i < axes; i++)
        to.dims[2 + i] = conv->spans.at[i].count;
    return vch_translate_reshape_to(at, back, &to, output);
}

static vch_status convolve(struct vch_translate *at, uint32_t x, const struct convolution *conv,
                           uint32_t *output)
{
    if (vch_translate_shape_of(at, x)->dims[0] == 1 && conv->spans.axes < 3)
        return convolve_picture(at, x, conv, output);
    return convolve_rows(at, x, conv, output);
}

static vch_status read_scales(struct convolution *conv, struct vch_translate *at, size_t depth)
{
    uint32_t none = 0;
    struct vch_layer layer = layer_of(at, &none, conv);

    VCH_TRY(vch_translate_quantised_weights(&layer, at, at->node.inputs[1], 0, 1, depth));
    conv->scales = layer.scales;
    conv->has_two_rows = layer.has_two_rows;
    return VCH_OK;
}

vch_status vch_translate_conv(struct vch_translate *at)
{
    uint32_t x = 0, output = at->node.outputs[0];
    struct convolution conv = {.groups = 1};
    struct vch_network_shape weights = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    VCH_TRY(read_weights(&conv, at, &shape, &weights));
    if (weights.dims[0] % conv.groups != 0 || weights.dims[1] != shape.dims[1] / conv.groups)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "weights (%u, %u, ...) in %u groups do not fit %u channels",
                                    weights.dims[0], weights.dims[1], conv.groups, shape.dims[1]);
    conv.channels = weights.dims[0];
    VCH_TRY(read_bias(&conv, at, 2));
    VCH_TRY(read_scales(&conv, at, vch_network_count(&weights) / conv.channels));
    VCH_TRY(vch_translate_span_read(&conv.spans, at, &shape, &weights.dims[2]));
    VCH_TRY(vch_translate_span_place(&conv.spans, at));
    return convolve(at, x, &conv, &output);
}

// Where the result's size is given, or follows from auto_pad: pads that make it so.
static vch_status place_transposed(struct vch_translate_spans *spans,
                                   const struct vch_translate *at, int64_t *extra)
{
    const int64_t *extras = NULL, *sizes = NULL;
    size_t extra_count = 0, size_count = 0;
    const char *mode = NULL;

    VCH_TRY(
        vch_network_integers(&extras, &extra_count, &at->node, "output_padding", at->complaint));
    VCH_TRY(vch_network_integers(&sizes, &size_count, &at->node, "output_shape", at->complaint));
    VCH_TRY(vch_network_text(&mode, &at->node, "auto_pad", "NOTSET", at->complaint));
    if ((extras != NULL && extra_count != spans->axes) ||
        (sizes != NULL && (size_count < spans->axes)))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu sizes for %u axes",
                                    sizes != NULL ? size_count : extra_count, spans->axes);
    bool is_same = strcmp(mode, "SAME_UPPER") == 0 || strcmp(mode, "SAME_LOWER") == 0;
    for (uint32_t i = 0; i < spans->axes; i++) {
        struct vch_translate_span *span = &spans->at[i];
        int64_t full =
            (int64_t)(span->size - 1) * span->stride + (int64_t)vch_translate_span_reach(span);
        extra[i] = extras == NULL ? 0 : extras[i];
        if (extra[i] < 0 || extra[i] > VCH_GRAPH_KERNEL_DIM_MAX)
            return vch_translate_refuse(at, VCH_CODE_LIMIT, "output_padding of %lld",
                                        (long long)extra[i]);
        if (sizes == NULL && !is_same) continue;
        int64_t size = sizes != NULL ? sizes[size_count - spans->axes + i]
                                     : (int64_t)span->size * span->stride;
        if (size < 1 || size > full + extra[i] + VCH_GRAPH_KERNEL_DIM_MAX)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "a size of %lld along axis %u",
                                        (long long)size, i);
        int64_t pad = full + extra[i] - size, half = pad > 0 ? pad / 2 : 0;
        span->begin = strcmp(mode, "SAME_UPPER") == 0 || pad < 0 ? half : pad - half;
        span->end = pad - span->begin;
    }
    return VCH_OK;
}

// stride - 1 zeros after each element of an axis.
static vch_status spread(struct vch_translate *at, uint32_t *x, uint32_t axis, uint32_t stride)
{
    struct vch_network_shape shape = *vch_translate_shape_of(at, *x), split = shape, wide = {0};
    uint32_t apart = VCH_NONE, filled = VCH_NONE, output = VCH_NONE;

    if (stride == 1) return VCH_OK;
    split.rank = shape.rank + 1;
    for (uint32_t i = axis + 1; i < shape.rank; i++)
        split.dims[i + 1] = shape.dims[i];
    split.dims[axis + 1] = 1;
    VCH_TRY(vch_translate_reshape_to(at, *x, &split, &apart));
    struct vch_layer layer = vch_layers_new(VCH_LAYER_PAD, at->node.name, &apart, 1);
    layer.end[axis + 1] = stride - 1;
    wide = split;
    wide.dims[axis + 1] = stride;
    VCH_TRY(vch_translate_emit(at, &layer, &wide, &filled));
    shape.dims[axis] *= stride;
    VCH_TRY(vch_translate_reshape_to(at, filled, &shape, &output));
    *x = output;
    return VCH_OK;
}

// Weights (C, channels / groups, kernel...) as those of the convolution that undoes theirs.
static vch_status turn(struct convolution *conv, const struct vch_translate *at, uint32_t c)
{
    const size_t ins = c / conv->groups, outs = conv->channels / conv->groups;
    size_t area = 1;

    for (uint32_t i = 0; i < conv->spans.axes; i++)
        area *= conv->spans.at[i].kernel;
    double *turned = VCH_ARENA_NEW(at->network->arena, double, c *outs *area);
    if (turned == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t g = 0; g < conv->groups; g++)
        for (size_t i = 0; i < ins; i++)
            for (size_t o = 0; o < outs; o++)
                for (size_t k = 0; k < area; k++)
                    turned[((g * outs + o) * ins + i) * area + k] =
                        conv->weights[((g * ins + i) * outs + o) * area + area - 1 - k];
    conv->weights = turned;
    return VCH_OK;
}

// Cuts what negative padding takes away.
static vch_status crop(struct vch_translate *at, uint32_t *x, uint32_t axis,
                       struct vch_translate_span *span)
{
    int64_t begin = span->begin < 0 ? -span->begin : 0, end = span->end < 0 ? -span->end : 0;
    uint32_t output = VCH_NONE;

    if (begin + end == 0) return VCH_OK;
    if (begin + end >= span->size)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "padding that leaves nothing of %u elements", span->size);
    span->size -= (uint32_t)(begin + end);
    span->begin += begin;
    span->end += end;
    VCH_TRY(vch_translate_build_slice(at, *x, axis, begin, 1, span->size, &output));
    *x = output;
    return VCH_OK;
}

// Elements apart by zeros, then a convolution with its weights turned around.
static vch_status convolve_transposed(struct vch_translate *at, uint32_t x,
                                      struct convolution *conv, const int64_t *extra,
                                      uint32_t *output)
{
    VCH_TRY(turn(conv, at, vch_translate_shape_of(at, x)->dims[1]));
    for (uint32_t i = 0; i < conv->spans.axes; i++) {
        struct vch_translate_span *span = &conv->spans.at[i];
        int64_t reach = (int64_t)vch_translate_span_reach(span);
        VCH_TRY(spread(at, &x, 2 + i, span->stride));
        span->size *= span->stride;
        span->begin = reach - 1 - span->begin;
        span->end = reach - span->stride - span->end + extra[i];
        span->stride = 1;
        VCH_TRY(crop(at, &x, 2 + i, span));
        int64_t count = (int64_t)span->size + span->begin + span->end - reach + 1;
        if (count < 1)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its result has no elements");
        span->count = (uint32_t)count;
    }
    return convolve(at, x, conv, output);
}

vch_status vch_translate_conv_transpose(struct vch_translate *at)
{
    uint32_t x = 0, output = at->node.outputs[0];
    int64_t extra[VCH_TRANSLATE_SPAN_AXES_MAX] = {0};
    struct convolution conv = {.groups = 1};
    struct vch_network_shape weights = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    VCH_TRY(read_weights(&conv, at, &shape, &weights));
    if (weights.dims[0] != shape.dims[1] ||
        (uint64_t)weights.dims[1] * conv.groups > VCH_GRAPH_VALUES_MAX)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "weights (%u, %u, ...) do not fit %u channels", weights.dims[0],
                                    weights.dims[1], shape.dims[1]);
    conv.channels = weights.dims[1] * conv.groups;
    VCH_TRY(read_bias(&conv, at, 2));
    VCH_TRY(vch_translate_span_read(&conv.spans, at, &shape, &weights.dims[2]));
    VCH_TRY(vch_translate_span_pads(&conv.spans, at));
    VCH_TRY(place_transposed(&conv.spans, at, extra));
    return convolve_transposed(at, x, &conv, extra, &output);
}

// Patches (N, C * kernel, windows) added up where they came from: a transposed convolution whose
// weights are 1 at the patch's own place.
vch_status vch_translate_col2im(struct vch_translate *at)
{
    const int64_t *image = NULL, *block = NULL;
    size_t axes = 0, block_count = 0, area = 1, windows = 1;
    uint32_t x = 0, kernel[VCH_TRANSLATE_SPAN_AXES_MAX], apart = VCH_NONE;
    uint32_t output = at->node.outputs[0];
    struct convolution conv = {.groups = 1};
    int64_t extra[VCH_TRANSLATE_SPAN_AXES_MAX] = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_list(&image, &axes, at, "image_shape", 1));
    VCH_TRY(vch_translate_list(&block, &block_count, at, "block_shape", 2));
    const struct vch_network_shape from = *vch_translate_shape_of(at, x);
    if (from.rank != 3 || axes < 1 || axes > VCH_TRANSLATE_SPAN_AXES_MAX || block_count != axes)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "%zu dimensions of an image", axes);
    struct vch_network_shape shape = {.rank = (uint32_t)axes + 2, .dims = {from.dims[0]}};
    for (size_t i = 0; i < axes; i++) {
        if (block[i] < 1 || block[i] > VCH_GRAPH_KERNEL_DIM_MAX || image[i] < 1 ||
            image[i] > VCH_NETWORK_COUNT_MAX)
            return vch_translate_refuse(at, VCH_CODE_LIMIT, "a block of %lld in %lld",
                                        (long long)block[i], (long long)image[i]);
        kernel[i] = (uint32_t)block[i];
        area *= kernel[i];
        shape.dims[2 + i] = (uint32_t)image[i];
    }
    VCH_TRY(vch_translate_span_read(&conv.spans, at, &shape, kernel));
    VCH_TRY(vch_translate_span_place(&conv.spans, at)); // over the image: how many windows it has
    for (size_t i = 0; i < axes; i++) {
        struct vch_translate_span *span = &conv.spans.at[i];
        int64_t full =
            (int64_t)(span->count - 1) * span->stride + (int64_t)vch_translate_span_reach(span);
        windows *= span->count;
        extra[i] = (int64_t)span->size + span->begin + span->end - full; // what no window reached
        span->size = shape.dims[2 + i] = span->count;
    }
    shape.dims[1] = from.dims[1];
    conv.channels = conv.groups = (uint32_t)(from.dims[1] / area);
    if (conv.groups == 0 || from.dims[1] % area != 0 || windows != from.dims[2])
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "(%u, %u) for blocks of %zu and %zu windows", from.dims[1],
                                    from.dims[2], area, windows);
    const struct vch_network_shape square = {.rank = 2, .dims = {from.dims[1], (uint32_t)area}};
    VCH_TRY(vch_translate_grow(at, &square, 0));
    double *weights = VCH_ARENA_NEW(at->network->arena, double, from.dims[1] * area);
    if (weights == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < from.dims[1]; i++)
        weights[i * area + i % area] = 1;
    conv.weights = weights;
    VCH_TRY(read_bias(&conv, at, VCH_NONE));
    VCH_TRY(vch_translate_reshape_to(at, x, &shape, &apart));
    return convolve_transposed(at, apart, &conv, extra, &output);
}

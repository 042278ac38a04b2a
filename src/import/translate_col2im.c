// Patches (N, C * kernel, windows) added up where they came from: a transposed convolution whose
// weights are 1 at the patch's own place.
#include "import/translate_transposed.h"

// The image, (N, channels of x, ...), and the block that a patch is.
static vch_status read_image(struct vch_network_shape *image, uint32_t *kernel,
                             const struct vch_translate *at, const struct vch_network_shape *x)
{
    const int64_t *sizes = NULL, *block = NULL;
    size_t axes = 0, block_count = 0;

    VCH_TRY(vch_translate_list(&sizes, &axes, at, "image_shape", 1));
    VCH_TRY(vch_translate_list(&block, &block_count, at, "block_shape", 2));
    if (x->rank != 3 || axes < 1 || axes > VCH_TRANSLATE_SPAN_AXES_MAX || block_count != axes)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "%zu dimensions of an image", axes);
    *image =
        (struct vch_network_shape){.rank = (uint32_t)axes + 2, .dims = {x->dims[0], x->dims[1]}};
    for (size_t i = 0; i < axes; i++) {
        if (block[i] < 1 || block[i] > VCH_GRAPH_KERNEL_DIM_MAX || sizes[i] < 1 ||
            sizes[i] > VCH_NETWORK_COUNT_MAX)
            return vch_translate_refuse(at, VCH_CODE_LIMIT, "a block of %lld in %lld",
                                        (long long)block[i], (long long)sizes[i]);
        kernel[i] = (uint32_t)block[i];
        image->dims[2 + i] = (uint32_t)sizes[i];
    }
    return VCH_OK;
}

// From spans over the image to those over its windows, which are what there is to convolve.
static void turn_to_windows(struct vch_translate_spans *spans, int64_t *extra)
{
    for (uint32_t i = 0; i < spans->axes; i++) {
        struct vch_translate_span *span = &spans->at[i];
        int64_t full =
            (int64_t)(span->count - 1) * span->stride + (int64_t)vch_translate_span_reach(span);
        extra[i] = (int64_t)span->size + span->begin + span->end - full; // what no window reached
        span->size = span->count;
    }
}

static vch_status set_weights(struct vch_layer *layer, struct vch_translate *at, uint32_t count,
                              size_t area)
{
    const struct vch_network_shape square = {.rank = 2, .dims = {count, (uint32_t)area}};

    VCH_TRY(vch_translate_grow(at, &square, 0));
    double *weights = VCH_ARENA_NEW(at->network->arena, double, count *area);
    double *bias = VCH_ARENA_NEW(at->network->arena, double, layer->channels);
    if (weights == NULL || bias == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++)
        weights[i * area + i % area] = 1;
    layer->weights = weights;
    layer->bias = bias;
    return VCH_OK;
}

vch_status vch_translate_col2im(struct vch_translate *at)
{
    struct vch_translate_convolution conv = vch_translate_convolve_new(at);
    uint32_t x = 0, kernel[VCH_TRANSLATE_SPAN_AXES_MAX] = {0}, apart = VCH_NONE;
    uint32_t output = at->node.outputs[0];
    int64_t extra[VCH_TRANSLATE_SPAN_AXES_MAX] = {0};
    struct vch_network_shape shape = {0};
    size_t area = 1, windows = 1;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape from = *vch_translate_shape_of(at, x);
    VCH_TRY(read_image(&shape, kernel, at, &from));
    VCH_TRY(vch_translate_span_read(&conv.spans, at, &shape, kernel));
    VCH_TRY(vch_translate_span_place(&conv.spans, at));
    turn_to_windows(&conv.spans, extra);
    for (uint32_t i = 0; i < conv.spans.axes; i++) {
        area *= conv.spans.at[i].kernel;
        windows *= conv.spans.at[i].size;
        shape.dims[2 + i] = conv.spans.at[i].size;
    }
    const uint32_t channels = (uint32_t)(from.dims[1] / area);
    if (channels == 0 || from.dims[1] % area != 0 || windows != from.dims[2])
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "(%u, %u) for blocks of %zu and %zu windows", from.dims[1],
                                    from.dims[2], area, windows);
    conv.layer.channels = conv.layer.window.groups = channels;
    VCH_TRY(set_weights(&conv.layer, at, from.dims[1], area));
    VCH_TRY(vch_translate_reshape_to(at, x, &shape, &apart));
    return vch_translate_transposed(at, apart, &conv, extra, &output);
}

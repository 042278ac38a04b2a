// Convolutions as nodes, straight and turned around: their weights, bias and places.
#include <string.h>

#include "import/translate_quantised.h"
#include "import/translate_transposed.h"

static vch_status read_weights(struct vch_layer *layer, const struct vch_translate *at,
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
    layer->weights = weights;
    layer->window.groups = (uint32_t)groups;
    return VCH_OK;
}

static vch_status read_bias(struct vch_layer *layer, const struct vch_translate *at)
{
    double *bias = VCH_ARENA_NEW(at->network->arena, double, layer->channels), *list = NULL;
    size_t count = 0;

    if (bias == NULL) return VCH_FAIL(NO_MEMORY);
    layer->bias = bias;
    if (!vch_translate_has(at, 2)) return VCH_OK;
    VCH_TRY(vch_translate_reals(&list, &count, at, at->node.inputs[2], "bias"));
    if (count != layer->channels && count != 1)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "%zu biases for %u outputs", count,
                                    layer->channels);
    for (uint32_t c = 0; c < layer->channels; c++)
        bias[c] = list[count == 1 ? 0 : c];
    return VCH_OK;
}

vch_status vch_translate_conv(struct vch_translate *at)
{
    struct vch_translate_convolution conv = vch_translate_convolve_new(at);
    struct vch_layer *layer = &conv.layer;
    uint32_t x = 0, output = at->node.outputs[0];
    struct vch_network_shape weights = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    VCH_TRY(read_weights(layer, at, &shape, &weights));
    const uint32_t groups = layer->window.groups;
    if (weights.dims[0] % groups != 0 || weights.dims[1] != shape.dims[1] / groups)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "weights (%u, %u, ...) in %u groups do not fit %u channels",
                                    weights.dims[0], weights.dims[1], groups, shape.dims[1]);
    layer->channels = weights.dims[0];
    VCH_TRY(read_bias(layer, at));
    VCH_TRY(vch_translate_quantised_weights(layer, at, at->node.inputs[1], 0, 1,
                                            vch_network_count(&weights) / layer->channels));
    VCH_TRY(vch_translate_span_read(&conv.spans, at, &shape, &weights.dims[2]));
    VCH_TRY(vch_translate_span_place(&conv.spans, at));
    return vch_translate_convolve(at, x, &conv, &output);
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

vch_status vch_translate_conv_transpose(struct vch_translate *at)
{
    struct vch_translate_convolution conv = vch_translate_convolve_new(at);
    uint32_t x = 0, output = at->node.outputs[0];
    int64_t extra[VCH_TRANSLATE_SPAN_AXES_MAX] = {0};
    struct vch_network_shape weights = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    VCH_TRY(read_weights(&conv.layer, at, &shape, &weights));
    const uint32_t groups = conv.layer.window.groups;
    if (weights.dims[0] != shape.dims[1] ||
        (uint64_t)weights.dims[1] * groups > VCH_GRAPH_VALUES_MAX)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "weights (%u, %u, ...) do not fit %u channels", weights.dims[0],
                                    weights.dims[1], shape.dims[1]);
    conv.layer.channels = weights.dims[1] * groups;
    VCH_TRY(read_bias(&conv.layer, at));
    VCH_TRY(vch_translate_span_read(&conv.spans, at, &shape, &weights.dims[2]));
    VCH_TRY(vch_translate_span_pads(&conv.spans, at));
    VCH_TRY(place_transposed(&conv.spans, at, extra));
    return vch_translate_transposed(at, x, &conv, extra, &output);
}

// Elements apart by zeros, then a convolution with its weights turned around.
#include "import/translate_transposed.h"

#include "import/translate_build.h"

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

// Weights of the convolution that undoes theirs, of `c` channels.
static vch_status turn(struct vch_layer *layer, const struct vch_translate *at, uint32_t c,
                       const struct vch_translate_spans *spans)
{
    const size_t groups = layer->window.groups;
    const size_t ins = c / groups, outs = layer->channels / groups;
    size_t area = 1;

    for (uint32_t i = 0; i < spans->axes; i++)
        area *= spans->at[i].kernel;
    double *turned = VCH_ARENA_NEW(at->network->arena, double, c *outs *area);
    if (turned == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t g = 0; g < groups; g++)
        for (size_t i = 0; i < ins; i++)
            for (size_t o = 0; o < outs; o++)
                for (size_t k = 0; k < area; k++)
                    turned[((g * outs + o) * ins + i) * area + k] =
                        layer->weights[((g * ins + i) * outs + o) * area + area - 1 - k];
    layer->weights = turned;
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

static vch_status turn_axis(struct vch_translate *at, uint32_t *x, uint32_t axis,
                            struct vch_translate_span *span, int64_t extra)
{
    const int64_t reach = (int64_t)vch_translate_span_reach(span);

    VCH_TRY(spread(at, x, axis, span->stride));
    span->size *= span->stride;
    span->begin = reach - 1 - span->begin;
    span->end = reach - span->stride - span->end + extra;
    span->stride = 1;
    VCH_TRY(crop(at, x, axis, span));
    int64_t count = (int64_t)span->size + span->begin + span->end - reach + 1;
    if (count < 1)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its result has no elements");
    span->count = (uint32_t)count;
    return VCH_OK;
}

vch_status vch_translate_transposed(struct vch_translate *at, uint32_t x,
                                    const struct vch_translate_convolution *conv,
                                    const int64_t *extra, uint32_t *output)
{
    struct vch_translate_convolution turned = *conv;

    VCH_TRY(turn(&turned.layer, at, vch_translate_shape_of(at, x)->dims[1], &turned.spans));
    for (uint32_t i = 0; i < turned.spans.axes; i++)
        VCH_TRY(turn_axis(at, &x, 2 + i, &turned.spans.at[i], extra[i]));
    return vch_translate_convolve(at, x, &turned, output);
}

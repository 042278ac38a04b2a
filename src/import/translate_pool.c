// Pools over one to three dimensions: two at a time, since a maximum of maxima, and a mean of means
// over equally many, is that of the whole.
#include <math.h>
#include <string.h>

#include "import/translate_build.h"
#include "import/translate_pick.h"
#include "import/translate_span.h"

struct pool {
    enum vch_layer_kind kind; // MAX_POOL or AVERAGE_POOL
    bool counts_pad;
};

static bool is_padded(const struct vch_translate_span *span)
{
    return span->begin + span->end + span->overhang > 0;
}

// Pads below the kernel, none with dilation, and none that count beside some that do not.
static bool fits(const struct pool *pool, const struct vch_translate_span *span)
{
    if (span->begin >= span->kernel || span->end + span->overhang >= span->kernel) return false;
    if (pool->kind == VCH_LAYER_AVERAGE_POOL && pool->counts_pad && span->overhang > 0)
        return false;
    return !is_padded(span) || span->dilation == 1;
}

// The elements of window `o`, the first one that it holds in place of those outside.
static int64_t inside(const struct vch_translate_span *span, size_t o, size_t k)
{
    int64_t first = (int64_t)(o * span->stride) - span->begin;
    int64_t place = first + (int64_t)(k * span->dilation);

    if (place >= 0 && place < span->size) return place;
    for (place = first; place < 0;)
        place += span->dilation;
    return place;
}

// How many elements of window `o` a mean divides by.
static double divisor(const struct pool *pool, const struct vch_translate_span *span, size_t o)
{
    int64_t lo = pool->counts_pad ? -span->begin : 0;
    int64_t hi = (int64_t)span->size + (pool->counts_pad ? span->end : 0);
    double count = 0;

    for (size_t k = 0; k < span->kernel; k++) {
        int64_t place = (int64_t)(o * span->stride + k * span->dilation) - span->begin;
        count += place >= lo && place < hi;
    }
    return count;
}

// Windows one after the other along an axis of x, each with all its elements, so that they can be
// pooled without padding: what a maximum does not see is repeated, what a sum does not see is 0.
static vch_status unfold(struct vch_translate *at, uint32_t *x, const struct pool *pool,
                         uint32_t axis, struct vch_translate_span *span, double *factors)
{
    const size_t count = (size_t)span->count * span->kernel;
    const bool is_max = pool->kind == VCH_LAYER_MAX_POOL;
    if (count > VCH_TRANSLATE_GROWN_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "%u windows of %u elements apart",
                                    span->count, span->kernel);
    int64_t *indices = VCH_ARENA_NEW(at->network->arena, int64_t, count);
    struct vch_network_shape shape = *vch_translate_shape_of(at, *x);
    uint32_t padded = VCH_NONE, picked = VCH_NONE;

    if (indices == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        size_t o = i / span->kernel, k = i % span->kernel;
        int64_t place = (int64_t)(o * span->stride + k * span->dilation) - span->begin;
        bool is_inside = place >= 0 && place < span->size;
        indices[i] = is_max ? inside(span, o, k) : is_inside ? place : (int64_t)span->size;
        if (k == 0) factors[o] = span->kernel / divisor(pool, span, o);
        if (isinf(factors[o]) || (is_max && indices[i] >= span->size))
            return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "a window without elements");
    }
    if (!is_max) {
        struct vch_layer layer = vch_layers_new(VCH_LAYER_PAD, at->node.name, x, 1);
        layer.end[axis] = 1;
        shape.dims[axis]++;
        VCH_TRY(vch_translate_emit(at, &layer, &shape, &padded));
        *x = padded;
    }
    VCH_TRY(vch_translate_pick(at, *x, axis, indices, count, &picked));
    *x = picked;
    *span = (struct vch_translate_span){(uint32_t)count, span->kernel, span->kernel, 1, 0, 0, 0,
                                        span->count};
    return VCH_OK;
}

// (1, planes, height, width) by two spans.
static vch_status pool_planes(struct vch_translate *at, uint32_t x, const struct pool *pool,
                              const struct vch_translate_span *spans, uint32_t *output)
{
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    struct vch_layer layer = vch_layers_new(pool->kind, at->node.name, &x, 1);

    for (uint32_t i = 0; i < 2; i++) {
        layer.window.kernel[i] = spans[i].kernel;
        layer.window.stride[i] = spans[i].stride;
        layer.window.dilation[i] = spans[i].dilation;
        layer.window.pad_begin[i] = (uint32_t)spans[i].begin;
        layer.window.pad_end[i] = (uint32_t)spans[i].end + spans[i].overhang;
        shape.dims[2 + i] = spans[i].count;
    }
    layer.window.groups = 1;
    layer.window.count_includes_pad = pool->counts_pad;
    return vch_translate_emit(at, &layer, &shape, output);
}

// The same for spans of any kind; what no window of the integer model does is unfolded.
static vch_status pool_any(struct vch_translate *at, uint32_t x, const struct pool *pool,
                           const struct vch_translate_span *given, uint32_t *output)
{
    struct vch_translate_span spans[2] = {given[0], given[1]};
    double *factors[2] = {NULL, NULL};
    uint32_t pooled = VCH_NONE;
    bool is_uneven = false;

    for (uint32_t i = 0; i < 2; i++) {
        factors[i] = VCH_ARENA_NEW(at->network->arena, double, given[i].count);
        if (factors[i] == NULL) return VCH_FAIL(NO_MEMORY);
        for (uint32_t o = 0; o < given[i].count; o++)
            factors[i][o] = 1;
        if (fits(pool, &spans[i])) continue;
        VCH_TRY(unfold(at, &x, pool, 2 + i, &spans[i], factors[i]));
        for (uint32_t o = 0; o < given[i].count; o++)
            is_uneven = is_uneven || factors[i][o] != 1;
    }
    VCH_TRY(pool_planes(at, x, pool, spans, &pooled));
    *output = pooled;
    if (pool->kind == VCH_LAYER_MAX_POOL || !is_uneven) return VCH_OK;
    const struct vch_network_shape shape = *vch_translate_shape_of(at, pooled);
    size_t count = vch_network_count(&shape), width = shape.dims[3], height = shape.dims[2];
    double *scale = VCH_ARENA_NEW(at->network->arena, double, count);
    if (scale == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++)
        scale[i] = factors[0][i / width % height] * factors[1][i % width];
    *output = VCH_NONE;
    return vch_translate_affine(at, pooled, scale, count, NULL, 0, output);
}

static vch_status planes(struct vch_translate *at, uint32_t x, size_t count, uint32_t height,
                         uint32_t width, uint32_t *output)
{
    const struct vch_network_shape shape = {.rank = 4, .dims = {1, (uint32_t)count, height, width}};

    return vch_translate_reshape_to(at, x, &shape, output);
}

// x (N, C, ...) by spans of its last axes: the last two, then the one before them.
static vch_status pool_all(struct vch_translate *at, uint32_t x, const struct pool *pool,
                           const struct vch_translate_spans *spans, uint32_t *output)
{
    const struct vch_translate_span one = {1, 1, 1, 1, 0, 0, 0, 1};
    const uint32_t axes = spans->axes;
    const struct vch_translate_span *w = &spans->at[axes - 1];
    const struct vch_translate_span *h = axes > 1 ? &spans->at[axes - 2] : &one;
    const struct vch_translate_span *d = axes > 2 ? &spans->at[0] : &one;
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    size_t outer = (size_t)shape.dims[0] * shape.dims[1];
    uint32_t flat = VCH_NONE, pooled = VCH_NONE;

    VCH_TRY(planes(at, x, outer * d->size, h->size, w->size, &flat));
    VCH_TRY(pool_any(at, flat, pool, (struct vch_translate_span[]){*h, *w}, &pooled));
    if (axes > 2) {
        const struct vch_translate_span area = {h->count * w->count, 1, 1, 1, 0, 0, 0,
                                                h->count * w->count};
        flat = VCH_NONE;
        VCH_TRY(planes(at, pooled, outer, d->size, area.size, &flat));
        pooled = VCH_NONE;
        VCH_TRY(pool_any(at, flat, pool, (struct vch_translate_span[]){*d, area}, &pooled));
    }
    for (uint32_t i = 0; i < axes; i++)
        shape.dims[2 + i] = spans->at[i].count;
    return vch_translate_reshape_to(at, pooled, &shape, output);
}

// (sum of |x|^p)^(1/p): what is outside adds nothing, so that every window divides by as many.
static vch_status norm_pool(struct vch_translate *at, uint32_t x, struct vch_translate_spans *spans,
                            uint32_t *output)
{
    const struct pool pool = {VCH_LAYER_AVERAGE_POOL, true};
    uint32_t size = VCH_NONE, power = VCH_NONE, mean = VCH_NONE, sum = VCH_NONE;
    double count = 1;
    int64_t p = 2;

    VCH_TRY(vch_network_integer(&p, &at->node, "p", 2, at->complaint));
    if (p < 1 || p > 2) // a higher root of an int16 would lose too much
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "p of %lld; 1 and 2 are supported",
                                    (long long)p);
    for (uint32_t i = 0; i < spans->axes; i++) {
        spans->at[i].end += spans->at[i].overhang;
        spans->at[i].overhang = 0;
        count *= spans->at[i].kernel;
    }
    VCH_TRY(vch_translate_build_function(at, x, VCH_LAYER_ABS, 0, 0, &size));
    power = size;
    if (p != 1) {
        power = VCH_NONE;
        VCH_TRY(vch_translate_build_function(at, size, VCH_LAYER_POWER, 2, 0, &power));
    }
    VCH_TRY(pool_all(at, power, &pool, spans, &mean));
    if (p == 1) return vch_translate_build_scaled(at, mean, count, 0, output);
    VCH_TRY(vch_translate_build_scaled(at, mean, count, 0, &sum));
    return vch_translate_build_function(at, sum, VCH_LAYER_SQRT, 0, 0, output);
}

static vch_status pool_by_name(struct vch_translate *at, uint32_t x,
                               struct vch_translate_spans *spans)
{
    bool is_max = strstr(at->node.operator_, "Max") != NULL;
    const struct pool pool = {is_max ? VCH_LAYER_MAX_POOL : VCH_LAYER_AVERAGE_POOL,
                              spans->counts_pad};
    uint32_t output = at->node.outputs[0];

    if (strstr(at->node.operator_, "Lp") != NULL) return norm_pool(at, x, spans, &output);
    return pool_all(at, x, &pool, spans, &output);
}

vch_status vch_translate_pool(struct vch_translate *at)
{
    struct vch_translate_spans spans = {0};
    uint32_t x = 0;

    if (at->node.output_count > 1 && at->node.outputs[1] != VCH_NONE)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its indices cannot be computed");
    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_span_read(&spans, at, vch_translate_shape_of(at, x), NULL));
    VCH_TRY(vch_translate_span_place(&spans, at));
    return pool_by_name(at, x, &spans);
}

vch_status vch_translate_global_pool(struct vch_translate *at)
{
    uint32_t x = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape *shape = vch_translate_shape_of(at, x);
    struct vch_translate_spans spans = {.axes = shape->rank - 2};
    if (shape->rank < 3 || shape->rank > 2 + VCH_TRANSLATE_SPAN_AXES_MAX)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "an operand of %u dimensions; it takes (N, C, ...) with 1 to "
                                    "3 more",
                                    shape->rank);
    for (uint32_t i = 0; i < spans.axes; i++) {
        uint32_t size = shape->dims[2 + i];
        if (size > VCH_GRAPH_KERNEL_DIM_MAX)
            return vch_translate_refuse(at, VCH_CODE_LIMIT, "a picture of %u; at most %u", size,
                                        VCH_GRAPH_KERNEL_DIM_MAX);
        spans.at[i] = (struct vch_translate_span){size, size, 1, 1, 0, 0, 0, 1};
    }
    return pool_by_name(at, x, &spans);
}

// x over (bias + alpha * mean of squares of the channels around)^beta.
vch_status vch_translate_lrn(struct vch_translate *at)
{
    uint32_t x = 0, square = VCH_NONE, picture = VCH_NONE, mean = VCH_NONE, whole = VCH_NONE;
    uint32_t sum = VCH_NONE, factor = VCH_NONE, output = at->node.outputs[0];
    float alpha = 0, beta = 0, bias = 0;
    int64_t size = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_real(&alpha, &at->node, "alpha", 1e-4f, at->complaint));
    VCH_TRY(vch_network_real(&beta, &at->node, "beta", 0.75f, at->complaint));
    VCH_TRY(vch_network_real(&bias, &at->node, "bias", 1, at->complaint));
    VCH_TRY(vch_network_integer(&size, &at->node, "size", 0, at->complaint));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    if (shape.rank < 3 || shape.dims[0] == 0 || shape.dims[1] == 0 || size < 1 ||
        size > VCH_GRAPH_KERNEL_DIM_MAX)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "%lld channels at a time of %u dimensions", (long long)size,
                                    shape.rank);
    const uint32_t area = (uint32_t)(vch_network_count(&shape) / shape.dims[0] / shape.dims[1]);
    const struct vch_translate_span spans[] = {
        {shape.dims[1], (uint32_t)size, 1, 1, (size - 1) / 2, size / 2, 0, shape.dims[1]},
        {area, 1, 1, 1, 0, 0, 0, area},
    };
    const struct pool pool = {VCH_LAYER_AVERAGE_POOL, true};
    VCH_TRY(vch_translate_build_product(at, x, x, &square));
    VCH_TRY(planes(at, square, shape.dims[0], shape.dims[1], area, &picture));
    VCH_TRY(pool_any(at, picture, &pool, spans, &mean));
    VCH_TRY(vch_translate_reshape_to(at, mean, &shape, &whole));
    VCH_TRY(vch_translate_build_scaled(at, whole, (double)alpha, (double)bias, &sum));
    VCH_TRY(vch_translate_build_function(at, sum, VCH_LAYER_POWER, -(double)beta, 0, &factor));
    return vch_translate_build_product(at, x, factor, &output);
}

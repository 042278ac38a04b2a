#include "import/integers.h"

#include <math.h>

#include "import/function.h"
#include "import/onnx_tensor.h"

#define LEAST (-0x1p31)
#define MOST (0x1p31 - 1)

struct ranges {
    const struct vch_layers *layers;
    struct vch_integers_range *of; // per value
};

bool vch_integers_are(const double *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] != rint(list[i])) return false;
    return true;
}

static struct vch_integers_range within(double lo, double hi)
{
    return (struct vch_integers_range){fmax(lo, LEAST), fmin(hi, MOST)};
}

static struct vch_integers_range unite(struct vch_integers_range a, struct vch_integers_range b)
{
    return (struct vch_integers_range){fmin(a.lo, b.lo), fmax(a.hi, b.hi)};
}

static struct vch_integers_range scaled(struct vch_integers_range x, double by)
{
    return (struct vch_integers_range){fmin(by * x.lo, by * x.hi), fmax(by * x.lo, by * x.hi)};
}

static struct vch_integers_range sum(struct vch_integers_range a, struct vch_integers_range b)
{
    return (struct vch_integers_range){a.lo + b.lo, a.hi + b.hi};
}

static struct vch_integers_range constant(const struct vch_network_tensor *tensor)
{
    struct vch_integers_range out = {INFINITY, -INFINITY};

    for (size_t i = 0; tensor->integers != NULL && i < tensor->count; i++)
        out = unite(out, (struct vch_integers_range){(double)tensor->integers[i],
                                                     (double)tensor->integers[i]});
    return within(out.lo, out.hi);
}

// What every caller can send, where the type alone says it; else what calibration saw, in the type
// of the graph that holds it, since the port refuses all else.
static struct vch_integers_range input(int32_t element, double largest)
{
    double whole = largest <= 32767 ? 32767 : MOST;

    switch (element) {
    case VCH_ONNX_TENSOR_BOOL: return (struct vch_integers_range){0, 1};
    case VCH_ONNX_TENSOR_UINT8: return (struct vch_integers_range){0, 255};
    case VCH_ONNX_TENSOR_INT8: return (struct vch_integers_range){-128, 127};
    case VCH_ONNX_TENSOR_UINT16: return (struct vch_integers_range){0, fmin(whole, 65535)};
    case VCH_ONNX_TENSOR_UINT32:
    case VCH_ONNX_TENSOR_UINT64: return (struct vch_integers_range){0, whole};
    case VCH_ONNX_TENSOR_INT16: return within(-fmin(whole, 32768), 32767);
    default: return within(-whole, whole);
    }
}

static struct vch_integers_range affine(const struct ranges *at, const struct vch_layer *layer)
{
    size_t count = vch_network_count(vch_layers_shape(at->layers, layer->output));
    struct vch_integers_range out = {INFINITY, -INFINITY}, x = at->of[layer->inputs[0]];

    for (size_t i = 0; i < count; i++) {
        struct vch_integers_range bias = {layer->bias[i], layer->bias[i]};
        out = unite(out, sum(scaled(x, layer->weights[i]), bias));
    }
    return out;
}

static struct vch_integers_range weighted(const struct ranges *at, const struct vch_layer *layer)
{
    size_t depth = vch_layers_fan_in(at->layers, layer);
    struct vch_integers_range out = {INFINITY, -INFINITY}, x = at->of[layer->inputs[0]];

    x = unite(x, (struct vch_integers_range){0, 0}); // padding
    for (size_t c = 0; c < layer->channels; c++) {
        struct vch_integers_range row = {layer->bias[c], layer->bias[c]};
        for (size_t k = 0; k < depth; k++)
            row = sum(row, scaled(x, layer->weights[c * depth + k]));
        out = unite(out, row);
    }
    return out;
}

static struct vch_integers_range product(struct vch_integers_range a, struct vch_integers_range b)
{
    return unite(scaled(a, b.lo), scaled(a, b.hi));
}

// Functions of whole numbers are tables, so that 65,536 arguments are all there are.
static struct vch_integers_range function(const struct vch_layer *layer,
                                          struct vch_integers_range x)
{
    struct vch_integers_range out = {INFINITY, -INFINITY};

    for (int32_t i = (int32_t)fmax(x.lo, -32767); i <= fmin(x.hi, 32767); i++) {
        double y = vch_function_of(layer->function, layer->alpha, layer->beta, i);
        if (!isnan(y)) out = unite(out, (struct vch_integers_range){y, y});
    }
    return out.lo <= out.hi ? out : (struct vch_integers_range){LEAST, MOST};
}

// At most the dividend, where both are whole.
static struct vch_integers_range quotient(const struct ranges *at, const struct vch_layer *layer)
{
    struct vch_integers_range x = at->of[layer->inputs[0]];
    double most = fmax(fabs(x.lo), fabs(x.hi));

    for (uint32_t i = 0; i < 2; i++)
        if (at->layers->network->values[layer->inputs[i]].type != VCH_NETWORK_INTEGER)
            return (struct vch_integers_range){LEAST, MOST};
    return (struct vch_integers_range){-most, most};
}

static struct vch_integers_range result(const struct ranges *at, const struct vch_layer *layer)
{
    const struct vch_network_shape *first = vch_layers_shape(at->layers, layer->inputs[0]);
    struct vch_integers_range x = at->of[layer->inputs[0]], all = x;
    struct vch_integers_range y = at->of[layer->inputs[layer->input_count - 1]];

    for (uint32_t i = 1; i < layer->input_count; i++)
        all = unite(all, at->of[layer->inputs[i]]);
    switch (layer->kind) {
    case VCH_LAYER_LINEAR:
    case VCH_LAYER_CONVOLUTION: return weighted(at, layer);
    case VCH_LAYER_MATMUL: return scaled(product(x, y), first->dims[first->rank - 1]);
    case VCH_LAYER_ADD:
        return sum(scaled(x, layer->coefficients[0]), scaled(y, layer->coefficients[1]));
    case VCH_LAYER_MULTIPLY: return product(x, y);
    case VCH_LAYER_AFFINE:
        if (at->layers->network->values[layer->inputs[0]].type == VCH_NETWORK_INTEGER)
            return affine(at, layer);
        break; // real numbers, counted: what the layer's clamp leaves
    case VCH_LAYER_COMPARE: return (struct vch_integers_range){-1, 1};
    case VCH_LAYER_ARGMAX:
        return (struct vch_integers_range){0, (double)first->dims[layer->axis] - 1};
    case VCH_LAYER_PAD: return unite(x, (struct vch_integers_range){layer->fill, layer->fill});
    case VCH_LAYER_FUNCTION:
        if (at->layers->network->values[layer->inputs[0]].type == VCH_NETWORK_INTEGER)
            return function(layer, x);
        break;
    case VCH_LAYER_GATHER: return x;
    case VCH_LAYER_CLAMP:
    case VCH_LAYER_MAX_POOL:
    case VCH_LAYER_CONCAT:
    case VCH_LAYER_RESHAPE:
    case VCH_LAYER_TRANSPOSE:
    case VCH_LAYER_SLICE: return all;
    case VCH_LAYER_DIVIDE: return quotient(at, layer);
    case VCH_LAYER_AVERAGE_POOL:
    case VCH_LAYER_SOFTMAX:
    case VCH_LAYER_NORMALISE: break;
    }
    return (struct vch_integers_range){LEAST, MOST};
}

vch_status vch_integers_ranges(struct vch_integers_range **out, const struct vch_layers *layers,
                               const double *largest, struct vch_arena *arena)
{
    const struct vch_network *network = layers->network;
    struct ranges at = {layers,
                        VCH_ARENA_NEW(arena, struct vch_integers_range, network->value_count)};

    if (at.of == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < network->value_count; i++)
        if (network->values[i].constant != NULL) at.of[i] = constant(network->values[i].constant);
    for (uint32_t i = 0; i < network->input_count; i++) {
        uint32_t value = network->inputs[i];
        at.of[value] = input(network->values[value].element, largest[value]);
    }
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        if (network->values[layer->output].type != VCH_NETWORK_INTEGER) continue;
        struct vch_integers_range y = result(&at, layer);
        y.lo = fmin(fmax(y.lo, layer->lo), layer->hi);
        y.hi = fmin(fmax(y.hi, layer->lo), layer->hi);
        at.of[layer->output] = within(y.lo, y.hi);
    }
    *out = at.of;
    return VCH_OK;
}

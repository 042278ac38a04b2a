#include "import/evaluate.h"

#include <math.h>
#include <string.h>

#include "import/composite.h"
#include "import/evaluate_convolution.h"
#include "import/evaluate_window.h"

#define SCRATCH_SMALL 65536 // lists of operands, and alignment

struct strides {
    size_t of[VCH_NETWORK_RANK_MAX];
};

static struct strides row_major(const struct vch_network_shape *shape)
{
    struct strides strides = {0};
    size_t stride = 1;

    for (uint32_t i = shape->rank; i-- > 0; stride *= shape->dims[i])
        strides.of[i] = stride;
    return strides;
}

// Steps of `shape` along the axes of `out`, with 0 where it is broadcast.
static struct strides broadcast(const struct vch_network_shape *shape,
                                const struct vch_network_shape *out)
{
    struct strides own = row_major(shape), strides = {0};
    uint32_t lead = out->rank - shape->rank;

    for (uint32_t i = 0; i < shape->rank; i++)
        strides.of[lead + i] = shape->dims[i] == 1 ? 0 : own.of[i];
    return strides;
}

// Advances an index tuple in row-major order and the offset that belongs to it.
static void advance(uint32_t *index, size_t *offset, const struct vch_network_shape *shape,
                    const struct strides *strides)
{
    for (uint32_t axis = shape->rank; axis-- > 0;) {
        *offset += strides->of[axis];
        if (++index[axis] < shape->dims[axis]) return;
        *offset -= strides->of[axis] * shape->dims[axis];
        index[axis] = 0;
    }
}

static void linear(double *out, const struct vch_layers *layers, const struct vch_layer *layer,
                   const double *x)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->inputs[0]);
    size_t depth = shape->dims[shape->rank - 1], rows = vch_network_count(shape) / depth;

    for (size_t row = 0; row < rows; row++)
        for (size_t channel = 0; channel < layer->channels; channel++) {
            const double *a = x + row * depth, *w = layer->weights + channel * depth;
            double sums[4] = {0}; // four chains, in a fixed order
            size_t k = 0;
            for (; k + 4 <= depth; k += 4)
                for (size_t i = 0; i < 4; i++)
                    sums[i] += a[k + i] * w[k + i];
            for (; k < depth; k++)
                sums[0] += a[k] * w[k];
            out[row * layer->channels + channel] =
                layer->bias[channel] + (sums[0] + sums[1]) + (sums[2] + sums[3]);
        }
}

static void matmul(double *out, const struct vch_layers *layers, const struct vch_layer *layer,
                   const double *const *inputs)
{
    const struct vch_network_shape *a = vch_layers_shape(layers, layer->inputs[0]);
    const struct vch_network_shape *b = vch_layers_shape(layers, layer->inputs[1]);
    struct vch_network_shape outer = *vch_layers_shape(layers, layer->output);
    size_t m = a->dims[a->rank - 2], depth = a->dims[a->rank - 1], n = b->dims[b->rank - 1];
    struct strides steps_a = broadcast(a, &outer), steps_b = broadcast(b, &outer);
    uint32_t index_a[VCH_NETWORK_RANK_MAX] = {0}, index_b[VCH_NETWORK_RANK_MAX] = {0};
    size_t offset_a = 0, offset_b = 0;

    outer.rank -= 2;
    for (size_t i = vch_network_count(&outer); i-- > 0; out += m * n) {
        memset(out, 0, m * n * sizeof *out);
        for (size_t row = 0; row < m; row++)
            for (size_t k = 0; k < depth; k++)
                for (size_t column = 0; column < n; column++)
                    out[row * n + column] += inputs[0][offset_a + row * depth + k] *
                                             inputs[1][offset_b + k * n + column];
        for (size_t k = 0; k < m * n; k++)
            out[k] *= layer->coefficients[0];
        advance(index_a, &offset_a, &outer, &steps_a);
        advance(index_b, &offset_b, &outer, &steps_b);
    }
}

// Whole numbers by zero are as large as they can be.
static double quotient(double a, double b, const struct vch_layer *layer)
{
    bool is_whole = layer->rounding != VCH_ROUNDING_NEAREST;

    if (b == 0 && (a == 0 || is_whole)) return a == 0 ? 0 : copysign(0x1p31 - 1, a);
    if (layer->rounding == VCH_ROUNDING_FLOOR) return floor(a / b);
    return layer->rounding == VCH_ROUNDING_TRUNCATE ? trunc(a / b) : a / b;
}

static void elementwise(double *out, const struct vch_layers *layers, const struct vch_layer *layer,
                        const double *const *inputs)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->output);
    struct strides steps_a = broadcast(vch_layers_shape(layers, layer->inputs[0]), shape);
    struct strides steps_b = broadcast(vch_layers_shape(layers, layer->inputs[1]), shape);
    uint32_t index_a[VCH_NETWORK_RANK_MAX] = {0}, index_b[VCH_NETWORK_RANK_MAX] = {0};
    size_t offset_a = 0, offset_b = 0, count = vch_network_count(shape);

    for (size_t i = 0; i < count; i++) {
        double a = inputs[0][offset_a], b = inputs[1][offset_b];
        if (layer->kind == VCH_LAYER_ADD)
            out[i] = layer->coefficients[0] * a + layer->coefficients[1] * b;
        else if (layer->kind == VCH_LAYER_COMPARE)
            out[i] = (a > b) - (a < b);
        else if (layer->kind == VCH_LAYER_DIVIDE)
            out[i] = quotient(a, b, layer);
        else
            out[i] = layer->coefficients[0] * a * b;
        advance(index_a, &offset_a, shape, &steps_a);
        advance(index_b, &offset_b, shape, &steps_b);
    }
}

static void transpose(double *out, const struct vch_layers *layers, const struct vch_layer *layer,
                      const double *x)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->output);
    struct strides own = row_major(vch_layers_shape(layers, layer->inputs[0])), steps = {0};
    uint32_t index[VCH_NETWORK_RANK_MAX] = {0};
    size_t offset = 0, count = vch_network_count(shape);

    for (uint32_t axis = 0; axis < shape->rank; axis++)
        steps.of[axis] = own.of[layer->order[axis]];
    for (size_t i = 0; i < count; i++) {
        out[i] = x[offset];
        advance(index, &offset, shape, &steps);
    }
}

static void slice(double *out, const struct vch_layers *layers, const struct vch_layer *layer,
                  const double *x)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->output);
    struct strides own = row_major(vch_layers_shape(layers, layer->inputs[0])), steps = {0};
    uint32_t index[VCH_NETWORK_RANK_MAX] = {0};
    size_t offset = 0, count = vch_network_count(shape);

    for (uint32_t axis = 0; axis < shape->rank; axis++) { // negative steps wrap around, as intended
        steps.of[axis] = own.of[axis] * (size_t)layer->step[axis];
        offset += own.of[axis] * (size_t)layer->begin[axis];
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = x[offset];
        advance(index, &offset, shape, &steps);
    }
}

static void pad(double *out, const struct vch_layers *layers, const struct vch_layer *layer,
                const double *x)
{
    const struct vch_network_shape *from = vch_layers_shape(layers, layer->inputs[0]);
    const struct vch_network_shape *to = vch_layers_shape(layers, layer->output);
    struct strides steps = row_major(to);
    uint32_t index[VCH_NETWORK_RANK_MAX] = {0};
    size_t offset = 0, count = vch_network_count(to);

    for (size_t i = 0; i < count; i++)
        out[i] = layer->fill;
    for (uint32_t axis = 0; axis < to->rank; axis++)
        offset += steps.of[axis] * (size_t)layer->begin[axis];
    count = vch_network_count(from);
    for (size_t i = 0; i < count; i++) {
        out[offset] = x[i];
        advance(index, &offset, from, &steps);
    }
}

static void concat(double *out, const struct vch_layers *layers, const struct vch_layer *layer,
                   const double *const *inputs)
{
    struct strides whole = row_major(vch_layers_shape(layers, layer->output));
    size_t row = whole.of[layer->axis] * vch_layers_shape(layers, layer->output)->dims[layer->axis];
    size_t rows = vch_network_count(vch_layers_shape(layers, layer->output)) / (row ? row : 1);
    size_t begin = 0;

    for (uint32_t i = 0; i < layer->input_count; i++) {
        size_t part = vch_network_count(vch_layers_shape(layers, layer->inputs[i]));
        part = rows == 0 ? 0 : part / rows;
        for (size_t j = 0; j < rows; j++)
            memcpy(out + j * row + begin, inputs[i] + j * part, part * sizeof *out);
        begin += part;
    }
}

// As the integer model has it: below 0, where it stands for the end, counts from there, and
// whatever is outside means the nearest end.
static void gather(double *out, const struct vch_layers *layers, const struct vch_layer *layer,
                   const double *const *inputs)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->inputs[0]);
    size_t picks = vch_network_count(vch_layers_shape(layers, layer->inputs[1]));
    size_t inner = row_major(shape).of[layer->axis], size = shape->dims[layer->axis];
    size_t outer = vch_network_count(shape) / (inner * size);

    for (size_t i = 0; i < outer; i++)
        for (size_t k = 0; k < picks; k++, out += inner) {
            double index = inputs[1][k] + (inputs[1][k] < 0 ? (double)size : 0);
            index = fmin(fmax(index, 0), (double)(size - 1));
            memcpy(out, inputs[0] + (i * size + (size_t)index) * inner, inner * sizeof *out);
        }
}

static void softmax(double *out, const struct vch_network_shape *shape, const double *x)
{
    size_t depth = shape->dims[shape->rank - 1], rows = vch_network_count(shape) / depth;

    for (size_t row = 0; row < rows; row++, x += depth, out += depth) {
        double largest = x[0], sum = 0;
        for (size_t i = 1; i < depth; i++)
            largest = x[i] > largest ? x[i] : largest;
        for (size_t i = 0; i < depth; i++)
            sum += out[i] = exp(x[i] - largest);
        for (size_t i = 0; i < depth; i++)
            out[i] /= sum;
    }
}

static void normalise(double *out, const struct vch_layer *layer,
                      const struct vch_network_shape *shape, const double *x)
{
    size_t depth = shape->dims[shape->rank - 1], rows = vch_network_count(shape) / depth;

    for (size_t row = 0; row < rows; row++, x += depth, out += depth) {
        double mean = 0, square = 0;
        for (size_t i = 0; layer->is_centred && i < depth; i++)
            mean += x[i] / (double)depth;
        for (size_t i = 0; i < depth; i++)
            square += (x[i] - mean) * (x[i] - mean) / (double)depth;
        double root = sqrt(square + layer->alpha);
        for (size_t i = 0; i < depth; i++)
            out[i] = root > 0 ? (x[i] - mean) / root : 0;
    }
}

static void argmax(double *out, const struct vch_layers *layers, const struct vch_layer *layer,
                   const double *x)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->inputs[0]);
    size_t inner = row_major(shape).of[layer->axis], depth = shape->dims[layer->axis];
    size_t outer = vch_network_count(shape) / (inner * depth);

    for (size_t i = 0; i < outer; i++)
        for (size_t j = 0; j < inner; j++) {
            size_t best = 0;
            const double *at = x + i * depth * inner + j;
            for (size_t k = 1; k < depth; k++)
                if (at[k * inner] > at[best * inner]) best = k;
            out[i * inner + j] = (double)best;
        }
}

static void affine(double *out, const struct vch_layer *layer, const double *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = layer->weights[i] * x[i] + layer->bias[i];
}

// Halves to even, as ONNX has it.
static void round_to(double *out, double grid, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = grid * rint(out[i] / grid);
}

static void clamp(double *out, const struct vch_layer *layer, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = out[i] < layer->lo ? layer->lo : out[i] > layer->hi ? layer->hi : out[i];
}

vch_status vch_evaluate_layer(double *output, const struct vch_layers *layers,
                              const struct vch_layer *layer, const double *const *inputs,
                              struct vch_arena *scratch)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->output);
    const double *x = inputs[0];
    size_t count = vch_network_count(shape);
    vch_status status = VCH_OK;

    switch (layer->kind) {
    case VCH_LAYER_LINEAR: linear(output, layers, layer, x); break;
    case VCH_LAYER_CONVOLUTION:
        status = vch_evaluate_convolution_run(output, layers, layer, x, scratch);
        break;
    case VCH_LAYER_MATMUL: matmul(output, layers, layer, inputs); break;
    case VCH_LAYER_ADD:
    case VCH_LAYER_MULTIPLY:
    case VCH_LAYER_COMPARE:
    case VCH_LAYER_DIVIDE: elementwise(output, layers, layer, inputs); break;
    case VCH_LAYER_AFFINE: affine(output, layer, x, count); break;
    case VCH_LAYER_CLAMP:
    case VCH_LAYER_RESHAPE: memcpy(output, x, count * sizeof *output); break;
    case VCH_LAYER_FUNCTION:
        for (size_t i = 0; i < count; i++)
            output[i] = vch_composite_layer(layer, x[i]);
        break;
    case VCH_LAYER_MAX_POOL:
    case VCH_LAYER_AVERAGE_POOL: vch_evaluate_window_pool(output, layers, layer, x); break;
    case VCH_LAYER_CONCAT: concat(output, layers, layer, inputs); break;
    case VCH_LAYER_TRANSPOSE: transpose(output, layers, layer, x); break;
    case VCH_LAYER_SLICE: slice(output, layers, layer, x); break;
    case VCH_LAYER_PAD: pad(output, layers, layer, x); break;
    case VCH_LAYER_SOFTMAX: softmax(output, shape, x); break;
    case VCH_LAYER_NORMALISE: normalise(output, layer, shape, x); break;
    case VCH_LAYER_ARGMAX: argmax(output, layers, layer, x); break;
    case VCH_LAYER_GATHER: gather(output, layers, layer, inputs); break;
    }
    if (isfinite(layer->lo) || isfinite(layer->hi)) clamp(output, layer, count);
    if (layer->grid > 0) round_to(output, layer->grid, count);
    return status;
}

vch_status vch_evaluate_all(double *const *values, const struct vch_layers *layers,
                            struct vch_arena *scratch)
{
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        struct vch_arena_mark mark = vch_arena_mark(scratch);
        const double **inputs = VCH_ARENA_NEW(scratch, const double *, layer->input_count);
        if (inputs == NULL) return VCH_FAIL(NO_MEMORY);
        for (uint32_t j = 0; j < layer->input_count; j++)
            inputs[j] = values[layer->inputs[j]];
        VCH_TRY(vch_evaluate_layer(values[layer->output], layers, layer, inputs, scratch));
        vch_arena_rewind(scratch, mark);
    }
    return VCH_OK;
}

size_t vch_evaluate_scratch(const struct vch_layers *layers)
{
    size_t most = 0;

    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        size_t size = layer->kind == VCH_LAYER_CONVOLUTION
                          ? vch_evaluate_convolution_scratch(layers, layer)
                          : 0;
        most = size > most ? size : most;
    }
    return most + SCRATCH_SMALL;
}

static vch_status new_buffer(double **buffer, const struct vch_network_value *value,
                             struct vch_arena *arena)
{
    size_t count = vch_network_count(&value->shape);

    if (*buffer != NULL) return VCH_OK;
    *buffer = VCH_ARENA_NEW(arena, double, count);
    if (*buffer == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; value->constant != NULL && i < count; i++)
        (*buffer)[i] = value->constant->type == VCH_NETWORK_REAL
                           ? (double)value->constant->reals[i]
                           : (double)value->constant->integers[i];
    return VCH_OK;
}

vch_status vch_evaluate_buffers(double ***out, const struct vch_layers *layers,
                                struct vch_arena *arena)
{
    const struct vch_network *network = layers->network;
    double **buffers = VCH_ARENA_NEW(arena, double *, network->value_count);

    if (buffers == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < network->input_count; i++) {
        uint32_t value = network->inputs[i];
        VCH_TRY(new_buffer(&buffers[value], &network->values[value], arena));
    }
    for (uint32_t i = 0; i < network->output_count; i++) { // constants may leave the model
        uint32_t value = network->outputs[i];
        VCH_TRY(new_buffer(&buffers[value], &network->values[value], arena));
    }
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        for (uint32_t j = 0; j < layer->input_count; j++)
            VCH_TRY(
                new_buffer(&buffers[layer->inputs[j]], &network->values[layer->inputs[j]], arena));
        VCH_TRY(new_buffer(&buffers[layer->output], &network->values[layer->output], arena));
    }
    *out = buffers;
    return VCH_OK;
}

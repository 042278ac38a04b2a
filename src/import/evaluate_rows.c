// What is computed from all of a row: softmax, normalisation, the largest.
#include <math.h>

#include "import/evaluate_parts.h"
#include "import/walk.h"

void vch_evaluate_parts_softmax(double *out, const struct vch_layers *layers,
                                const struct vch_layer *layer, const double *const *inputs)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->output);
    size_t depth = shape->dims[shape->rank - 1], rows = vch_network_count(shape) / depth;
    const double *x = inputs[0];

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

void vch_evaluate_parts_normalise(double *out, const struct vch_layers *layers,
                                  const struct vch_layer *layer, const double *const *inputs)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->output);
    size_t depth = shape->dims[shape->rank - 1], rows = vch_network_count(shape) / depth;
    const double *x = inputs[0];

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

void vch_evaluate_parts_argmax(double *out, const struct vch_layers *layers,
                               const struct vch_layer *layer, const double *const *inputs)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->inputs[0]);
    size_t inner = vch_walk_step(shape, layer->axis), depth = shape->dims[layer->axis];
    size_t outer = vch_network_count(shape) / (inner * depth);

    for (size_t i = 0; i < outer; i++)
        for (size_t j = 0; j < inner; j++) {
            size_t best = 0;
            const double *at = inputs[0] + i * depth * inner + j;
            for (size_t k = 1; k < depth; k++)
                if (at[k * inner] > at[best * inner]) best = k;
            out[i * inner + j] = (double)best;
        }
}

// Sums of products, each in an order that nothing changes.
#include <string.h>

#include "import/evaluate_parts.h"
#include "import/walk.h"

static double dot(const double *a, const double *w, size_t depth, double bias)
{
    double sums[4] = {0}; // four chains
    size_t k = 0;

    for (; k + 4 <= depth; k += 4)
        for (size_t i = 0; i < 4; i++)
            sums[i] += a[k + i] * w[k + i];
    for (; k < depth; k++)
        sums[0] += a[k] * w[k];
    return bias + (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void vch_evaluate_parts_linear(double *out, const struct vch_layers *layers,
                               const struct vch_layer *layer, const double *const *inputs)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->inputs[0]);
    size_t depth = shape->dims[shape->rank - 1], rows = vch_network_count(shape) / depth;

    for (size_t row = 0; row < rows; row++)
        for (size_t channel = 0; channel < layer->channels; channel++)
            *out++ = dot(inputs[0] + row * depth, layer->weights + channel * depth, depth,
                         layer->bias[channel]);
}

void vch_evaluate_parts_matmul(double *out, const struct vch_layers *layers,
                               const struct vch_layer *layer, const double *const *inputs)
{
    const struct vch_network_shape *a = vch_layers_shape(layers, layer->inputs[0]);
    const struct vch_network_shape *b = vch_layers_shape(layers, layer->inputs[1]);
    const struct vch_network_shape *whole = vch_layers_shape(layers, layer->output);
    struct vch_network_shape outer = *whole; // one product at each of its places
    size_t m = a->dims[a->rank - 2], depth = a->dims[a->rank - 1], n = b->dims[b->rank - 1];
    struct vch_walk walk_a = vch_walk_broadcast(a, whole), walk_b = vch_walk_broadcast(b, whole);

    outer.rank -= 2;
    walk_a.over = walk_b.over = &outer;
    for (size_t i = vch_network_count(&outer); i-- > 0; out += m * n) {
        const double *rows = inputs[0] + walk_a.offset, *columns = inputs[1] + walk_b.offset;
        memset(out, 0, m * n * sizeof *out);
        for (size_t row = 0; row < m; row++)
            for (size_t k = 0; k < depth; k++)
                for (size_t column = 0; column < n; column++)
                    out[row * n + column] += rows[row * depth + k] * columns[k * n + column];
        for (size_t k = 0; k < m * n; k++)
            out[k] *= layer->coefficients[0];
        vch_walk_next(&walk_a);
        vch_walk_next(&walk_b);
    }
}

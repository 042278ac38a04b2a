// Operators with weights.
#include <math.h>
#include <string.h>

#include "import/translate.h"
#include "import/translate_quantised.h"

static vch_status read_weights(struct vch_layer *layer, const struct vch_translate *at, uint32_t i,
                               struct vch_network_shape *shape)
{
    uint32_t value = 0;
    double *weights = NULL;
    size_t count = 0;

    VCH_TRY(vch_translate_operand(&value, at, i));
    VCH_TRY(vch_translate_reals(&weights, &count, at, value, "weights"));
    *shape = *vch_translate_shape_of(at, value);
    layer->weights = weights;
    return VCH_OK;
}

// A bias of `count` numbers; zeros where the operand is absent, one number for all where it is one.
static vch_status read_bias(struct vch_layer *layer, const struct vch_translate *at, uint32_t i,
                            double factor)
{
    double *bias = VCH_ARENA_NEW(at->network->arena, double, layer->channels);

    if (bias == NULL) return VCH_FAIL(NO_MEMORY);
    layer->bias = bias;
    if (!vch_translate_has(at, i)) return VCH_OK;
    double *list = NULL;
    size_t count = 0;
    VCH_TRY(vch_translate_reals(&list, &count, at, at->node.inputs[i], "bias"));
    if (count != layer->channels && count != 1)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "%zu biases for %u outputs", count,
                                    layer->channels);
    for (uint32_t c = 0; c < layer->channels; c++)
        bias[c] = factor * list[count == 1 ? 0 : c];
    return VCH_OK;
}

// Weights (rows, columns) the other way round, times a factor.
static vch_status transposed(const double **weights, const struct vch_translate *at, uint32_t rows,
                             uint32_t columns, bool is_swapped, double factor)
{
    double *out = VCH_ARENA_NEW(at->network->arena, double, (size_t)rows *columns);

    if (out == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            out[is_swapped ? j * rows + i : i * columns + j] = factor * (*weights)[i * columns + j];
    *weights = out;
    return VCH_OK;
}

// c of a Gemm that is no list of biases: alpha * a * b without it, then a sum.
static vch_status gemm_sum(struct vch_translate *at, uint32_t product, double beta)
{
    uint32_t operands[] = {product, at->node.inputs[2]};
    struct vch_layer layer = vch_layers_new(VCH_LAYER_ADD, at->node.name, operands, 2);
    struct vch_network_shape shape = {0};

    layer.coefficients[1] = beta;
    VCH_TRY(vch_translate_broadcast(&shape, at, vch_translate_shape_of(at, operands[0]),
                                    vch_translate_shape_of(at, operands[1])));
    return vch_translate_finish(at, &layer, &shape);
}

static bool is_bias(const struct vch_translate *at, uint32_t channels)
{
    if (!vch_translate_has(at, 2)) return true;
    const struct vch_network_value *value = &at->network->values[at->node.inputs[2]];
    size_t count = value->constant == NULL ? 0 : value->constant->count;
    if (count == 1) return true;
    return count == channels && value->shape.dims[value->shape.rank - 1] == channels;
}

vch_status vch_translate_gemm(struct vch_translate *at)
{
    uint32_t x = 0, order[] = {1, 0}, output = VCH_NONE;
    struct vch_layer layer = vch_layers_new(VCH_LAYER_LINEAR, at->node.name, &x, 1);
    struct vch_network_shape weights = {0};
    int64_t swap_a = 0, swap_b = 0;
    float alpha = 1, beta = 1;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_integer(&swap_a, &at->node, "transA", 0, at->complaint));
    VCH_TRY(vch_network_integer(&swap_b, &at->node, "transB", 0, at->complaint));
    VCH_TRY(vch_network_real(&alpha, &at->node, "alpha", 1, at->complaint));
    VCH_TRY(vch_network_real(&beta, &at->node, "beta", 1, at->complaint));
    VCH_TRY(read_weights(&layer, at, 1, &weights));
    if (vch_translate_shape_of(at, x)->rank != 2 || weights.rank != 2)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its operands must have 2 dimensions");
    if (swap_a != 0) {
        uint32_t swapped = VCH_NONE;
        VCH_TRY(vch_translate_transpose_to(at, x, order, &swapped));
        x = swapped;
    }
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    layer.channels = weights.dims[swap_b == 0 ? 1 : 0];
    if (weights.dims[swap_b == 0 ? 0 : 1] != shape.dims[1] || vch_network_count(&weights) == 0)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "weights (%u, %u) for %u features",
                                    weights.dims[0], weights.dims[1], shape.dims[1]);
    VCH_TRY(transposed(&layer.weights, at, weights.dims[0], weights.dims[1], swap_b == 0,
                       (double)alpha));
    VCH_TRY(vch_translate_quantised_weights(&layer, at, at->node.inputs[1], swap_b == 0 ? 1 : 0,
                                            (double)alpha, shape.dims[1]));
    shape.dims[1] = layer.channels;
    if (is_bias(at, layer.channels)) {
        VCH_TRY(read_bias(&layer, at, 2, (double)beta));
        return vch_translate_finish(at, &layer, &shape);
    }
    VCH_TRY(read_bias(&layer, at, VCH_NONE, 0));
    VCH_TRY(vch_translate_emit(at, &layer, &shape, &output));
    return gemm_sum(at, output, (double)beta);
}

static vch_status matmul_weights(struct vch_translate *at, uint32_t x)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_LINEAR, at->node.name, &x, 1);
    struct vch_network_shape weights = {0}, shape = *vch_translate_shape_of(at, x);

    VCH_TRY(read_weights(&layer, at, 1, &weights));
    if (vch_network_count(&weights) == 0 || shape.dims[shape.rank - 1] != weights.dims[0])
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "weights (%u, %u) for %u features",
                                    weights.dims[0], weights.dims[1], shape.dims[shape.rank - 1]);
    VCH_TRY(transposed(&layer.weights, at, weights.dims[0], weights.dims[1], true, 1));
    layer.channels = weights.dims[1];
    VCH_TRY(vch_translate_quantised_weights(&layer, at, at->node.inputs[1], 1, 1, weights.dims[0]));
    VCH_TRY(read_bias(&layer, at, VCH_NONE, 0));
    shape.dims[shape.rank - 1] = layer.channels;
    return vch_translate_finish(at, &layer, &shape);
}

vch_status vch_translate_matmul(struct vch_translate *at)
{
    uint32_t operands[2] = {0};
    struct vch_network_shape outer_a = {0}, outer_b = {0}, shape = {0};

    VCH_TRY(vch_translate_operand(&operands[0], at, 0));
    VCH_TRY(vch_translate_operand(&operands[1], at, 1));
    const struct vch_network_value *b = &at->network->values[operands[1]];
    outer_a = *vch_translate_shape_of(at, operands[0]);
    outer_b = b->shape;
    if (outer_a.rank < 1 || outer_b.rank < 2 || (outer_a.rank == 1 && outer_b.rank > 2))
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "operands of %u and %u dimensions",
                                    outer_a.rank, outer_b.rank);
    if (b->constant != NULL && outer_b.rank == 2) return matmul_weights(at, operands[0]);
    if (outer_a.rank < 2)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its first operand is a list");
    uint32_t m = outer_a.dims[outer_a.rank - 2], n = outer_b.dims[outer_b.rank - 1];
    if (outer_a.dims[outer_a.rank - 1] != outer_b.dims[outer_b.rank - 2])
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "(..., %u) times (..., %u, ...)",
                                    outer_a.dims[outer_a.rank - 1], outer_b.dims[outer_b.rank - 2]);
    outer_a.rank -= 2;
    outer_b.rank -= 2;
    VCH_TRY(vch_translate_broadcast(&shape, at, &outer_a, &outer_b));
    shape.dims[shape.rank++] = m;
    shape.dims[shape.rank++] = n;
    struct vch_layer layer = vch_layers_new(VCH_LAYER_MATMUL, at->node.name, operands, 2);
    return vch_translate_finish(at, &layer, &shape);
}

vch_status vch_translate_batch_normalization(struct vch_translate *at)
{
    uint32_t x = 0, output = at->node.outputs[0];
    double *lists[5] = {NULL};
    float epsilon = 0;
    int64_t training = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_real(&epsilon, &at->node, "epsilon", 1e-5f, at->complaint));
    VCH_TRY(vch_network_integer(&training, &at->node, "training_mode", 0, at->complaint));
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    if (training != 0 || shape.rank < 2)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "only inference over (N, C, ...) is supported");
    for (uint32_t i = 1; i < 5; i++) {
        uint32_t value = 0;
        size_t count = 0;
        VCH_TRY(vch_translate_operand(&value, at, i));
        VCH_TRY(vch_translate_reals(&lists[i], &count, at, value, "statistics"));
        if (count != shape.dims[1])
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu statistics for %u channels",
                                        count, shape.dims[1]);
    }
    size_t count = vch_network_count(&shape), inner = 1;
    for (uint32_t i = 2; i < shape.rank; i++)
        inner *= shape.dims[i];
    double *scale = VCH_ARENA_NEW(at->network->arena, double, count);
    double *offset = VCH_ARENA_NEW(at->network->arena, double, count);
    if (scale == NULL || offset == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        size_t c = i / inner % shape.dims[1];
        scale[i] = lists[1][c] / sqrt(lists[4][c] + (double)epsilon);
        offset[i] = lists[2][c] - lists[3][c] * scale[i];
        if (!isfinite(scale[i]) || !isfinite(offset[i]))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "channel %zu has no variance", c);
    }
    return vch_translate_affine(at, x, scale, count, offset, count, &output);
}

#include "import/translate_build.h"

#include <string.h>

static const struct vch_network_value *value_of(const struct vch_translate *at, uint32_t value)
{
    return &at->network->values[value];
}

// Whether `b` is a constant and `a`, which depends on the input, has the result's shape.
static bool is_foldable(const struct vch_translate *at, uint32_t a, uint32_t b,
                        const struct vch_network_shape *shape)
{
    return value_of(at, a)->constant == NULL && value_of(at, b)->constant != NULL &&
           vch_network_same_shape(&value_of(at, a)->shape, shape);
}

static vch_status join(struct vch_translate *at, enum vch_layer_kind kind, uint32_t a, uint32_t b,
                       double sign, const struct vch_network_shape *shape, uint32_t *output)
{
    uint32_t operands[] = {a, b};
    struct vch_layer layer = vch_layers_new(kind, at->node.name, operands, 2);

    layer.coefficients[1] = sign;
    return vch_translate_emit(at, &layer, shape, output);
}

vch_status vch_translate_build_sum(struct vch_translate *at, uint32_t a, uint32_t b, double sign,
                                   uint32_t *output)
{
    struct vch_network_shape shape = {0};
    double *offset = NULL;

    VCH_TRY(vch_translate_broadcast(&shape, at, &value_of(at, a)->shape, &value_of(at, b)->shape));
    bool is_first = is_foldable(at, b, a, &shape);
    if ((!is_first && !is_foldable(at, a, b, &shape)) ||
        vch_translate_is_mask(at, is_first ? a : b, &shape))
        return join(at, VCH_LAYER_ADD, a, b, sign, &shape, output);
    VCH_TRY(vch_translate_stretched(&offset, at, is_first ? a : b, &shape));
    size_t count = vch_network_count(&shape);
    for (size_t i = 0; !is_first && i < count; i++)
        offset[i] *= sign;
    double scale = is_first ? sign : 1;
    return vch_translate_affine(at, is_first ? b : a, &scale, 1, offset, count, output);
}

vch_status vch_translate_build_product(struct vch_translate *at, uint32_t a, uint32_t b,
                                       uint32_t *output)
{
    struct vch_network_shape shape = {0};
    double *scale = NULL;

    VCH_TRY(vch_translate_broadcast(&shape, at, &value_of(at, a)->shape, &value_of(at, b)->shape));
    bool is_first = is_foldable(at, b, a, &shape);
    if (!is_first && !is_foldable(at, a, b, &shape))
        return join(at, VCH_LAYER_MULTIPLY, a, b, 1, &shape, output);
    VCH_TRY(vch_translate_stretched(&scale, at, is_first ? a : b, &shape));
    return vch_translate_affine(at, is_first ? b : a, scale, vch_network_count(&shape), NULL, 0,
                                output);
}

vch_status vch_translate_build_scaled(struct vch_translate *at, uint32_t x, double scale,
                                      double offset, uint32_t *output)
{
    return vch_translate_affine(at, x, &scale, 1, &offset, 1, output);
}

static vch_status same_shape(struct vch_translate *at, struct vch_layer *layer, uint32_t *output)
{
    struct vch_network_shape shape = value_of(at, layer->inputs[0])->shape;

    return vch_translate_emit(at, layer, &shape, output);
}

vch_status vch_translate_build_function(struct vch_translate *at, uint32_t x,
                                        enum vch_layer_function function, double alpha, double beta,
                                        uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_FUNCTION, at->node.name, &x, 1);

    layer.function = function;
    layer.alpha = alpha;
    layer.beta = beta;
    return same_shape(at, &layer, output);
}

vch_status vch_translate_build_clamp(struct vch_translate *at, uint32_t x, double lo, double hi,
                                     uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_CLAMP, at->node.name, &x, 1);

    layer.lo = lo;
    layer.hi = hi;
    return same_shape(at, &layer, output);
}

vch_status vch_translate_build_softmax(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_SOFTMAX, at->node.name, &x, 1);

    return same_shape(at, &layer, output);
}

vch_status vch_translate_build_normalise(struct vch_translate *at, uint32_t x, bool is_centred,
                                         double epsilon, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_NORMALISE, at->node.name, &x, 1);

    if (!(epsilon >= 0))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its epsilon is negative: %g", epsilon);
    layer.is_centred = is_centred;
    layer.alpha = epsilon;
    return same_shape(at, &layer, output);
}

vch_status vch_translate_build_linear(struct vch_translate *at, uint32_t x, const double *weights,
                                      const double *bias, uint32_t channels, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_LINEAR, at->node.name, &x, 1);
    struct vch_network_shape shape = value_of(at, x)->shape;

    layer.weights = weights;
    layer.bias = bias;
    layer.channels = channels;
    shape.dims[shape.rank - 1] = channels;
    return vch_translate_emit(at, &layer, &shape, output);
}

vch_status vch_translate_build_row_sum(struct vch_translate *at, uint32_t x, double factor,
                                       uint32_t *output)
{
    const struct vch_network_shape *shape = &value_of(at, x)->shape;
    uint32_t depth = shape->dims[shape->rank - 1];
    double *weights = VCH_ARENA_NEW(at->network->arena, double, (size_t)depth + 1);

    if (weights == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < depth; i++)
        weights[i] = factor;
    return vch_translate_build_linear(at, x, weights, weights + depth, 1, output);
}

vch_status vch_translate_build_row_max(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    struct vch_network_shape shape = value_of(at, x)->shape;
    uint32_t depth = shape.dims[shape.rank - 1], kernel[2] = {0};
    uint32_t image = VCH_NONE, pooled = VCH_NONE;

    if (!vch_layers_cover(kernel, depth))
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "the largest of %u elements", depth);
    struct vch_network_shape picture = {
        .rank = 4,
        .dims = {1, (uint32_t)(vch_network_count(&shape) / depth), kernel[0], kernel[1]}};
    VCH_TRY(vch_translate_reshape_to(at, x, &picture, &image));
    struct vch_layer layer = vch_layers_new(VCH_LAYER_MAX_POOL, at->node.name, &image, 1);
    layer.window = (struct vch_window){
        .kernel = {kernel[0], kernel[1]}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
    picture.dims[2] = picture.dims[3] = 1;
    VCH_TRY(vch_translate_emit(at, &layer, &picture, &pooled));
    shape.dims[shape.rank - 1] = 1;
    return vch_translate_reshape_to(at, pooled, &shape, output);
}

vch_status vch_translate_build_matmul(struct vch_translate *at, uint32_t a, uint32_t b,
                                      uint32_t *output)
{
    uint32_t operands[] = {a, b};
    struct vch_layer layer = vch_layers_new(VCH_LAYER_MATMUL, at->node.name, operands, 2);
    struct vch_network_shape left = value_of(at, a)->shape, right = value_of(at, b)->shape, shape;
    uint32_t rows = left.dims[left.rank - 2], columns = right.dims[right.rank - 1];

    if (left.dims[left.rank - 1] != right.dims[right.rank - 2])
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "(..., %u) times (..., %u, ...)",
                                    left.dims[left.rank - 1], right.dims[right.rank - 2]);
    left.rank -= 2;
    right.rank -= 2;
    VCH_TRY(vch_translate_broadcast(&shape, at, &left, &right));
    shape.dims[shape.rank++] = rows;
    shape.dims[shape.rank++] = columns;
    return vch_translate_emit(at, &layer, &shape, output);
}

vch_status vch_translate_build_slice(struct vch_translate *at, uint32_t x, uint32_t axis,
                                     int64_t begin, int64_t step, uint32_t count, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_SLICE, at->node.name, &x, 1);
    struct vch_network_shape shape = value_of(at, x)->shape;

    for (uint32_t i = 0; i < VCH_NETWORK_RANK_MAX; i++)
        layer.step[i] = 1;
    layer.begin[axis] = begin;
    layer.step[axis] = step;
    shape.dims[axis] = count;
    return vch_translate_emit(at, &layer, &shape, output);
}

// As many parts as one operator takes.
static vch_status concat(struct vch_translate *at, const uint32_t *values, uint32_t count,
                         uint32_t axis, uint32_t *output)
{
    struct vch_network_shape shape = value_of(at, values[0])->shape;
    uint32_t parts[VCH_GRAPH_OPERANDS_MAX];

    if (count == 1) return vch_translate_reshape_to(at, values[0], &shape, output);
    memcpy(parts, values, count * sizeof *parts);
    struct vch_layer layer = vch_layers_new(VCH_LAYER_CONCAT, at->node.name, parts, count);
    layer.axis = axis;
    for (uint32_t i = 1; i < count; i++)
        shape.dims[axis] += value_of(at, values[i])->shape.dims[axis];
    return vch_translate_emit(at, &layer, &shape, output);
}

vch_status vch_translate_build_concat(struct vch_translate *at, uint32_t *values, uint32_t count,
                                      uint32_t axis, uint32_t *output)
{
    // More parts than one operator takes are joined in several steps.
    while (count > VCH_GRAPH_OPERANDS_MAX) {
        uint32_t joined = 0;
        for (uint32_t i = 0; i < count; i += VCH_GRAPH_OPERANDS_MAX, joined++) {
            uint32_t some = count - i < VCH_GRAPH_OPERANDS_MAX ? count - i : VCH_GRAPH_OPERANDS_MAX;
            uint32_t part = VCH_NONE;
            VCH_TRY(concat(at, values + i, some, axis, &part));
            values[joined] = part;
        }
        count = joined;
    }
    return concat(at, values, count, axis, output);
}

vch_status vch_translate_build_constant(struct vch_translate *at, const double *reals,
                                        const struct vch_network_shape *shape, uint32_t *output)
{
    struct vch_network_tensor *tensor = NULL;

    VCH_TRY(vch_translate_grow(at, shape, 0));
    VCH_TRY(vch_network_new_tensor(at->network, VCH_NETWORK_REAL, shape, &tensor));
    for (size_t i = 0; i < tensor->count; i++)
        tensor->reals[i] = (float)reals[i];
    return vch_network_add_constant(at->network, at->node.name, tensor, output);
}

static bool is_last_alone(const bool *marks, uint32_t rank)
{
    for (uint32_t i = 0; i < rank; i++)
        if (marks[i] != (i == rank - 1)) return false;
    return true;
}

vch_status vch_translate_build_rows(struct vch_translate_build_rows *rows, struct vch_translate *at,
                                    uint32_t x, const bool *marks, uint32_t *output)
{
    struct vch_network_shape flat = {.rank = 1, .dims = {1}};
    uint32_t next = 0, moved = VCH_NONE, length = 1;

    rows->whole = rows->moved = value_of(at, x)->shape;
    if (is_last_alone(marks, rows->whole.rank)) {
        for (uint32_t i = 0; i < rows->whole.rank; i++)
            rows->order[i] = i;
        return vch_translate_reshape_to(at, x, &rows->whole, output);
    }
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < rows->whole.rank; i++)
            if (marks[i] == (pass == 1)) rows->order[next++] = i;
    VCH_TRY(vch_translate_transpose_to(at, x, rows->order, &moved));
    rows->moved = value_of(at, moved)->shape;
    for (uint32_t i = 0; i < rows->whole.rank; i++) {
        if (marks[i]) length *= rows->whole.dims[i];
        if (!marks[i]) flat.dims[0] *= rows->whole.dims[i];
    }
    flat.dims[flat.rank++] = length;
    return vch_translate_reshape_to(at, moved, &flat, output);
}

vch_status vch_translate_build_unrows(const struct vch_translate_build_rows *rows,
                                      struct vch_translate *at, uint32_t x, uint32_t *output)
{
    uint32_t back[VCH_NETWORK_RANK_MAX] = {0}, moved = VCH_NONE;

    for (uint32_t i = 0; i < rows->whole.rank; i++)
        back[rows->order[i]] = i;
    VCH_TRY(vch_translate_reshape_to(at, x, &rows->moved, &moved));
    return vch_translate_transpose_to(at, moved, back, output);
}

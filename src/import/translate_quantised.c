#include "import/translate_quantised.h"

#include <math.h>
#include <string.h>

#include "import/onnx_tensor.h"
#include "import/translate_build.h"

#define ROW_MAX 127 // of an integer weight, where one row of int8 holds it

static const struct element {
    int32_t type;
    double lo, hi;
} elements[] = {
    {VCH_ONNX_TENSOR_UINT8, 0, 255},
    {VCH_ONNX_TENSOR_INT8, -128, 127},
    {VCH_ONNX_TENSOR_UINT16, 0, 65535},
    {VCH_ONNX_TENSOR_INT16, -32768, 32767},
    {VCH_ONNX_TENSOR_INT32, -0x1p31, 0x1p31 - 1},
};

static vch_status find_range(struct vch_translate_quantised_grid *grid,
                             const struct vch_translate *at)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (elements[i].type == grid->element) {
            grid->lo = elements[i].lo;
            grid->hi = elements[i].hi;
            return VCH_OK;
        }
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                "quantised to %s; int8, uint8, int16, uint16 and int32 are "
                                "supported",
                                vch_onnx_tensor_type_name(grid->element));
}

vch_status vch_translate_quantised_read(struct vch_translate_quantised_grid *out,
                                        const struct vch_translate *at, uint32_t step,
                                        uint32_t zero, int32_t element)
{
    uint32_t value = 0;

    *out = (struct vch_translate_quantised_grid){.element = element, .zero_count = 1};
    VCH_TRY(vch_translate_operand(&value, at, step));
    VCH_TRY(vch_translate_reals(&out->steps, &out->count, at, value, "scale"));
    if (vch_translate_has(at, zero)) {
        uint32_t from = at->node.inputs[zero];
        VCH_TRY(vch_translate_reals(&out->zeros, &out->zero_count, at, from, "zero point"));
        if (at->network->values[from].element != 0)
            out->element = at->network->values[from].element;
    } else {
        out->zeros = VCH_ARENA_NEW(at->network->arena, double, 1);
        if (out->zeros == NULL) return VCH_FAIL(NO_MEMORY);
    }
    for (size_t i = 0; i < out->count; i++)
        if (!(out->steps[i] > 1e-30 && out->steps[i] < 1e30))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "a scale of %g", out->steps[i]);
    if (out->count == 0 || (out->zero_count != 1 && out->zero_count != out->count))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu scales and %zu zero points",
                                    out->count, out->zero_count);
    return find_range(out, at);
}

static double zero_of(const struct vch_translate_quantised_grid *grid, size_t i)
{
    return grid->zeros[grid->zero_count == 1 ? 0 : i];
}

// Which scale each element of `shape` has, along the axis.
static vch_status find_axis(size_t *inner, struct vch_translate *at,
                            const struct vch_translate_quantised_grid *grid,
                            const struct vch_network_shape *shape, uint32_t axis)
{
    *inner = 1;
    if (grid->count == 1) return VCH_OK;
    if (axis >= shape->rank || shape->dims[axis] != grid->count)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "%zu scales for an axis of %u; one for all, or one for each "
                                    "index, are supported",
                                    grid->count, axis < shape->rank ? shape->dims[axis] : 0);
    for (uint32_t i = axis + 1; i < shape->rank; i++)
        *inner *= shape->dims[i];
    return VCH_OK;
}

// The constant behind `x` as real numbers that are known to be whole multiples of the scales.
static vch_status constant_reals(struct vch_translate *at, uint32_t x,
                                 const struct vch_translate_quantised_grid *grid, uint32_t axis,
                                 uint32_t *output)
{
    struct vch_network *network = at->network;
    const struct vch_network_shape shape = network->values[x].shape;
    struct vch_network_grid *known = VCH_ARENA_NEW(network->arena, struct vch_network_grid, 1);
    struct vch_network_tensor *tensor = NULL;
    double *numbers = NULL;
    size_t count = 0, inner = 1;

    if (known == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(find_axis(&inner, at, grid, &shape, axis));
    VCH_TRY(vch_translate_grow(at, &shape, vch_network_count(&shape)));
    VCH_TRY(vch_translate_reals(&numbers, &count, at, x, "operand"));
    VCH_TRY(vch_network_new_tensor(network, VCH_NETWORK_REAL, &shape, &tensor));
    for (size_t i = 0; i < count; i++) {
        size_t c = i / inner % grid->count;
        tensor->reals[i] = (float)((numbers[i] - zero_of(grid, c)) * grid->steps[c]);
    }
    VCH_TRY(vch_network_add_constant(network, at->node.name, tensor, output));
    *known = (struct vch_network_grid){
        .reals = VCH_NONE, .steps = grid->steps, .step_count = grid->count, .axis = axis};
    network->values[*output].grid = known;
    return VCH_OK;
}

static vch_status new_list(double **out, struct vch_translate *at, size_t count)
{
    *out = VCH_ARENA_NEW(at->network->arena, double, count);
    return *out == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

// Real numbers from integers that come from outside or were computed as such.
static vch_status computed_reals(struct vch_translate *at, uint32_t x,
                                 const struct vch_translate_quantised_grid *grid, uint32_t axis,
                                 uint32_t *output)
{
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    size_t count = vch_network_count(&shape), inner = 1;
    double *steps = NULL, *zeros = NULL;
    uint32_t shifted = x;

    VCH_TRY(find_axis(&inner, at, grid, &shape, axis));
    VCH_TRY(new_list(&steps, at, count));
    VCH_TRY(new_list(&zeros, at, count));
    for (size_t i = 0; i < count; i++) {
        size_t c = i / inner % grid->count;
        steps[i] = grid->steps[c];
        zeros[i] = -zero_of(grid, c);
    }
    if (grid->zero_count > 1 || grid->zeros[0] != 0) {
        shifted = VCH_NONE;
        VCH_TRY(vch_translate_affine(at, x, NULL, 0, zeros, count, &shifted));
    }
    return vch_translate_affine_as(at, shifted, VCH_NETWORK_REAL, steps, count, NULL, 0, output);
}

vch_status vch_translate_quantised_reals(struct vch_translate *at, uint32_t x,
                                         const struct vch_translate_quantised_grid *grid,
                                         uint32_t axis, uint32_t *output)
{
    const struct vch_network_value *value = &at->network->values[x];

    if (value->constant != NULL) return constant_reals(at, x, grid, axis, output);
    if (value->grid != NULL && grid->count == 1 && value->grid->step == grid->steps[0] &&
        value->grid->zero == grid->zeros[0]) {
        *output = value->grid->reals;
        return VCH_OK;
    }
    return computed_reals(at, x, grid, axis, output);
}

// Real numbers on a grid, counted in its steps from `zero` on.
static vch_status count_steps(struct vch_translate *at, uint32_t reals, double step, double zero,
                              double lo, double hi, uint32_t output)
{
    const struct vch_network_shape shape = *vch_translate_shape_of(at, reals);
    size_t count = vch_network_count(&shape);
    struct vch_layer layer = vch_layers_new(VCH_LAYER_AFFINE, at->node.name, &reals, 1);
    double *weights = NULL, *bias = NULL;
    uint32_t counted = zero == 0 ? output : VCH_NONE;

    VCH_TRY(new_list(&weights, at, count));
    VCH_TRY(new_list(&bias, at, count));
    for (size_t i = 0; i < count; i++)
        weights[i] = 1 / step;
    layer.weights = weights;
    layer.bias = bias;
    layer.result = VCH_NETWORK_INTEGER;
    layer.lo = lo - zero;
    layer.hi = hi - zero;
    layer.grid = 1;
    VCH_TRY(vch_translate_emit(at, &layer, &shape, &counted));
    if (zero == 0) return VCH_OK;
    return vch_translate_build_scaled(at, counted, 1, zero, &output);
}

static vch_status tag(struct vch_translate *at, uint32_t output, uint32_t reals, double step,
                      double zero)
{
    struct vch_network_grid *grid = VCH_ARENA_NEW(at->network->arena, struct vch_network_grid, 1);

    if (grid == NULL) return VCH_FAIL(NO_MEMORY);
    *grid = (struct vch_network_grid){.reals = reals, .step = step, .zero = zero};
    at->network->values[output].grid = grid;
    return VCH_OK;
}

static vch_status clamp_to(struct vch_translate *at, uint32_t x, double grid, double lo, double hi,
                           uint32_t *output)
{
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    struct vch_layer layer = vch_layers_new(VCH_LAYER_CLAMP, at->node.name, &x, 1);

    layer.grid = grid;
    layer.lo = lo;
    layer.hi = hi;
    return vch_translate_emit(at, &layer, &shape, output);
}

// Scales along an axis: divided by and shifted first, so that one grid of whole numbers is left.
static vch_status integers_by_axis(struct vch_translate *at, uint32_t x,
                                   const struct vch_translate_quantised_grid *grid, uint32_t output)
{
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    size_t count = vch_network_count(&shape), inner = 1;
    uint32_t divided = VCH_NONE, rounded = VCH_NONE;
    double *scale = NULL, *offset = NULL;
    int64_t axis = 1;
    uint32_t own = 0;

    VCH_TRY(vch_network_integer(&axis, &at->node, "axis", 1, at->complaint));
    VCH_TRY(vch_translate_axis(&own, at, axis, shape.rank));
    VCH_TRY(find_axis(&inner, at, grid, &shape, own));
    VCH_TRY(new_list(&scale, at, count));
    VCH_TRY(new_list(&offset, at, count));
    for (size_t i = 0; i < count; i++) {
        size_t c = i / inner % grid->count;
        scale[i] = 1 / grid->steps[c];
        offset[i] = zero_of(grid, c);
    }
    VCH_TRY(vch_translate_affine(at, x, scale, count, offset, count, &divided));
    VCH_TRY(clamp_to(at, divided, 1, grid->lo, grid->hi, &rounded));
    return count_steps(at, rounded, 1, 0, grid->lo, grid->hi, output);
}

vch_status vch_translate_quantised_integers(struct vch_translate *at, uint32_t x,
                                            const struct vch_translate_quantised_grid *grid,
                                            uint32_t output)
{
    double step = grid->steps[0], zero = grid->zeros[0];
    uint32_t reals = VCH_NONE;

    if (at->network->values[x].type != VCH_NETWORK_REAL)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "it takes real numbers");
    if (grid->count > 1) {
        VCH_TRY(integers_by_axis(at, x, grid, output));
    } else {
        VCH_TRY(clamp_to(at, x, step, (grid->lo - zero) * step, (grid->hi - zero) * step, &reals));
        VCH_TRY(count_steps(at, reals, step, zero, grid->lo, grid->hi, output));
        VCH_TRY(tag(at, output, reals, step, zero));
    }
    at->network->values[output].element = grid->element;
    return VCH_OK;
}

static bool is_blocked(int64_t block_size)
{
    return block_size > 0;
}

static vch_status check_block(const struct vch_translate *at)
{
    int64_t size = 0;

    VCH_TRY(vch_network_integer(&size, &at->node, "block_size", 0, at->complaint));
    if (!is_blocked(size)) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "scales of blocks are not supported");
}

vch_status vch_translate_quantize_linear(struct vch_translate *at)
{
    struct vch_translate_quantised_grid grid;
    int64_t type = 0;
    uint32_t x = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(check_block(at));
    VCH_TRY(vch_network_integer(&type, &at->node, "output_dtype", 0, at->complaint));
    if (type < 0 || type > INT32_MAX) type = 0;
    VCH_TRY(vch_translate_quantised_read(&grid, at, 1, 2,
                                         type == 0 ? VCH_ONNX_TENSOR_UINT8 : (int32_t)type));
    return vch_translate_quantised_integers(at, x, &grid, at->node.outputs[0]);
}

vch_status vch_translate_dequantize_linear(struct vch_translate *at)
{
    struct vch_translate_quantised_grid grid;
    uint32_t x = 0, axis = 0, output = at->node.outputs[0];
    int64_t given = 1;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(check_block(at));
    VCH_TRY(vch_translate_quantised_read(&grid, at, 1, 2, at->network->values[x].element));
    VCH_TRY(vch_network_integer(&given, &at->node, "axis", 1, at->complaint));
    if (grid.count > 1)
        VCH_TRY(vch_translate_axis(&axis, at, given, vch_translate_shape_of(at, x)->rank));
    const struct vch_network_value *value = &at->network->values[x];
    bool is_new = value->constant == NULL && value->grid == NULL;
    uint32_t reals = is_new ? output : VCH_NONE;
    VCH_TRY(vch_translate_quantised_reals(at, x, &grid, axis, &reals));
    return reals == output ? VCH_OK : vch_translate_rename(at, 0, reals);
}

vch_status vch_translate_dynamic_quantize_linear(struct vch_translate *at)
{
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                "its scale depends on the model's input; export the model with "
                                "static quantisation, or in real numbers");
}

vch_status vch_translate_quantised_weights(struct vch_layer *layer, struct vch_translate *at,
                                           uint32_t value, uint32_t axis, double factor,
                                           size_t depth)
{
    const struct vch_network_grid *grid = at->network->values[value].grid;
    double *scales = NULL, largest = 0;

    if (grid == NULL || grid->steps == NULL || factor == 0) return VCH_OK;
    if (grid->step_count > 1 && (grid->axis != axis || grid->step_count != layer->channels))
        return VCH_OK; // real numbers like all others
    VCH_TRY(new_list(&scales, at, layer->channels));
    for (size_t c = 0; c < layer->channels; c++) {
        scales[c] = fabs(factor) * grid->steps[grid->step_count == 1 ? 0 : c];
        for (size_t k = 0; k < depth; k++)
            largest = fmax(largest, fabs(layer->weights[c * depth + k] / scales[c]));
    }
    layer->scales = scales;
    layer->has_two_rows = rint(largest) > ROW_MAX;
    return VCH_OK;
}

vch_status vch_translate_quantised_apply(struct vch_translate *at,
                                         vch_translate_function *translate, const char *operator_,
                                         uint32_t *inputs, uint32_t input_count, uint32_t *output)
{
    const struct vch_network_node node = at->node;

    VCH_TRY(vch_network_add_value(at->network, node.name, output));
    at->node.operator_ = operator_;
    at->node.domain = "";
    at->node.inputs = inputs;
    at->node.input_count = input_count;
    at->node.outputs = output;
    at->node.output_count = 1;
    at->renamed = VCH_NONE;
    VCH_TRY(translate(at));
    at->node = node;
    if (at->renamed != VCH_NONE) *output = at->renamed;
    return VCH_OK;
}

bool vch_translate_quantised_moves(const struct vch_translate *at)
{
    static const char *const operators[] = {"Expand", "Flatten", "Identity",  "MaxPool",  "Reshape",
                                            "Slice",  "Squeeze", "Transpose", "Unsqueeze"};
    const struct vch_network_grid *grid = NULL;

    if (at->node.input_count > 0 && at->node.inputs[0] != VCH_NONE)
        grid = at->network->values[at->node.inputs[0]].grid;
    if (grid == NULL || grid->steps != NULL) return false;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strcmp(at->node.operator_, operators[i]) == 0) return true;
    return false;
}

vch_status vch_translate_quantised_move(struct vch_translate *at, vch_translate_function *translate)
{
    const struct vch_network_value *from = &at->network->values[at->node.inputs[0]];
    const struct vch_network_grid grid = *from->grid;
    struct vch_translate_quantised_grid bounds = {.element = from->element};
    uint32_t output = at->node.outputs[0], moved = VCH_NONE;

    VCH_TRY(find_range(&bounds, at));
    at->node.inputs[0] = grid.reals;
    VCH_TRY(vch_translate_quantised_apply(at, translate, at->node.operator_, at->node.inputs,
                                          at->node.input_count, &moved));
    VCH_TRY(count_steps(at, moved, grid.step, grid.zero, bounds.lo, bounds.hi, output));
    at->network->values[output].element = bounds.element;
    return tag(at, output, moved, grid.step, grid.zero);
}

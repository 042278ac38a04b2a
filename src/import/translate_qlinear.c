// Operators on quantised tensors: the real operator between the grids of what it reads and writes.
#include <string.h>

#include "import/onnx_tensor.h"
#include "import/translate_build.h"
#include "import/translate_quantised.h"

// Operand `i`, with its scale and zero point after it, as real numbers.
static vch_status read_reals(uint32_t *out, struct vch_translate_quantised_grid *grid,
                             struct vch_translate *at, uint32_t i, uint32_t axis)
{
    uint32_t x = 0;

    *out = VCH_NONE;
    VCH_TRY(vch_translate_operand(&x, at, i));
    VCH_TRY(vch_translate_quantised_read(grid, at, i + 1, i + 2, at->network->values[x].element));
    return vch_translate_quantised_reals(at, x, grid, axis, out);
}

static vch_status write_integers(struct vch_translate *at, uint32_t y, uint32_t step)
{
    struct vch_translate_quantised_grid grid;

    VCH_TRY(vch_translate_quantised_read(&grid, at, step, step + 1, VCH_ONNX_TENSOR_UINT8));
    return vch_translate_quantised_integers(at, y, &grid, at->node.outputs[0]);
}

// A bias of integers at the scale of the sums; absent: VCH_NONE.
static vch_status read_bias(uint32_t *out, struct vch_translate *at, uint32_t i,
                            const struct vch_translate_quantised_grid *x,
                            const struct vch_translate_quantised_grid *w)
{
    struct vch_translate_quantised_grid sums = {.count = w->count, .zero_count = 1};

    *out = VCH_NONE;
    if (!vch_translate_has(at, i)) return VCH_OK;
    sums.steps = VCH_ARENA_NEW(at->network->arena, double, w->count);
    sums.zeros = VCH_ARENA_NEW(at->network->arena, double, 1);
    if (sums.steps == NULL || sums.zeros == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t c = 0; c < w->count; c++)
        sums.steps[c] = x->steps[0] * w->steps[c];
    uint32_t value = at->node.inputs[i];
    if (at->network->values[value].constant == NULL)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its bias must be constant");
    uint32_t rank = vch_translate_shape_of(at, value)->rank;
    return vch_translate_quantised_reals(at, value, &sums, rank == 0 ? 0 : rank - 1, out);
}

vch_status vch_translate_qlinear_conv(struct vch_translate *at)
{
    struct vch_translate_quantised_grid x, w;
    uint32_t inputs[3] = {0}, y = VCH_NONE;

    VCH_TRY(read_reals(&inputs[0], &x, at, 0, 1));
    VCH_TRY(read_reals(&inputs[1], &w, at, 3, 0));
    VCH_TRY(read_bias(&inputs[2], at, 8, &x, &w));
    VCH_TRY(vch_translate_quantised_apply(at, vch_translate_conv, "Conv", inputs, 3, &y));
    return write_integers(at, y, 6);
}

vch_status vch_translate_qlinear_matmul(struct vch_translate *at)
{
    struct vch_translate_quantised_grid a, b;
    uint32_t inputs[2] = {0}, y = VCH_NONE;

    VCH_TRY(read_reals(&inputs[0], &a, at, 0, 0));
    VCH_TRY(read_reals(&inputs[1], &b, at, 3, 1));
    VCH_TRY(vch_translate_quantised_apply(at, vch_translate_matmul, "MatMul", inputs, 2, &y));
    return write_integers(at, y, 6);
}

vch_status vch_translate_qgemm(struct vch_translate *at)
{
    struct vch_translate_quantised_grid a, b;
    uint32_t inputs[3] = {0}, y = VCH_NONE;
    int64_t swap = 0;

    VCH_TRY(vch_network_integer(&swap, &at->node, "transB", 0, at->complaint));
    VCH_TRY(read_reals(&inputs[0], &a, at, 0, 0));
    VCH_TRY(read_reals(&inputs[1], &b, at, 3, swap == 0 ? 1 : 0));
    VCH_TRY(read_bias(&inputs[2], at, 6, &a, &b));
    VCH_TRY(vch_translate_quantised_apply(at, vch_translate_gemm, "Gemm", inputs, 3, &y));
    if (vch_translate_has(at, 7)) return write_integers(at, y, 7);
    return vch_translate_rename(at, 0, y);
}

vch_status vch_translate_qlinear_binary(struct vch_translate *at)
{
    bool is_sum = strcmp(at->node.operator_, "QLinearAdd") == 0;
    struct vch_translate_quantised_grid a, b;
    uint32_t inputs[2] = {0}, y = VCH_NONE;

    VCH_TRY(read_reals(&inputs[0], &a, at, 0, 0));
    VCH_TRY(read_reals(&inputs[1], &b, at, 3, 0));
    VCH_TRY(vch_translate_quantised_apply(at, is_sum ? vch_translate_add : vch_translate_multiply,
                                          is_sum ? "Add" : "Mul", inputs, 2, &y));
    return write_integers(at, y, 6);
}

vch_status vch_translate_qlinear_unary(struct vch_translate *at)
{
    static const struct {
        const char *name, *operator_;
        vch_translate_function *translate;
    } operators[] = {
        {"QLinearAveragePool", "AveragePool", vch_translate_pool},
        {"QLinearGlobalAveragePool", "GlobalAveragePool", vch_translate_global_pool},
        {"QLinearLeakyRelu", "LeakyRelu", vch_translate_unary},
        {"QLinearSigmoid", "Sigmoid", vch_translate_unary},
    };
    struct vch_translate_quantised_grid x;
    uint32_t input = 0, y = VCH_NONE;
    int64_t is_last = 0;
    size_t i = 0;

    while (strcmp(operators[i].name, at->node.operator_) != 0)
        i++;
    VCH_TRY(vch_network_integer(&is_last, &at->node, "channels_last", 0, at->complaint));
    if (is_last != 0) return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "channels come first");
    VCH_TRY(read_reals(&input, &x, at, 0, 0));
    VCH_TRY(vch_translate_quantised_apply(at, operators[i].translate, operators[i].operator_,
                                          &input, 1, &y));
    return write_integers(at, y, 3);
}

vch_status vch_translate_qlinear_concat(struct vch_translate *at)
{
    uint32_t inputs[VCH_NETWORK_OPERANDS_MAX], count = 0, y = VCH_NONE;
    struct vch_translate_quantised_grid x;

    for (uint32_t i = 2; i + 2 < at->node.input_count; i += 3)
        VCH_TRY(read_reals(&inputs[count++], &x, at, i, 0));
    if (count == 0) return vch_translate_refuse(at, VCH_CODE_MALFORMED, "it has no operands");
    VCH_TRY(vch_translate_quantised_apply(at, vch_translate_concat, "Concat", inputs, count, &y));
    return write_integers(at, y, 0);
}

// Operand `i` without its zero point, as whole numbers.
static vch_status without_zero(uint32_t *out, struct vch_translate *at, uint32_t i, uint32_t zero,
                               uint32_t axis)
{
    uint32_t x = 0;
    double *zeros = NULL, *offsets = NULL;
    size_t count = 0, inner = 1;

    VCH_TRY(vch_translate_operand(&x, at, i));
    *out = x;
    if (!vch_translate_has(at, zero)) return VCH_OK;
    VCH_TRY(vch_translate_reals(&zeros, &count, at, at->node.inputs[zero], "zero point"));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    if (count == 0 || (count > 1 && (axis >= shape.rank || shape.dims[axis] != count)))
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "%zu zero points", count);
    for (uint32_t j = axis + 1; j < shape.rank; j++)
        inner *= shape.dims[j];
    size_t elements = vch_network_count(&shape);
    offsets = VCH_ARENA_NEW(at->network->arena, double, elements);
    if (offsets == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t j = 0; j < elements; j++)
        offsets[j] = -zeros[j / inner % count];
    *out = VCH_NONE;
    VCH_TRY(vch_translate_affine(at, x, NULL, 0, offsets, elements, out));
    at->network->values[*out].element = VCH_ONNX_TENSOR_INT32;
    return VCH_OK;
}

static vch_status multiply_integers(struct vch_translate *at, vch_translate_function *translate,
                                    const char *operator_, uint32_t axis_a, uint32_t axis_b)
{
    uint32_t inputs[2] = {0}, y = VCH_NONE;

    VCH_TRY(without_zero(&inputs[0], at, 0, 2, axis_a));
    VCH_TRY(without_zero(&inputs[1], at, 1, 3, axis_b));
    VCH_TRY(vch_translate_quantised_apply(at, translate, operator_, inputs, 2, &y));
    at->network->values[y].element = VCH_ONNX_TENSOR_INT32;
    return vch_translate_rename(at, 0, y);
}

vch_status vch_translate_conv_integer(struct vch_translate *at)
{
    return multiply_integers(at, vch_translate_conv, "Conv", 1, 0);
}

vch_status vch_translate_matmul_integer(struct vch_translate *at)
{
    return multiply_integers(at, vch_translate_matmul, "MatMul", 0, 1);
}

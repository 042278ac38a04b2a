// Operators whose result follows from constants and shapes alone.
#include <math.h>
#include <string.h>

#include "import/onnx_tensor.h"
#include "import/translate_pick.h"

// A constant in the node's name, to be filled in.
static vch_status new_result(const struct vch_network_tensor **out, struct vch_translate *at,
                             const struct vch_network_shape *shape, enum vch_network_type type)
{
    uint32_t value = VCH_NONE;

    VCH_TRY(vch_translate_pick_filled(at, shape, type, 0, &value));
    *out = at->network->values[value].constant;
    return vch_translate_rename(at, 0, value);
}

static vch_status read_type(enum vch_network_type *type, const struct vch_translate *at,
                            const char *name, int64_t otherwise)
{
    int64_t wanted = 0;

    VCH_TRY(vch_network_integer(&wanted, &at->node, name, otherwise, at->complaint));
    if (wanted > 0 && wanted <= INT32_MAX && vch_onnx_tensor_kind(type, (int32_t)wanted))
        return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "type %lld is not supported",
                                (long long)wanted);
}

vch_status vch_translate_eye_like(struct vch_translate *at)
{
    uint32_t x = 0;
    int64_t k = 0;
    const struct vch_network_tensor *result = NULL;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_integer(&k, &at->node, "k", 0, at->complaint));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    enum vch_network_type type = at->network->values[x].type;
    if (vch_network_find(&at->node, "dtype") != NULL) VCH_TRY(read_type(&type, at, "dtype", 1));
    if (shape.rank != 2 || k > INT32_MAX || k < INT32_MIN)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its operand is no matrix");
    VCH_TRY(new_result(&result, at, &shape, type));
    for (int64_t row = 0; row < shape.dims[0]; row++)
        if (row + k >= 0 && row + k < shape.dims[1])
            vch_translate_pick_set(result, (size_t)(row * shape.dims[1] + row + k), 1);
    return VCH_OK;
}

// a0 - a1 cos(t) + a2 cos(2 t), t once around over the window.
static const struct window {
    const char *name;
    double a[3];
} windows[] = {
    {"BlackmanWindow", {0.42, 0.5, 0.08}},
    {"HammingWindow", {25.0 / 46, 21.0 / 46, 0}},
    {"HannWindow", {0.5, 0.5, 0}},
};

vch_status vch_translate_window_function(struct vch_translate *at)
{
    uint32_t operand = 0;
    int64_t is_periodic = 1;
    double size = 0;
    enum vch_network_type type = VCH_NETWORK_REAL;
    const struct vch_network_tensor *result = NULL;
    const struct window *window = windows;

    VCH_TRY(vch_translate_operand(&operand, at, 0));
    VCH_TRY(vch_translate_scalar(&size, at, operand, "size"));
    VCH_TRY(vch_network_integer(&is_periodic, &at->node, "periodic", 1, at->complaint));
    VCH_TRY(read_type(&type, at, "output_datatype", 1));
    if (!(size >= 0 && size <= VCH_NETWORK_COUNT_MAX))
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "a window of %g", size);
    const struct vch_network_shape shape = {.rank = 1, .dims = {(uint32_t)size}};
    while (strcmp(window->name, at->node.operator_) != 0)
        window++;
    VCH_TRY(new_result(&result, at, &shape, type));
    double steps = is_periodic != 0 ? size : size - 1;
    for (size_t i = 0; i < result->count; i++) {
        double t = steps > 0 ? 2 * acos(-1) * (double)i / steps : 0;
        vch_translate_pick_set(result, i,
                               window->a[0] - window->a[1] * cos(t) + window->a[2] * cos(2 * t));
    }
    return VCH_OK;
}

// The places of what is not 0, a row for each axis: its size is the model's only where it is
// constant.
vch_status vch_translate_non_zero(struct vch_translate *at)
{
    uint32_t x = 0;
    double *list = NULL;
    size_t count = 0, found = 0, stride = 1;
    const struct vch_network_tensor *result = NULL;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_reals(&list, &count, at, x, "operand"));
    const struct vch_network_shape from = *vch_translate_shape_of(at, x);
    for (size_t i = 0; i < count; i++)
        found += list[i] != 0;
    const struct vch_network_shape shape = {.rank = 2, .dims = {from.rank, (uint32_t)found}};
    VCH_TRY(new_result(&result, at, &shape, VCH_NETWORK_INTEGER));
    for (uint32_t axis = from.rank; axis-- > 0; stride *= from.dims[axis])
        for (size_t i = 0, next = 0; i < count; i++)
            if (list[i] != 0)
                result->integers[axis * found + next++] = (int64_t)(i / stride % from.dims[axis]);
    return VCH_OK;
}

// Between kinds of number. Real numbers keep their value whatever their width; whole numbers keep
// theirs, since what would wrap around in a narrow type does not here.
#include "import/onnx_tensor.h"
#include "import/translate_build.h"

vch_status vch_translate_build_real(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    double one = 1;

    if (at->network->values[x].type == VCH_NETWORK_REAL) {
        struct vch_network_shape shape = *vch_translate_shape_of(at, x);
        return vch_translate_reshape_to(at, x, &shape, output);
    }
    return vch_translate_affine_as(at, x, VCH_NETWORK_REAL, &one, 1, NULL, 0, output);
}

vch_status vch_translate_build_whole(struct vch_translate *at, uint32_t x,
                                     enum vch_layer_function rounding, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_FUNCTION, at->node.name, &x, 1);
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);

    if (at->network->values[x].type == VCH_NETWORK_INTEGER)
        return vch_translate_reshape_to(at, x, &shape, output);
    layer.function = rounding;
    layer.result = VCH_NETWORK_INTEGER;
    return vch_translate_emit(at, &layer, &shape, output);
}

static vch_status cast_to(struct vch_translate *at, uint32_t x, int64_t to)
{
    uint32_t output = at->node.outputs[0];
    enum vch_network_type type = VCH_NETWORK_REAL;

    if (to < 0 || to > INT32_MAX || !vch_onnx_tensor_kind(&type, (int32_t)to))
        return vch_translate_refuse(
            at, VCH_CODE_UNSUPPORTED, "to %s is not supported",
            to < 0 || to > INT32_MAX ? "an unknown type" : vch_onnx_tensor_type_name((int32_t)to));
    struct vch_network_value *value = &at->network->values[x];
    if (value->constant != NULL && value->type == type && to != VCH_ONNX_TENSOR_BOOL)
        return vch_translate_rename(at, 0, x); // through binary64 it could lose digits
    if (to == VCH_ONNX_TENSOR_BOOL && value->element != VCH_ONNX_TENSOR_BOOL)
        VCH_TRY(vch_translate_build_is_not_zero(at, x, &output));
    else if (type == VCH_NETWORK_REAL)
        VCH_TRY(vch_translate_build_real(at, x, &output));
    else
        VCH_TRY(vch_translate_build_whole(at, x, VCH_LAYER_TRUNCATE, &output));
    at->network->values[output].element = (int32_t)to;
    return VCH_OK;
}

vch_status vch_translate_cast(struct vch_translate *at)
{
    uint32_t x = 0;
    int64_t to = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_integer(&to, &at->node, "to", 0, at->complaint));
    return cast_to(at, x, to);
}

vch_status vch_translate_cast_like(struct vch_translate *at)
{
    uint32_t x = 0, like = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_operand(&like, at, 1));
    const struct vch_network_value *value = &at->network->values[like];
    int32_t to = value->element != 0               ? value->element
                 : value->type == VCH_NETWORK_REAL ? VCH_ONNX_TENSOR_FLOAT
                                                   : VCH_ONNX_TENSOR_INT64;
    return cast_to(at, x, to);
}

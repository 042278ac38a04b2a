// GATHER: indices are whole numbers at a scale of 1, whatever they were computed with.
#include <math.h>

#include "import/lower.h"

// Constant indices, already counted from the start and inside the axis.
static vch_status lower_list(uint32_t *out, struct vch_lower *at, uint32_t value, uint32_t size)
{
    const struct vch_network_value *from = &at->layers->network->values[value];
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_CONSTANT, .parameter_count = 1};
    enum vch_type type = size <= INT16_MAX ? VCH_TYPE_I16 : VCH_TYPE_I32;
    size_t count = vch_network_count(&from->shape);
    struct vch_shape shape = {0};
    void *data = NULL;

    if (from->constant->type != VCH_NETWORK_INTEGER)
        return vch_lower_refuse(at, VCH_CODE_MALFORMED, "its indices are no integers");
    VCH_TRY(vch_lower_shape(&shape, at, &from->shape));
    VCH_TRY(vch_lower_new_parameter(at, type, &shape, &data, &operator_.parameters[0]));
    for (size_t i = 0; i < count; i++) {
        int64_t index = from->constant->integers[i];
        if (type == VCH_TYPE_I16) ((int16_t *)data)[i] = (int16_t)index;
        if (type == VCH_TYPE_I32) ((int32_t *)data)[i] = (int32_t)index;
    }
    VCH_TRY(vch_lower_append(at, &operator_, NULL, 0, type, &shape));
    *out = operator_.output;
    return VCH_OK;
}

static vch_status lower_number(uint32_t *out, struct vch_lower *at, int32_t number)
{
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_CONSTANT, .parameter_count = 1};
    const struct vch_shape shape = {.rank = 0};
    void *data = NULL;

    VCH_TRY(vch_lower_new_parameter(at, VCH_TYPE_I32, &shape, &data, &operator_.parameters[0]));
    *(int32_t *)data = number;
    VCH_TRY(vch_lower_append(at, &operator_, NULL, 0, VCH_TYPE_I32, &shape));
    *out = operator_.output;
    return VCH_OK;
}

// An exact product or sum of whole numbers: multipliers of 2 and a shift of 1.
static vch_status lower_exact(uint32_t *out, struct vch_lower *at, enum vch_operator_kind kind,
                              uint32_t a, uint32_t b)
{
    struct vch_operator operator_ = {.kind = kind};
    const struct vch_shape shape = at->graph->values[a].shape;
    uint32_t count = kind == VCH_OPERATOR_ADD ? 2 : 1, *shifts = NULL;
    int32_t *multipliers = NULL;

    VCH_TRY(vch_lower_scaling(at, &operator_.scaling, count, &multipliers, &shifts));
    for (uint32_t i = 0; i < count; i++) {
        multipliers[i] = 2;
        shifts[i] = 1;
    }
    operator_.scaling.lo = vch_tensor_type_min(VCH_TYPE_I32);
    operator_.scaling.hi = vch_tensor_type_max(VCH_TYPE_I32);
    VCH_TRY(vch_lower_append(at, &operator_, (uint32_t[]){a, b}, 2, VCH_TYPE_I32, &shape));
    *out = operator_.output;
    return VCH_OK;
}

// index + size where the index is negative: its sign is min(max(-index, 0), 1).
static vch_status lower_from_end(uint32_t *index, struct vch_lower *at, uint32_t size)
{
    const struct vch_scaling sign_range = {.lo = 0, .hi = 1};
    uint32_t sign = 0, number = 0, shift = 0;

    VCH_TRY(vch_lower_rescale(at, *index, -1, VCH_TYPE_I16, &sign_range, &sign));
    VCH_TRY(lower_number(&number, at, (int32_t)size));
    VCH_TRY(lower_exact(&shift, at, VCH_OPERATOR_MULTIPLY, sign, number));
    return lower_exact(index, at, VCH_OPERATOR_ADD, *index, shift);
}

static vch_status lower_indices(uint32_t *out, struct vch_lower *at, uint32_t size)
{
    uint32_t value = at->layer->inputs[1];
    struct vch_lower_value index = {0};

    if (at->layers->network->values[value].constant != NULL)
        return lower_list(out, at, value, size);
    VCH_TRY(vch_lower_operand(at, 1, &index));
    enum vch_type type = at->graph->values[index.value].type;
    *out = index.value;
    if (index.scale != 1 || (type != VCH_TYPE_I16 && type != VCH_TYPE_I32))
        VCH_TRY(vch_lower_rescale(at, index.value, index.scale, VCH_TYPE_I32, NULL, out));
    if (!at->calibration->values[value].is_negative) return VCH_OK;
    return lower_from_end(out, at, size);
}

vch_status vch_lower_gather(struct vch_lower *at)
{
    const struct vch_network_shape *from = vch_layers_shape(at->layers, at->layer->inputs[0]);
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_GATHER, .axis = at->layer->axis};
    struct vch_lower_value x = {0};
    struct vch_shape shape = {0};
    uint32_t indices = VCH_NONE;

    VCH_TRY(vch_lower_moved(at, 0, &x));
    VCH_TRY(lower_indices(&indices, at, from->dims[at->layer->axis]));
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, at->layer->output)));
    VCH_TRY(vch_lower_append(at, &operator_, (uint32_t[]){x.value, indices}, 2,
                             at->graph->values[x.value].type, &shape));
    vch_lower_done(at, operator_.output, x.scale);
    return VCH_OK;
}

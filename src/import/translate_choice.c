// Operators that say which element is the largest.
#include <string.h>

#include "import/translate_map.h"
#include "import/translate_pick.h"

static vch_status largest(struct vch_translate *at, uint32_t x, uint32_t axis, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_ARGMAX, at->node.name, &x, 1);
    const struct vch_network_shape *from = vch_translate_shape_of(at, x);
    struct vch_network_shape shape = {0};

    for (uint32_t i = 0; i < from->rank; i++)
        if (i != axis) shape.dims[shape.rank++] = from->dims[i];
    layer.axis = axis;
    return vch_translate_emit(at, &layer, &shape, output);
}

// Ties go to the lowest index; where the highest is wanted, the axis is read from its end.
static vch_status last_largest(struct vch_translate *at, uint32_t x, uint32_t axis,
                               uint32_t *output)
{
    const uint32_t size = vch_translate_shape_of(at, x)->dims[axis];
    const struct vch_network_shape shape = {.rank = 1, .dims = {size}};
    uint32_t turned = VCH_NONE, from_end = VCH_NONE, table = VCH_NONE;

    VCH_TRY(vch_translate_pick_slice(at, x, axis, size - 1, size, -1, &turned));
    VCH_TRY(largest(at, turned, axis, &from_end));
    VCH_TRY(vch_translate_pick_filled(at, &shape, VCH_NETWORK_INTEGER, 0, &table));
    for (uint32_t i = 0; i < size; i++)
        vch_translate_pick_set(at->network->values[table].constant, i, size - 1 - i);
    return vch_translate_pick_by(at, table, from_end, 0, output);
}

vch_status vch_translate_argmax(struct vch_translate *at)
{
    uint32_t x = 0, axis = 0, negative = VCH_NONE, index = VCH_NONE, output = at->node.outputs[0];
    int64_t wanted = 0, keeps = 1, last = 0;
    const double minus = -1;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    VCH_TRY(vch_network_integer(&wanted, &at->node, "axis", 0, at->complaint));
    VCH_TRY(vch_network_integer(&keeps, &at->node, "keepdims", 1, at->complaint));
    VCH_TRY(vch_network_integer(&last, &at->node, "select_last_index", 0, at->complaint));
    VCH_TRY(vch_translate_axis(&axis, at, wanted, shape.rank));
    if (strcmp(at->node.operator_, "ArgMin") == 0) {
        VCH_TRY(vch_translate_affine(at, x, &minus, 1, NULL, 0, &negative));
        x = negative;
    }
    if (last != 0)
        VCH_TRY(last_largest(at, x, axis, &index));
    else
        VCH_TRY(largest(at, x, axis, &index));
    shape.dims[axis] = 1;
    if (keeps == 0) return vch_translate_rename(at, 0, index);
    return vch_translate_reshape_to(at, index, &shape, &output);
}

// A row of zeros with a 1 at the largest element's place, along the last axis.
static vch_status hard_rows(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    const struct vch_network_shape *shape = vch_translate_shape_of(at, x);
    const uint32_t size = shape->dims[shape->rank - 1], axis = shape->rank - 1;
    const struct vch_network_shape square = {.rank = 2, .dims = {size, size}};
    uint32_t index = VCH_NONE, unit = VCH_NONE;

    VCH_TRY(largest(at, x, axis, &index));
    VCH_TRY(vch_translate_pick_filled(at, &square, at->network->values[x].type, 0, &unit));
    for (size_t i = 0; i < size; i++)
        vch_translate_pick_set(at->network->values[unit].constant, i * size + i, 1);
    return vch_translate_pick_by(at, unit, index, 0, output);
}

// Before opset 13 all axes from `axis` on are one; since then `axis` is one axis.
vch_status vch_translate_hardmax(struct vch_translate *at)
{
    bool is_old = at->node.version < 13;
    uint32_t x = 0, axis = 0, order[VCH_NETWORK_RANK_MAX], moved = VCH_NONE, done = VCH_NONE;
    uint32_t output = at->node.outputs[0];
    int64_t wanted = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    struct vch_network_shape inner = shape;
    VCH_TRY(vch_network_integer(&wanted, &at->node, "axis", is_old ? 1 : -1, at->complaint));
    VCH_TRY(vch_translate_axis(&axis, at, wanted, shape.rank));
    if (is_old) {
        inner.rank = axis + 1;
        for (uint32_t i = axis + 1; i < shape.rank; i++)
            inner.dims[axis] *= shape.dims[i];
        VCH_TRY(vch_translate_reshape_to(at, x, &inner, &moved));
        VCH_TRY(hard_rows(at, moved, &done));
        return vch_translate_reshape_to(at, done, &shape, &output);
    }
    vch_translate_map_last(order, axis, shape.rank);
    VCH_TRY(vch_translate_transpose_to(at, x, order, &moved));
    VCH_TRY(hard_rows(at, moved, &done));
    vch_translate_map_back(order, axis, shape.rank);
    return vch_translate_transpose_to(at, done, order, &output);
}

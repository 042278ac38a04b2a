// Operators that pick elements by indices, constant or computed when the model runs.
#include <string.h>

#include "import/translate_pick.h"

static const struct vch_network_tensor *constant_of(const struct vch_translate *at, uint32_t value)
{
    return at->network->values[value].constant;
}

// Slices by constant indices, then the shape that the indices' own shape asks for.
static vch_status gather_constant(struct vch_translate *at, uint32_t x, uint32_t axis,
                                  const struct vch_network_tensor *tensor)
{
    struct vch_network_shape from = *vch_translate_shape_of(at, x), to = from;
    uint32_t parts = VCH_NONE, output = at->node.outputs[0];
    const int64_t *indices = NULL;

    VCH_TRY(vch_translate_pick_indices(&indices, at, tensor, from.dims[axis]));
    VCH_TRY(vch_translate_pick(at, x, axis, indices, tensor->count, &parts));
    to.rank = from.rank - 1 + tensor->shape.rank;
    if (to.rank > VCH_NETWORK_RANK_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "its result has %u dimensions", to.rank);
    for (uint32_t i = 0; i < tensor->shape.rank; i++)
        to.dims[axis + i] = tensor->shape.dims[i];
    for (uint32_t i = axis + 1; i < from.rank; i++)
        to.dims[i - 1 + tensor->shape.rank] = from.dims[i];
    return vch_translate_reshape_to(at, parts, &to, &output);
}

static vch_status read_axis(uint32_t *axis, const struct vch_translate *at, int64_t otherwise,
                            uint32_t rank)
{
    int64_t wanted = 0;

    VCH_TRY(vch_network_integer(&wanted, &at->node, "axis", otherwise, at->complaint));
    return vch_translate_axis(axis, at, wanted, rank);
}

vch_status vch_translate_gather(struct vch_translate *at)
{
    uint32_t x = 0, indices = 0, axis = 0, output = at->node.outputs[0];

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_operand(&indices, at, 1));
    VCH_TRY(read_axis(&axis, at, 0, vch_translate_shape_of(at, x)->rank));
    if (constant_of(at, indices) != NULL)
        return gather_constant(at, x, axis, constant_of(at, indices));
    return vch_translate_pick_by(at, x, indices, axis, &output);
}

// index * stride for each element of a computed value, those below 0 counted from the end.
static vch_status scaled_index(struct vch_translate *at, uint32_t indices, uint32_t size,
                               size_t stride, uint32_t *output)
{
    const struct vch_network_shape shape = {.rank = 1, .dims = {size}};
    uint32_t table = VCH_NONE;

    VCH_TRY(vch_translate_pick_filled(at, &shape, at->network->values[indices].type, 0, &table));
    const struct vch_network_tensor *tensor = constant_of(at, table);
    for (uint32_t i = 0; i < size; i++)
        vch_translate_pick_set(tensor, i, (double)(i * stride));
    return vch_translate_pick_by(at, table, indices, 0, output);
}

static vch_status sum_of(struct vch_translate *at, uint32_t a, uint32_t b, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_ADD, at->node.name, (uint32_t[]){a, b}, 2);
    struct vch_network_shape shape = {0};

    VCH_TRY(vch_translate_broadcast(&shape, at, vch_translate_shape_of(at, a),
                                    vch_translate_shape_of(at, b)));
    return vch_translate_emit(at, &layer, &shape, output);
}

static bool is_all_zero(const int64_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] != 0) return false;
    return true;
}

// Elements of x, flat, at offsets[i] + index[i] * stride.
static vch_status pick_computed(struct vch_translate *at, uint32_t x, uint32_t scaled,
                                const int64_t *offsets, uint32_t *output)
{
    struct vch_network_shape shape = *vch_translate_shape_of(at, scaled);
    uint32_t constant = VCH_NONE, positions = scaled, flat = VCH_NONE;

    if (!is_all_zero(offsets, vch_network_count(&shape))) {
        VCH_TRY(vch_translate_pick_list(at, &shape, offsets, &constant));
        positions = VCH_NONE;
        VCH_TRY(sum_of(at, scaled, constant, &positions));
    }
    VCH_TRY(vch_translate_pick_flatten(at, x, &flat));
    return vch_translate_pick_by(at, flat, positions, 0, output);
}

// Elements between neighbours along `axis`.
static size_t stride_of(const struct vch_network_shape *shape, uint32_t axis)
{
    size_t stride = 1;

    for (uint32_t i = axis + 1; i < shape->rank; i++)
        stride *= shape->dims[i];
    return stride;
}

// Where element `i` of the indices' shape stands in x, at the axis' first place.
static int64_t offset_of(const struct vch_network_shape *from,
                         const struct vch_network_shape *picks, uint32_t axis, size_t i)
{
    int64_t offset = 0;

    for (uint32_t own = picks->rank; own-- > 0;) {
        if (own != axis) offset += (int64_t)(i % picks->dims[own] * stride_of(from, own));
        i /= picks->dims[own];
    }
    return offset;
}

static vch_status check_elements(const struct vch_translate *at,
                                 const struct vch_network_shape *from,
                                 const struct vch_network_shape *picks, uint32_t axis)
{
    bool fits = from->rank == picks->rank;

    for (uint32_t i = 0; fits && i < from->rank; i++)
        fits = i == axis || picks->dims[i] <= from->dims[i];
    if (fits && vch_network_count(picks) > 0) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its indices' shape does not fit");
}

vch_status vch_translate_gather_elements(struct vch_translate *at)
{
    uint32_t x = 0, operand = 0, axis = 0, scaled = VCH_NONE, output = at->node.outputs[0];

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_operand(&operand, at, 1));
    const struct vch_network_shape from = *vch_translate_shape_of(at, x);
    const struct vch_network_shape picks = *vch_translate_shape_of(at, operand);
    VCH_TRY(read_axis(&axis, at, 0, from.rank));
    VCH_TRY(check_elements(at, &from, &picks, axis));
    size_t count = vch_network_count(&picks), stride = stride_of(&from, axis);
    int64_t *positions = VCH_ARENA_NEW(at->network->arena, int64_t, count);
    if (positions == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++)
        positions[i] = offset_of(&from, &picks, axis, i);
    if (constant_of(at, operand) == NULL) {
        VCH_TRY(scaled_index(at, operand, from.dims[axis], stride, &scaled));
        return pick_computed(at, x, scaled, positions, &output);
    }
    const int64_t *indices = NULL;
    VCH_TRY(vch_translate_pick_indices(&indices, at, constant_of(at, operand), from.dims[axis]));
    for (size_t i = 0; i < count; i++)
        positions[i] += indices[i] * (int64_t)stride;
    return vch_translate_pick_flat(at, x, positions, &picks, &output);
}

// x (batch..., indexed..., inner...), indices (batch..., outer..., as many as are indexed).
struct gather_nd {
    uint32_t x, indices, batch_axes, depth;
    struct vch_network_shape from, picks; // of x; of the indices without their last axis
    size_t batch, outer, inner, block;    // block: elements of x in one batch
};

static vch_status read_gather_nd(struct gather_nd *nd, const struct vch_translate *at)
{
    int64_t batch_axes = 0;

    VCH_TRY(vch_translate_operand(&nd->x, at, 0));
    VCH_TRY(vch_translate_operand(&nd->indices, at, 1));
    VCH_TRY(vch_network_integer(&batch_axes, &at->node, "batch_dims", 0, at->complaint));
    nd->from = *vch_translate_shape_of(at, nd->x);
    nd->picks = *vch_translate_shape_of(at, nd->indices);
    if (vch_network_count(&nd->from) == 0 || vch_network_count(&nd->picks) == 0)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "an operand has no elements");
    if (nd->picks.rank == 0 || batch_axes < 0 || batch_axes >= nd->picks.rank ||
        nd->picks.dims[nd->picks.rank - 1] == 0 ||
        (uint64_t)batch_axes + nd->picks.dims[nd->picks.rank - 1] > nd->from.rank)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its indices' shape does not fit");
    nd->batch_axes = (uint32_t)batch_axes;
    nd->depth = nd->picks.dims[--nd->picks.rank];
    nd->batch = nd->outer = nd->inner = nd->block = 1;
    for (uint32_t i = 0; i < nd->from.rank; i++) {
        if (i < nd->batch_axes) nd->batch *= nd->from.dims[i];
        if (i >= nd->batch_axes) nd->block *= nd->from.dims[i];
        if (i >= nd->batch_axes + nd->depth) nd->inner *= nd->from.dims[i];
        if (i < nd->batch_axes && nd->from.dims[i] != nd->picks.dims[i])
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its batches differ in size");
    }
    nd->outer = vch_network_count(&nd->picks) / nd->batch;
    return VCH_OK;
}

// Positions of slices of `inner` elements, counted in such slices.
static vch_status constant_positions(int64_t *positions, const struct vch_translate *at,
                                     const struct gather_nd *nd)
{
    const int64_t *list = constant_of(at, nd->indices)->integers;

    if (list == NULL)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its indices are no integers");
    for (size_t i = 0; i < nd->batch * nd->outer; i++)
        for (uint32_t k = 0; k < nd->depth; k++) {
            uint32_t axis = nd->batch_axes + k;
            int64_t index = list[i * nd->depth + k], size = nd->from.dims[axis];
            if (index < -size || index >= size)
                return vch_translate_refuse(at, VCH_CODE_MALFORMED, "index %lld of %lld",
                                            (long long)index, (long long)size);
            positions[i] += (index < 0 ? index + size : index) *
                            (int64_t)(stride_of(&nd->from, axis) / nd->inner);
        }
    return VCH_OK;
}

// The same for indices that are computed: a sum over the axes that they index.
static vch_status computed_positions(struct vch_translate *at, const struct gather_nd *nd,
                                     uint32_t *output)
{
    uint32_t last = nd->picks.rank, sum = VCH_NONE;

    for (uint32_t k = 0; k < nd->depth; k++) {
        uint32_t axis = nd->batch_axes + k, one = VCH_NONE, list = VCH_NONE, scaled = VCH_NONE;
        uint32_t added = VCH_NONE;
        VCH_TRY(vch_translate_pick_slice(at, nd->indices, last, k, 1, 1, &one));
        VCH_TRY(vch_translate_reshape_to(at, one, &nd->picks, &list));
        VCH_TRY(scaled_index(at, list, nd->from.dims[axis], stride_of(&nd->from, axis) / nd->inner,
                             &scaled));
        if (k > 0) VCH_TRY(sum_of(at, sum, scaled, &added));
        sum = k > 0 ? added : scaled;
    }
    *output = sum;
    return VCH_OK;
}

vch_status vch_translate_gather_nd(struct vch_translate *at)
{
    struct gather_nd nd = {0};
    uint32_t slices = VCH_NONE, picked = VCH_NONE, sum = VCH_NONE, constant = VCH_NONE;
    uint32_t output = at->node.outputs[0], positions = VCH_NONE;

    VCH_TRY(read_gather_nd(&nd, at));
    size_t count = nd.batch * nd.outer;
    struct vch_network_shape rows = {
        .rank = 2, .dims = {(uint32_t)(nd.batch * nd.block / nd.inner), (uint32_t)nd.inner}};
    int64_t *offsets = VCH_ARENA_NEW(at->network->arena, int64_t, count);
    if (offsets == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++)
        offsets[i] = (int64_t)(i / nd.outer * (nd.block / nd.inner));
    VCH_TRY(vch_translate_reshape_to(at, nd.x, &rows, &slices));
    if (constant_of(at, nd.indices) != NULL) {
        VCH_TRY(constant_positions(offsets, at, &nd));
        VCH_TRY(vch_translate_pick(at, slices, 0, offsets, count, &picked));
    } else {
        VCH_TRY(computed_positions(at, &nd, &sum));
        positions = sum;
        if (!is_all_zero(offsets, count)) {
            VCH_TRY(vch_translate_pick_list(at, &nd.picks, offsets, &constant));
            positions = VCH_NONE;
            VCH_TRY(sum_of(at, sum, constant, &positions));
        }
        VCH_TRY(vch_translate_pick_by(at, slices, positions, 0, &picked));
    }
    struct vch_network_shape to = nd.picks;
    if (to.rank + nd.from.rank > VCH_NETWORK_RANK_MAX + nd.batch_axes + nd.depth)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "its result has too many dimensions");
    for (uint32_t i = nd.batch_axes + nd.depth; i < nd.from.rank; i++)
        to.dims[to.rank++] = nd.from.dims[i];
    return vch_translate_reshape_to(at, picked, &to, &output);
}

// The elements, or slices of one axis, whose condition is true.
vch_status vch_translate_compress(struct vch_translate *at)
{
    uint32_t x = 0, operand = 0, axis = 0, from = VCH_NONE, output = at->node.outputs[0];

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_operand(&operand, at, 1));
    const struct vch_network_tensor *condition = constant_of(at, operand);
    if (condition == NULL || condition->type != VCH_NETWORK_INTEGER)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "its condition must be constant: it decides the result's size");
    if (vch_network_find(&at->node, "axis") == NULL)
        VCH_TRY(vch_translate_pick_flatten(at, x, &from));
    else
        VCH_TRY(read_axis(&axis, at, 0, vch_translate_shape_of(at, x)->rank));
    if (from != VCH_NONE) x = from;
    size_t size = vch_translate_shape_of(at, x)->dims[axis], count = 0;
    int64_t *kept = VCH_ARENA_NEW(at->network->arena, int64_t, condition->count);
    if (kept == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < condition->count && i < size; i++)
        if (condition->integers[i] != 0) kept[count++] = (int64_t)i;
    return vch_translate_pick(at, x, axis, kept, count, &output);
}

// Row i + depth + 1 of a table is what index i gives, so that what is outside -depth..depth-1 meets
// the first or the last row: all `off`.
static vch_status hot_rows(struct vch_translate *at, uint32_t depth, const double *values,
                           enum vch_network_type type, uint32_t *table)
{
    const struct vch_network_shape shape = {.rank = 2, .dims = {2 * depth + 2, depth}};

    VCH_TRY(vch_translate_pick_filled(at, &shape, type, values[0], table));
    const struct vch_network_tensor *tensor = constant_of(at, *table);
    for (uint32_t i = 0; i < 2 * depth; i++) {
        size_t place = (size_t)(i + 1) * depth + i % depth;
        vch_translate_pick_set(tensor, place, values[1]);
    }
    return VCH_OK;
}

vch_status vch_translate_one_hot(struct vch_translate *at)
{
    uint32_t indices = 0, operand = 0, table = VCH_NONE, shift = VCH_NONE, rows = VCH_NONE;
    uint32_t hot = VCH_NONE, output = at->node.outputs[0], axis = 0, order[VCH_NETWORK_RANK_MAX];
    double depth = 0, *values = NULL;
    size_t count = 0;

    VCH_TRY(vch_translate_operand(&indices, at, 0));
    VCH_TRY(vch_translate_operand(&operand, at, 1));
    VCH_TRY(vch_translate_scalar(&depth, at, operand, "depth"));
    VCH_TRY(vch_translate_operand(&operand, at, 2));
    VCH_TRY(vch_translate_reals(&values, &count, at, operand, "values"));
    if (depth < 1 || depth > VCH_GRAPH_LABELS_MAX || count != 2)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "a depth of %g, %zu values", depth,
                                    count);
    const struct vch_network_value *value = &at->network->values[indices];
    uint32_t rank = value->shape.rank;
    const struct vch_network_shape one = {.rank = 0};
    VCH_TRY(read_axis(&axis, at, -1, rank + 1));
    VCH_TRY(vch_translate_pick_filled(at, &one, value->type, depth + 1, &shift));
    VCH_TRY(sum_of(at, indices, shift, &rows));
    VCH_TRY(hot_rows(at, (uint32_t)depth, values, at->network->values[operand].type, &table));
    if (axis == rank) return vch_translate_pick_by(at, table, rows, 0, &output);
    VCH_TRY(vch_translate_pick_by(at, table, rows, 0, &hot));
    for (uint32_t i = 0; i <= rank; i++)
        order[i] = i < axis ? i : i == axis ? rank : i - 1;
    return vch_translate_transpose_to(at, hot, order, &output);
}

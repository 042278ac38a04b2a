#include "import/translate_pick.h"

#include <string.h>

#define RUNS_MAX 8u // more slices than these cost more than one GATHER

vch_status vch_translate_pick_list(struct vch_translate *at, const struct vch_network_shape *shape,
                                   const int64_t *list, uint32_t *value)
{
    struct vch_network_tensor *tensor = NULL;

    VCH_TRY(vch_translate_grow(at, shape, 0));
    VCH_TRY(vch_network_new_tensor(at->network, VCH_NETWORK_INTEGER, shape, &tensor));
    if (tensor->count > 0) memcpy(tensor->integers, list, tensor->count * sizeof *list);
    return vch_network_add_constant(at->network, at->node.name, tensor, value);
}

void vch_translate_pick_set(const struct vch_network_tensor *tensor, size_t i, double number)
{
    if (tensor->type == VCH_NETWORK_REAL) tensor->reals[i] = (float)number;
    if (tensor->type == VCH_NETWORK_INTEGER) tensor->integers[i] = vch_translate_integer(number);
}

vch_status vch_translate_pick_filled(struct vch_translate *at,
                                     const struct vch_network_shape *shape,
                                     enum vch_network_type type, double fill, uint32_t *value)
{
    struct vch_network_tensor *tensor = NULL;

    VCH_TRY(vch_translate_grow(at, shape, 0));
    VCH_TRY(vch_network_new_tensor(at->network, type, shape, &tensor));
    for (size_t i = 0; i < tensor->count; i++)
        vch_translate_pick_set(tensor, i, fill);
    return vch_network_add_constant(at->network, at->node.name, tensor, value);
}

vch_status vch_translate_pick_slice(struct vch_translate *at, uint32_t x, uint32_t axis,
                                    int64_t begin, size_t count, int64_t step, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_SLICE, at->node.name, &x, 1);
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);

    for (uint32_t i = 0; i < VCH_NETWORK_RANK_MAX; i++)
        layer.step[i] = 1;
    layer.begin[axis] = begin;
    layer.step[axis] = step;
    shape.dims[axis] = (uint32_t)count;
    return vch_translate_emit(at, &layer, &shape, output);
}

static vch_status join_few(struct vch_translate *at, uint32_t *values, size_t count, uint32_t axis,
                           uint32_t *output)
{
    struct vch_layer layer =
        vch_layers_new(VCH_LAYER_CONCAT, at->node.name, values, (uint32_t)count);
    struct vch_network_shape shape = *vch_translate_shape_of(at, values[0]);
    uint64_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += vch_translate_shape_of(at, values[i])->dims[axis];
    if (size > VCH_NETWORK_COUNT_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "axis %u grows to %llu elements", axis,
                                    (unsigned long long)size);
    shape.dims[axis] = (uint32_t)size;
    layer.axis = axis;
    return vch_translate_emit(at, &layer, &shape, output);
}

// As many at a time as one operator takes, until one value is left.
vch_status vch_translate_pick_join(struct vch_translate *at, const uint32_t *values, size_t count,
                                   uint32_t axis, uint32_t *output)
{
    uint32_t *left = VCH_ARENA_NEW(at->network->arena, uint32_t, count);

    if (left == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(left, values, count * sizeof *left);
    while (count > VCH_GRAPH_OPERANDS_MAX) {
        size_t next = 0;
        for (size_t i = 0; i < count; i += VCH_GRAPH_OPERANDS_MAX) {
            size_t part = count - i < VCH_GRAPH_OPERANDS_MAX ? count - i : VCH_GRAPH_OPERANDS_MAX;
            uint32_t joined = VCH_NONE;
            VCH_TRY(join_few(at, left + i, part, axis, &joined));
            left[next++] = joined;
        }
        count = next;
    }
    return join_few(at, left, count, axis, output);
}

// How many indices from `i` on follow each other by one step, which is given as well.
static size_t run_length(const int64_t *indices, size_t i, size_t count, int64_t *step)
{
    size_t length = 1;

    *step = i + 1 < count ? indices[i + 1] - indices[i] : 1;
    if (*step == 0) *step = 1;
    while (i + length < count && indices[i + length] - indices[i + length - 1] == *step)
        length++;
    return length;
}

static size_t count_runs(const int64_t *indices, size_t count)
{
    size_t runs = 0;
    int64_t step = 0;

    for (size_t i = 0; i < count && runs <= RUNS_MAX; runs++)
        i += run_length(indices, i, count, &step);
    return runs;
}

static vch_status pick_runs(struct vch_translate *at, uint32_t x, uint32_t axis,
                            const int64_t *indices, size_t count, uint32_t *output)
{
    uint32_t parts[RUNS_MAX], runs = 0;

    for (size_t i = 0; i < count; runs++) {
        int64_t step = 0;
        size_t length = run_length(indices, i, count, &step);
        parts[runs] = length == count ? *output : VCH_NONE;
        VCH_TRY(vch_translate_pick_slice(at, x, axis, indices[i], length, step, &parts[runs]));
        i += length;
    }
    if (runs > 1) return vch_translate_pick_join(at, parts, runs, axis, output);
    *output = parts[0];
    return VCH_OK;
}

vch_status vch_translate_pick_by(struct vch_translate *at, uint32_t x, uint32_t index,
                                 uint32_t axis, uint32_t *output)
{
    const struct vch_network_shape *from = vch_translate_shape_of(at, x);
    const struct vch_network_shape *picks = vch_translate_shape_of(at, index);
    struct vch_network_shape shape = {.rank = axis};
    struct vch_layer layer =
        vch_layers_new(VCH_LAYER_GATHER, at->node.name, (uint32_t[]){x, index}, 2);

    if (from->rank + picks->rank > VCH_NETWORK_RANK_MAX + 1)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "its result has %u dimensions",
                                    from->rank + picks->rank - 1);
    for (uint32_t i = 0; i < axis; i++)
        shape.dims[i] = from->dims[i];
    for (uint32_t i = 0; i < picks->rank; i++)
        shape.dims[shape.rank++] = picks->dims[i];
    for (uint32_t i = axis + 1; i < from->rank; i++)
        shape.dims[shape.rank++] = from->dims[i];
    layer.axis = axis;
    return vch_translate_emit(at, &layer, &shape, output);
}

vch_status vch_translate_pick(struct vch_translate *at, uint32_t x, uint32_t axis,
                              const int64_t *indices, size_t count, uint32_t *output)
{
    struct vch_network_shape list = {.rank = 1, .dims = {(uint32_t)count}};
    uint32_t index = VCH_NONE;

    if (count == 0) return vch_translate_pick_slice(at, x, axis, 0, 0, 1, output);
    if (count_runs(indices, count) <= RUNS_MAX)
        return pick_runs(at, x, axis, indices, count, output);
    VCH_TRY(vch_translate_pick_list(at, &list, indices, &index));
    return vch_translate_pick_by(at, x, index, axis, output);
}

vch_status vch_translate_pick_flatten(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    size_t count = vch_network_count(vch_translate_shape_of(at, x));
    struct vch_network_shape shape = {.rank = 1, .dims = {(uint32_t)count}};

    return vch_translate_reshape_to(at, x, &shape, output);
}

vch_status vch_translate_pick_flat(struct vch_translate *at, uint32_t x, const int64_t *positions,
                                   const struct vch_network_shape *shape, uint32_t *output)
{
    uint32_t flat = VCH_NONE, picked = VCH_NONE;

    VCH_TRY(vch_translate_pick_flatten(at, x, &flat));
    VCH_TRY(vch_translate_pick(at, flat, 0, positions, vch_network_count(shape), &picked));
    return vch_translate_reshape_to(at, picked, shape, output);
}

vch_status vch_translate_pick_indices(const int64_t **out, const struct vch_translate *at,
                                      const struct vch_network_tensor *tensor, uint32_t size)
{
    int64_t *list = VCH_ARENA_NEW(at->network->arena, int64_t, tensor->count);

    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    if (tensor->type != VCH_NETWORK_INTEGER)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its indices are no integers");
    for (size_t i = 0; i < tensor->count; i++) {
        int64_t index = tensor->integers[i];
        if (index < -(int64_t)size || index >= size)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "index %lld of %u",
                                        (long long)index, size);
        list[i] = index < 0 ? index + size : index;
    }
    *out = list;
    return VCH_OK;
}

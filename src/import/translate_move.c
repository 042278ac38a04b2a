// Operators that only move elements, by what constants and shapes say.
#include <string.h>

#include "import/translate_pick.h"

vch_status vch_translate_tile(struct vch_translate *at)
{
    uint32_t x = 0;
    const int64_t *repeats = NULL;
    size_t count = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_list(&repeats, &count, at, "repeats", 1));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    if (count != shape.rank)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu repeats for %u dimensions", count,
                                    shape.rank);
    for (uint32_t axis = shape.rank; axis-- > 0;) {
        uint32_t joined = VCH_NONE;
        if (repeats[axis] < 1 || repeats[axis] > VCH_GRAPH_LABELS_MAX)
            return vch_translate_refuse(at, VCH_CODE_LIMIT, "%lld repeats along axis %u",
                                        (long long)repeats[axis], axis);
        if (repeats[axis] == 1) continue;
        uint32_t *parts = VCH_ARENA_NEW(at->network->arena, uint32_t, (size_t)repeats[axis]);
        if (parts == NULL) return VCH_FAIL(NO_MEMORY);
        for (size_t i = 0; i < (size_t)repeats[axis]; i++)
            parts[i] = x;
        VCH_TRY(vch_translate_pick_join(at, parts, (size_t)repeats[axis], axis, &joined));
        x = joined;
    }
    return vch_translate_rename(at, 0, x);
}

static vch_status read_block(uint32_t *block, struct vch_network_shape *shape, uint32_t *x,
                             const struct vch_translate *at)
{
    int64_t size = 0;

    VCH_TRY(vch_translate_operand(x, at, 0));
    VCH_TRY(vch_network_integer(&size, &at->node, "blocksize", 0, at->complaint));
    *shape = *vch_translate_shape_of(at, *x);
    if (shape->rank != 4 || size < 1 || size > VCH_GRAPH_KERNEL_DIM_MAX)
        return vch_translate_refuse(
            at, VCH_CODE_MALFORMED,
            "a block size of %lld over %u dimensions; it takes (N, C, H, W)", (long long)size,
            shape->rank);
    *block = (uint32_t)size;
    return VCH_OK;
}

// To six dimensions, which change their order, and back to four.
static vch_status rearrange(struct vch_translate *at, uint32_t x,
                            const struct vch_network_shape *six, const uint32_t *order,
                            const struct vch_network_shape *four)
{
    uint32_t split = VCH_NONE, moved = VCH_NONE, output = at->node.outputs[0];

    VCH_TRY(vch_translate_reshape_to(at, x, six, &split));
    VCH_TRY(vch_translate_transpose_to(at, split, order, &moved));
    return vch_translate_reshape_to(at, moved, four, &output);
}

vch_status vch_translate_depth_to_space(struct vch_translate *at)
{
    static const uint32_t depth_first[] = {0, 3, 4, 1, 5, 2}, depth_last[] = {0, 1, 4, 2, 5, 3};
    struct vch_network_shape from = {0};
    const char *mode = NULL;
    uint32_t x = 0, b = 1;

    VCH_TRY(read_block(&b, &from, &x, at));
    VCH_TRY(vch_network_text(&mode, &at->node, "mode", "DCR", at->complaint));
    uint32_t n = from.dims[0], c = from.dims[1] / (b * b), h = from.dims[2], w = from.dims[3];
    bool is_first = strcmp(mode, "DCR") == 0;
    if (from.dims[1] % (b * b) != 0 || (!is_first && strcmp(mode, "CRD") != 0))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "blocks of %u by %u of %u channels", b,
                                    b, from.dims[1]);
    const struct vch_network_shape first = {6, {n, b, b, c, h, w}}, last = {6, {n, c, b, b, h, w}};
    const struct vch_network_shape to = {4, {n, c, h * b, w * b}};
    return rearrange(at, x, is_first ? &first : &last, is_first ? depth_first : depth_last, &to);
}

vch_status vch_translate_space_to_depth(struct vch_translate *at)
{
    static const uint32_t order[] = {0, 3, 5, 1, 2, 4};
    struct vch_network_shape from = {0};
    uint32_t x = 0, b = 1;

    VCH_TRY(read_block(&b, &from, &x, at));
    uint32_t n = from.dims[0], c = from.dims[1], h = from.dims[2] / b, w = from.dims[3] / b;
    if (from.dims[2] % b != 0 || from.dims[3] % b != 0 || c > VCH_NETWORK_COUNT_MAX / (b * b))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "blocks of %u by %u of %u by %u", b, b,
                                    from.dims[2], from.dims[3]);
    const struct vch_network_shape six = {6, {n, c, h, b, w, b}}, to = {4, {n, c * b * b, h, w}};
    return rearrange(at, x, &six, order, &to);
}

// x, flat, with a 0 at its end that positions can name.
static vch_status with_zero(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    uint32_t flat = VCH_NONE;

    VCH_TRY(vch_translate_pick_flatten(at, x, &flat));
    struct vch_layer layer = vch_layers_new(VCH_LAYER_PAD, at->node.name, &flat, 1);
    struct vch_network_shape shape = *vch_translate_shape_of(at, flat);
    layer.end[0] = 1;
    shape.dims[0]++;
    return vch_translate_emit(at, &layer, &shape, output);
}

vch_status vch_translate_trilu(struct vch_translate *at)
{
    uint32_t x = 0, padded = VCH_NONE, output = at->node.outputs[0];
    double k = 0;
    int64_t upper = 1;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_integer(&upper, &at->node, "upper", 1, at->complaint));
    if (vch_translate_has(at, 1)) VCH_TRY(vch_translate_scalar(&k, at, at->node.inputs[1], "k"));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    if (shape.rank < 2)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its operand is no matrix");
    size_t count = vch_network_count(&shape), columns = shape.dims[shape.rank - 1];
    int64_t *positions = VCH_ARENA_NEW(at->network->arena, int64_t, count);
    if (positions == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        double row = (double)(i / columns % shape.dims[shape.rank - 2]);
        double distance = (double)(i % columns) - row;
        bool is_kept = upper != 0 ? distance >= k : distance <= k;
        positions[i] = (int64_t)(is_kept ? i : count);
    }
    VCH_TRY(with_zero(at, x, &padded));
    return vch_translate_pick_flat(at, padded, positions, &shape, &output);
}

// The first `lengths` elements of each sequence the other way round.
vch_status vch_translate_reverse_sequence(struct vch_translate *at)
{
    uint32_t x = 0, batch = 0, time = 0, output = at->node.outputs[0];
    const int64_t *lengths = NULL;
    size_t length_count = 0, stride_batch = 1, stride_time = 1;
    int64_t batch_axis = 1, time_axis = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_list(&lengths, &length_count, at, "sequence_lens", 1));
    VCH_TRY(vch_network_integer(&batch_axis, &at->node, "batch_axis", 1, at->complaint));
    VCH_TRY(vch_network_integer(&time_axis, &at->node, "time_axis", 0, at->complaint));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    VCH_TRY(vch_translate_axis(&batch, at, batch_axis, shape.rank));
    VCH_TRY(vch_translate_axis(&time, at, time_axis, shape.rank));
    size_t count = vch_network_count(&shape);
    int64_t *positions = VCH_ARENA_NEW(at->network->arena, int64_t, count);
    if (positions == NULL) return VCH_FAIL(NO_MEMORY);
    if (batch == time || length_count != shape.dims[batch])
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu lengths for %u sequences",
                                    length_count, shape.dims[batch]);
    for (uint32_t i = shape.rank; i-- > 0;) {
        if (i > batch) stride_batch *= shape.dims[i];
        if (i > time) stride_time *= shape.dims[i];
    }
    for (size_t i = 0; i < count; i++) {
        int64_t length = lengths[i / stride_batch % shape.dims[batch]];
        int64_t t = (int64_t)(i / stride_time % shape.dims[time]);
        if (length < 0 || length > shape.dims[time])
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "a length of %lld of %u",
                                        (long long)length, shape.dims[time]);
        int64_t from = t < length ? length - 1 - t : t;
        positions[i] = (int64_t)i + (from - t) * (int64_t)stride_time;
    }
    return vch_translate_pick_flat(at, x, positions, &shape, &output);
}

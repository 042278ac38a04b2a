// Operators that put a tensor into a larger or smaller frame.
#include <string.h>

#include "import/translate_pick.h"

struct frame { // elements before and after each axis; fewer than 0 cuts off
    int64_t begin[VCH_NETWORK_RANK_MAX], end[VCH_NETWORK_RANK_MAX];
};

static vch_status read_axes(uint32_t *axes, size_t *count, const struct vch_translate *at,
                            uint32_t operand, uint32_t rank)
{
    const int64_t *list = NULL;
    uint32_t seen = 0;

    VCH_TRY(vch_translate_list(&list, count, at, "axes", operand));
    if (list == NULL) *count = rank;
    if (*count > rank)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu axes of %u", *count, rank);
    for (uint32_t i = 0; i < *count; i++) {
        axes[i] = i;
        if (list != NULL) VCH_TRY(vch_translate_axis(&axes[i], at, list[i], rank));
        if ((seen >> axes[i] & 1) != 0)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "axis %u comes twice", axes[i]);
        seen |= 1u << axes[i];
    }
    return VCH_OK;
}

static vch_status read_frame(struct frame *frame, const struct vch_translate *at,
                             const struct vch_network_shape *shape)
{
    uint32_t axes[VCH_NETWORK_RANK_MAX] = {0};
    const int64_t *pads = NULL;
    size_t count = 0, axis_count = 0;

    VCH_TRY(vch_translate_list(&pads, &count, at, "pads", 1));
    VCH_TRY(read_axes(axes, &axis_count, at, 3, shape->rank));
    if (pads == NULL || count != 2 * axis_count)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu pads for %zu dimensions", count,
                                    axis_count);
    for (size_t i = 0; i < axis_count; i++) {
        int64_t begin = pads[i], end = pads[axis_count + i], size = shape->dims[axes[i]];
        if (begin > INT16_MAX || end > INT16_MAX || begin < -size || end < -size ||
            size + begin + end < 1)
            return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "pads of %lld and %lld",
                                        (long long)begin, (long long)end);
        frame->begin[axes[i]] = begin;
        frame->end[axes[i]] = end;
    }
    return VCH_OK;
}

// Cuts what the frame takes away.
static vch_status crop(struct vch_translate *at, uint32_t x, const struct frame *frame,
                       uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_SLICE, at->node.name, &x, 1);
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);

    for (uint32_t i = 0; i < shape.rank; i++) {
        int64_t begin = frame->begin[i] < 0 ? -frame->begin[i] : 0;
        int64_t end = frame->end[i] < 0 ? -frame->end[i] : 0;
        layer.begin[i] = begin;
        layer.step[i] = 1;
        shape.dims[i] -= (uint32_t)(begin + end);
    }
    return vch_translate_emit(at, &layer, &shape, output);
}

static vch_status fill_around(struct vch_translate *at, uint32_t x, const struct frame *frame,
                              double fill)
{
    uint32_t cut = VCH_NONE;

    VCH_TRY(crop(at, x, frame, &cut));
    struct vch_layer layer = vch_layers_new(VCH_LAYER_PAD, at->node.name, &cut, 1);
    struct vch_network_shape shape = *vch_translate_shape_of(at, cut);
    layer.fill = fill;
    for (uint32_t i = 0; i < shape.rank; i++) {
        layer.begin[i] = frame->begin[i] > 0 ? frame->begin[i] : 0;
        layer.end[i] = frame->end[i] > 0 ? frame->end[i] : 0;
        shape.dims[i] += (uint32_t)(layer.begin[i] + layer.end[i]);
    }
    return vch_translate_finish(at, &layer, &shape);
}

static int64_t modulo(int64_t i, int64_t period)
{
    return (i % period + period) % period;
}

static int64_t edge(int64_t i, int64_t size)
{
    return i < 0 ? 0 : i < size ? i : size - 1;
}

static int64_t reflect(int64_t i, int64_t size)
{
    if (size == 1) return 0;
    int64_t place = modulo(i, 2 * (size - 1));
    return place < size ? place : 2 * (size - 1) - place;
}

// Elements of the tensor itself around it, one axis after another.
static vch_status repeat_around(struct vch_translate *at, uint32_t x, const struct frame *frame,
                                int64_t (*place)(int64_t i, int64_t size))
{
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);

    for (uint32_t axis = 0; axis < shape.rank; axis++) {
        int64_t size = shape.dims[axis], count = size + frame->begin[axis] + frame->end[axis];
        uint32_t next = VCH_NONE;
        if (frame->begin[axis] == 0 && frame->end[axis] == 0) continue;
        int64_t *indices = VCH_ARENA_NEW(at->network->arena, int64_t, (size_t)count);
        if (indices == NULL) return VCH_FAIL(NO_MEMORY);
        for (int64_t i = 0; i < count; i++)
            indices[i] = place(i - frame->begin[axis], size);
        VCH_TRY(vch_translate_pick(at, x, axis, indices, (size_t)count, &next));
        x = next;
    }
    return vch_translate_rename(at, 0, x);
}

vch_status vch_translate_pad(struct vch_translate *at)
{
    uint32_t x = 0;
    const char *mode = NULL;
    float value = 0;
    struct frame frame = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_text(&mode, &at->node, "mode", "constant", at->complaint));
    VCH_TRY(vch_network_real(&value, &at->node, "value", 0, at->complaint));
    VCH_TRY(read_frame(&frame, at, vch_translate_shape_of(at, x)));
    if (strcmp(mode, "edge") == 0) return repeat_around(at, x, &frame, edge);
    if (strcmp(mode, "reflect") == 0) return repeat_around(at, x, &frame, reflect);
    if (strcmp(mode, "wrap") == 0) return repeat_around(at, x, &frame, modulo);
    if (strcmp(mode, "constant") != 0)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "mode '%.20s'; constant, edge, reflect and wrap are supported",
                                    mode);
    double fill = (double)value;
    if (vch_translate_has(at, 2))
        VCH_TRY(vch_translate_scalar(&fill, at, at->node.inputs[2], "constant_value"));
    return fill_around(at, x, &frame, fill);
}

// Half of what is too much on either side, the odd one at the end.
vch_status vch_translate_center_crop_pad(struct vch_translate *at)
{
    uint32_t x = 0, axes[VCH_NETWORK_RANK_MAX] = {0};
    const int64_t *sizes = NULL;
    size_t count = 0, axis_count = 0;
    struct frame frame = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_list(&sizes, &count, at, "shape", 1));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    VCH_TRY(read_axes(axes, &axis_count, at, VCH_NONE, shape.rank));
    if (sizes == NULL || count != axis_count)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu sizes for %zu axes", count,
                                    axis_count);
    for (size_t i = 0; i < count; i++) {
        int64_t size = shape.dims[axes[i]];
        if (sizes[i] < 1 || sizes[i] > size + INT16_MAX)
            return vch_translate_refuse(at, VCH_CODE_LIMIT, "%lld elements from %lld",
                                        (long long)sizes[i], (long long)size);
        int64_t more = sizes[i] - size;
        frame.begin[axes[i]] = more >= 0 ? more / 2 : -(-more / 2);
        frame.end[axes[i]] = more - frame.begin[axes[i]];
    }
    return fill_around(at, x, &frame, 0);
}

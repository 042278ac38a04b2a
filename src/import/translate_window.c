#include "import/translate_window.h"

#include <string.h>

#define WINDOW_MAX 1024 // kernels and strides; dilation and pads likewise

vch_status vch_translate_window_image(struct vch_translate *at, uint32_t *value,
                                      struct vch_network_shape *shape)
{
    uint32_t x = 0, image = VCH_NONE;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    *shape = *vch_translate_shape_of(at, x);
    if ((shape->rank != 3 && shape->rank != 4) || shape->dims[0] != 1)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "its operand must be (1, C, L) or (1, C, H, W)");
    *value = x;
    if (shape->rank == 4) return VCH_OK;
    shape->rank = 4;
    shape->dims[3] = shape->dims[2];
    shape->dims[2] = 1;
    VCH_TRY(vch_translate_reshape_to(at, x, shape, &image));
    *value = image;
    return VCH_OK;
}

static bool is_flat(const struct vch_translate *at)
{
    return vch_translate_shape_of(at, at->node.inputs[0])->rank == 3;
}

// A list for one or two dimensions; absent: `otherwise`.
static vch_status read_pair(uint32_t *out, const struct vch_translate *at, const char *name,
                            uint32_t otherwise, uint32_t lo)
{
    const int64_t *list = NULL;
    size_t count = 0, dims = is_flat(at) ? 1 : 2;

    VCH_TRY(vch_network_integers(&list, &count, &at->node, name, at->complaint));
    if (list != NULL && count != dims)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "%s has %zu numbers, not %zu", name,
                                    count, dims);
    out[0] = out[1] = otherwise;
    if (dims == 1) out[0] = 1;
    for (size_t i = 0; list != NULL && i < dims; i++) {
        if (list[i] < lo || list[i] > WINDOW_MAX)
            return vch_translate_refuse(at, VCH_CODE_LIMIT, "%s holds %lld; %u to %d is supported",
                                        name, (long long)list[i], lo, WINDOW_MAX);
        out[2 - dims + i] = (uint32_t)list[i];
    }
    return VCH_OK;
}

static vch_status read_pads(struct vch_window *window, const struct vch_translate *at)
{
    const int64_t *list = NULL;
    size_t count = 0, dims = is_flat(at) ? 1 : 2;

    VCH_TRY(vch_network_integers(&list, &count, &at->node, "pads", at->complaint));
    if (list != NULL && count != 2 * dims)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu pads for %zu dimensions", count,
                                    dims);
    for (size_t i = 0; list != NULL && i < dims; i++) {
        if (list[i] < 0 || list[i] > WINDOW_MAX || list[dims + i] < 0 ||
            list[dims + i] > WINDOW_MAX)
            return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "pads of %lld and %lld",
                                        (long long)list[i], (long long)list[dims + i]);
        window->pad_begin[2 - dims + i] = (uint32_t)list[i];
        window->pad_end[2 - dims + i] = (uint32_t)list[dims + i];
    }
    return VCH_OK;
}

// SAME: as many windows as strides fit, the padding shared out, the odd one at the end (UPPER).
static void same_pads(struct vch_window *window, const uint32_t *size, bool is_upper)
{
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t count = (size[i] + window->stride[i] - 1) / window->stride[i];
        uint64_t reach = (uint64_t)(window->kernel[i] - 1) * window->dilation[i] + 1;
        uint64_t need = (count - 1) * window->stride[i] + reach;
        uint32_t pad = need > size[i] ? (uint32_t)(need - size[i]) : 0;
        window->pad_begin[i] = is_upper ? pad / 2 : pad - pad / 2;
        window->pad_end[i] = pad - window->pad_begin[i];
    }
}

static vch_status decide_pads(struct vch_window *window, const struct vch_translate *at,
                              const uint32_t *size)
{
    const char *mode = NULL;

    VCH_TRY(vch_network_text(&mode, &at->node, "auto_pad", "NOTSET", at->complaint));
    if (strcmp(mode, "NOTSET") == 0 || mode[0] == '\0') return read_pads(window, at);
    if (strcmp(mode, "VALID") == 0) return VCH_OK;
    if (strcmp(mode, "SAME_UPPER") != 0 && strcmp(mode, "SAME_LOWER") != 0)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "auto_pad '%.20s'", mode);
    same_pads(window, size, strcmp(mode, "SAME_UPPER") == 0);
    return VCH_OK;
}

// With ceil_mode a last window may hang over the end, by padding that it brings along.
static vch_status count_windows(struct vch_window *window, uint32_t *size, uint32_t i, bool is_ceil,
                                const struct vch_translate *at)
{
    uint64_t padded = (uint64_t)size[i] + window->pad_begin[i] + window->pad_end[i];
    uint64_t reach = (uint64_t)(window->kernel[i] - 1) * window->dilation[i] + 1;

    if (padded < reach)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "a window of %llu over %llu elements",
                                    (unsigned long long)reach, (unsigned long long)padded);
    uint64_t count = (padded - reach) / window->stride[i] + 1;
    if (is_ceil && (padded - reach) % window->stride[i] != 0 &&
        count * window->stride[i] < (uint64_t)size[i] + window->pad_begin[i]) {
        if (window->count_includes_pad)
            return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                        "ceil_mode together with count_include_pad");
        window->pad_end[i] += (uint32_t)(count * window->stride[i] + reach - padded);
        count++;
    }
    size[i] = (uint32_t)count;
    return VCH_OK;
}

vch_status vch_translate_window(struct vch_window *window, struct vch_network_shape *shape,
                                struct vch_translate *at, const uint32_t *kernel)
{
    int64_t is_ceil = 0, counts_pad = 0;

    VCH_TRY(read_pair(window->kernel, at, "kernel_shape", 0, 1));
    VCH_TRY(read_pair(window->stride, at, "strides", 1, 1));
    VCH_TRY(read_pair(window->dilation, at, "dilations", 1, 1));
    VCH_TRY(vch_network_integer(&is_ceil, &at->node, "ceil_mode", 0, at->complaint));
    VCH_TRY(vch_network_integer(&counts_pad, &at->node, "count_include_pad", 0, at->complaint));
    window->groups = 1;
    window->count_includes_pad = counts_pad != 0;
    for (uint32_t i = 0; i < 2; i++) {
        if (kernel != NULL && window->kernel[1] == 0) window->kernel[i] = 0;
        if (kernel != NULL && vch_network_find(&at->node, "kernel_shape") == NULL)
            window->kernel[i] = kernel[i];
        if (window->kernel[i] == 0 || window->kernel[i] > WINDOW_MAX ||
            (kernel != NULL && window->kernel[i] != kernel[i]))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                        "its kernel_shape is missing, too large, or differs from "
                                        "its weights");
    }
    VCH_TRY(decide_pads(window, at, &shape->dims[2]));
    for (uint32_t i = 0; i < 2; i++)
        VCH_TRY(count_windows(window, &shape->dims[2], i, is_ceil != 0, at));
    return VCH_OK;
}

vch_status vch_translate_window_finish(struct vch_translate *at, struct vch_layer *layer,
                                       const struct vch_network_shape *shape)
{
    uint32_t image = VCH_NONE, output = at->node.outputs[0];
    struct vch_network_shape flat = {.rank = 3, .dims = {1, shape->dims[1], shape->dims[3]}};

    if (!is_flat(at)) return vch_translate_finish(at, layer, shape);
    VCH_TRY(vch_translate_emit(at, layer, shape, &image));
    return vch_translate_reshape_to(at, image, &flat, &output);
}

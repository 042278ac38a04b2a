// Pools.
#include <string.h>

#include "import/translate_window.h"

vch_status vch_translate_pool(struct vch_translate *at)
{
    bool is_max = strcmp(at->node.operator_, "MaxPool") == 0;
    uint32_t x = 0;
    struct vch_layer layer =
        vch_layers_new(is_max ? VCH_LAYER_MAX_POOL : VCH_LAYER_AVERAGE_POOL, at->node.name, &x, 1);
    struct vch_network_shape shape = {0};

    if (at->node.output_count > 1 && at->node.outputs[1] != VCH_NONE)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its indices cannot be computed");
    VCH_TRY(vch_translate_window_image(at, &x, &shape));
    VCH_TRY(vch_translate_window(&layer.window, &shape, at, NULL));
    for (uint32_t i = 0; i < 2; i++) {
        const struct vch_window *window = &layer.window;
        bool is_padded = window->pad_begin[i] > 0 || window->pad_end[i] > 0;
        if (window->pad_begin[i] >= window->kernel[i] || window->pad_end[i] >= window->kernel[i] ||
            (is_padded && window->dilation[i] > 1))
            return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                        "pads as large as the kernel, or pads with dilation");
    }
    return vch_translate_window_finish(at, &layer, &shape);
}

vch_status vch_translate_global_pool(struct vch_translate *at)
{
    bool is_max = strcmp(at->node.operator_, "GlobalMaxPool") == 0;
    uint32_t x = 0;
    struct vch_layer layer =
        vch_layers_new(is_max ? VCH_LAYER_MAX_POOL : VCH_LAYER_AVERAGE_POOL, at->node.name, &x, 1);
    struct vch_network_shape shape = {0};

    VCH_TRY(vch_translate_window_image(at, &x, &shape));
    if (shape.dims[2] > VCH_GRAPH_KERNEL_DIM_MAX || shape.dims[3] > VCH_GRAPH_KERNEL_DIM_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "a picture of %u by %u; at most %u",
                                    shape.dims[2], shape.dims[3], VCH_GRAPH_KERNEL_DIM_MAX);
    layer.window = (struct vch_window){
        .kernel = {shape.dims[2], shape.dims[3]},
        .stride = {1, 1},
        .dilation = {1, 1},
        .groups = 1,
    };
    shape.dims[2] = shape.dims[3] = 1;
    return vch_translate_window_finish(at, &layer, &shape);
}

// Constants as good as infinite: masks of attention, mostly, as their exporters write them.
#include <math.h>

#include "import/translate.h"

#define AS_GOOD_AS_INFINITE 1e30 // numbers beyond which calibration refuses a model anyway

double vch_translate_tame(double x)
{
    if (x >= AS_GOOD_AS_INFINITE) return VCH_TRANSLATE_INFINITE;
    return x <= -AS_GOOD_AS_INFINITE ? -VCH_TRANSLATE_INFINITE : x;
}

static bool is_wild(const struct vch_network_tensor *tensor)
{
    if (tensor == NULL || tensor->type != VCH_NETWORK_REAL) return false;
    for (size_t i = 0; i < tensor->count; i++)
        if (fabsf(tensor->reals[i]) >= (float)AS_GOOD_AS_INFINITE) return true;
    return false;
}

bool vch_translate_is_mask(const struct vch_translate *at, uint32_t value,
                           const struct vch_network_shape *shape)
{
    const struct vch_network_shape *own = vch_translate_shape_of(at, value);
    uint32_t wide = 0;

    for (uint32_t i = 0; i < own->rank; i++)
        wide += own->dims[i] > 1;
    return wide > 1 && vch_network_count(own) < vch_network_count(shape);
}

vch_status vch_translate_tame_operands(struct vch_translate *at, struct vch_layer *layer)
{
    if (layer->kind == VCH_LAYER_PAD) layer->fill = vch_translate_tame(layer->fill);
    if (layer->kind != VCH_LAYER_ADD && layer->kind != VCH_LAYER_MULTIPLY &&
        layer->kind != VCH_LAYER_CONCAT)
        return VCH_OK;
    for (uint32_t i = 0; i < layer->input_count; i++) {
        const struct vch_network_tensor *from = at->network->values[layer->inputs[i]].constant;
        struct vch_network_tensor *tamed = NULL;
        if (!is_wild(from)) continue;
        VCH_TRY(vch_network_new_tensor(at->network, VCH_NETWORK_REAL, &from->shape, &tamed));
        for (size_t k = 0; k < from->count; k++)
            tamed->reals[k] = (float)vch_translate_tame((double)from->reals[k]);
        VCH_TRY(vch_network_add_constant(at->network, at->node.name, tamed, &layer->inputs[i]));
    }
    return VCH_OK;
}

// Whole numbers, and real ones that are compared: their scales are not a matter of precision.
#include <math.h>

#include "import/calibrate.h"
#include "import/integers.h"
#include "import/keys.h"

// Whole numbers keep their value; the type holds whatever they can become.
static vch_status choose_exact(struct vch_calibrate_value *value, const char *name,
                               struct vch_integers_range range, struct vch_complaint *complaint)
{
    bool is_byte = range.lo >= -127 && range.hi <= 127;

    if (value->largest > 0x1p31)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "on a calibration sample the whole numbers of '%.200s' reach %.0f; "
                            "they are computed with in int32",
                            name, value->largest);
    value->scale = 1;
    value->scale_narrow = value->scale_wide = 0; // there is no choice
    value->type = is_byte                                   ? VCH_TYPE_I8
                  : range.lo >= -32767 && range.hi <= 32767 ? VCH_TYPE_I16
                                                            : VCH_TYPE_I32;
    return VCH_OK;
}

static vch_status choose_integers(struct vch_calibration *at, const struct vch_layers *layers,
                                  struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_network *network = layers->network;
    struct vch_integers_range *ranges = NULL;
    double *largest = VCH_ARENA_NEW(arena, double, network->value_count);

    if (largest == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < network->value_count; i++)
        largest[i] = at->values[i].largest;
    VCH_TRY(vch_integers_ranges(&ranges, layers, largest, arena));
    for (uint32_t i = 0; i < network->value_count; i++) {
        const struct vch_network_value *value = &network->values[i];
        if (value->type == VCH_NETWORK_INTEGER && at->values[i].scale > 0) // it was measured
            VCH_TRY(choose_exact(&at->values[i], value->name, ranges[i], complaint));
    }
    return VCH_OK;
}

// Numbers that are compared are counted in the same steps.
static void tie_compared(struct vch_calibration *at, const struct vch_layers *layers)
{
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        if (layer->kind != VCH_LAYER_COMPARE) continue;
        struct vch_calibrate_value *a = &at->values[layer->inputs[0]];
        struct vch_calibrate_value *b = &at->values[layer->inputs[1]];
        if (a->scale == 0 || b->scale == 0 || a->type != b->type) continue; // a constant
        a->scale = b->scale = fmax(a->scale, b->scale);
        a->scale_narrow = b->scale_narrow = 0;
    }
}

// Keys are whole numbers of 32 bits.
static vch_status choose_keys(struct vch_calibration *at, const struct vch_layers *layers,
                              struct vch_arena *arena)
{
    bool *is_key = NULL;

    VCH_TRY(vch_keys_find(&is_key, layers, arena));
    for (uint32_t i = 0; i < layers->network->value_count; i++) {
        struct vch_calibrate_value *value = &at->values[i];
        if (!is_key[i]) continue;
        value->is_key = true;
        value->type = VCH_TYPE_I32;
        value->scale = 1;
        value->scale_narrow = value->scale_wide = 0; // there is no choice
    }
    return VCH_OK;
}

vch_status vch_calibrate_exact(struct vch_calibration *at, const struct vch_layers *layers,
                               struct vch_arena *arena, struct vch_complaint *complaint)
{
    VCH_TRY(choose_integers(at, layers, arena, complaint));
    VCH_TRY(choose_keys(at, layers, arena));
    tie_compared(at, layers);
    return VCH_OK;
}

#include "import/calibrate_tie.h"

#include <math.h>

struct tie {
    double range; // largest number that is not cut off
    enum vch_type type;
};

static double most_of(enum vch_type type)
{
    return (double)vch_tensor_type_max(type);
}

vch_status vch_calibrate_tie_values(struct vch_calibrate_value *values,
                                    const struct vch_layers *layers, struct vch_arena *scratch)
{
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct tie *ties = VCH_ARENA_NEW(scratch, struct tie, (size_t)layers->tie_count + 1);

    if (ties == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_calibrate_value *value = &values[layers->layers[i].output];
        struct tie *tie = &ties[layers->layers[i].tie];
        if (value->largest > 0) tie->range = fmax(tie->range, value->scale * most_of(value->type));
        if (value->type > tie->type) tie->type = value->type;
    }
    for (uint32_t i = 0; i < layers->count; i++) {
        struct vch_calibrate_value *value = &values[layers->layers[i].output];
        const struct tie *tie = &ties[layers->layers[i].tie];
        if (layers->layers[i].tie == 0 || tie->range == 0) continue;
        value->type = tie->type;
        value->scale = tie->range / most_of(tie->type);
    }
    vch_arena_rewind(scratch, mark);
    return VCH_OK;
}

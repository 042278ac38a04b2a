// Real functions as tables.
#include <math.h>

#include "import/function.h"
#include "import/lower.h"

#define EXPONENTIAL_ONE 0x1p30 // what e^0 is in a softmax's table

// To the nearest integer, halves up; what is no number counts as zero.
static int32_t entry_of(double real, double scale, const struct vch_scaling *clamp)
{
    double whole = floor(real / scale + 0.5);

    if (isnan(whole)) whole = 0;
    if (whole <= (double)clamp->lo) return (int32_t)clamp->lo;
    if (whole >= (double)clamp->hi) return (int32_t)clamp->hi;
    return (int32_t)whole;
}

static int32_t table_half(enum vch_type type)
{
    return type == VCH_TYPE_I8 ? 128 : 32768;
}

vch_status vch_lower_function(struct vch_lower *at)
{
    const struct vch_layer *layer = at->layer;
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_TABLE};
    struct vch_lower_value x = {0};
    struct vch_scaling clamp = {0};
    int32_t *entries = NULL;

    VCH_TRY(vch_lower_operand(at, 0, &x));
    struct vch_value from = at->graph->values[x.value];
    int32_t half = table_half(from.type);
    VCH_TRY(vch_lower_new_table(at, from.type, wanted->type, &entries, &operator_.table));
    vch_lower_clamp(&clamp, layer, wanted->type, wanted->scale);
    for (int32_t i = -half; i < half; i++) {
        double y = vch_function_of(layer->function, layer->alpha, layer->beta, x.scale * i);
        entries[i + half] = entry_of(y, wanted->scale, &clamp);
    }
    VCH_TRY(vch_lower_append(at, &operator_, &x.value, 1, wanted->type, &from.shape));
    vch_lower_done(at, operator_.output, wanted->scale);
    return VCH_OK;
}

// The engine divides by the sum itself; the table is e^x of what is not positive.
vch_status vch_lower_softmax(struct vch_lower *at)
{
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_SOFTMAX};
    enum vch_type type = vch_lower_wanted(at)->type;
    struct vch_lower_value x = {0};
    int32_t *entries = NULL;

    VCH_TRY(vch_lower_operand(at, 0, &x));
    struct vch_value from = at->graph->values[x.value];
    int32_t half = table_half(from.type);
    VCH_TRY(vch_lower_new_table(at, from.type, VCH_TYPE_I32, &entries, &operator_.table));
    for (int32_t i = -half; i <= 0; i++)
        entries[i + half] = (int32_t)floor(exp(x.scale * i) * EXPONENTIAL_ONE + 0.5);
    VCH_TRY(vch_lower_append(at, &operator_, &x.value, 1, type, &from.shape));
    vch_lower_done(at, operator_.output, 1.0 / (double)vch_tensor_type_max(type));
    return VCH_OK;
}

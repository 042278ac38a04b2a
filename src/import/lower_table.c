// Real functions as tables.
#include <math.h>

#include "import/composite.h"
#include "import/lower_share.h"

// To the nearest integer, halves up.
static int32_t entry_of(double real, double scale, const struct vch_scaling *clamp)
{
    double whole = floor(real / scale + 0.5);

    if (whole <= (double)clamp->lo) return (int32_t)clamp->lo;
    if (whole >= (double)clamp->hi) return (int32_t)clamp->hi;
    return (int32_t)whole;
}

int32_t vch_lower_table_half(enum vch_type type)
{
    return type == VCH_TYPE_I8 ? 128 : 32768;
}

// Where a function is no number, its table goes on as at the nearest number: a root of -0.001 is
// the root of 0, an arcsine of 1.001 that of 1.
static void fill_gaps(int32_t *entries, const bool *is_gap, int32_t count)
{
    int32_t before = -1;

    for (int32_t i = 0; i < count; i++) {
        if (!is_gap[i]) before = i;
        if (!is_gap[i]) continue;
        int32_t after = i;
        while (after < count && is_gap[after])
            after++;
        if (before < 0 && after == count) return; // no number anywhere: zeros
        for (int32_t k = i; k < after; k++) {
            bool is_left = before >= 0 && (after == count || k - before <= after - k);
            entries[k] = entries[is_left ? before : after];
        }
        i = after - 1;
    }
}

// Where a function jumps, nearest to x; NAN where it does not.
static double jump_near(const struct vch_layer *layer, double x)
{
    switch ((int)layer->function) {
    case VCH_LAYER_TRUNCATE:
    case VCH_LAYER_FLOOR:
    case VCH_LAYER_CEIL: return rint(x);
    case VCH_LAYER_ROUND: return floor(x) + 0.5;
    case VCH_LAYER_THRESHOLDED_RELU: return layer->alpha;
    case VCH_LAYER_SHRINK: return copysign(layer->alpha, x);
    default: return NAN;
    }
}

// What i stands for. A jump within half a step is more likely meant than its neighbours: such
// numbers were chosen by people.
static double argument(const struct vch_layer *layer, double scale, int32_t i)
{
    double x = scale * i, jump = layer->composite == NULL ? jump_near(layer, x) : NAN;

    return fabs(x - jump) <= scale / 2 ? jump : x;
}

static vch_status make_table(struct vch_lower *at, struct vch_operator *operator_,
                             enum vch_type type, double scale)
{
    const struct vch_layer *layer = at->layer;
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    struct vch_arena_mark mark;
    struct vch_scaling clamp = {0};
    int32_t *entries = NULL, half = vch_lower_table_half(type);

    VCH_TRY(vch_lower_new_table(at, type, wanted->type, &entries, &operator_->table));
    mark = vch_arena_mark(at->arena);
    bool *is_gap = VCH_ARENA_NEW(at->arena, bool, 2 * (size_t)half);
    if (is_gap == NULL) return VCH_FAIL(NO_MEMORY);
    vch_lower_clamp(&clamp, layer, wanted->type, wanted->scale);
    for (int32_t i = -half; i < half; i++) {
        double y = vch_composite_layer(layer, argument(layer, scale, i));
        is_gap[i + half] = isnan(y);
        if (!isnan(y)) entries[i + half] = entry_of(y, wanted->scale, &clamp);
    }
    fill_gaps(entries, is_gap, 2 * half);
    vch_arena_rewind(at->arena, mark);
    return vch_lower_share_keep_table(at, operator_, type, scale, wanted->type, wanted->scale);
}

vch_status vch_lower_function(struct vch_lower *at)
{
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_TABLE};
    struct vch_lower_value x = {0};

    VCH_TRY(vch_lower_narrow(at, 0, &x));
    struct vch_value from = at->graph->values[x.value];
    if (!vch_lower_share_find_table(&operator_, at, from.type, x.scale, wanted->type,
                                    wanted->scale))
        VCH_TRY(make_table(at, &operator_, from.type, x.scale));
    VCH_TRY(vch_lower_append(at, &operator_, &x.value, 1, wanted->type, &from.shape));
    vch_lower_done(at, operator_.output, wanted->scale);
    return VCH_OK;
}

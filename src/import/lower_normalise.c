// Norms: the root as precise as 61 bits allow, epsilon and factor to match.
#include <math.h>

#include "import/lower.h"

#define SUM_BITS 61     // of radicand and dividend, see model/bound.h
#define COARSER_MAX 64u // halvings of the operand's precision to make room for a large epsilon

// Epsilon and factor for the largest shift under which everything fits; false where none does.
static bool plan(struct vch_norm *norm, double size, double most, double epsilon, double unit,
                 double scale_out)
{
    double sum = size * most, square = epsilon * size * size / (unit * unit);

    for (uint32_t shift = VCH_GRAPH_ROOT_SHIFT_MAX + 1; shift-- > 0;) {
        double add = floor(ldexp(square, 2 * (int)shift) + 0.5);
        double factor = floor(ldexp(1 / scale_out, (int)shift) + 0.5);
        if (add < 1) add = 1;
        if (ldexp(sum * sum, 2 * (int)shift) + add >= ldexp(1, SUM_BITS) || factor < 1 ||
            4 * sum * factor + 0x1p31 >= ldexp(1, SUM_BITS))
            continue;
        norm->root_shift = shift;
        norm->epsilon = (uint64_t)add;
        norm->factor = (uint64_t)factor;
        return true;
    }
    return false;
}

// A long row is int8, and beside a large epsilon the operand need not be precise.
static vch_status make_room(struct vch_lower *at, struct vch_norm *norm, struct vch_lower_value *x,
                            double size, double scale_out)
{
    enum vch_type type = at->graph->values[x->value].type;

    for (uint32_t halvings = 0; halvings < COARSER_MAX; halvings++) {
        enum vch_type to = halvings < 8 ? type : VCH_TYPE_I8;
        double most = (double)vch_tensor_type_max(to), unit = ldexp(x->scale, (int)halvings);
        if (to != type) unit *= ldexp(1, -8) * (double)vch_tensor_type_max(type) / most;
        if (!plan(norm, size, most, at->layer->alpha, unit, scale_out)) continue;
        if (halvings == 0) return VCH_OK;
        VCH_TRY(vch_lower_rescale(at, x->value, x->scale / unit, to, NULL, &x->value));
        x->scale = unit;
        return VCH_OK;
    }
    return vch_lower_refuse(at, VCH_CODE_LIMIT,
                            "rows of %.0f elements at scales of %g and %g cannot be normalised in "
                            "62 bits",
                            size, x->scale, scale_out);
}

vch_status vch_lower_normalise(struct vch_lower *at)
{
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    struct vch_operator operator_ = {
        .kind = VCH_OPERATOR_NORMALISE,
        .norm = {.is_centred = at->layer->is_centred},
        .table = VCH_NONE,
    };
    struct vch_lower_value x = {0};

    VCH_TRY(vch_lower_narrow(at, 0, &x));
    struct vch_shape shape = at->graph->values[x.value].shape;
    double size = shape.dims[shape.rank - 1];
    VCH_TRY(make_room(at, &operator_.norm, &x, size, wanted->scale));
    VCH_TRY(vch_lower_append(at, &operator_, &x.value, 1, wanted->type, &shape));
    const struct vch_norm *norm = &operator_.norm;
    vch_lower_done(at, operator_.output, ldexp(1, (int)norm->root_shift) / (double)norm->factor);
    return VCH_OK;
}

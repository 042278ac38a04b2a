// Norms over rows: layer, instance, group, RMS, mean-variance and Lp normalisation.
//
// Whatever axes a norm goes over become one row, a NORMALISE layer does the rest; scales and
// offsets after it end up in weights that follow, where there are any.
#include <math.h>
#include <string.h>

#include "import/translate_build.h"

static vch_status normalise_marked(struct vch_translate *at, uint32_t x, const bool *marks,
                                   bool is_centred, double epsilon, uint32_t *output)
{
    struct vch_translate_build_rows rows;
    uint32_t flat = VCH_NONE, done = VCH_NONE;

    VCH_TRY(vch_translate_build_rows(&rows, at, x, marks, &flat));
    VCH_TRY(vch_translate_build_normalise(at, flat, is_centred, epsilon, &done));
    return vch_translate_build_unrows(&rows, at, done, output);
}

// Operand `scale` times x plus operand `offset`; either may be absent.
static vch_status scale_and_offset(struct vch_translate *at, uint32_t x, uint32_t scale,
                                   uint32_t offset)
{
    uint32_t output = at->node.outputs[0], scaled = VCH_NONE;
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    struct vch_network_shape wide = {0};

    for (uint32_t i = scale; i <= offset; i += offset - scale) {
        if (!vch_translate_has(at, i)) continue;
        VCH_TRY(vch_translate_broadcast(&wide, at, &shape,
                                        vch_translate_shape_of(at, at->node.inputs[i])));
        if (!vch_network_same_shape(&wide, &shape))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                        "operand %u does not broadcast to what is normalised", i);
    }
    if (!vch_translate_has(at, scale) && !vch_translate_has(at, offset))
        return vch_translate_reshape_to(at, x, &shape, &output);
    if (!vch_translate_has(at, offset))
        return vch_translate_build_product(at, x, at->node.inputs[scale], &output);
    if (vch_translate_has(at, scale))
        VCH_TRY(vch_translate_build_product(at, x, at->node.inputs[scale], &scaled));
    return vch_translate_build_sum(at, scaled == VCH_NONE ? x : scaled, at->node.inputs[offset], 1,
                                   &output);
}

static vch_status read_norm(struct vch_translate *at, uint32_t *x, double *epsilon, bool *marks)
{
    float small = 0;
    int64_t wanted = -1;
    uint32_t axis = 0;

    VCH_TRY(vch_translate_operand(x, at, 0));
    VCH_TRY(vch_network_real(&small, &at->node, "epsilon", 1e-5f, at->complaint));
    VCH_TRY(vch_network_integer(&wanted, &at->node, "axis", -1, at->complaint));
    const struct vch_network_shape *shape = vch_translate_shape_of(at, *x);
    VCH_TRY(vch_translate_axis(&axis, at, wanted, shape->rank));
    for (uint32_t i = axis; i < shape->rank; i++)
        marks[i] = true;
    *epsilon = (double)small;
    return VCH_OK;
}

static double last_of(const struct vch_translate *at, uint32_t value)
{
    const struct vch_network_shape *shape = vch_translate_shape_of(at, value);

    return shape->dims[shape->rank - 1];
}

static bool wants(const struct vch_translate *at, uint32_t i)
{
    return i < at->node.output_count && at->node.outputs[i] != VCH_NONE;
}

// The mean and the reciprocal of the deviation, which training looks at.
static vch_status statistics(struct vch_translate *at, uint32_t x, const bool *marks,
                             double epsilon)
{
    struct vch_translate_build_rows rows;
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    uint32_t flat = VCH_NONE, mean = VCH_NONE, apart = VCH_NONE, squares = VCH_NONE;
    uint32_t variance = VCH_NONE, inverse = VCH_NONE, output = 0;

    if (!wants(at, 1) && !wants(at, 2)) return VCH_OK;
    VCH_TRY(vch_translate_build_rows(&rows, at, x, marks, &flat));
    double part = 1.0 / last_of(at, flat);
    for (uint32_t i = 0; i < shape.rank; i++)
        if (marks[i]) shape.dims[i] = 1;
    VCH_TRY(vch_translate_build_row_sum(at, flat, part, &mean));
    if (wants(at, 1)) {
        output = at->node.outputs[1];
        VCH_TRY(vch_translate_reshape_to(at, mean, &shape, &output));
    }
    if (!wants(at, 2)) return VCH_OK;
    VCH_TRY(vch_translate_build_sum(at, flat, mean, -1, &apart));
    VCH_TRY(vch_translate_build_product(at, apart, apart, &squares));
    VCH_TRY(vch_translate_build_row_sum(at, squares, part, &variance));
    VCH_TRY(vch_translate_build_function(at, variance, VCH_LAYER_POWER, -0.5, epsilon, &inverse));
    output = at->node.outputs[2];
    return vch_translate_reshape_to(at, inverse, &shape, &output);
}

vch_status vch_translate_layer_normalization(struct vch_translate *at)
{
    bool marks[VCH_NETWORK_RANK_MAX] = {0};
    uint32_t x = 0, normal = VCH_NONE;
    double epsilon = 0;

    VCH_TRY(read_norm(at, &x, &epsilon, marks));
    VCH_TRY(normalise_marked(at, x, marks, true, epsilon, &normal));
    VCH_TRY(statistics(at, x, marks, epsilon));
    return scale_and_offset(at, normal, 1, 2);
}

vch_status vch_translate_rms_normalization(struct vch_translate *at)
{
    bool marks[VCH_NETWORK_RANK_MAX] = {0};
    uint32_t x = 0, normal = VCH_NONE;
    double epsilon = 0;

    VCH_TRY(read_norm(at, &x, &epsilon, marks));
    VCH_TRY(normalise_marked(at, x, marks, false, epsilon, &normal));
    return scale_and_offset(at, normal, 1, 2);
}

// Operand `i`, one number per channel or per group, as (1, C, 1, ...) of the operand's rank.
static vch_status spread(struct vch_translate *at, uint32_t i,
                         const struct vch_network_shape *shape)
{
    struct vch_network_shape wide = {.rank = shape->rank, .dims = {1, shape->dims[1]}};
    uint32_t value = 0, stretched = VCH_NONE;
    double *list = NULL;
    size_t count = 0;

    VCH_TRY(vch_translate_operand(&value, at, i));
    VCH_TRY(vch_translate_reals(&list, &count, at, value, "scale and bias"));
    if (count == 0 || wide.dims[1] % count != 0)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu numbers for %u channels", count,
                                    wide.dims[1]);
    double *each = VCH_ARENA_NEW(at->network->arena, double, wide.dims[1]);
    if (each == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t c = 2; c < wide.rank; c++)
        wide.dims[c] = 1;
    for (size_t c = 0; c < wide.dims[1]; c++)
        each[c] = list[c / (wide.dims[1] / count)];
    VCH_TRY(vch_translate_build_constant(at, each, &wide, &stretched));
    at->node.inputs[i] = stretched;
    return VCH_OK;
}

// Each of `groups` parts of the channels is a row: instance and group normalisation.
static vch_status normalise_groups(struct vch_translate *at, int64_t groups, double epsilon)
{
    uint32_t x = 0, split = VCH_NONE, done = VCH_NONE, whole = VCH_NONE;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    if (shape.rank < 2)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its operand must be (N, C, ...)");
    if (groups == 0) groups = shape.dims[1];
    if (groups < 1 || groups > shape.dims[1] || shape.dims[1] % groups != 0)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%lld groups of %u channels",
                                    (long long)groups, shape.dims[1]);
    size_t rows = (size_t)shape.dims[0] * (size_t)groups;
    struct vch_network_shape flat = {
        .rank = 2, .dims = {(uint32_t)rows, (uint32_t)(vch_network_count(&shape) / rows)}};
    VCH_TRY(vch_translate_reshape_to(at, x, &flat, &split));
    VCH_TRY(vch_translate_build_normalise(at, split, true, epsilon, &done));
    VCH_TRY(vch_translate_reshape_to(at, done, &shape, &whole));
    for (uint32_t i = 1; i < 3; i++)
        VCH_TRY(spread(at, i, &shape));
    return scale_and_offset(at, whole, 1, 2);
}

vch_status vch_translate_instance_normalization(struct vch_translate *at)
{
    float epsilon = 0;

    VCH_TRY(vch_network_real(&epsilon, &at->node, "epsilon", 1e-5f, at->complaint));
    return normalise_groups(at, 0, (double)epsilon);
}

vch_status vch_translate_group_normalization(struct vch_translate *at)
{
    float epsilon = 0;
    int64_t groups = 0;

    VCH_TRY(vch_network_real(&epsilon, &at->node, "epsilon", 1e-5f, at->complaint));
    VCH_TRY(vch_network_integer(&groups, &at->node, "num_groups", 0, at->complaint));
    if (groups < 1) return vch_translate_refuse(at, VCH_CODE_MALFORMED, "it has no num_groups");
    return normalise_groups(at, groups, (double)epsilon);
}

vch_status vch_translate_mean_variance_normalization(struct vch_translate *at)
{
    static const int64_t pictures[] = {0, 2, 3};
    bool marks[VCH_NETWORK_RANK_MAX] = {0};
    const int64_t *axes = NULL;
    size_t count = 0;
    uint32_t x = 0, axis = 0, output = at->node.outputs[0];

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_integers(&axes, &count, &at->node, "axes", at->complaint));
    if (axes == NULL) {
        axes = pictures;
        count = 3;
    }
    for (size_t i = 0; i < count; i++) {
        VCH_TRY(vch_translate_axis(&axis, at, axes[i], vch_translate_shape_of(at, x)->rank));
        marks[axis] = true;
    }
    return normalise_marked(at, x, marks, true, 0, &output);
}

// x over the sum of |x|, row by row.
static vch_status over_sum(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    uint32_t sizes = VCH_NONE, sum = VCH_NONE, inverse = VCH_NONE;

    VCH_TRY(vch_translate_build_function(at, x, VCH_LAYER_ABS, 0, 0, &sizes));
    VCH_TRY(vch_translate_build_row_sum(at, sizes, 1, &sum));
    VCH_TRY(vch_translate_build_function(at, sum, VCH_LAYER_RECIPROCAL, 0, 0, &inverse));
    return vch_translate_build_product(at, x, inverse, output);
}

vch_status vch_translate_lp_normalization(struct vch_translate *at)
{
    struct vch_translate_build_rows rows;
    bool marks[VCH_NETWORK_RANK_MAX] = {0};
    int64_t wanted = -1, p = 2;
    uint32_t x = 0, axis = 0, flat = VCH_NONE, normal = VCH_NONE, done = VCH_NONE;
    uint32_t output = at->node.outputs[0];

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_integer(&wanted, &at->node, "axis", -1, at->complaint));
    VCH_TRY(vch_network_integer(&p, &at->node, "p", 2, at->complaint));
    VCH_TRY(vch_translate_axis(&axis, at, wanted, vch_translate_shape_of(at, x)->rank));
    marks[axis] = true;
    VCH_TRY(vch_translate_build_rows(&rows, at, x, marks, &flat));
    if (p == 1) {
        VCH_TRY(over_sum(at, flat, &done));
    } else if (p == 2) {
        double size = sqrt(last_of(at, flat));
        VCH_TRY(vch_translate_build_normalise(at, flat, false, 0, &normal));
        VCH_TRY(vch_translate_build_scaled(at, normal, 1 / size, 0, &done));
    } else {
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "p is %lld; 1 and 2 are supported",
                                    (long long)p);
    }
    return vch_translate_build_unrows(&rows, at, done, &output);
}

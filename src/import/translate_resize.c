// Resize and Upsample: one axis after another, by picking elements or by a product with the weights
// that each element of the result gives to those of the operand.
#include <math.h>
#include <string.h>

#include "import/translate_map.h"
#include "import/translate_pick.h"

enum transformation {
    HALF_PIXEL,
    HALF_PIXEL_SYMMETRIC,
    PYTORCH_HALF_PIXEL,
    ALIGN_CORNERS,
    ASYMMETRIC,
    TF_HALF_PIXEL,
    TF_CROP,
};

static const char *const transformations[] = {
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
    "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize", NULL,
};

enum mode { NEAREST, LINEAR, CUBIC };

static const char *const modes[] = {"nearest", "linear", "cubic", NULL};

enum rounding { PREFER_FLOOR, PREFER_CEIL, DOWN, UP };

static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil",
                                        NULL};

struct resize {
    unsigned transformation, mode, rounding; // see above
    double cubic, extrapolation;
    bool is_smooth, excludes_outside;
    uint32_t axis_count, axes[VCH_NETWORK_RANK_MAX];
    struct vch_network_shape shape;                              // of the result
    double scales[VCH_NETWORK_RANK_MAX];                         // of each of the tensor's axes
    double from[VCH_NETWORK_RANK_MAX], to[VCH_NETWORK_RANK_MAX]; // TF_CROP: parts of the axis
};

static vch_status read_choice(unsigned *out, const struct vch_translate *at, const char *name,
                              const char *const *choices, unsigned otherwise)
{
    const char *text = NULL;

    VCH_TRY(vch_network_text(&text, &at->node, name, choices[otherwise], at->complaint));
    for (*out = 0; choices[*out] != NULL; ++*out)
        if (strcmp(text, choices[*out]) == 0) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "%s '%.30s'", name, text);
}

static vch_status read_attributes(struct resize *r, const struct vch_translate *at)
{
    float cubic = 0, extrapolation = 0;
    int64_t is_smooth = 0, excludes = 0;
    bool is_old = at->node.version < 11 || strcmp(at->node.operator_, "Upsample") == 0;

    VCH_TRY(read_choice(&r->transformation, at, "coordinate_transformation_mode", transformations,
                        is_old ? ASYMMETRIC : HALF_PIXEL));
    VCH_TRY(read_choice(&r->mode, at, "mode", modes, NEAREST));
    VCH_TRY(read_choice(&r->rounding, at, "nearest_mode", roundings, is_old ? DOWN : PREFER_FLOOR));
    VCH_TRY(vch_network_real(&cubic, &at->node, "cubic_coeff_a", -0.75f, at->complaint));
    VCH_TRY(vch_network_real(&extrapolation, &at->node, "extrapolation_value", 0, at->complaint));
    VCH_TRY(vch_network_integer(&is_smooth, &at->node, "antialias", 0, at->complaint));
    VCH_TRY(vch_network_integer(&excludes, &at->node, "exclude_outside", 0, at->complaint));
    r->cubic = (double)cubic;
    r->extrapolation = (double)extrapolation;
    r->is_smooth = is_smooth != 0;
    r->excludes_outside = excludes != 0;
    return VCH_OK;
}

static vch_status read_axes(struct resize *r, const struct vch_translate *at)
{
    const int64_t *axes = NULL;
    size_t count = 0;

    VCH_TRY(vch_network_integers(&axes, &count, &at->node, "axes", at->complaint));
    r->axis_count = axes == NULL ? r->shape.rank : (uint32_t)count;
    if (r->axis_count > r->shape.rank)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu axes of %u", count, r->shape.rank);
    for (uint32_t i = 0; i < r->axis_count; i++) {
        r->axes[i] = i;
        if (axes != NULL) VCH_TRY(vch_translate_axis(&r->axes[i], at, axes[i], r->shape.rank));
    }
    for (uint32_t i = 0; i < r->shape.rank; i++) {
        r->scales[i] = r->to[i] = 1;
        r->from[i] = 0;
    }
    return VCH_OK;
}

// A list of reals from a constant operand, one for each axis; none where it is left out or empty.
static vch_status read_numbers(const double **out, const struct vch_translate *at, uint32_t i,
                               const char *what, size_t wanted)
{
    double *list = NULL;
    size_t count = 0;

    *out = NULL;
    if (!vch_translate_has(at, i)) return VCH_OK;
    VCH_TRY(vch_translate_reals(&list, &count, at, at->node.inputs[i], what));
    if (count == 0) return VCH_OK;
    if (count != wanted)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu %s, not %zu", count, what, wanted);
    *out = list;
    return VCH_OK;
}

static vch_status set_size(struct resize *r, const struct vch_translate *at, uint32_t axis,
                           double size, double scale)
{
    if (!(size >= 1 && size <= VCH_NETWORK_COUNT_MAX && scale > 0))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "axis %u would have %g elements, scaled by %g", axis, size,
                                    scale);
    r->shape.dims[axis] = (uint32_t)size;
    r->scales[axis] = scale;
    return VCH_OK;
}

// Wanted sizes as they are, or what keeps the picture's proportions inside or outside of them.
static vch_status apply_sizes(struct resize *r, const struct vch_translate *at, const double *sizes)
{
    const char *policy = NULL;
    double least = INFINITY, most = 0;

    VCH_TRY(
        vch_network_text(&policy, &at->node, "keep_aspect_ratio_policy", "stretch", at->complaint));
    for (uint32_t i = 0; i < r->axis_count; i++) {
        least = fmin(least, sizes[i] / r->shape.dims[r->axes[i]]);
        most = fmax(most, sizes[i] / r->shape.dims[r->axes[i]]);
    }
    bool is_inside = strcmp(policy, "not_larger") == 0,
         is_outside = strcmp(policy, "not_smaller") == 0;
    if (!is_inside && !is_outside && strcmp(policy, "stretch") != 0)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "keep_aspect_ratio_policy '%.20s'",
                                    policy);
    for (uint32_t i = 0; i < r->axis_count; i++) {
        double have = r->shape.dims[r->axes[i]], scale = is_inside ? least : most;
        if (!is_inside && !is_outside)
            VCH_TRY(set_size(r, at, r->axes[i], sizes[i], sizes[i] / have));
        else
            VCH_TRY(set_size(r, at, r->axes[i], floor(scale * have + 0.5), scale));
    }
    return VCH_OK;
}

static vch_status read_sizes(struct resize *r, const struct vch_translate *at)
{
    const bool is_first = at->node.version < 11 || strcmp(at->node.operator_, "Upsample") == 0;
    const double *scales = NULL, *sizes = NULL, *roi = NULL;
    const float *attribute = NULL;
    size_t count = 0;

    VCH_TRY(read_numbers(&scales, at, is_first ? 1 : 2, "scales", r->axis_count));
    if (!is_first) VCH_TRY(read_numbers(&sizes, at, 3, "sizes", r->axis_count));
    if (!is_first && r->transformation == TF_CROP)
        VCH_TRY(read_numbers(&roi, at, 1, "roi", (size_t)r->axis_count * 2));
    VCH_TRY(vch_network_reals(&attribute, &count, &at->node, "scales", at->complaint));
    for (uint32_t i = 0; roi != NULL && i < r->axis_count; i++) {
        r->from[r->axes[i]] = roi[i];
        r->to[r->axes[i]] = roi[r->axis_count + i];
    }
    if (sizes != NULL) return apply_sizes(r, at, sizes);
    if (scales == NULL && count != r->axis_count)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "it has neither scales nor sizes");
    for (uint32_t i = 0; i < r->axis_count; i++) {
        double scale = scales != NULL ? scales[i] : (double)attribute[i];
        VCH_TRY(set_size(r, at, r->axes[i], floor(r->shape.dims[r->axes[i]] * scale), scale));
    }
    return VCH_OK;
}

// Where element `i` of the result's axis lies in the operand's, of `n` elements.
static double place_of(const struct resize *r, uint32_t axis, double n, double i)
{
    const double scale = r->scales[axis], count = r->shape.dims[axis], wide = scale * n;
    const double half = (i + 0.5) / scale - 0.5, part = r->to[axis] - r->from[axis];

    switch (r->transformation) {
    case HALF_PIXEL_SYMMETRIC: return n / 2 * (1 - count / wide) + half;
    case PYTORCH_HALF_PIXEL: return count > 1 ? half : -0.5;
    case ALIGN_CORNERS: return wide == 1 ? 0 : i * (n - 1) / (wide - 1);
    case ASYMMETRIC: return i / scale;
    case TF_HALF_PIXEL: return (i + 0.5) / scale;
    case TF_CROP:
        return r->from[axis] * (n - 1) +
               (count > 1 ? i * part * (n - 1) / (count - 1) : part * (n - 1) / 2);
    default: return half;
    }
}

static double nearest_to(const struct resize *r, double place)
{
    switch (r->rounding) {
    case PREFER_CEIL: return floor(place + 0.5);
    case DOWN: return floor(place);
    case UP: return ceil(place);
    default: return ceil(place - 0.5);
    }
}

// What an element at a distance weighs, in units of the kernel.
static double weight_of(const struct resize *r, double distance)
{
    const double a = r->cubic, x = fabs(distance);

    if (r->mode == LINEAR) return x < 1 ? 1 - x : 0;
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static double within(double x, double n)
{
    return x < 0 ? 0 : x < n ? x : n - 1;
}

// The weights of one element of the result: what lies outside counts at the edge, or not at all.
static void fill_column(double *matrix, const struct resize *r, uint32_t axis, uint32_t n,
                        uint32_t i)
{
    const uint32_t count = r->shape.dims[axis];
    const double place = place_of(r, axis, n, i);
    const double narrow = r->is_smooth ? fmin(r->scales[axis], 1) : 1;
    const double reach = (r->mode == LINEAR ? 1 : 2) / narrow;
    double sum = 0;

    if (r->transformation == TF_CROP && !(place >= 0 && place <= n - 1)) return;
    if (!(fabs(place) < VCH_NETWORK_COUNT_MAX)) return; // beyond, steps of 1 would not move
    const int64_t first = (int64_t)ceil(place - reach), last = (int64_t)floor(place + reach);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t at = first; at <= last; at++) {
            double weight = weight_of(r, ((double)at - place) * narrow);
            if (r->excludes_outside && (at < 0 || at >= n)) continue;
            if (pass == 0) sum += weight;
            if (pass == 1) matrix[(size_t)within((double)at, n) * count + i] += weight / sum;
        }
}

static vch_status resize_axis(struct vch_translate *at, uint32_t *x, const struct resize *r,
                              uint32_t axis)
{
    const uint32_t n = vch_translate_shape_of(at, *x)->dims[axis], count = r->shape.dims[axis];
    const struct vch_network_shape square = {.rank = 2, .dims = {n, count}};
    uint32_t output = VCH_NONE;

    if (n == count && r->scales[axis] == 1 && r->transformation != TF_CROP) return VCH_OK;
    if (r->mode == NEAREST) {
        int64_t *indices = VCH_ARENA_NEW(at->network->arena, int64_t, count);
        if (indices == NULL) return VCH_FAIL(NO_MEMORY);
        for (uint32_t i = 0; i < count; i++)
            indices[i] = (int64_t)within(nearest_to(r, place_of(r, axis, n, i)), n);
        VCH_TRY(vch_translate_pick(at, *x, axis, indices, count, &output));
        *x = output;
        return VCH_OK;
    }
    if (at->network->values[*x].type == VCH_NETWORK_INTEGER)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "whole numbers can be resized to the nearest only");
    VCH_TRY(vch_translate_grow(at, &square, 0));
    double *matrix = VCH_ARENA_NEW(at->network->arena, double, (size_t)n *count);
    if (matrix == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++)
        fill_column(matrix, r, axis, n, i);
    VCH_TRY(vch_translate_map(at, *x, axis, matrix, count, &output));
    *x = output;
    return VCH_OK;
}

// Elements that lie outside along any axis: 0 so far where they are sums, anything where picked.
static vch_status extrapolate(struct vch_translate *at, uint32_t x, const struct resize *r,
                              const struct vch_network_shape *from)
{
    size_t count = vch_network_count(&r->shape);
    double *scale = VCH_ARENA_NEW(at->network->arena, double, count);
    double *offset = VCH_ARENA_NEW(at->network->arena, double, count);
    uint32_t output = at->node.outputs[0];

    if (scale == NULL || offset == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i;
        bool is_outside = false;
        for (uint32_t axis = r->shape.rank; axis-- > 0; rest /= r->shape.dims[axis]) {
            double n = from->dims[axis];
            double place = place_of(r, axis, n, (double)(rest % r->shape.dims[axis]));
            is_outside = is_outside || place < 0 || place > n - 1;
        }
        scale[i] = is_outside ? 0 : 1;
        offset[i] = is_outside ? r->extrapolation : 0;
    }
    return vch_translate_affine(at, x, scale, count, offset, count, &output);
}

vch_status vch_translate_resize(struct vch_translate *at)
{
    struct resize r = {0};
    uint32_t x = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape from = *vch_translate_shape_of(at, x);
    r.shape = from;
    VCH_TRY(read_attributes(&r, at));
    VCH_TRY(read_axes(&r, at));
    VCH_TRY(read_sizes(&r, at));
    for (uint32_t axis = 0; axis < from.rank; axis++)
        VCH_TRY(resize_axis(at, &x, &r, axis));
    if (r.transformation != TF_CROP) return vch_translate_rename(at, 0, x);
    return extrapolate(at, x, &r, &from);
}

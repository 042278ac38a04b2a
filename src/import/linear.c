#include "import/linear.h"

#include <math.h>
#include <string.h>

#include "import/labels.h"

struct lists {
    const struct vch_network_node *node;
    const float *coefficients, *intercepts;
    size_t coefficient_count, intercept_count;
    size_t rows, features;
    struct vch_complaint *complaint;
};

static vch_status refuse(const struct lists *at, enum vch_code code, const char *what)
{
    return vch_complain(at->complaint, code, "%s node '%s': %s", at->node->operator_,
                        at->node->name, what);
}

static bool are_finite(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

static vch_status read_lists(struct lists *at)
{
    VCH_TRY(vch_network_reals(&at->coefficients, &at->coefficient_count, at->node, "coefficients",
                              at->complaint));
    VCH_TRY(vch_network_reals(&at->intercepts, &at->intercept_count, at->node, "intercepts",
                              at->complaint));
    if (!are_finite(at->coefficients, at->coefficient_count) ||
        !are_finite(at->intercepts, at->intercept_count))
        return refuse(at, VCH_CODE_MALFORMED, "a coefficient or intercept is not finite");
    return VCH_OK;
}

static vch_status read_rows(struct lists *at, size_t rows)
{
    if (rows == 0 || at->coefficient_count == 0 || at->coefficient_count % rows != 0 ||
        rows > VCH_GRAPH_LABELS_MAX)
        return refuse(at, VCH_CODE_MALFORMED,
                      "its coefficients are not as many for each class or target");
    if (at->intercept_count != 0 && at->intercept_count != rows)
        return refuse(at, VCH_CODE_MALFORMED, "expected one intercept for each class or target");
    at->rows = rows;
    at->features = at->coefficient_count / rows;
    return VCH_OK;
}

static vch_status read_transform(enum vch_linear_transform *out, const struct lists *at)
{
    static const char *const names[] = {"NONE", "LOGISTIC", "SOFTMAX"};
    const char *text = NULL;

    VCH_TRY(vch_network_text(&text, at->node, "post_transform", "NONE", at->complaint));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (enum vch_linear_transform)i;
            return VCH_OK;
        }
    return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                        "%s node '%s': post_transform '%.40s'; expected NONE, LOGISTIC or SOFTMAX",
                        at->node->operator_, at->node->name, text);
}

// The values as a tensor; mirrored: their negatives first.
static vch_status make_tensor(struct vch_network_tensor **out, struct vch_network *network,
                              const float *values, struct vch_network_shape shape, bool is_mirrored)
{
    size_t count = vch_network_count(&shape), offset = is_mirrored ? count : 0;

    if (is_mirrored) shape.dims[0] *= 2;
    VCH_TRY(vch_network_new_tensor(network, VCH_NETWORK_REAL, &shape, out));
    for (size_t i = 0; i < count; i++) {
        if (is_mirrored) (*out)->reals[i] = -values[i];
        (*out)->reals[offset + i] = values[i];
    }
    return VCH_OK;
}

static vch_status make_tensors(struct vch_linear *out, struct vch_network *network,
                               const struct lists *at, bool is_mirrored)
{
    struct vch_network_shape matrix = {2, {(uint32_t)at->rows, (uint32_t)at->features}};
    struct vch_network_shape vector = {1, {(uint32_t)at->rows}};
    struct vch_network_tensor *weights = NULL, *bias = NULL;

    VCH_TRY(make_tensor(&weights, network, at->coefficients, matrix, is_mirrored));
    out->weights = weights;
    if (at->intercept_count > 0)
        VCH_TRY(make_tensor(&bias, network, at->intercepts, vector, is_mirrored));
    out->bias = out->score_bias = bias;
    if (!is_mirrored || out->transform != VCH_LINEAR_NONE) return VCH_OK;

    const float zero = 0;
    VCH_TRY(make_tensor(&bias, network, at->intercept_count > 0 ? at->intercepts : &zero, vector,
                        is_mirrored));
    bias->reals[0] += 1;
    out->score_bias = bias;
    return VCH_OK;
}

static vch_status read_classifier(struct vch_linear *out, struct vch_network *network,
                                  struct lists *at)
{
    size_t classes = 0;

    VCH_TRY(read_transform(&out->transform, at));
    VCH_TRY(vch_labels_read(&out->labels, &classes, at->node, "classlabels_ints",
                            "classlabels_strings", network->arena, at->complaint));
    if (classes < 2)
        return refuse(at, VCH_CODE_UNSUPPORTED, "expected labels of two classes or more");
    bool is_mirrored = classes == 2 && at->intercept_count == 1;
    VCH_TRY(read_rows(at, is_mirrored ? 1 : classes));
    if (is_mirrored && out->transform == VCH_LINEAR_SOFTMAX)
        return refuse(at, VCH_CODE_UNSUPPORTED,
                      "SOFTMAX over one scored class; expected LOGISTIC or NONE");
    return make_tensors(out, network, at, is_mirrored);
}

static vch_status read_regressor(struct vch_linear *out, struct vch_network *network,
                                 struct lists *at)
{
    int64_t targets = 0;

    VCH_TRY(vch_network_integer(&targets, at->node, "targets", 1, at->complaint));
    VCH_TRY(read_transform(&out->transform, at));
    if (out->transform != VCH_LINEAR_NONE)
        return refuse(at, VCH_CODE_UNSUPPORTED, "expected post_transform NONE");
    VCH_TRY(read_rows(at, targets < 0 ? 0 : (size_t)targets));
    return make_tensors(out, network, at, false);
}

vch_status vch_linear_read(struct vch_linear *out, struct vch_network *network,
                           const struct vch_network_node *node, struct vch_complaint *complaint)
{
    struct lists at = {.node = node, .complaint = complaint};

    *out = (struct vch_linear){0};
    VCH_TRY(read_lists(&at));
    return vch_network_is_ml(node, "LinearClassifier") ? read_classifier(out, network, &at)
                                                       : read_regressor(out, network, &at);
}

#include "import/forest.h"

#include <math.h>
#include <string.h>

#include "import/forest_link.h"
#include "import/forest_lists.h"
#include "import/labels.h"

static vch_status read_transform(struct vch_forest *out, const struct vch_network_node *node,
                                 struct vch_complaint *complaint)
{
    static const char *const names[] = {"NONE", "LOGISTIC", "SOFTMAX"};
    const char *text = NULL;

    VCH_TRY(vch_network_text(&text, node, "post_transform", "NONE", complaint));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            out->transform = (enum vch_forest_transform)i;
            return VCH_OK;
        }
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "%s node '%s': post_transform '%.40s'; expected NONE, LOGISTIC or SOFTMAX",
                        node->operator_, node->name, text);
}

static vch_status check_targets(size_t count, size_t least, const struct vch_network_node *node,
                                struct vch_complaint *complaint)
{
    if (count >= least && count <= VCH_FOREST_TARGETS_MAX) return VCH_OK;
    return vch_complain(complaint, count < least ? VCH_CODE_UNSUPPORTED : VCH_CODE_LIMIT,
                        "%s node '%s' has %zu classes or targets; expected %zu to %u",
                        node->operator_, node->name, count, least, VCH_FOREST_TARGETS_MAX);
}

static vch_status read_labels(struct vch_forest *out, const struct vch_network_node *node,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    size_t count = 0;

    VCH_TRY(vch_labels_read(&out->labels, &count, node, "classlabels_int64s", "classlabels_strings",
                            arena, complaint));
    VCH_TRY(check_targets(count, 2, node, complaint));
    out->target_count = (uint32_t)count;
    return VCH_OK;
}

static vch_status read_targets(struct vch_forest *out, const struct vch_network_node *node,
                               struct vch_complaint *complaint)
{
    int64_t count = 0;

    VCH_TRY(vch_network_integer(&count, node, "n_targets", 1, complaint));
    VCH_TRY(check_targets(count < 0 ? 0 : (size_t)count, 1, node, complaint));
    out->target_count = (uint32_t)count;
    if (count > 1 || out->transform == VCH_FOREST_NONE) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "%s node '%s': a post_transform on a single target, which runtimes ignore "
                        "or apply as they please; expected NONE",
                        node->operator_, node->name);
}

static vch_status read_weight_targets(struct vch_forest *out, const struct vch_forest_lists *lists,
                                      struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < out->weight_count; i++) {
        int64_t target = lists->weight_targets[i];
        if (target < 0 || target >= out->target_count)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "tree %lld, node %lld: weight for class or target %lld; there are "
                                "only %u",
                                (long long)lists->weight_trees[i],
                                (long long)lists->weight_nodes[i], (long long)target,
                                out->target_count);
        out->weights[i].target = (uint32_t)target;
    }
    return VCH_OK;
}

static vch_status read_base(struct vch_forest *out, const struct vch_network_node *node,
                            const struct vch_forest_lists *lists, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    out->base = VCH_ARENA_NEW(arena, double, out->target_count);
    if (out->base == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < lists->base_count; i++)
        if (!isfinite(lists->base[i]))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "%s node '%s': base value %zu is not finite", node->operator_,
                                node->name, i);
    if (lists->base_count != 0 && lists->base_count != out->target_count)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "%s node '%s' has %zu base values for %u classes or targets",
                            node->operator_, node->name, lists->base_count, out->target_count);
    for (size_t i = 0; i < lists->base_count; i++)
        out->base[i] = (double)lists->base[i];
    return VCH_OK;
}

// Two classes of which only one is ever scored, by whichever number: the score s speaks for the
// second. What exporters mean by base values is then one number, given once or twice.
static bool scores_one_class(const struct vch_forest *forest)
{
    if (!forest->is_classifier || forest->target_count != 2) return false;
    for (uint32_t i = 1; i < forest->weight_count; i++)
        if (forest->weights[i].target != forest->weights[0].target) return false;
    return true;
}

static bool has_negative_weight(const struct vch_forest *forest)
{
    for (uint32_t i = 0; i < forest->weight_count; i++)
        if (forest->weights[i].value < 0) return true;
    return false;
}

static vch_status mirror_weights(struct vch_forest *out, struct vch_arena *arena)
{
    struct vch_forest_weight *both =
        VCH_ARENA_NEW(arena, struct vch_forest_weight, 2 * (size_t)out->weight_count);

    if (both == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < out->weight_count; i++) {
        struct vch_forest_weight weight = out->weights[i];
        both[2 * i] = (struct vch_forest_weight){weight.node, 0, -weight.value};
        both[2 * i + 1] = (struct vch_forest_weight){weight.node, 1, weight.value};
    }
    out->weights = both;
    out->weight_count *= 2;
    return VCH_OK;
}

// (1 - s, s) for a probability: without a transform, and no weight below zero. Else (-s, s).
static vch_status read_one_class(struct vch_forest *out, const struct vch_network_node *node,
                                 const struct vch_forest_lists *lists, struct vch_arena *arena,
                                 struct vch_complaint *complaint)
{
    bool is_probability = out->transform == VCH_FOREST_NONE && !has_negative_weight(out);
    bool is_clear =
        lists->base_count < 2 || (lists->base_count == 2 && lists->base[0] == lists->base[1]);

    if (!is_clear || (lists->base_count > 0 && !isfinite(lists->base[0])))
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "%s node '%s' scores only one of its two classes; expected one finite "
                            "base value or none",
                            node->operator_, node->name);
    if (out->transform == VCH_FOREST_SOFTMAX)
        return vch_complain(
            complaint, VCH_CODE_UNSUPPORTED,
            "%s node '%s': SOFTMAX over one scored class; expected LOGISTIC or NONE",
            node->operator_, node->name);
    double base = lists->base_count > 0 ? (double)lists->base[0] : 0;
    out->base = VCH_ARENA_NEW(arena, double, 2);
    if (out->base == NULL) return VCH_FAIL(NO_MEMORY);
    out->base[0] = (is_probability ? 1 : 0) - base;
    out->base[1] = base;
    return mirror_weights(out, arena);
}

static vch_status apply_average(struct vch_forest *out, const struct vch_network_node *node,
                                struct vch_complaint *complaint)
{
    const char *text = NULL;

    VCH_TRY(vch_network_text(&text, node, "aggregate_function", "SUM", complaint));
    if (strcmp(text, "SUM") == 0) return VCH_OK;
    if (strcmp(text, "AVERAGE") != 0)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "%s node '%s': aggregate_function '%.40s'; expected SUM or AVERAGE",
                            node->operator_, node->name, text);
    for (uint32_t i = 0; i < out->weight_count; i++)
        out->weights[i].value /= (double)out->tree_count;
    return VCH_OK;
}

// Weights p / n with p in 0..1, and nothing else in the score.
static bool is_average(const struct vch_forest *forest, size_t base_count)
{
    double largest = (1 + 0x1p-20) / (double)forest->tree_count;

    if (!forest->is_classifier || forest->transform != VCH_FOREST_NONE || base_count != 0)
        return false;
    for (uint32_t i = 0; i < forest->weight_count; i++)
        if (forest->weights[i].value < 0 || forest->weights[i].value > largest) return false;
    return (forest->tree_count & (forest->tree_count - 1)) != 0;
}

// Half of the trees vote for the scored class, each with float32(1 / n): is that more than a half?
static bool is_half_above(uint32_t tree_count)
{
    float vote = (float)(1 / (double)tree_count), sum = 0;

    if (tree_count % 2 != 0) return false;
    for (uint32_t i = 0; i < tree_count / 2; i++)
        sum += vote;
    return sum > 0.5f;
}

static vch_status read_all(struct vch_forest *out, const struct vch_network_node *node,
                           struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_forest_lists lists = {0};

    VCH_TRY(read_transform(out, node, complaint));
    VCH_TRY(out->is_classifier ? read_labels(out, node, arena, complaint)
                               : read_targets(out, node, complaint));
    VCH_TRY(vch_forest_lists_read(&lists, node, complaint));
    VCH_TRY(vch_forest_link(out, &lists, arena, complaint));
    VCH_TRY(read_weight_targets(out, &lists, complaint));
    bool is_averaging = is_average(out, lists.base_count), is_single = scores_one_class(out);
    out->divisor = is_averaging ? out->tree_count : 1;
    out->is_tie_second = is_averaging && is_single && is_half_above(out->tree_count);
    if (is_single) return read_one_class(out, node, &lists, arena, complaint);
    VCH_TRY(read_base(out, node, &lists, arena, complaint));
    return out->is_classifier ? VCH_OK : apply_average(out, node, complaint);
}

vch_status vch_forest_read(struct vch_forest *out, const struct vch_network_node *node,
                           struct vch_arena *arena, struct vch_complaint *complaint)
{
    *out = (struct vch_forest){.is_classifier = vch_network_is_ml(node, "TreeEnsembleClassifier")};
    vch_status status = read_all(out, node, arena, complaint);

    if (status.code == VCH_CODE_NO_MEMORY)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY, "no memory for the trees of node '%s'",
                            node->name);
    return status;
}

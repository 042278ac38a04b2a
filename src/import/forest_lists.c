#include "import/forest_lists.h"

#include "import/forest.h"

static vch_status differs(const struct vch_network_node *node, const char *name, size_t found,
                          size_t wanted, struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s node '%s': attribute '%s' has %zu entries; expected %zu",
                        node->operator_, node->name, name, found, wanted);
}

static vch_status read_integers(const int64_t **out, const struct vch_network_node *node,
                                const char *name, size_t wanted, struct vch_complaint *complaint)
{
    size_t found = 0;

    VCH_TRY(vch_network_integers(out, &found, node, name, complaint));
    return found == wanted ? VCH_OK : differs(node, name, found, wanted, complaint);
}

static vch_status read_reals(const float **out, const struct vch_network_node *node,
                             const char *name, size_t wanted, struct vch_complaint *complaint)
{
    size_t found = 0;

    VCH_TRY(vch_network_reals(out, &found, node, name, complaint));
    return found == wanted ? VCH_OK : differs(node, name, found, wanted, complaint);
}

static vch_status refuse_doubles(const struct vch_network_node *node,
                                 struct vch_complaint *complaint)
{
    static const char *const names[] = {"base_values_as_tensor", "class_weights_as_tensor",
                                        "nodes_hitrates_as_tensor", "nodes_values_as_tensor",
                                        "target_weights_as_tensor"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (vch_network_find(node, names[i]) != NULL)
            return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                                "%s node '%s': attribute '%s' (double precision); expected float32 "
                                "lists: export the model for float inputs",
                                node->operator_, node->name, names[i]);
    return VCH_OK;
}

static vch_status read_nodes(struct vch_forest_lists *out, const struct vch_network_node *node,
                             struct vch_complaint *complaint)
{
    size_t mode_count = 0, missing_count = 0;

    VCH_TRY(
        vch_network_integers(&out->node_ids, &out->node_count, node, "nodes_nodeids", complaint));
    if (out->node_count == 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "%s node '%s' has no trees",
                            node->operator_, node->name);
    if (out->node_count > VCH_FOREST_NODES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "%s node '%s' has %zu nodes; at most %u",
                            node->operator_, node->name, out->node_count, VCH_FOREST_NODES_MAX);
    size_t wanted = out->node_count;
    VCH_TRY(read_integers(&out->tree_ids, node, "nodes_treeids", wanted, complaint));
    VCH_TRY(read_integers(&out->feature_ids, node, "nodes_featureids", wanted, complaint));
    VCH_TRY(read_integers(&out->true_ids, node, "nodes_truenodeids", wanted, complaint));
    VCH_TRY(read_integers(&out->false_ids, node, "nodes_falsenodeids", wanted, complaint));
    VCH_TRY(read_reals(&out->values, node, "nodes_values", wanted, complaint));
    VCH_TRY(vch_network_texts(&out->modes, &mode_count, node, "nodes_modes", complaint));
    if (mode_count != wanted) return differs(node, "nodes_modes", mode_count, wanted, complaint);
    VCH_TRY(vch_network_integers(&out->missing_tracks_true, &missing_count, node,
                                 "nodes_missing_value_tracks_true", complaint));
    if (missing_count != 0 && missing_count != wanted)
        return differs(node, "nodes_missing_value_tracks_true", missing_count, wanted, complaint);
    if (missing_count == 0) out->missing_tracks_true = NULL;
    return VCH_OK;
}

static vch_status read_weights(struct vch_forest_lists *out, const struct vch_network_node *node,
                               struct vch_complaint *complaint)
{
    enum { TREES, NODES, TARGETS, WEIGHTS };
    static const char *const names[2][4] = {
        {"target_treeids", "target_nodeids", "target_ids", "target_weights"},
        {"class_treeids", "class_nodeids", "class_ids", "class_weights"},
    };
    const char *const *name = names[vch_network_is_ml(node, "TreeEnsembleClassifier")];

    VCH_TRY(vch_network_reals(&out->weights, &out->weight_count, node, name[WEIGHTS], complaint));
    if (out->weight_count == 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "%s node '%s' has no '%s'",
                            node->operator_, node->name, name[WEIGHTS]);
    if (out->weight_count > VCH_FOREST_WEIGHTS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "%s node '%s' has %zu weights; at most %u",
                            node->operator_, node->name, out->weight_count, VCH_FOREST_WEIGHTS_MAX);
    size_t count = out->weight_count;
    VCH_TRY(read_integers(&out->weight_trees, node, name[TREES], count, complaint));
    VCH_TRY(read_integers(&out->weight_nodes, node, name[NODES], count, complaint));
    VCH_TRY(read_integers(&out->weight_targets, node, name[TARGETS], count, complaint));
    return vch_network_reals(&out->base, &out->base_count, node, "base_values", complaint);
}

vch_status vch_forest_lists_read(struct vch_forest_lists *out, const struct vch_network_node *node,
                                 struct vch_complaint *complaint)
{
    *out = (struct vch_forest_lists){0};
    VCH_TRY(refuse_doubles(node, complaint));
    VCH_TRY(read_nodes(out, node, complaint));
    return read_weights(out, node, complaint);
}

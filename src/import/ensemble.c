#include "import/ensemble.h"

#include <string.h>

#include "import/ensemble_graph.h"
#include "import/forest.h"

// What a value of the network means to the ensemble.
enum role {
    ROLE_NONE,
    ROLE_FEATURES = 1, // the model's input, unchanged
    ROLE_CLASS = 2,
    ROLE_SCORES = 4,
};

struct matching {
    const struct vch_network *network;
    const struct vch_network_node *trees;
    uint8_t *roles; // per value
    struct vch_complaint *complaint;
};

static bool is_trees(const struct vch_network_node *node)
{
    return vch_network_is_ml(node, "TreeEnsembleClassifier") ||
           vch_network_is_ml(node, "TreeEnsembleRegressor");
}

bool vch_ensemble_is(const struct vch_network *network)
{
    for (uint32_t i = 0; i < network->node_count; i++)
        if (is_trees(&network->nodes[i])) return true;
    return false;
}

// ONNX's numbers for element types.
enum { TO_FLOAT = 1, TO_INT32 = 6, TO_INT64 = 7, TO_TEXT = 8, TO_DOUBLE = 11 };

// A Cast that changes no meaning: features and scores stay real, classes stay whole or text.
static vch_status check_cast(const struct matching *at, const struct vch_network_node *node,
                             enum role role)
{
    int64_t to = 0;

    VCH_TRY(vch_network_integer(&to, node, "to", 0, at->complaint));
    bool is_real = to == TO_FLOAT || to == TO_DOUBLE;
    bool is_class = to == TO_INT32 || to == TO_INT64 || to == TO_TEXT || is_real;
    if (role == ROLE_CLASS ? is_class : is_real) return VCH_OK;
    return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                        "Cast node '%s' to type %lld next to a tree ensemble; expected float for "
                        "features and scores",
                        node->name, (long long)to);
}

// Nodes that only pass a value on, and for which roles.
static const struct passage {
    const char *domain, *operator_;
    unsigned roles;
} passages[] = {
    {"", "Identity", ROLE_FEATURES | ROLE_CLASS | ROLE_SCORES},
    {"", "Cast", ROLE_FEATURES | ROLE_CLASS | ROLE_SCORES},
    {"", "Reshape", ROLE_CLASS | ROLE_SCORES},
    {"", "Flatten", ROLE_CLASS | ROLE_SCORES},
    {"", "Squeeze", ROLE_CLASS | ROLE_SCORES},
    {"", "Unsqueeze", ROLE_CLASS | ROLE_SCORES},
    {VCH_NETWORK_DOMAIN_ML, "ZipMap", ROLE_SCORES},
};

static vch_status pass_on(const struct matching *at, const struct vch_network_node *node)
{
    enum role role = ROLE_NONE;
    const struct passage *found = NULL;

    if (node->input_count > 0 && node->inputs[0] != VCH_NONE)
        role = (enum role)at->roles[node->inputs[0]];
    for (size_t i = 0; i < sizeof passages / sizeof *passages; i++)
        if (strcmp(node->domain, passages[i].domain) == 0 &&
            strcmp(node->operator_, passages[i].operator_) == 0)
            found = &passages[i];
    if (found == NULL || (found->roles & role) == 0 || node->output_count == 0)
        return vch_complain(
            at->complaint, VCH_CODE_UNSUPPORTED,
            "%s node '%s' in a model with a tree ensemble; around the ensemble only "
            "Identity, Cast, Reshape, Flatten, Squeeze, Unsqueeze and ZipMap are "
            "supported",
            node->operator_, node->name);
    if (vch_network_is(node, "Cast")) VCH_TRY(check_cast(at, node, role));
    if (node->outputs[0] != VCH_NONE) at->roles[node->outputs[0]] = (uint8_t)role;
    return VCH_OK;
}

static vch_status match_trees(struct matching *at, const struct vch_network_node *node)
{
    bool is_classifier = vch_network_is_ml(node, "TreeEnsembleClassifier");

    if (at->trees != NULL)
        return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                            "two tree ensembles, '%s' and '%s'; expected one per model",
                            at->trees->name, node->name);
    if (node->input_count != 1 || node->inputs[0] == VCH_NONE ||
        at->roles[node->inputs[0]] != ROLE_FEATURES || node->output_count < 1 ||
        node->output_count > (is_classifier ? 2 : 1))
        return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                            "%s node '%s' must read the model's input directly", node->operator_,
                            node->name);
    at->trees = node;
    if (node->outputs[0] != VCH_NONE)
        at->roles[node->outputs[0]] = is_classifier ? ROLE_CLASS : ROLE_SCORES;
    if (node->output_count == 2 && node->outputs[1] != VCH_NONE)
        at->roles[node->outputs[1]] = ROLE_SCORES;
    return VCH_OK;
}

// Features along the last axis; everything before it is the batch.
static vch_status read_input(struct vch_ensemble_graph_plan *plan, const struct matching *at)
{
    const struct vch_network *network = at->network;
    const struct vch_network_value *input = &network->values[network->inputs[0]];

    if (network->input_count != 1)
        return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                            "the model has %u inputs; a tree ensemble takes one, (batch, features)",
                            network->input_count);
    if (!input->has_shape || input->shape.rank < 1 || input->shape.rank > 2 ||
        (input->shape.rank == 2 && input->shape.dims[0] != 1))
        return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                            "input '%s' of a tree ensemble must have shape (batch, features)",
                            input->name);
    plan->input = input->name;
    plan->feature_count = input->shape.dims[input->shape.rank - 1];
    at->roles[network->inputs[0]] = ROLE_FEATURES;
    return VCH_OK;
}

static vch_status match_outputs(struct vch_ensemble_graph_plan *plan, const struct matching *at)
{
    const struct vch_network *network = at->network;

    for (uint32_t i = 0; i < network->output_count; i++) {
        const char *name = network->values[network->outputs[i]].name;
        uint8_t role = at->roles[network->outputs[i]];
        if (role != ROLE_CLASS && role != ROLE_SCORES)
            return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                                "output '%s' does not come from the tree ensemble", name);
        plan->outputs[plan->output_count++] = (struct vch_ensemble_graph_port){
            name, role == ROLE_CLASS ? VCH_ENSEMBLE_GRAPH_CLASS : VCH_ENSEMBLE_GRAPH_SCORES};
    }
    return VCH_OK;
}

static vch_status match(struct vch_ensemble_graph_plan *plan, struct matching *at)
{
    VCH_TRY(read_input(plan, at));
    for (uint32_t i = 0; i < at->network->node_count; i++) {
        const struct vch_network_node *node = &at->network->nodes[i];
        VCH_TRY(is_trees(node) ? match_trees(at, node) : pass_on(at, node));
    }
    if (at->trees == NULL)
        return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED, "the model has no tree ensemble");
    plan->node = at->trees->name;
    return match_outputs(plan, at);
}

static void write_report(struct vch_import_report *report,
                         const struct vch_ensemble_graph_plan *plan, const struct vch_graph *graph,
                         const struct vch_forest *forest, double score_error)
{
    *report = (struct vch_import_report){.output_count = plan->output_count};
    for (uint32_t i = 0; i < plan->output_count; i++) {
        struct vch_import_output_report *output = &report->outputs[i];
        output->name = plan->outputs[i].name;
        output->top1_agreement = -1;
        if (plan->outputs[i].what == VCH_ENSEMBLE_GRAPH_SCORES) output->error_max = score_error;
    }
    for (uint32_t i = 0; i < graph->parameter_count; i++)
        report->integer_size += vch_tensor_shape_count(&graph->parameters[i].shape) *
                                vch_tensor_type_size(graph->parameters[i].type);
    report->float_size = 4 * ((uint64_t)forest->node_count + forest->weight_count);
}

vch_status vch_ensemble_lower(struct vch_graph **graph, struct vch_import_report *report,
                              struct vch_network *network, const struct vch_import_options *options,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_ensemble_graph_plan plan = {.name = network->name};
    struct matching at = {.network = network, .complaint = complaint};
    struct vch_forest forest = {0};
    double score_error = 0;

    (void)options; // no calibration: trees compare and add, nothing needs a range
    at.roles = VCH_ARENA_NEW(arena, uint8_t, network->value_count);
    if (at.roles == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(match(&plan, &at));
    VCH_TRY(vch_forest_read(&forest, at.trees, arena, complaint));
    if (forest.feature_count > plan.feature_count)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the trees ask for feature %u, but input '%s' has only %u",
                            forest.feature_count - 1, plan.input, plan.feature_count);
    VCH_TRY(vch_ensemble_graph_build(graph, &score_error, &plan, &forest, arena, complaint));
    write_report(report, &plan, *graph, &forest, score_error);
    return vch_graph_check(*graph, arena, complaint);
}

// Small tree ensembles against plain comparisons of floats, and hostile ones.
#include "import/ensemble.h"

#include <math.h>
#include <string.h>

#include "harness/test.h"
#include "import/quantise.h"
#include "model/run.h"

enum { ROWS_MAX = 64, ATTRIBUTES_MAX = 24, FEATURES = 3, BATCH_MAX = 256 };

// The attributes of an ensemble, as parallel lists that a test fills in and then spoils.
struct lists {
    bool is_classifier;
    size_t node_count, weight_count, label_count, base_count;
    int64_t trees[ROWS_MAX], nodes[ROWS_MAX], features[ROWS_MAX], yes[ROWS_MAX], no[ROWS_MAX];
    int64_t missing[ROWS_MAX];
    float values[ROWS_MAX];
    const char *modes[ROWS_MAX];
    int64_t weight_trees[ROWS_MAX], weight_nodes[ROWS_MAX], weight_targets[ROWS_MAX];
    float weights[ROWS_MAX], base[ROWS_MAX];
    int64_t labels[8];
    const char *texts[8];
    const char *transform, *aggregate;
    int64_t targets;
};

struct model {
    struct vch_network network;
    struct vch_network_value values[8];
    struct vch_network_node nodes[4];
    struct vch_network_attribute attributes[ATTRIBUTES_MAX];
    uint32_t attribute_count;
    uint32_t operands[16];
};

static struct vch_arena arena;

static void add_integers(struct model *model, const char *name, const int64_t *list, size_t count)
{
    model->attributes[model->attribute_count++] = (struct vch_network_attribute){
        name, VCH_NETWORK_ATTRIBUTE_INTEGERS, .count = count, .integers = list};
}

static void add_reals(struct model *model, const char *name, const float *list, size_t count)
{
    model->attributes[model->attribute_count++] = (struct vch_network_attribute){
        name, VCH_NETWORK_ATTRIBUTE_REALS, .count = count, .reals = list};
}

static void add_texts(struct model *model, const char *name, const char *const *list, size_t count)
{
    model->attributes[model->attribute_count++] = (struct vch_network_attribute){
        name, VCH_NETWORK_ATTRIBUTE_TEXTS, .count = count, .texts = list};
}

static void add_text(struct model *model, const char *name, const char *text)
{
    if (text != NULL)
        model->attributes[model->attribute_count++] =
            (struct vch_network_attribute){name, VCH_NETWORK_ATTRIBUTE_TEXT, .text = text};
}

static void add_attributes(struct model *model, const struct lists *lists)
{
    bool c = lists->is_classifier;

    add_integers(model, "nodes_treeids", lists->trees, lists->node_count);
    add_integers(model, "nodes_nodeids", lists->nodes, lists->node_count);
    add_integers(model, "nodes_featureids", lists->features, lists->node_count);
    add_integers(model, "nodes_truenodeids", lists->yes, lists->node_count);
    add_integers(model, "nodes_falsenodeids", lists->no, lists->node_count);
    add_integers(model, "nodes_missing_value_tracks_true", lists->missing, lists->node_count);
    add_reals(model, "nodes_values", lists->values, lists->node_count);
    add_texts(model, "nodes_modes", lists->modes, lists->node_count);
    add_integers(model, c ? "class_treeids" : "target_treeids", lists->weight_trees,
                 lists->weight_count);
    add_integers(model, c ? "class_nodeids" : "target_nodeids", lists->weight_nodes,
                 lists->weight_count);
    add_integers(model, c ? "class_ids" : "target_ids", lists->weight_targets, lists->weight_count);
    add_reals(model, c ? "class_weights" : "target_weights", lists->weights, lists->weight_count);
    if (lists->base_count > 0) add_reals(model, "base_values", lists->base, lists->base_count);
    if (lists->texts[0] != NULL)
        add_texts(model, "classlabels_strings", lists->texts, lists->label_count);
    else if (c)
        add_integers(model, "classlabels_int64s", lists->labels, lists->label_count);
    add_text(model, "post_transform", lists->transform);
    add_text(model, "aggregate_function", lists->aggregate);
    if (!c)
        model->attributes[model->attribute_count++] = (struct vch_network_attribute){
            "n_targets", VCH_NETWORK_ATTRIBUTE_INTEGER, .integer = lists->targets};
}

// Values: 0 the input, 1 the class, 2 the scores. A classifier gives both.
static void make(struct model *model, const struct lists *lists)
{
    static uint32_t inputs[1] = {0}, outputs[2] = {1, 2};

    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)1 << 28);
    *model = (struct model){0};
    model->values[0] = (struct vch_network_value){
        .name = "x", .type = VCH_NETWORK_REAL, .has_shape = true, .shape = {2, {1, FEATURES}}};
    model->values[1] = (struct vch_network_value){.name = "label", .type = VCH_NETWORK_INTEGER};
    model->values[2] = (struct vch_network_value){.name = "scores", .type = VCH_NETWORK_REAL};
    add_attributes(model, lists);
    model->nodes[0] = (struct vch_network_node){
        .operator_ = lists->is_classifier ? "TreeEnsembleClassifier" : "TreeEnsembleRegressor",
        .domain = VCH_NETWORK_DOMAIN_ML,
        .name = "forest",
        .version = 3,
        .input_count = 1,
        .output_count = lists->is_classifier ? 2 : 1,
        .attribute_count = model->attribute_count,
        .inputs = inputs,
        .outputs = lists->is_classifier ? outputs : outputs + 1,
        .attributes = model->attributes,
    };
    model->network = (struct vch_network){
        .arena = &arena,
        .value_count = 3,
        .node_count = 1,
        .values = model->values,
        .nodes = model->nodes,
        .input_count = 1,
        .output_count = lists->is_classifier ? 2 : 1,
        .outputs = {lists->is_classifier ? 1 : 2, 2},
        .name = "test",
    };
}

static vch_status lower(struct vch_graph **graph, struct vch_import_report *report,
                        const struct lists *lists, struct vch_complaint *complaint)
{
    static struct model model;
    struct vch_import_options options = {0};

    make(&model, lists);
    CHECK(vch_ensemble_is(&model.network));
    return vch_ensemble_lower(graph, report, &model.network, &options, &arena, complaint);
}

struct answer {
    int32_t class[BATCH_MAX];
    float scores[BATCH_MAX * 8];
    double error_max;
};

// Lowers, checks as a package would, runs.
static void answer(struct answer *out, const struct lists *lists, const float *x, uint32_t batch)
{
    static int32_t keys[BATCH_MAX * FEATURES];
    static int64_t raw[BATCH_MAX * 8];
    struct vch_kernels kernels = vch_kernels_select(vch_cpu_level(NULL));
    struct vch_graph *graph = NULL;
    struct vch_import_report report;
    struct vch_complaint complaint = {0};
    struct vch_tensor outputs[2] = {0};

    CHECK_OK(lower(&graph, &report, lists, &complaint));
    CHECK_OK(vch_graph_check(graph, &arena, NULL));
    CHECK_OK(vch_graph_check_parameters(graph, &graph->operators[0], &arena, NULL));
    uint32_t last = graph->output_count - 1;
    out->error_max = report.outputs[last].error_max;
    for (uint32_t i = 0; i <= last; i++) {
        const struct vch_value *value = &graph->values[graph->outputs[i].value];
        outputs[i] = (struct vch_tensor){value->type, value->shape,
                                         i == last ? (void *)raw : (void *)out->class};
    }
    struct vch_tensor input = {VCH_TYPE_I32, graph->values[0].shape, keys};
    struct vch_run run = {
        .graph = graph, .last = graph->operator_count, .batch = batch, .kernels = &kernels};
    CHECK_OK(vch_quantise_input(keys, graph, &graph->inputs[0], x, (size_t)batch * FEATURES, NULL));
    CHECK_OK(vch_run_graph(&run, &input, outputs, &arena, NULL));
    vch_quantise_output(out->scores, graph, &graph->outputs[last], raw,
                        (size_t)batch * vch_tensor_shape_count(&outputs[last].shape));
}

// One split at `threshold` of feature 0; the weights of class or target 0 on both sides.
static struct lists stump(const char *mode, float threshold, float yes, float no)
{
    struct lists lists = {
        .is_classifier = true,
        .node_count = 3,
        .weight_count = 2,
        .label_count = 2,
        .nodes = {0, 1, 2},
        .yes = {1},
        .no = {2},
        .values = {threshold},
        .modes = {mode, "LEAF", "LEAF"},
        .weight_nodes = {1, 2},
        .weights = {yes, no},
        .labels = {0, 1},
        .targets = 1,
    };
    return lists;
}

static void add_node(struct lists *lists, int64_t tree, int64_t node, const char *mode, float value,
                     int64_t yes, int64_t no)
{
    size_t i = lists->node_count++;
    lists->trees[i] = tree;
    lists->nodes[i] = node;
    lists->modes[i] = mode;
    lists->values[i] = value;
    lists->yes[i] = yes;
    lists->no[i] = no;
}

static void add_weight(struct lists *lists, int64_t tree, int64_t node, int64_t target,
                       float weight)
{
    size_t i = lists->weight_count++;
    lists->weight_trees[i] = tree;
    lists->weight_nodes[i] = node;
    lists->weight_targets[i] = target;
    lists->weights[i] = weight;
}

static bool compare(int mode, float x, float threshold)
{
    switch (mode) {
    case 0: return x <= threshold;
    case 1: return x < threshold;
    case 2: return x >= threshold;
    default: return x > threshold;
    }
}

static const char *const mode_names[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT"};

TEST(ensemble_splits_exactly_where_floats_do)
{
    static const float numbers[] = {0.0f,      -0.0f,      0x1p-149f,   -0x1p-149f, 1.0f,
                                    -1.0f,     3.4e38f,    -3.4e38f,    INFINITY,   -INFINITY,
                                    0x1p-126f, 1.0000001f, 0.99999994f, NAN};
    enum { COUNT = sizeof numbers / sizeof *numbers };
    static struct answer got;
    static float x[COUNT * FEATURES];

    for (size_t i = 0; i < COUNT; i++)
        x[i * FEATURES] = numbers[i];
    for (int mode = 0; mode < 4; mode++)
        for (size_t t = 0; t + 1 < COUNT; t++)
            for (int missing = 0; missing < 2; missing++) {
                struct lists lists = stump(mode_names[mode], numbers[t], 1, -1);
                lists.missing[0] = missing;
                answer(&got, &lists, x, COUNT);
                for (size_t i = 0; i < COUNT; i++) {
                    bool want = isnan(numbers[i]) ? missing : compare(mode, numbers[i], numbers[t]);
                    CHECK_EQ(got.class[i], want);
                }
            }
}

TEST(ensemble_of_two_classes_with_one_scored_decides_at_zero_or_a_half)
{
    static struct answer got;
    const float x[2 * FEATURES] = {-1, 0, 0, 1, 0, 0};
    static const struct {
        float yes, no, base;
        const char *transform;
        int class[2];
        float first, second; // scores of the first row
    } cases[] = {
        {0.75f, 0.25f, 0, "NONE", {1, 0}, 0.25f, 0.75f},
        {0.5f, 0.50000006f, 0, "NONE", {0, 1}, 0.5f, 0.5f}, // a tie is the first class
        {0.25f, 0.5f, 0.25f, "NONE", {0, 1}, 0.5f, 0.5f},
        {0.75f, -0.25f, 0, "NONE", {1, 0}, -0.75f, 0.75f},
        {0.0f, -0.25f, 0, "NONE", {0, 0}, 0, 0},
        {0.5f, -0.5f, -0.5f, "LOGISTIC", {0, 0}, 0.5f, 0.5f},
        {0.5f, -0.5f, 1, "LOGISTIC", {1, 1}, 0.182426f, 0.817574f},
    };

    FOR_EACH(c, cases)
    for (int id = 0; id < 2; id++) {
        struct lists lists = stump("BRANCH_LEQ", 0, c->yes, c->no);
        lists.transform = c->transform;
        lists.weight_targets[0] = lists.weight_targets[1] = id; // either number means the same
        lists.base[0] = c->base;
        lists.base_count = c->base != 0;
        answer(&got, &lists, x, 2);
        CHECK_EQ(got.class[0], c -> class[0]);
        CHECK_EQ(got.class[1], c -> class[1]);
        CHECK(fabsf(got.scores[0] - c->first) < 1e-4f);
        CHECK(fabsf(got.scores[1] - c->second) < 1e-4f);
    }
}

TEST(ensemble_scores_add_up_over_trees_and_ties_go_to_the_lowest_class)
{
    static struct answer got;
    const float x[2 * FEATURES] = {-1, 0, 0, 1, 0, 0};
    struct lists lists = {.is_classifier = true, .label_count = 3, .labels = {0, 1, 2}};

    // 0.1 + 0.2 for class 2 and 0.2 + 0.1 for class 1 are the same number, in any order.
    for (int tree = 0; tree < 2; tree++) {
        add_node(&lists, tree, 5, "BRANCH_LEQ", 0, 9, 7);
        add_node(&lists, tree, 7, "LEAF", 0, 0, 0);
        add_node(&lists, tree, 9, "LEAF", 0, 0, 0);
        add_weight(&lists, tree, 9, 1, tree ? 0.1f : 0.2f);
        add_weight(&lists, tree, 9, 2, tree ? 0.2f : 0.1f);
        add_weight(&lists, tree, 7, 2, 0.25f);
        add_weight(&lists, tree, 7, 2, 0.25f); // twice the same leaf and class: added
    }
    lists.base_count = 3;
    lists.base[0] = 0.125f;
    answer(&got, &lists, x, 2);
    CHECK_EQ(got.class[0], 1);
    CHECK_EQ(got.class[1], 2);
    CHECK(got.scores[0] == 0.125f && got.scores[5] == 1);
    CHECK(got.scores[1] == got.scores[2] && fabsf(got.scores[1] - 0.3f) < 1e-7f);
    CHECK(got.error_max == 0);
}

// Votes of 1 / n each, as float32: float32(1 / n) * (n / 2) is not a half for most n.
TEST(ensemble_counts_even_votes_as_even)
{
    static struct answer got;
    float x[FEATURES] = {0};
    // With one class scored, what a float32 sum makes of an even vote decides: for 20 votes it is
    // above a half.
    static const struct {
        int trees, scored_twice, class;
    } cases[] = {{6, 1, 0}, {10, 1, 0}, {20, 1, 0}, {6, 0, 0}, {10, 0, 0}, {20, 0, 1}, {16, 0, 0}};

    FOR_EACH(c, cases)
    for (int extra = -1; extra <= 1; extra++) {
        struct lists lists = {.is_classifier = true, .label_count = 2, .labels = {0, 1}};
        for (int tree = 0; tree < c->trees; tree++) {
            bool is_second = tree < c->trees / 2 + extra;
            float vote = (float)(1 / (double)c->trees);
            add_node(&lists, tree, 0, "LEAF", 0, 0, 0);
            add_weight(&lists, tree, 0, 1, is_second ? vote : 0);
            if (c->scored_twice) add_weight(&lists, tree, 0, 0, is_second ? 0 : vote);
        }
        answer(&got, &lists, x, 1);
        CHECK_EQ(got.class[0], extra != 0 ? extra > 0 : c->class);
        double want = 0.5 + (double)extra / c->trees;
        CHECK(fabs((double)got.scores[1] - want) < 1e-6);
    }
}

TEST(ensemble_softmax_is_within_its_stated_error)
{
    static struct answer got;
    static float x[BATCH_MAX * FEATURES];

    for (int range = 1; range < 6; range++) {
        struct lists lists = {
            .is_classifier = true, .label_count = 3, .labels = {0, 1, 2}, .transform = "SOFTMAX"};
        float scale = ldexpf(1, range - 2);
        for (int tree = 0; tree < 6; tree++) {
            add_node(&lists, tree, 0, "BRANCH_LT", (float)test_below(100), 1, 2);
            lists.features[lists.node_count - 1] = tree % FEATURES;
            add_node(&lists, tree, 1, "LEAF", 0, 0, 0);
            add_node(&lists, tree, 2, "LEAF", 0, 0, 0);
            for (int leaf = 1; leaf < 3; leaf++)
                add_weight(&lists, tree, leaf, tree % 3,
                           ((float)test_below(2001) / 1000 - 1) * scale);
        }
        for (size_t i = 0; i < BATCH_MAX * FEATURES; i++)
            x[i] = (float)test_below(101);
        answer(&got, &lists, x, BATCH_MAX);
        CHECK(got.error_max < 1e-3);
        for (size_t i = 0; i < BATCH_MAX; i++) {
            double raw[3] = {0}, sum = 0;
            for (int tree = 0; tree < 6; tree++) {
                bool is_yes = x[i * FEATURES + (size_t)tree % 3] < lists.values[3 * tree];
                raw[tree % 3] += (double)lists.weights[2 * tree + !is_yes];
            }
            for (int k = 0; k < 3; k++)
                sum += exp(raw[k]);
            for (size_t k = 0; k < 3; k++)
                CHECK(fabs(exp(raw[k]) / sum - (double)got.scores[3 * i + k]) <= got.error_max);
        }
    }
}

TEST(ensemble_regressor_sums_or_averages)
{
    static struct answer got;
    const float x[FEATURES] = {0};
    struct lists lists = {.targets = 2};

    for (int tree = 0; tree < 3; tree++) {
        add_node(&lists, tree, 0, "LEAF", 0, 0, 0); // a tree may be a single leaf
        add_weight(&lists, tree, 0, 0, 100.5f);
        add_weight(&lists, tree, 0, 1, -1e6f);
    }
    lists.base_count = 2;
    lists.base[0] = -0.5f;
    answer(&got, &lists, x, 1);
    CHECK(got.scores[0] == 301 && got.scores[1] == -3e6f);
    lists.aggregate = "AVERAGE";
    answer(&got, &lists, x, 1);
    CHECK(got.scores[0] == 100 && got.scores[1] == -1e6f);
}

TEST(ensemble_keeps_labels)
{
    struct vch_graph *graph = NULL;
    struct vch_import_report report;
    struct lists lists = stump("BRANCH_LEQ", 0, 1, 0);

    CHECK_OK(lower(&graph, &report, &lists, NULL));
    CHECK_EQ(graph->outputs[0].kind, VCH_PORT_CLASS);
    CHECK_EQ(graph->outputs[0].label_count, 0); // 0 and 1 say no more than the index
    lists.labels[0] = -7;
    CHECK_OK(lower(&graph, &report, &lists, NULL));
    CHECK_EQ(graph->outputs[0].label_count, 2);
    CHECK(strcmp(graph->outputs[0].labels[0], "-7") == 0);
    lists.texts[0] = "ham";
    lists.texts[1] = "spam";
    CHECK_OK(lower(&graph, &report, &lists, NULL));
    CHECK(strcmp(graph->outputs[0].labels[1], "spam") == 0);
    lists.texts[1] = "sp\xe4m"; // Latin-1: no package could hold it
    CHECK_FAILS(lower(&graph, &report, &lists, NULL), MALFORMED);
}

// A random binary tree of distinct numbers in random order, walked naively.
static void grow_tree(struct lists *lists, int64_t tree)
{
    int64_t open[16] = {0}, next = 1;
    size_t open_count = 1, splits = test_below(4);

    while (open_count > 0) {
        size_t pick = test_below((uint32_t)open_count);
        int64_t id = open[pick];
        open[pick] = open[--open_count];
        if (splits == 0) {
            add_node(lists, tree, id * 1000003, "LEAF", 0, 0, 0);
            add_weight(lists, tree, id * 1000003, test_below(3), (float)test_below(1000) / 256);
            continue;
        }
        splits--;
        add_node(lists, tree, id * 1000003, mode_names[test_below(4)], (float)test_below(8),
                 next * 1000003, (next + 1) * 1000003);
        lists->features[lists->node_count - 1] = test_below(FEATURES);
        open[open_count++] = next++;
        open[open_count++] = next++;
    }
}

static size_t node_of(const struct lists *lists, int64_t tree, int64_t id)
{
    size_t i = 0;
    while (lists->trees[i] != tree || lists->nodes[i] != id)
        i++;
    return i;
}

static void walk_naively(double scores[3], const struct lists *lists, const float *x, int trees)
{
    for (int tree = 0; tree < trees; tree++) {
        size_t at = node_of(lists, tree, 0);
        while (strcmp(lists->modes[at], "LEAF") != 0) {
            int mode = 0;
            while (strcmp(lists->modes[at], mode_names[mode]) != 0)
                mode++;
            bool is_yes = compare(mode, x[lists->features[at]], lists->values[at]);
            at = node_of(lists, tree, is_yes ? lists->yes[at] : lists->no[at]);
        }
        for (size_t w = 0; w < lists->weight_count; w++)
            if (lists->weight_trees[w] == tree && lists->weight_nodes[w] == lists->nodes[at])
                scores[lists->weight_targets[w]] += (double)lists->weights[w];
    }
}

TEST(ensemble_equals_a_naive_walk_on_random_forests)
{
    static struct answer got;
    static float x[BATCH_MAX * FEATURES];

    for (int round = 0; round < 50; round++) {
        struct lists lists = {.is_classifier = true, .label_count = 3, .labels = {0, 1, 2}};
        int trees = 1 + (int)test_below(6);
        for (int64_t tree = 0; tree < trees; tree++)
            grow_tree(&lists, tree);
        for (size_t i = 0; i < BATCH_MAX * FEATURES; i++)
            x[i] = (float)test_below(17) / 2;
        answer(&got, &lists, x, BATCH_MAX);
        for (size_t i = 0; i < BATCH_MAX; i++) {
            double scores[3] = {0};
            walk_naively(scores, &lists, x + i * FEATURES, trees);
            int best = 0;
            for (int k = 0; k < 3; k++) {
                CHECK(scores[k] == (double)got.scores[3 * i + (size_t)k]);
                if (scores[k] > scores[best]) best = k;
            }
            CHECK_EQ(got.class[i], best);
        }
    }
}

static void check_refused(const struct lists *lists, enum vch_code code, const char *what)
{
    struct vch_graph *graph = NULL;
    struct vch_import_report report;
    struct vch_complaint complaint = {0};

    CHECK_EQ(lower(&graph, &report, lists, &complaint).code, code);
    if (strstr(complaint.text, what) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", complaint.text, what);
}

TEST(ensemble_refuses_what_is_no_tree_and_names_tree_and_node)
{
    struct lists good = stump("BRANCH_LEQ", 0, 1, -1), bad;

    bad = good;
    bad.yes[0] = 9;
    check_refused(&bad, VCH_CODE_MALFORMED, "tree 0, node 0: its true child");
    bad = good;
    bad.no[0] = INT64_MIN;
    check_refused(&bad, VCH_CODE_MALFORMED, "tree 0, node 0: its false child");
    bad = good;
    bad.yes[0] = 2;
    check_refused(&bad, VCH_CODE_MALFORMED, "tree 0, node 2: more than one branch");
    bad = good;
    bad.nodes[2] = 1;
    check_refused(&bad, VCH_CODE_MALFORMED, "tree 0, node 1: it is listed twice");
    bad = good;
    bad.trees[2] = 5;
    check_refused(&bad, VCH_CODE_MALFORMED, "its false child");
    bad = good;
    add_node(&bad, 0, 3, "LEAF", 0, 0, 0);
    check_refused(&bad, VCH_CODE_MALFORMED, "not the tree's only root");
    bad = good;
    bad.yes[0] = 0;
    check_refused(&bad, VCH_CODE_MALFORMED, "cycle");
    bad = good;
    add_node(&bad, 0, 3, "BRANCH_LEQ", 0, 4, 5); // 3 and 4 lead to each other, beside the tree
    add_node(&bad, 0, 4, "BRANCH_LEQ", 0, 3, 6);
    add_node(&bad, 0, 5, "LEAF", 0, 0, 0);
    add_node(&bad, 0, 6, "LEAF", 0, 0, 0);
    check_refused(&bad, VCH_CODE_MALFORMED, "cycle");
}

TEST(ensemble_refuses_bad_numbers_and_names_tree_and_node)
{
    struct lists good = stump("BRANCH_LEQ", 0, 1, -1), bad;

    bad = good;
    bad.values[0] = NAN;
    check_refused(&bad, VCH_CODE_MALFORMED, "tree 0, node 0: its threshold is NaN");
    bad = good;
    bad.features[0] = -1;
    check_refused(&bad, VCH_CODE_LIMIT, "tree 0, node 0: its feature");
    bad = good;
    bad.features[0] = INT64_MAX;
    check_refused(&bad, VCH_CODE_LIMIT, "tree 0, node 0: its feature");
    bad = good;
    bad.features[0] = FEATURES;
    check_refused(&bad, VCH_CODE_MALFORMED, "has only 3");
    bad = good;
    bad.weights[1] = INFINITY;
    check_refused(&bad, VCH_CODE_MALFORMED, "tree 0, node 2: its weight is not finite");
    bad = good;
    bad.weight_nodes[0] = 0;
    check_refused(&bad, VCH_CODE_MALFORMED, "tree 0, node 0: it has a weight but is not a leaf");
    bad = good;
    bad.weight_trees[0] = 7;
    check_refused(&bad, VCH_CODE_MALFORMED, "tree 7, node 1: it has a weight but does not exist");
    bad = good;
    bad.weight_targets[0] = 2;
    check_refused(&bad, VCH_CODE_MALFORMED, "tree 0, node 1: weight for class or target 2");
    bad = good;
    bad.weight_targets[0] = -1;
    check_refused(&bad, VCH_CODE_MALFORMED, "tree 0, node 1: weight for class or target -1");
    bad = good;
    bad.base_count = 1;
    bad.base[0] = NAN;
    check_refused(&bad, VCH_CODE_UNSUPPORTED, "finite");
    bad = good;
    bad.base_count = 3;
    check_refused(&bad, VCH_CODE_UNSUPPORTED, "base value");
}

TEST(ensemble_refuses_what_it_does_not_know_by_name)
{
    struct lists good = stump("BRANCH_LEQ", 0, 1, -1), bad;

    bad = good;
    bad.modes[0] = "BRANCH_EQ";
    check_refused(&bad, VCH_CODE_UNSUPPORTED, "tree 0, node 0: mode 'BRANCH_EQ'");
    bad = good;
    bad.transform = "PROBIT";
    check_refused(&bad, VCH_CODE_UNSUPPORTED, "'PROBIT'");
    bad = good;
    bad.transform = "SOFTMAX";
    check_refused(&bad, VCH_CODE_UNSUPPORTED, "SOFTMAX over one scored class");
    bad = good;
    bad.is_classifier = false;
    bad.aggregate = "MIN";
    check_refused(&bad, VCH_CODE_UNSUPPORTED, "'MIN'");
    bad = good;
    bad.is_classifier = false;
    bad.transform = "LOGISTIC";
    check_refused(&bad, VCH_CODE_UNSUPPORTED, "single target");
    bad = good;
    bad.is_classifier = false;
    bad.targets = 0;
    check_refused(&bad, VCH_CODE_UNSUPPORTED, "0 classes or targets");
    bad = good;
    bad.label_count = 1;
    check_refused(&bad, VCH_CODE_UNSUPPORTED, "1 classes or targets");
    bad = good;
    bad.node_count = 0;
    check_refused(&bad, VCH_CODE_MALFORMED, "no trees");
    bad = good;
    bad.weight_count = 0;
    check_refused(&bad, VCH_CODE_MALFORMED, "no 'class_weights'");
}

TEST(ensemble_refuses_lists_of_unequal_length)
{
    struct lists lists = stump("BRANCH_LEQ", 0, 1, -1);
    static struct model model;
    struct vch_import_options options = {0};

    make(&model, &lists);
    for (uint32_t i = 0; i < 12; i++) {
        struct vch_graph *graph = NULL;
        struct vch_import_report report;
        struct vch_complaint complaint = {0};
        make(&model, &lists);
        model.attributes[i].count--;
        CHECK_FAILS(
            vch_ensemble_lower(&graph, &report, &model.network, &options, &arena, &complaint),
            MALFORMED);
        CHECK(strstr(complaint.text, "expected") != NULL);
    }
}

TEST(ensemble_refuses_other_operators_around_it)
{
    static const char *const operators[] = {"Relu", "Softmax", "TreeEnsembleClassifier"};
    struct lists lists = stump("BRANCH_LEQ", 0, 1, -1);
    static struct model model;
    static uint32_t scores[1] = {2}, out[1] = {3};
    struct vch_import_options options = {0};

    FOR_EACH(operator_, operators)
    {
        struct vch_graph *graph = NULL;
        struct vch_import_report report;
        struct vch_complaint complaint = {0};
        make(&model, &lists);
        model.nodes[1] = model.nodes[0];
        model.nodes[1].name = "after";
        model.nodes[1].operator_ = *operator_;
        if (operator_ != &operators[2]) model.nodes[1].domain = "";
        model.nodes[1].inputs = scores;
        model.nodes[1].outputs = out;
        model.nodes[1].output_count = 1;
        model.network.node_count = 2;
        model.network.value_count = 4;
        CHECK_FAILS(
            vch_ensemble_lower(&graph, &report, &model.network, &options, &arena, &complaint),
            UNSUPPORTED);
        CHECK(strstr(complaint.text, "'after'") != NULL);
    }
}

// A chain of nodes, each the right child of the one before.
TEST(ensemble_refuses_trees_that_are_too_deep)
{
    enum { DEPTH = 5000, COUNT = 2 * DEPTH + 1 };
    static int64_t nodes[COUNT], zeros[COUNT], yes[COUNT], no[COUNT];
    static float values[COUNT];
    static const char *modes[COUNT];
    struct lists lists = stump("BRANCH_LEQ", 0, 1, -1);
    static struct model model;
    struct vch_import_options options = {0};
    struct vch_graph *graph = NULL;
    struct vch_import_report report;
    struct vch_complaint complaint = {0};
    const void *replaced[] = {zeros, nodes, zeros, yes, no, zeros, values, modes};

    for (int64_t i = 0; i < COUNT; i++) {
        bool is_leaf = i % 2 == 1 || i == COUNT - 1;
        nodes[i] = i;
        yes[i] = i + 1;
        no[i] = i + 2;
        modes[i] = is_leaf ? "LEAF" : "BRANCH_LEQ";
    }
    lists.weight_nodes[1] = 3;
    make(&model, &lists);
    for (size_t i = 0; i < 8; i++) {
        model.attributes[i].count = COUNT;
        if (model.attributes[i].integers != NULL) model.attributes[i].integers = replaced[i];
        if (model.attributes[i].reals != NULL) model.attributes[i].reals = values;
        if (model.attributes[i].texts != NULL) model.attributes[i].texts = modes;
    }
    CHECK_FAILS(vch_ensemble_lower(&graph, &report, &model.network, &options, &arena, &complaint),
                LIMIT);
    CHECK(strstr(complaint.text, "deeper than") != NULL);
}

// Linear models after rewriting, evaluated as the float network that they have become, against
// their definition.
#include "import/ensemble.h"

#include <math.h>
#include <string.h>

#include "harness/test.h"
#include "import/evaluate.h"
#include "import/translate.h"

enum { FEATURES = 3, ROWS = 3, VALUES = 16, NODES = 6, ATTRIBUTES = 8 };

// A network in the making: value 0 is the input x (1, FEATURES).
struct model {
    struct vch_network network;
    struct vch_network_node nodes[NODES];
    struct vch_network_attribute attributes[NODES][ATTRIBUTES];
    uint32_t operands[NODES][4];
};

static struct vch_arena arena;
static struct model model;
static struct vch_ensemble_labels labels[VCH_GRAPH_PORTS_MAX];

static const float weights[ROWS * FEATURES] = {1, -2, 0.5f, 0.25f, 1.5f, -1, -0.75f, 0.5f, 2};
static const float intercepts[ROWS] = {0.125f, -0.5f, 0.25f};
static const int64_t class_labels[ROWS] = {3, 5, 7};

static void begin(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)1 << 27);
    memset(&model, 0, sizeof model);
    model.network = (struct vch_network){.arena = &arena, .name = "test", .input_count = 1};
    uint32_t input = 0;
    CHECK_OK(vch_network_add_value(&model.network, "x", &input));
    model.network.values[input].has_shape = true;
    model.network.values[input].shape = (struct vch_network_shape){2, {1, FEATURES}};
}

// Adds a node of ai.onnx.ml with one operand; gives the first of its output values.
static uint32_t add(const char *operator_, uint32_t input, uint32_t output_count)
{
    uint32_t i = model.network.node_count++, first = 0, *operands = model.operands[i];

    operands[0] = input;
    for (uint32_t k = 0; k < output_count; k++) {
        CHECK_OK(vch_network_add_value(&model.network, operator_, &operands[1 + k]));
        if (k == 0) first = operands[1];
    }
    model.nodes[i] = (struct vch_network_node){.operator_ = operator_,
                                               .domain = VCH_NETWORK_DOMAIN_ML,
                                               .name = operator_,
                                               .version = 1,
                                               .input_count = 1,
                                               .output_count = output_count,
                                               .inputs = operands,
                                               .outputs = operands + 1,
                                               .attributes = model.attributes[i]};
    model.network.nodes = model.nodes;
    return first;
}

static struct vch_network_attribute *attribute(const char *name,
                                               enum vch_network_attribute_kind kind)
{
    struct vch_network_node *node = &model.nodes[model.network.node_count - 1];
    struct vch_network_attribute *out =
        &model.attributes[model.network.node_count - 1][node->attribute_count++];

    out->name = name;
    out->kind = kind;
    return out;
}

static void set_reals(const char *name, const float *list, size_t count)
{
    struct vch_network_attribute *out = attribute(name, VCH_NETWORK_ATTRIBUTE_REALS);
    out->reals = list;
    out->count = count;
}

static void set_text(const char *name, const char *text)
{
    attribute(name, VCH_NETWORK_ATTRIBUTE_TEXT)->text = text;
}

// The class is the first output value, the scores the second.
static uint32_t add_classifier(uint32_t input, uint32_t rows, uint32_t classes,
                               const char *transform)
{
    uint32_t first = add("LinearClassifier", input, 2);

    set_reals("coefficients", weights, (size_t)rows * FEATURES);
    set_reals("intercepts", intercepts, rows);
    set_text("post_transform", transform);
    struct vch_network_attribute *list =
        attribute("classlabels_ints", VCH_NETWORK_ATTRIBUTE_INTEGERS);
    list->integers = class_labels;
    list->count = classes;
    return first;
}

static void set_output(uint32_t value)
{
    model.network.outputs[model.network.output_count++] = value;
}

// Rewrites, translates, evaluates one sample; gives an output's numbers.
static const double *evaluate(uint32_t output, const float *x)
{
    struct vch_layers *layers = NULL;
    struct vch_complaint complaint = {0};
    double **buffers = NULL;

    CHECK_OK(vch_ensemble_rewrite(&model.network, labels, &complaint));
    CHECK_OK(vch_translate_network(&layers, &model.network, &complaint));
    CHECK_OK(vch_evaluate_buffers(&buffers, layers, &arena));
    for (size_t i = 0; i < FEATURES; i++)
        buffers[layers->network->inputs[0]][i] = (double)x[i];
    CHECK_OK(vch_evaluate_all(buffers, layers, &arena));
    return buffers[layers->network->outputs[output]];
}

static void logits_of(double *out, const float *x, uint32_t rows)
{
    for (uint32_t row = 0; row < rows; row++) {
        out[row] = (double)intercepts[row];
        for (size_t i = 0; i < FEATURES; i++)
            out[row] += (double)weights[row * FEATURES + i] * (double)x[i];
    }
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static void draw(float x[FEATURES])
{
    for (size_t i = 0; i < FEATURES; i++)
        x[i] = (float)test_below(4001) / 1000 - 2;
}

static const char *const transforms[] = {"NONE", "LOGISTIC", "SOFTMAX"};

TEST(linear_classifier_gives_the_largest_row_and_transformed_scores)
{
    for (int round = 0; round < 60; round++) {
        int transform = round % 3;
        float x[FEATURES];
        double z[ROWS], sum = 0;
        begin();
        draw(x);
        uint32_t first = add_classifier(0, ROWS, ROWS, transforms[transform]);
        set_output(first);
        set_output(first + 1);
        const double *scores = evaluate(1, x);
        logits_of(z, x, ROWS);
        size_t best = 0;
        for (size_t i = 0; i < ROWS; i++) {
            if (z[i] > z[best]) best = i;
            sum += exp(z[i]);
        }
        for (size_t i = 0; i < ROWS; i++) {
            double want = transform == 0 ? z[i] : transform == 1 ? logistic(z[i]) : exp(z[i]) / sum;
            CHECK(fabs(scores[i] - want) < 1e-9);
        }
        CHECK_EQ(labels[0].count, ROWS);
        CHECK(strcmp(labels[0].texts[2], "7") == 0);
        CHECK_EQ(labels[1].count, 0);
        begin();
        set_output(add_classifier(0, ROWS, ROWS, transforms[transform]));
        CHECK_EQ((size_t)*evaluate(0, x), best);
    }
}

TEST(linear_classifier_of_one_row_decides_between_two_classes_at_zero)
{
    for (int round = 0; round < 40; round++) {
        bool is_logistic = round % 2 != 0;
        float x[FEATURES];
        double z = 0;
        begin();
        draw(x);
        uint32_t first = add_classifier(0, 1, 2, transforms[is_logistic]);
        set_output(first);
        set_output(first + 1);
        const double *scores = evaluate(1, x);
        logits_of(&z, x, 1);
        CHECK(fabs(scores[1] - (is_logistic ? logistic(z) : z)) < 1e-9);
        CHECK(fabs(scores[0] - (is_logistic ? logistic(-z) : 1 - z)) < 1e-9);
        begin();
        set_output(add_classifier(0, 1, 2, transforms[is_logistic]));
        CHECK_EQ(*evaluate(0, x), z > 0);
    }
}

TEST(linear_normalizer_divides_by_the_sum_of_probabilities)
{
    for (int transform = 1; transform < 3; transform++) {
        float x[FEATURES];
        double z[ROWS], sum = 0;
        begin();
        draw(x);
        uint32_t first = add_classifier(0, ROWS, ROWS, transforms[transform]);
        uint32_t normal = add("Normalizer", first + 1, 1);
        set_text("norm", "L1");
        set_output(add("ZipMap", normal, 1));
        const double *scores = evaluate(0, x);
        logits_of(z, x, ROWS);
        for (size_t i = 0; i < ROWS; i++)
            sum += transform == 1 ? logistic(z[i]) : exp(z[i]);
        for (size_t i = 0; i < ROWS; i++)
            CHECK(fabs(scores[i] - (transform == 1 ? logistic(z[i]) : exp(z[i])) / sum) < 1e-9);
    }
}

TEST(linear_regressor_and_scaler_are_affine)
{
    static const float offset[FEATURES] = {1, 0.5f, -2}, scale[FEATURES] = {2, 0.25f, -1};
    float x[FEATURES], scaled[FEATURES];
    double z[ROWS];

    begin();
    draw(x);
    uint32_t value = add("Scaler", 0, 1);
    set_reals("offset", offset, FEATURES);
    set_reals("scale", scale, FEATURES);
    uint32_t output = add("LinearRegressor", value, 1);
    set_reals("coefficients", weights, (size_t)2 * FEATURES);
    set_reals("intercepts", intercepts, 2);
    attribute("targets", VCH_NETWORK_ATTRIBUTE_INTEGER)->integer = 2;
    set_output(output);
    const double *got = evaluate(0, x);
    for (size_t i = 0; i < FEATURES; i++)
        scaled[i] = (x[i] - offset[i]) * scale[i];
    logits_of(z, scaled, 2);
    CHECK(fabs(got[0] - z[0]) < 1e-5 && fabs(got[1] - z[1]) < 1e-5);
}

static void check_refused(enum vch_code code, const char *what)
{
    struct vch_complaint complaint = {0};

    CHECK_EQ(vch_ensemble_rewrite(&model.network, labels, &complaint).code, code);
    if (strstr(complaint.text, what) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", complaint.text, what);
}

TEST(linear_models_refuse_what_does_not_fit)
{
    static const float bad[ROWS] = {0, NAN, 0};

    begin();
    add_classifier(0, 2, ROWS, "NONE");
    check_refused(VCH_CODE_MALFORMED, "LinearClassifier");
    begin();
    add_classifier(0, ROWS, 1, "NONE");
    check_refused(VCH_CODE_UNSUPPORTED, "two classes");
    begin();
    add_classifier(0, ROWS, ROWS, "PROBIT");
    check_refused(VCH_CODE_UNSUPPORTED, "'PROBIT'");
    begin();
    add_classifier(0, 1, 2, "SOFTMAX");
    check_refused(VCH_CODE_UNSUPPORTED, "one scored class");
    begin();
    add_classifier(0, ROWS, ROWS, "NONE");
    model.attributes[0][1].reals = bad;
    check_refused(VCH_CODE_MALFORMED, "not finite");
    begin();
    add("Normalizer", 0, 1);
    set_text("norm", "L1");
    check_refused(VCH_CODE_UNSUPPORTED, "Normalizer");
    begin();
    add("LinearRegressor", 0, 1);
    set_reals("coefficients", weights, FEATURES);
    attribute("targets", VCH_NETWORK_ATTRIBUTE_INTEGER)->integer = -1;
    check_refused(VCH_CODE_MALFORMED, "LinearRegressor");
    begin();
    add("Scaler", 0, 1);
    set_reals("offset", bad, FEATURES);
    check_refused(VCH_CODE_MALFORMED, "not finite");
    begin();
    add("ZipMap", 0, 0);
    check_refused(VCH_CODE_MALFORMED, "lacks an operand or a result");
}

static uint32_t add_text_constant(void)
{
    static const char *const texts[2] = {"a", "b"};
    struct vch_network_shape shape = {1, {2}};
    struct vch_network_tensor *tensor = NULL;
    uint32_t constant = 0;

    CHECK_OK(vch_network_new_tensor(&model.network, VCH_NETWORK_INTEGER, &shape, &tensor));
    tensor->texts = texts;
    CHECK_OK(vch_network_add_constant(&model.network, "names", tensor, &constant));
    return constant;
}

TEST(linear_rewrite_lets_no_text_into_arithmetic)
{
    begin();
    (void)add("Relu", add_text_constant(), 1);
    model.nodes[0].domain = "";
    check_refused(VCH_CODE_UNSUPPORTED, "text");
    begin();
    set_output(add_text_constant());
    check_refused(VCH_CODE_UNSUPPORTED, "text");
}

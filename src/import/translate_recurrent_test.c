// Recurrent layers: what the integers compute, against a step-by-step float reference.
#include <math.h>
#include <string.h>

#include "harness/importing.h"
#include "import/quantise.h"
#include "model/run.h"

enum { STEPS = 5, INPUTS = 3, HIDDEN = 4, SIZE = STEPS * INPUTS };

static struct importing at;
static float weights[2 * 4 * HIDDEN * INPUTS], recurrent[2 * 4 * HIDDEN * HIDDEN];
static float bias[2 * 8 * HIDDEN], peepholes[2 * 3 * HIDDEN], states[2][2 * HIDDEN];

static void fill(float *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        list[i] = importing_real();
}

struct plan {
    const char *operator_;
    uint32_t gates, directions;
    bool is_reverse, is_reset_last, has_peepholes, has_states;
    float clip;
};

static void open_node(const struct plan *plan)
{
    const int64_t rows = plan->gates * HIDDEN, directions = plan->directions;
    const char *inputs = plan->has_peepholes ? "x,w,r,b,,h,c,p"
                         : !plan->has_states ? "x,w,r,b"
                         : plan->gates == 4  ? "x,w,r,b,,h,c"
                                             : "x,w,r,b,,h";

    importing_start(&at, 14, DIMS(STEPS, 1, INPUTS));
    onnx_output(&at.onnx, "last");
    fill(weights, sizeof weights / sizeof *weights);
    fill(recurrent, sizeof recurrent / sizeof *recurrent);
    fill(bias, sizeof bias / sizeof *bias);
    fill(peepholes, sizeof peepholes / sizeof *peepholes);
    for (int i = 0; i < 2; i++)
        fill(states[i], sizeof states[i] / sizeof *states[i]);
    onnx_reals(&at.onnx, "w", DIMS(directions, rows, INPUTS), weights);
    onnx_reals(&at.onnx, "r", DIMS(directions, rows, HIDDEN), recurrent);
    onnx_reals(&at.onnx, "b", DIMS(directions, 2 * rows), bias);
    onnx_reals(&at.onnx, "p", DIMS(directions, 3 * HIDDEN), peepholes);
    onnx_reals(&at.onnx, "h", DIMS(directions, 1, HIDDEN), states[0]);
    onnx_reals(&at.onnx, "c", DIMS(directions, 1, HIDDEN), states[1]);
    onnx_node(&at.onnx, plan->operator_, inputs, "y,last");
    onnx_attribute_integer(&at.onnx, "hidden_size", HIDDEN);
    onnx_attribute_integer(&at.onnx, "linear_before_reset", plan->is_reset_last);
    if (plan->clip > 0) onnx_attribute_real(&at.onnx, "clip", plan->clip);
    onnx_attribute_text(&at.onnx, "direction",
                        plan->directions == 2 ? "bidirectional"
                        : plan->is_reverse    ? "reverse"
                                              : "forward");
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double clipped(const struct plan *plan, double x)
{
    if (plan->clip <= 0) return x;
    return fmax(-(double)plan->clip, fmin((double)plan->clip, x));
}

// x * W + its bias, and h * R + its bias, of row `row`.
static void products(double out[2], const struct plan *plan, uint32_t direction, uint32_t row,
                     const float *x, const double *h)
{
    const uint32_t rows = plan->gates * HIDDEN, at_row = direction * rows + row;

    out[0] = (double)bias[direction * 2 * rows + row];
    out[1] = (double)bias[direction * 2 * rows + rows + row];
    for (uint32_t i = 0; i < INPUTS; i++)
        out[0] += (double)x[i] * (double)weights[at_row * INPUTS + i];
    for (uint32_t i = 0; i < HIDDEN; i++)
        out[1] += h[i] * (double)recurrent[at_row * HIDDEN + i];
}

static double gate(const struct plan *plan, uint32_t direction, uint32_t index, uint32_t i,
                   const float *x, const double *h, double cell)
{
    double parts[2], seen = 0;

    products(parts, plan, direction, index * HIDDEN + i, x, h);
    if (plan->has_peepholes)
        seen = cell * (double)peepholes[direction * 3 * HIDDEN + index * HIDDEN + i];
    return sigmoid(clipped(plan, parts[0] + parts[1] + seen));
}

static double gru_candidate(const struct plan *plan, uint32_t direction, uint32_t i, const float *x,
                            const double *h, const double *reset)
{
    double parts[2], kept[HIDDEN];

    for (uint32_t k = 0; k < HIDDEN; k++)
        kept[k] = plan->is_reset_last ? h[k] : reset[k] * h[k];
    products(parts, plan, direction, 2 * HIDDEN + i, x, kept);
    return tanh(clipped(plan, parts[0] + (plan->is_reset_last ? reset[i] : 1) * parts[1]));
}

static void reference_step(const struct plan *plan, uint32_t direction, const float *x, double *h,
                           double *c)
{
    double before[HIDDEN], reset[HIDDEN], parts[2];

    memcpy(before, h, sizeof before);
    for (uint32_t i = 0; plan->gates == 3 && i < HIDDEN; i++)
        reset[i] = gate(plan, direction, 1, i, x, before, 0);
    for (uint32_t i = 0; i < HIDDEN; i++) {
        if (plan->gates == 1) {
            products(parts, plan, direction, i, x, before);
            h[i] = tanh(clipped(plan, parts[0] + parts[1]));
        } else if (plan->gates == 3) {
            double z = gate(plan, direction, 0, i, x, before, 0);
            double candidate = gru_candidate(plan, direction, i, x, before, reset);
            h[i] = (1 - z) * candidate + z * before[i];
        } else {
            double in = gate(plan, direction, 0, i, x, before, c[i]);
            double forget = gate(plan, direction, 2, i, x, before, c[i]);
            products(parts, plan, direction, 3 * HIDDEN + i, x, before);
            c[i] = forget * c[i] + in * tanh(clipped(plan, parts[0] + parts[1]));
            h[i] = gate(plan, direction, 1, i, x, before, c[i]) * tanh(c[i]);
        }
    }
}

static void reference(const struct plan *plan, const float *x, double *y, double *last)
{
    for (uint32_t d = 0; d < plan->directions; d++) {
        double h[HIDDEN] = {0}, c[HIDDEN] = {0};
        for (uint32_t i = 0; plan->has_states && i < HIDDEN; i++) {
            h[i] = (double)states[0][d * HIDDEN + i];
            c[i] = (double)states[1][d * HIDDEN + i];
        }
        for (uint32_t i = 0; i < STEPS; i++) {
            uint32_t step = plan->is_reverse || d == 1 ? STEPS - 1 - i : i;
            reference_step(plan, d, x + (size_t)step * INPUTS, h, c);
            memcpy(y + (step * plan->directions + d) * HIDDEN, h, sizeof h);
        }
        memcpy(last + (size_t)d * HIDDEN, h, sizeof h);
    }
}

static double scale_of(const struct vch_port *port)
{
    double scale = 0;

    memcpy(&scale, &port->scale_bits, sizeof scale);
    return scale;
}

static void check_port(const struct vch_port *port, const int16_t *found, const double *want,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fabs(found[i] * scale_of(port) - want[i]) > 0.03) // weights are int8
            test_fail(__FILE__, __LINE__, "%s[%zu] is %g, not %g", port->name, i,
                      found[i] * scale_of(port), want[i]);
}

// Imports, runs on the first sample, and compares both outputs.
static void check(const struct plan *plan)
{
    int16_t x[SIZE], y[STEPS * 2 * HIDDEN], last[2 * HIDDEN];
    double want_y[STEPS * 2 * HIDDEN], want_last[2 * HIDDEN];

    onnx_end(&at.onnx);
    importing_succeeds(&at, importing_random(&at, 16, SIZE));
    const struct vch_graph *graph = at.graph;
    for (size_t i = 0; i < SIZE; i++)
        x[i] = (int16_t)floor((double)at.values[i] / scale_of(&graph->inputs[0]) + 0.5);
    const struct vch_tensor input = {VCH_TYPE_I16, graph->values[graph->inputs[0].value].shape, x};
    const struct vch_tensor outputs[] = {
        {VCH_TYPE_I16, graph->values[graph->outputs[0].value].shape, y},
        {VCH_TYPE_I16, graph->values[graph->outputs[1].value].shape, last},
    };
    struct vch_run run = {
        .graph = graph, .last = graph->operator_count, .batch = 1, .kernels = &at.kernels};
    for (size_t i = 0; i < SIZE; i++)
        if (x[i] == INT16_MIN) x[i] = -INT16_MAX;
    CHECK_OK(vch_run_graph(&run, &input, outputs, &at.arena, NULL));
    reference(plan, at.values, want_y, want_last);
    check_port(&graph->outputs[0], y, want_y, (size_t)STEPS * plan->directions * HIDDEN);
    check_port(&graph->outputs[1], last, want_last, (size_t)plan->directions * HIDDEN);
}

TEST(recurrent_layers_of_every_direction)
{
    static const struct plan plans[] = {
        {.operator_ = "RNN", .gates = 1},
        {.operator_ = "GRU", .gates = 3},
        {.operator_ = "GRU", .gates = 3, .is_reset_last = true},
        {.operator_ = "LSTM", .gates = 4},
        {.operator_ = "LSTM", .gates = 4, .has_peepholes = true},
    };

    FOR_EACH(kind, plans)
    {
        for (int variant = 0; variant < 6; variant++) {
            struct plan plan = *kind;
            plan.directions = variant % 3 == 2 ? 2 : 1;
            plan.is_reverse = variant % 3 == 1;
            plan.has_states = variant >= 3 || plan.has_peepholes;
            plan.clip = variant >= 3 ? 0.5f : 0;
            open_node(&plan);
            check(&plan);
        }
    }
}

// The steps' weights and tables are stored once.
TEST(steps_share_weights_and_tables)
{
    const struct plan plan = {.operator_ = "LSTM", .gates = 4, .directions = 1};

    open_node(&plan);
    check(&plan);
    CHECK_EQ(importing_count(&at, VCH_OPERATOR_LINEAR), STEPS); // one for all inputs
    CHECK(at.graph->parameter_count <= 4);
    CHECK_EQ(at.graph->table_count, 3); // sigmoid, and tanh of sums and of cells
}

TEST(recurrent_layers_with_other_activations)
{
    static const char *const names[] = {"Relu",        "LeakyRelu", "ThresholdedRelu", "ScaledTanh",
                                        "HardSigmoid", "Elu",       "Softsign",        "Softplus",
                                        "Affine",      "Sigmoid"};

    FOR_EACH(name, names)
    {
        const struct plan plan = {.operator_ = "RNN", .gates = 1, .directions = 1};
        const float alpha = strcmp(*name, "ThresholdedRelu") == 0 ? 0 : 0.5f; // 0: without a jump
        open_node(&plan);
        onnx_attribute_texts(&at.onnx, "activations", name, 1);
        onnx_attribute_reals(&at.onnx, "activation_alpha", &alpha, 1);
        onnx_attribute_reals(&at.onnx, "activation_beta", (const float[]){0.25f}, 1);
        onnx_end(&at.onnx);
        importing_succeeds(&at, importing_random(&at, 16, SIZE));
        importing_is_close(&at, 0.03);
    }
}

// More steps than one CONCAT has operands.
TEST(long_sequences_are_joined_in_several_steps)
{
    enum { LONG = 130 };

    importing_start(&at, 14, DIMS(LONG, 1, INPUTS));
    fill(weights, HIDDEN * INPUTS);
    fill(recurrent, HIDDEN * HIDDEN);
    onnx_reals(&at.onnx, "w", DIMS(1, HIDDEN, INPUTS), weights);
    onnx_reals(&at.onnx, "r", DIMS(1, HIDDEN, HIDDEN), recurrent);
    onnx_node(&at.onnx, "RNN", "x,w,r", "y");
    onnx_attribute_integer(&at.onnx, "hidden_size", HIDDEN);
    onnx_end(&at.onnx);
    importing_succeeds(&at, importing_random(&at, 16, (size_t)LONG * INPUTS));
    CHECK_EQ(at.graph->values[at.graph->outputs[0].value].shape.dims[0], LONG);
}

// Two samples in the layer's own batch; the shorter one's state stays, its later steps show zeros.
TEST(shorter_sequences_hold_their_state)
{
    importing_start(&at, 14, DIMS(STEPS, 2, INPUTS));
    onnx_output(&at.onnx, "last");
    fill(weights, sizeof weights / sizeof *weights);
    fill(recurrent, sizeof recurrent / sizeof *recurrent);
    onnx_reals(&at.onnx, "w", DIMS(1, 4 * HIDDEN, INPUTS), weights);
    onnx_reals(&at.onnx, "r", DIMS(1, 4 * HIDDEN, HIDDEN), recurrent);
    onnx_integers(&at.onnx, "lengths", NUMBERS(STEPS, 2));
    onnx_integers(&at.onnx, "second", NUMBERS(1));
    onnx_integers(&at.onnx, "first", NUMBERS(0));
    importing_node(&at, "LSTM", "x,w,r,,lengths", "all,final");
    importing_node(&at, "Identity", "final", "last");
    importing_node(&at, "Identity", "all", "y");
    importing_succeeds(&at, importing_random(&at, 16, 2 * SIZE));
    importing_is_close(&at, 0.01);
    CHECK_EQ(at.report.output_count, 2);
}

TEST(recurrent_layers_that_do_not_fit_are_refused)
{
    static const struct {
        const char *inputs, *attribute, *text, *says;
    } wrong[] = {
        {"x,w", "direction", "forward", "missing"},
        {"x,x,r", "direction", "forward", "must be constant"},
        {"x,r,w", "direction", "forward", "numbers, not"},
        {"x,w,r", "direction", "sideways", "no direction"},
        {"x,w,r,r", "direction", "forward", "numbers, not"},
        {"x,w,r,,,w", "direction", "forward", "initial_h must be"},
        {"x,w,r,,lengths", "direction", "forward", "a sequence of 99"},
    };

    FOR_EACH(c, wrong)
    {
        importing_start(&at, 14, DIMS(STEPS, 1, INPUTS));
        onnx_reals(&at.onnx, "w", DIMS(1, 4 * HIDDEN, INPUTS), weights);
        onnx_reals(&at.onnx, "r", DIMS(1, 4 * HIDDEN, HIDDEN), recurrent);
        onnx_integers(&at.onnx, "lengths", NUMBERS(99));
        onnx_node(&at.onnx, "LSTM", c->inputs, "y");
        onnx_attribute_text(&at.onnx, c->attribute, c->text);
        onnx_end(&at.onnx);
        CHECK(!vch_is_ok(importing_random(&at, 16, SIZE)));
        if (strstr(at.complaint.text, c->says) == NULL)
            test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", at.complaint.text, c->says);
    }
}

#include "import/translate_cell.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"

// What is tied together over all steps.
enum tie { TIE_STATE, TIE_CELL, TIE_PRODUCT, TIE_SUM, TIE_GATE, TIE_CANDIDATE, TIE_TERM, TIE_KEPT };

struct vch_translate_cell_named {
    const char *name;
    enum vch_layer_function function;
    bool has_alpha, has_beta;
    float alpha, beta; // defaults
};

static const struct vch_translate_cell_named named[] = {
    {"Tanh", VCH_LAYER_TANH, false, false, 0, 0},
    {"Sigmoid", VCH_LAYER_SIGMOID, false, false, 0, 0},
    {"Relu", VCH_LAYER_LEAKY_RELU, false, false, 0, 0},
    {"LeakyRelu", VCH_LAYER_LEAKY_RELU, true, false, 0.01f, 0},
    {"ThresholdedRelu", VCH_LAYER_THRESHOLDED_RELU, true, false, 1, 0},
    {"ScaledTanh", VCH_LAYER_SCALED_TANH, true, true, 1, 1},
    {"HardSigmoid", VCH_LAYER_HARD_SIGMOID, true, true, 0.2f, 0.5f},
    {"Elu", VCH_LAYER_ELU, true, false, 1, 0},
    {"Softsign", VCH_LAYER_SOFTSIGN, false, false, 0, 0},
    {"Softplus", VCH_LAYER_SOFTPLUS, false, false, 0, 0},
    {"Affine", VCH_LAYER_LINE, true, true, 1, 0},
};

uint32_t vch_translate_cell_activation_count(enum vch_translate_cell_kind kind)
{
    return kind == VCH_TRANSLATE_CELL_RNN ? 1 : kind == VCH_TRANSLATE_CELL_GRU ? 2 : 3;
}

static vch_status find_activation(const struct vch_translate_cell_named **out,
                                  const struct vch_translate *at, const char *name)
{
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (strcasecmp(named[i].name, name) == 0) {
            *out = &named[i];
            return VCH_OK;
        }
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "there is no activation '%.40s'", name);
}

// The lists of alphas and betas hold one number for each activation that has one, in order.
struct numbers {
    const float *alphas, *betas;
    size_t alpha_count, beta_count, alpha_next, beta_next;
};

static void take_numbers(struct vch_translate_cell_activation *activation, struct numbers *numbers)
{
    const struct vch_translate_cell_named *of = activation->named;

    activation->alpha = (double)of->alpha;
    activation->beta = (double)of->beta;
    if (of->has_alpha && numbers->alpha_next < numbers->alpha_count)
        activation->alpha = (double)numbers->alphas[numbers->alpha_next++];
    if (of->has_beta && numbers->beta_next < numbers->beta_count)
        activation->beta = (double)numbers->betas[numbers->beta_next++];
}

vch_status vch_translate_cell_activations(struct vch_translate_cell *cell,
                                          const struct vch_translate *at, uint32_t direction)
{
    static const char *const defaults[] = {"Sigmoid", "Tanh", "Tanh"};
    uint32_t each = vch_translate_cell_activation_count(cell->kind);
    const char *const *names = NULL;
    struct numbers numbers = {0};
    size_t count = 0;

    VCH_TRY(vch_network_texts(&names, &count, &at->node, "activations", at->complaint));
    VCH_TRY(vch_network_reals(&numbers.alphas, &numbers.alpha_count, &at->node, "activation_alpha",
                              at->complaint));
    VCH_TRY(vch_network_reals(&numbers.betas, &numbers.beta_count, &at->node, "activation_beta",
                              at->complaint));
    if (names != NULL && count < (size_t)each * (direction + 1))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "%zu activations; each direction has %u", count, each);
    for (uint32_t i = 0; i < each * (direction + 1); i++) {
        struct vch_translate_cell_activation *activation = &cell->activations[i % each];
        const char *name = each == 1 ? "Tanh" : defaults[i % each];
        VCH_TRY(find_activation(&activation->named, at, names == NULL ? name : names[i]));
        take_numbers(activation, &numbers);
    }
    return VCH_OK;
}

static void tie(const struct vch_translate_cell *cell, struct vch_translate *at, enum tie what)
{
    at->tie = cell->tie + (uint32_t)what;
}

void vch_translate_cell_tie_states(const struct vch_translate_cell *cell, struct vch_translate *at)
{
    tie(cell, at, TIE_STATE);
}

void vch_translate_cell_tie_inputs(const struct vch_translate_cell *cell, struct vch_translate *at)
{
    tie(cell, at, TIE_SUM);
}

void vch_translate_cell_untie(struct vch_translate *at)
{
    at->tie = 0;
}

// Activation `i` of what is clipped before.
static vch_status activate(const struct vch_translate_cell *cell, struct vch_translate *at,
                           enum tie what, uint32_t i, uint32_t x, uint32_t *output)
{
    const struct vch_translate_cell_activation *activation = &cell->activations[i];
    uint32_t clipped = x;

    VCH_ASSERT(activation->named != NULL);
    if (isfinite(cell->clip)) {
        clipped = VCH_NONE;
        tie(cell, at, TIE_SUM);
        VCH_TRY(vch_translate_build_clamp(at, x, -cell->clip, cell->clip, &clipped));
    }
    tie(cell, at, what);
    return vch_translate_build_function(at, clipped, activation->named->function, activation->alpha,
                                        activation->beta, output);
}

// Gates `first` to `first + count` of (batch, gates * hidden).
static vch_status pick(const struct vch_translate_cell *cell, struct vch_translate *at, uint32_t x,
                       uint32_t first, uint32_t count, uint32_t *output)
{
    return vch_translate_build_slice(at, x, 1, (int64_t)first * cell->hidden, 1,
                                     count * cell->hidden, output);
}

// Gates `first` to `first + count`: the recurrent product of `h`, and the sum with x.
static vch_status recur(const struct vch_translate_cell *cell, struct vch_translate *at, uint32_t h,
                        uint32_t first, uint32_t count, uint32_t *output)
{
    size_t row = (size_t)first * cell->hidden;

    tie(cell, at, TIE_PRODUCT);
    return vch_translate_build_linear(at, h, cell->recurrent + row * cell->hidden, cell->bias + row,
                                      count * cell->hidden, output);
}

static vch_status add(const struct vch_translate_cell *cell, struct vch_translate *at,
                      enum tie what, uint32_t a, uint32_t b, uint32_t *output)
{
    tie(cell, at, what);
    return vch_translate_build_sum(at, a, b, 1, output);
}

static vch_status multiply(const struct vch_translate_cell *cell, struct vch_translate *at,
                           enum tie what, uint32_t a, uint32_t b, uint32_t *output)
{
    tie(cell, at, what);
    return vch_translate_build_product(at, a, b, output);
}

// x + R * h, all gates.
static vch_status sum_gates(const struct vch_translate_cell *cell, struct vch_translate *at,
                            uint32_t x, uint32_t h, uint32_t *output)
{
    uint32_t product = VCH_NONE;

    *output = x;
    if (h == VCH_NONE) return VCH_OK;
    *output = VCH_NONE;
    VCH_TRY(recur(cell, at, h, 0, cell->gates, &product));
    return add(cell, at, TIE_SUM, x, product, output);
}

static vch_status step_rnn(const struct vch_translate_cell *cell, struct vch_translate *at,
                           uint32_t x, struct vch_translate_cell_state *state)
{
    uint32_t sum = VCH_NONE;

    VCH_TRY(sum_gates(cell, at, x, state->hidden, &sum));
    state->hidden = VCH_NONE;
    return activate(cell, at, TIE_STATE, 0, sum, &state->hidden);
}

// h' = h~ + z * (h - h~), which is (1 - z) * h~ + z * h.
static vch_status blend(const struct vch_translate_cell *cell, struct vch_translate *at, uint32_t z,
                        uint32_t candidate, struct vch_translate_cell_state *state)
{
    uint32_t apart = VCH_NONE, part = VCH_NONE;

    tie(cell, at, TIE_TERM);
    if (state->hidden == VCH_NONE)
        VCH_TRY(vch_translate_build_scaled(at, candidate, -1, 0, &apart));
    else
        VCH_TRY(vch_translate_build_sum(at, state->hidden, candidate, -1, &apart));
    VCH_TRY(multiply(cell, at, TIE_KEPT, z, apart, &part));
    state->hidden = VCH_NONE;
    return add(cell, at, TIE_STATE, candidate, part, &state->hidden);
}

// What the reset gate lets through, times the candidate's weights.
static vch_status reset(const struct vch_translate_cell *cell, struct vch_translate *at, uint32_t r,
                        uint32_t h, uint32_t *output)
{
    uint32_t product = VCH_NONE, kept = VCH_NONE;

    if (cell->is_reset_last) {
        VCH_TRY(recur(cell, at, h, 2, 1, &product));
        return multiply(cell, at, TIE_PRODUCT, r, product, output);
    }
    VCH_TRY(multiply(cell, at, TIE_STATE, r, h, &kept));
    return recur(cell, at, kept, 2, 1, output);
}

static vch_status step_gru(const struct vch_translate_cell *cell, struct vch_translate *at,
                           uint32_t x, struct vch_translate_cell_state *state)
{
    uint32_t gates_x = VCH_NONE, last_x = VCH_NONE, gates = VCH_NONE, last = VCH_NONE;
    uint32_t product = VCH_NONE, z_r = VCH_NONE, z = VCH_NONE, r = VCH_NONE, through = VCH_NONE;
    uint32_t candidate = VCH_NONE;

    tie(cell, at, TIE_SUM);
    VCH_TRY(pick(cell, at, x, 0, 2, &gates_x));
    VCH_TRY(pick(cell, at, x, 2, 1, &last_x));
    gates = gates_x;
    last = last_x;
    if (state->hidden != VCH_NONE) {
        gates = VCH_NONE;
        VCH_TRY(recur(cell, at, state->hidden, 0, 2, &product));
        VCH_TRY(add(cell, at, TIE_SUM, gates_x, product, &gates));
    }
    VCH_TRY(activate(cell, at, TIE_GATE, 0, gates, &z_r));
    VCH_TRY(pick(cell, at, z_r, 0, 1, &z));
    if (state->hidden != VCH_NONE) {
        last = VCH_NONE;
        VCH_TRY(pick(cell, at, z_r, 1, 1, &r));
        VCH_TRY(reset(cell, at, r, state->hidden, &through));
        VCH_TRY(add(cell, at, TIE_SUM, last_x, through, &last));
    }
    VCH_TRY(activate(cell, at, TIE_CANDIDATE, 1, last, &candidate));
    return blend(cell, at, z, candidate, state);
}

// Gate `index` of the sums, plus what the cell's state adds to it through its peephole.
static vch_status peep(const struct vch_translate_cell *cell, struct vch_translate *at,
                       uint32_t sums, uint32_t index, uint32_t state, uint32_t *output)
{
    uint32_t gate = VCH_NONE, seen = VCH_NONE;

    tie(cell, at, TIE_SUM);
    VCH_TRY(pick(cell, at, sums, index, 1, &gate));
    *output = gate;
    if (cell->peepholes[index] == VCH_NONE || state == VCH_NONE) return VCH_OK;
    *output = VCH_NONE;
    VCH_TRY(multiply(cell, at, TIE_PRODUCT, state, cell->peepholes[index], &seen));
    return add(cell, at, TIE_SUM, gate, seen, output);
}

static vch_status gate_of(const struct vch_translate_cell *cell, struct vch_translate *at,
                          uint32_t sums, uint32_t index, uint32_t state, uint32_t *output)
{
    uint32_t sum = VCH_NONE;

    VCH_TRY(peep(cell, at, sums, index, state, &sum));
    return activate(cell, at, TIE_GATE, 0, sum, output);
}

// c' = f * c + i * c~; f is 1 - i where the two are coupled.
static vch_status remember(const struct vch_translate_cell *cell, struct vch_translate *at,
                           uint32_t sums, struct vch_translate_cell_state *state)
{
    uint32_t in = VCH_NONE, forget = VCH_NONE, last = VCH_NONE, candidate = VCH_NONE;
    uint32_t kept = VCH_NONE, taken = VCH_NONE;

    VCH_TRY(gate_of(cell, at, sums, 0, state->cell, &in));
    tie(cell, at, TIE_SUM);
    VCH_TRY(pick(cell, at, sums, 3, 1, &last));
    VCH_TRY(activate(cell, at, TIE_CANDIDATE, 1, last, &candidate));
    VCH_TRY(
        multiply(cell, at, state->cell == VCH_NONE ? TIE_CELL : TIE_TERM, in, candidate, &taken));
    if (state->cell == VCH_NONE) {
        state->cell = taken;
        return VCH_OK;
    }
    if (cell->is_coupled) {
        tie(cell, at, TIE_GATE);
        VCH_TRY(vch_translate_build_scaled(at, in, -1, 1, &forget));
    } else {
        VCH_TRY(gate_of(cell, at, sums, 2, state->cell, &forget));
    }
    VCH_TRY(multiply(cell, at, TIE_KEPT, forget, state->cell, &kept));
    state->cell = VCH_NONE;
    return add(cell, at, TIE_CELL, kept, taken, &state->cell);
}

static vch_status step_lstm(const struct vch_translate_cell *cell, struct vch_translate *at,
                            uint32_t x, struct vch_translate_cell_state *state)
{
    uint32_t sums = VCH_NONE, out = VCH_NONE, seen = VCH_NONE;

    VCH_TRY(sum_gates(cell, at, x, state->hidden, &sums));
    VCH_TRY(remember(cell, at, sums, state));
    VCH_TRY(gate_of(cell, at, sums, 1, state->cell, &out));
    const struct vch_translate_cell open = {
        .activations = {cell->activations[2]}, .clip = INFINITY, .tie = cell->tie};
    VCH_TRY(activate(&open, at, TIE_CANDIDATE, 0, state->cell, &seen));
    state->hidden = VCH_NONE;
    return multiply(cell, at, TIE_STATE, out, seen, &state->hidden);
}

vch_status vch_translate_cell_step(const struct vch_translate_cell *cell, struct vch_translate *at,
                                   uint32_t x, struct vch_translate_cell_state *state)
{
    switch (cell->kind) {
    case VCH_TRANSLATE_CELL_RNN: return step_rnn(cell, at, x, state);
    case VCH_TRANSLATE_CELL_GRU: return step_gru(cell, at, x, state);
    case VCH_TRANSLATE_CELL_LSTM: return step_lstm(cell, at, x, state);
    }
    return VCH_FAIL(UNSUPPORTED);
}

// One step of a recurrent layer: RNN, GRU or LSTM, as layers.
//
// Steps are unrolled over a sequence of static length. All steps' values of one kind are tied to
// one scale (see struct vch_layer), so that steps share weights and tables.
#pragma once

#include "import/translate_build.h"

enum vch_translate_cell_kind {
    VCH_TRANSLATE_CELL_RNN,
    VCH_TRANSLATE_CELL_GRU,
    VCH_TRANSLATE_CELL_LSTM
};

struct vch_translate_cell_activation {
    const struct vch_translate_cell_named *named;
    double alpha, beta;
};

struct vch_translate_cell {
    enum vch_translate_cell_kind kind;
    uint32_t hidden, gates;  // gates: 1, 3 (z, r, h) or 4 (i, o, f, c)
    const double *recurrent; // (gates * hidden, hidden)
    const double *bias;      // (gates * hidden), added to the recurrent product
    uint32_t peepholes[3];   // constants (1, hidden) for i, o, f; VCH_NONE where there are none
    struct vch_translate_cell_activation activations[3];
    double clip;        // infinite where there is none
    bool is_reset_last; // GRU's linear_before_reset
    bool is_coupled;    // LSTM's input_forget
    uint32_t tie;       // first of VCH_TRANSLATE_CELL_TIES
};

#define VCH_TRANSLATE_CELL_TIES 16u

struct vch_translate_cell_state {
    uint32_t hidden, cell; // (batch, hidden) each; VCH_NONE while zero
};

// How many activations a cell of this kind has.
uint32_t vch_translate_cell_activation_count(enum vch_translate_cell_kind kind);
// Reads the attributes activations, activation_alpha and activation_beta of direction `direction`.
vch_status vch_translate_cell_activations(struct vch_translate_cell *cell,
                                          const struct vch_translate *at, uint32_t direction);

// `x` is (batch, gates * hidden): the step's input times its weights, plus biases.
vch_status vch_translate_cell_step(const struct vch_translate_cell *cell, struct vch_translate *at,
                                   uint32_t x, struct vch_translate_cell_state *state);
// Values emitted from now on are tied as states; and no more.
void vch_translate_cell_tie_states(const struct vch_translate_cell *cell, struct vch_translate *at);
void vch_translate_cell_tie_inputs(const struct vch_translate_cell *cell, struct vch_translate *at);
void vch_translate_cell_untie(struct vch_translate *at);

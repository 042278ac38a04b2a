// RNN, GRU and LSTM, unrolled over their static length.
//
//     x (seq, batch, input) - LINEAR for all steps at once - one slice per step - cell - h, c
#include <math.h>
#include <string.h>

#include "import/translate_cell.h"

#define STEPS_MAX 4096u
#define HIDDEN_MAX 65536u

struct recurrent {
    struct vch_translate_cell cell; // what all directions share
    uint32_t x;                     // (seq, batch, input)
    uint32_t steps, batch, inputs, directions;
    bool is_reverse;                                // the only direction
    bool is_batch_first;                            // layout 1
    const double *weights[2], *recurrent[2], *bias; // W, R, B
    double *lengths;                                // per sample, NULL where all have every step
    uint32_t states[2]; // initial_h, initial_c: (directions, batch, hidden), or VCH_NONE
};

static const char *const operand_names[] = {"X",         "W",         "R", "B", "sequence_lens",
                                            "initial_h", "initial_c", "P"};

static vch_status read_list(double **out, const struct vch_translate *at, uint32_t i, size_t wanted)
{
    uint32_t value = 0;
    size_t count = 0;

    VCH_TRY(vch_translate_operand(&value, at, i));
    VCH_TRY(vch_translate_reals(out, &count, at, value, operand_names[i]));
    if (count == wanted) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%s has %zu numbers, not %zu",
                                operand_names[i], count, wanted);
}

static vch_status read_kind(struct recurrent *r, const struct vch_translate *at)
{
    static const struct {
        const char *name;
        enum vch_translate_cell_kind kind;
        uint32_t gates;
    } kinds[] = {
        {"RNN", VCH_TRANSLATE_CELL_RNN, 1},
        {"GRU", VCH_TRANSLATE_CELL_GRU, 3},
        {"LSTM", VCH_TRANSLATE_CELL_LSTM, 4},
    };
    int64_t reset_last = 0, coupled = 0;
    float clip = INFINITY;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(at->node.operator_, kinds[i].name) != 0) continue;
        r->cell.kind = kinds[i].kind;
        r->cell.gates = kinds[i].gates;
    }
    VCH_TRY(vch_network_integer(&reset_last, &at->node, "linear_before_reset", 0, at->complaint));
    VCH_TRY(vch_network_integer(&coupled, &at->node, "input_forget", 0, at->complaint));
    if (vch_network_find(&at->node, "clip") != NULL)
        VCH_TRY(vch_network_real(&clip, &at->node, "clip", 0, at->complaint));
    if (!(clip > 0))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its clip is not positive");
    r->cell.clip = (double)clip;
    r->cell.is_reset_last = reset_last != 0;
    r->cell.is_coupled = coupled != 0;
    return VCH_OK;
}

static vch_status read_direction(struct recurrent *r, const struct vch_translate *at)
{
    const char *direction = NULL;
    int64_t layout = 0;

    VCH_TRY(vch_network_text(&direction, &at->node, "direction", "forward", at->complaint));
    VCH_TRY(vch_network_integer(&layout, &at->node, "layout", 0, at->complaint));
    r->is_batch_first = layout != 0;
    r->is_reverse = strcmp(direction, "reverse") == 0;
    r->directions = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
    if (r->directions == 2 || r->is_reverse || strcmp(direction, "forward") == 0) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_MALFORMED, "there is no direction '%.40s'", direction);
}

// X, and the states where they are given, with the batch behind.
static vch_status read_sequence(struct recurrent *r, struct vch_translate *at)
{
    static const uint32_t swap[] = {1, 0, 2};

    VCH_TRY(vch_translate_operand(&r->x, at, 0));
    if (vch_translate_shape_of(at, r->x)->rank != 3)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "X must have 3 dimensions");
    if (r->is_batch_first) {
        uint32_t swapped = VCH_NONE;
        VCH_TRY(vch_translate_transpose_to(at, r->x, swap, &swapped));
        r->x = swapped;
    }
    const struct vch_network_shape *shape = vch_translate_shape_of(at, r->x);
    r->steps = shape->dims[0];
    r->batch = shape->dims[1];
    r->inputs = shape->dims[2];
    if (r->steps > STEPS_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "%u steps are more than %u", r->steps,
                                    STEPS_MAX);
    for (uint32_t i = 0; i < 2; i++) {
        r->states[i] = VCH_NONE;
        if (!vch_translate_has(at, 5 + i) || (i == 1 && r->cell.kind != VCH_TRANSLATE_CELL_LSTM))
            continue;
        r->states[i] = at->node.inputs[5 + i];
        if (!r->is_batch_first || vch_translate_shape_of(at, r->states[i])->rank != 3) continue;
        uint32_t swapped = VCH_NONE;
        VCH_TRY(vch_translate_transpose_to(at, r->states[i], swap, &swapped));
        r->states[i] = swapped;
    }
    return VCH_OK;
}

static vch_status check_states(const struct recurrent *r, const struct vch_translate *at)
{
    const struct vch_network_shape wanted = {.rank = 3,
                                             .dims = {r->directions, r->batch, r->cell.hidden}};

    for (uint32_t i = 0; i < 2; i++)
        if (r->states[i] != VCH_NONE &&
            !vch_network_same_shape(vch_translate_shape_of(at, r->states[i]), &wanted))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%s must be (%u, %u, %u)",
                                        operand_names[5 + i], r->directions, r->batch,
                                        r->cell.hidden);
    return VCH_OK;
}

static vch_status read_weights(struct recurrent *r, const struct vch_translate *at)
{
    uint32_t weights = 0;
    double *list = NULL;

    VCH_TRY(vch_translate_operand(&weights, at, 2));
    const struct vch_network_shape *shape = vch_translate_shape_of(at, weights);
    r->cell.hidden = shape->rank == 3 ? shape->dims[2] : 0;
    if (r->cell.hidden < 1 || r->cell.hidden > HIDDEN_MAX)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "R must be (directions, rows, hidden)");
    size_t rows = (size_t)r->cell.gates * r->cell.hidden;
    VCH_TRY(read_list(&list, at, 1, r->directions * rows * r->inputs));
    for (uint32_t i = 0; i < r->directions; i++)
        r->weights[i] = list + i * rows * r->inputs;
    VCH_TRY(read_list(&list, at, 2, r->directions * rows * r->cell.hidden));
    for (uint32_t i = 0; i < r->directions; i++)
        r->recurrent[i] = list + i * rows * r->cell.hidden;
    list = VCH_ARENA_NEW(at->network->arena, double, 2 * rows * r->directions);
    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    if (vch_translate_has(at, 3)) VCH_TRY(read_list(&list, at, 3, 2 * rows * r->directions));
    r->bias = list;
    return VCH_OK;
}

// sequence_lens, unless every sample has all steps.
static vch_status read_lengths(struct recurrent *r, const struct vch_translate *at)
{
    bool is_shorter = false;

    if (!vch_translate_has(at, 4)) return VCH_OK;
    VCH_TRY(read_list(&r->lengths, at, 4, r->batch));
    for (uint32_t i = 0; i < r->batch; i++) {
        if (!(r->lengths[i] >= 0 && r->lengths[i] <= r->steps))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "a sequence of %g of %u steps",
                                        r->lengths[i], r->steps);
        is_shorter = is_shorter || r->lengths[i] < r->steps;
    }
    if (!is_shorter) r->lengths = NULL;
    return VCH_OK;
}

static vch_status read_recurrent(struct recurrent *r, struct vch_translate *at)
{
    VCH_TRY(read_kind(r, at));
    VCH_TRY(read_direction(r, at));
    VCH_TRY(read_sequence(r, at));
    VCH_TRY(read_weights(r, at));
    VCH_TRY(check_states(r, at));
    return read_lengths(r, at);
}

// Peephole `i` of a direction as a constant (1, hidden).
static vch_status read_peepholes(struct vch_translate_cell *cell, const struct recurrent *r,
                                 struct vch_translate *at, uint32_t direction)
{
    struct vch_network_shape shape = {.rank = 2, .dims = {1, cell->hidden}};
    size_t each = (size_t)3 * cell->hidden;
    double *list = NULL;

    for (uint32_t i = 0; i < 3; i++)
        cell->peepholes[i] = VCH_NONE;
    if (cell->kind != VCH_TRANSLATE_CELL_LSTM || !vch_translate_has(at, 7)) return VCH_OK;
    VCH_TRY(read_list(&list, at, 7, r->directions * each));
    for (uint32_t i = 0; i < 3; i++)
        VCH_TRY(vch_translate_build_constant(at, list + direction * each + (size_t)i * cell->hidden,
                                             &shape, &cell->peepholes[i]));
    return VCH_OK;
}

// Both biases go with the input, but for the GRU's candidate where its reset comes last.
static vch_status split_bias(struct vch_translate_cell *cell, double **outer,
                             const struct recurrent *r, struct vch_translate *at,
                             uint32_t direction)
{
    size_t rows = (size_t)cell->gates * cell->hidden;
    const double *given = r->bias + 2 * rows * direction;
    double *inner = VCH_ARENA_NEW(at->network->arena, double, rows);

    *outer = VCH_ARENA_NEW(at->network->arena, double, rows);
    if (inner == NULL || *outer == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < rows; i++) {
        bool is_inner = cell->is_reset_last && i >= (size_t)2 * cell->hidden;
        (*outer)[i] = given[i] + (is_inner ? 0 : given[rows + i]);
        inner[i] = is_inner ? given[rows + i] : 0;
    }
    cell->bias = inner;
    return VCH_OK;
}

static bool is_zero(const struct vch_translate *at, uint32_t value)
{
    const struct vch_network_tensor *tensor = at->network->values[value].constant;

    if (tensor == NULL || tensor->reals == NULL) return false;
    for (size_t i = 0; i < tensor->count; i++)
        if (tensor->reals[i] != 0) return false;
    return true;
}

// Part `direction` of an initial state; zeros where a cell needs them to be there.
static vch_status initial(uint32_t *out, const struct recurrent *r, struct vch_translate *at,
                          uint32_t which, uint32_t direction)
{
    struct vch_network_shape shape = {.rank = 2, .dims = {r->batch, r->cell.hidden}};
    uint32_t part = VCH_NONE;

    *out = VCH_NONE;
    if (r->states[which] != VCH_NONE && !is_zero(at, r->states[which])) {
        VCH_TRY(vch_translate_build_slice(at, r->states[which], 0, direction, 1, 1, &part));
        return vch_translate_reshape_to(at, part, &shape, out);
    }
    if (r->lengths == NULL && !r->cell.is_reset_last) return VCH_OK;
    double *zeros = VCH_ARENA_NEW(at->network->arena, double, vch_network_count(&shape));
    if (zeros == NULL) return VCH_FAIL(NO_MEMORY);
    return vch_translate_build_constant(at, zeros, &shape, out);
}

// (batch, hidden) of ones for the samples that have step `step`.
static vch_status mask_of(uint32_t *out, const struct recurrent *r, struct vch_translate *at,
                          uint32_t step)
{
    struct vch_network_shape shape = {.rank = 2, .dims = {r->batch, r->cell.hidden}};
    size_t count = vch_network_count(&shape);
    double *ones = VCH_ARENA_NEW(at->network->arena, double, count);

    if (ones == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++)
        ones[i] = step < r->lengths[i / r->cell.hidden];
    return vch_translate_build_constant(at, ones, &shape, out);
}

// before + mask * (after - before), for samples that are at their end or have not begun.
static vch_status hold(struct vch_translate *at, uint32_t mask, uint32_t before, uint32_t *after)
{
    uint32_t apart = VCH_NONE, moved = VCH_NONE, held = VCH_NONE;

    VCH_TRY(vch_translate_build_sum(at, *after, before, -1, &apart));
    VCH_TRY(vch_translate_build_product(at, apart, mask, &moved));
    VCH_TRY(vch_translate_build_sum(at, before, moved, 1, &held));
    *after = held;
    return VCH_OK;
}

struct pass { // of one direction
    struct vch_translate_cell cell;
    uint32_t direction;
    bool is_reverse;
    uint32_t projected; // (seq, batch, gates * hidden)
    struct vch_translate_cell_state state;
    uint32_t *shown; // per step: (1, 1, batch, hidden)
};

static vch_status run_step(struct pass *pass, const struct recurrent *r, struct vch_translate *at,
                           uint32_t step)
{
    struct vch_network_shape flat = {.rank = 2,
                                     .dims = {r->batch, pass->cell.gates * pass->cell.hidden}};
    const struct vch_network_shape wide = {.rank = 4, .dims = {1, 1, r->batch, pass->cell.hidden}};
    struct vch_translate_cell_state before = pass->state;
    uint32_t slice = VCH_NONE, x = VCH_NONE, mask = VCH_NONE, shown = VCH_NONE;

    vch_translate_cell_tie_inputs(&pass->cell, at);
    VCH_TRY(vch_translate_build_slice(at, pass->projected, 0, step, 1, 1, &slice));
    VCH_TRY(vch_translate_reshape_to(at, slice, &flat, &x));
    VCH_TRY(vch_translate_cell_step(&pass->cell, at, x, &pass->state));
    shown = pass->state.hidden;
    vch_translate_cell_untie(at);
    if (r->lengths != NULL) {
        shown = VCH_NONE;
        VCH_TRY(mask_of(&mask, r, at, step));
        VCH_TRY(vch_translate_build_product(at, pass->state.hidden, mask, &shown));
        VCH_TRY(hold(at, mask, before.hidden, &pass->state.hidden));
        if (before.cell != VCH_NONE) VCH_TRY(hold(at, mask, before.cell, &pass->state.cell));
    }
    vch_translate_cell_tie_states(&pass->cell, at);
    return vch_translate_reshape_to(at, shown, &wide, &pass->shown[step]);
}

static vch_status run_direction(struct pass *pass, const struct recurrent *r,
                                struct vch_translate *at, uint32_t *sequence)
{
    uint32_t rows = pass->cell.gates * pass->cell.hidden;
    double *bias = NULL;

    pass->shown = VCH_ARENA_NEW(at->network->arena, uint32_t, r->steps);
    if (pass->shown == NULL) return VCH_FAIL(NO_MEMORY);
    memset(pass->shown, 0xff, r->steps * sizeof *pass->shown); // VCH_NONE
    VCH_TRY(vch_translate_cell_activations(&pass->cell, at, pass->direction));
    VCH_TRY(read_peepholes(&pass->cell, r, at, pass->direction));
    VCH_TRY(split_bias(&pass->cell, &bias, r, at, pass->direction));
    pass->cell.recurrent = r->recurrent[pass->direction];
    VCH_TRY(initial(&pass->state.hidden, r, at, 0, pass->direction));
    pass->state.cell = VCH_NONE;
    if (pass->cell.kind == VCH_TRANSLATE_CELL_LSTM)
        VCH_TRY(initial(&pass->state.cell, r, at, 1, pass->direction));
    pass->projected = VCH_NONE;
    vch_translate_cell_tie_inputs(&pass->cell, at);
    VCH_TRY(vch_translate_build_linear(at, r->x, r->weights[pass->direction], bias, rows,
                                       &pass->projected));
    for (uint32_t i = 0; i < r->steps; i++)
        VCH_TRY(run_step(pass, r, at, pass->is_reverse ? r->steps - 1 - i : i));
    *sequence = VCH_NONE;
    VCH_TRY(vch_translate_build_concat(at, pass->shown, r->steps, 0, sequence));
    vch_translate_cell_untie(at);
    return VCH_OK;
}

// The node's output `i` from one part per direction, joined along `axis`; `order` puts the batch
// in front where the layout says so.
static vch_status show(const struct recurrent *r, struct vch_translate *at, uint32_t i,
                       uint32_t *parts, uint32_t axis, const uint32_t *order)
{
    uint32_t joined = VCH_NONE, output = 0;

    if (i >= at->node.output_count || at->node.outputs[i] == VCH_NONE) return VCH_OK;
    output = at->node.outputs[i];
    if (!r->is_batch_first)
        return vch_translate_build_concat(at, parts, r->directions, axis, &output);
    VCH_TRY(vch_translate_build_concat(at, parts, r->directions, axis, &joined));
    return vch_translate_transpose_to(at, joined, order, &output);
}

vch_status vch_translate_recurrent(struct vch_translate *at)
{
    static const uint32_t batch_of_four[] = {2, 0, 1, 3}, batch_of_three[] = {1, 0, 2};
    struct recurrent r = {.directions = 0};
    uint32_t sequences[2] = {0}, hidden[2] = {0}, cells[2] = {0};

    VCH_TRY(read_recurrent(&r, at));
    const struct vch_network_shape shape = {.rank = 3, .dims = {1, r.batch, r.cell.hidden}};
    for (uint32_t i = 0; i < r.directions; i++) {
        struct pass pass = {.cell = r.cell, .direction = i, .is_reverse = r.is_reverse || i == 1};
        pass.cell.tie = at->layers->tie_count + 1;
        at->layers->tie_count += VCH_TRANSLATE_CELL_TIES;
        VCH_TRY(run_direction(&pass, &r, at, &sequences[i]));
        hidden[i] = cells[i] = VCH_NONE;
        VCH_TRY(vch_translate_reshape_to(at, pass.state.hidden, &shape, &hidden[i]));
        if (r.cell.kind == VCH_TRANSLATE_CELL_LSTM)
            VCH_TRY(vch_translate_reshape_to(at, pass.state.cell, &shape, &cells[i]));
    }
    VCH_TRY(show(&r, at, 0, sequences, 1, batch_of_four));
    VCH_TRY(show(&r, at, 1, hidden, 0, batch_of_three));
    return show(&r, at, 2, cells, 0, batch_of_three);
}

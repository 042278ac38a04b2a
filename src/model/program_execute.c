#include <string.h>

#include "base/check.h"
#include "model/bound.h"
#include "model/program.h"
#include "model/step.h"
#include "model/turn.h"

// Many chunks are run by so many lanes, each with memory of its own and every so-manyth chunk.
enum { CHUNKS_MIN = 4, LANES_MAX = 16, LINE = 64 };

// Of a value of the laid out graph: nothing yet, written by an operator, or in the caller's tensor
// number state - OUTSIDE, inputs before outputs.
enum { ABSENT, WRITTEN, OUTSIDE };

struct execution {
    const struct vch_program *program;
    const struct vch_program_run *run;
    const uint32_t *input_values, *output_values;
    const struct vch_tensor *inputs, *outputs;
    uint32_t input_count, output_count;
    uint32_t begin, end; // operators of the laid out graph
    uint32_t chunks, lanes;
    uint32_t *states; // per value of the laid out graph
    uint8_t *memory, *turned;
    struct vch_complaint *complaint;
};

// Samples [first, first + count) in the memory of one lane.
struct chunk {
    const struct execution *e;
    uint8_t *memory;
    size_t first;
    uint32_t count;
    struct vch_workers *workers;
};

static uint32_t chunk_count(const struct vch_program *program, uint32_t batch)
{
    return (batch + program->samples - 1) / program->samples;
}

static uint32_t lane_count(uint32_t chunks)
{
    if (chunks < CHUNKS_MIN) return 1;
    return chunks < LANES_MAX ? chunks : LANES_MAX;
}

static size_t round_up(size_t size)
{
    return (size + LINE - 1) / LINE * LINE;
}

static size_t states_size(const struct vch_program *program)
{
    return round_up(program->forms.graph.value_count * sizeof(uint32_t));
}

vch_status vch_program_memory(size_t *out, const struct vch_program *program, uint32_t batch,
                              bool is_traced)
{
    const size_t lanes = lane_count(chunk_count(program, batch));
    size_t size = states_size(program) + (is_traced ? round_up(program->turned_size) : 0);
    size_t chunks = 0;

    if (__builtin_mul_overflow(round_up(program->layout.size), lanes, &chunks) ||
        __builtin_add_overflow(size, chunks, out))
        return VCH_FAIL(LIMIT);
    return VCH_OK;
}

static const struct vch_tensor *port_of(const struct execution *e, uint32_t state)
{
    const uint32_t i = state - OUTSIDE;
    return i < e->input_count ? &e->inputs[i] : &e->outputs[i - e->input_count];
}

// Where a value of the laid out graph is, for this chunk.
static void *place_of(const struct chunk *c, uint32_t value)
{
    const struct execution *e = c->e;
    const struct vch_layout *layout = &e->program->layout;
    const uint32_t root = layout->roots[value];
    uint32_t state = e->states[value];

    if (state < OUTSIDE && root != value && e->states[root] >= OUTSIDE) state = e->states[root];
    if (state >= OUTSIDE) {
        const struct vch_tensor *port = port_of(e, state);
        return (uint8_t *)port->data + c->first * vch_tensor_size(port);
    }
    VCH_ASSERT(layout->offsets[root] != VCH_LAYOUT_OUTSIDE);
    return c->memory + layout->offsets[root];
}

static void turn(const struct chunk *c, const struct vch_tensor *tensor, void *out, const void *x,
                 bool to_channel_last)
{
    vch_turn_image(c->e->program->kernels, tensor->type, &tensor->shape, out, x, c->count,
                   to_channel_last);
}

// Is the value still read by an operator that is to run? Its place may be another's if not.
static bool is_alive(const struct execution *e, uint32_t value)
{
    const struct vch_layout *layout = &e->program->layout;
    return layout->last_uses[layout->roots[value]] >= e->begin;
}

// The caller's tensors are row-major: a value that is not, or whose twin is not and was made before
// this range, gets a copy.
static void enter(const struct chunk *c)
{
    const struct execution *e = c->e;
    const struct vch_forms *forms = &e->program->forms;

    for (uint32_t i = 0; i < e->input_count; i++) {
        const uint32_t value = e->input_values[i], twin = forms->twins[value];
        const struct vch_tensor *tensor = &e->inputs[i];
        const uint32_t turned = forms->is_channel_last[value] ? value : twin;
        if (turned == VCH_NONE || e->states[turned] != WRITTEN || !is_alive(e, turned)) continue;
        if (turned == twin && forms->makers[value] >= e->begin) continue;
        void *out = place_of(c, turned);
        const uint8_t *from = (const uint8_t *)tensor->data + c->first * vch_tensor_size(tensor);
        if (out != from) turn(c, tensor, out, from, true);
    }
}

// The caller's copy of what an operator wrote channel-last.
static void leave(const struct chunk *c, uint32_t value)
{
    const struct execution *e = c->e;

    for (uint32_t i = 0; i < e->output_count; i++) {
        const struct vch_tensor *tensor = &e->outputs[i];
        if (e->output_values[i] != value) continue;
        turn(c, tensor, (uint8_t *)tensor->data + c->first * vch_tensor_size(tensor),
             place_of(c, value), false);
        return;
    }
}

static void trace(const struct chunk *c, uint32_t value, uint32_t source)
{
    const struct execution *e = c->e;
    const struct vch_value *v = &e->program->graph->values[value];
    struct vch_tensor tensor = {v->type, v->shape, place_of(c, value)};

    if (e->program->forms.is_channel_last[value]) {
        turn(c, &tensor, e->turned, tensor.data, false);
        tensor.data = e->turned;
    }
    e->run->trace[source - e->run->first] = vch_tensor_digest(&tensor, c->count);
}

// Was the value handed in? Then it is the caller's, and not written.
static bool is_given(const struct execution *e, uint32_t value)
{
    return e->states[value] >= OUTSIDE && e->states[value] - OUTSIDE < e->input_count;
}

static void run_operator(const struct chunk *c, struct vch_step *step, uint32_t index)
{
    const struct vch_program *p = c->e->program;
    const struct vch_operator *o = &p->forms.graph.operators[index];

    step->operator_ = o;
    step->prepared = p->prepared[index];
    for (uint32_t i = 0; i < o->input_count; i++)
        step->inputs[i] = place_of(c, o->inputs[i]);
    step->output = place_of(c, o->output);
    if (!is_given(c->e, o->output)) vch_step_execute(step);
    if (o->output >= p->graph->value_count) return; // a twin
    if (p->forms.is_channel_last[o->output]) leave(c, o->output);
    if (c->e->run->trace != NULL) trace(c, o->output, p->forms.sources[index]);
}

static bool is_cancelled(const struct vch_program_run *run)
{
    return run->is_cancelled != NULL && run->is_cancelled(run->context);
}

static void run_chunk(const struct chunk *c)
{
    const struct vch_program *p = c->e->program;
    struct vch_step step;

    step.graph = &p->forms.graph;
    step.batch = c->count;
    step.kernels = p->kernels;
    step.workers = c->workers;
    step.scratch = c->memory + p->layout.scratch_offset;
    enter(c);
    for (uint32_t i = c->e->begin; i < c->e->end && !is_cancelled(c->e->run); i++)
        run_operator(c, &step, i);
}

static void run_lane(void *context, size_t lane)
{
    const struct execution *e = context;
    const uint32_t samples = e->program->samples, batch = e->run->batch;

    for (uint32_t i = (uint32_t)lane; i < e->chunks; i += e->lanes) {
        const struct chunk chunk = {
            .e = e,
            .memory = e->memory + lane * round_up(e->program->layout.size),
            .first = (size_t)i * samples,
            .count = batch - i * samples < samples ? batch - i * samples : samples,
            .workers = e->lanes > 1 ? NULL : e->run->workers,
        };
        run_chunk(&chunk);
    }
}

static vch_status check_tensor(const struct execution *e, uint32_t value,
                               const struct vch_tensor *tensor, const char *what)
{
    const struct vch_graph *graph = e->program->graph;

    if (value >= graph->value_count || tensor->data == NULL ||
        tensor->type != graph->values[value].type ||
        !vch_tensor_shape_is_equal(&tensor->shape, &graph->values[value].shape))
        return vch_complain(e->complaint, VCH_CODE_MALFORMED,
                            "the %s does not have the type and shape of value %u", what, value);
    return VCH_OK;
}

// Sums over int64 are bounded by what the trees that wrote them may give, and only their holder can
// check that: scores from elsewhere are held to it here.
static vch_status check_scores(const struct execution *e, uint32_t value,
                               const struct vch_tensor *tensor)
{
    const int64_t *scores = tensor->data;
    bool is_outside = false;

    if (tensor->type != VCH_TYPE_I64) return VCH_OK;
    uint64_t most = vch_bound_value(e->program->graph, value);
    size_t count = vch_tensor_shape_count(&tensor->shape) * e->run->batch;
    for (size_t i = 0; i < count; i++)
        is_outside |= (scores[i] < 0 ? 0 - (uint64_t)scores[i] : (uint64_t)scores[i]) > most;
    if (!is_outside) return VCH_OK;
    return vch_complain(e->complaint, VCH_CODE_MALFORMED,
                        "an element of input value %u is beyond what the trees that give it "
                        "promise",
                        value);
}

static void place_input(struct execution *e, uint32_t i)
{
    const struct vch_forms *forms = &e->program->forms;
    const uint32_t value = e->input_values[i], twin = forms->twins[value];
    const uint32_t root = e->program->layout.roots[value];
    const bool is_channel_last = forms->is_channel_last[value];

    e->states[value] = is_channel_last ? WRITTEN : OUTSIDE + i;
    if (twin != VCH_NONE && forms->makers[value] < e->begin)
        e->states[twin] = is_channel_last ? OUTSIDE + i : WRITTEN;
    // Another name for a value from before this range: other names for it lead here.
    if (!is_channel_last && e->states[root] == ABSENT) e->states[root] = OUTSIDE + i;
}

static vch_status take_inputs(struct execution *e)
{
    for (uint32_t i = 0; i < e->input_count; i++) {
        const uint32_t value = e->input_values[i];
        VCH_TRY(check_tensor(e, value, &e->inputs[i], "input"));
        if (!vch_is_ok(vch_tensor_check_range(&e->inputs[i], e->run->batch)))
            return vch_complain(e->complaint, VCH_CODE_MALFORMED,
                                "an element of input value %u is outside its type's symmetric "
                                "range",
                                value);
        VCH_TRY(check_scores(e, value, &e->inputs[i]));
        place_input(e, i);
    }
    return VCH_OK;
}

// The model's value that a value of the laid out graph is, or is the twin of.
static uint32_t model_value(const struct vch_program *p, uint32_t value)
{
    if (value < p->graph->value_count) return value;
    for (uint32_t i = 0; i < p->graph->value_count; i++)
        if (p->forms.twins[i] == value) return i;
    return VCH_NONE;
}

// Marks what the range will have written, and complains about what it would read without.
static vch_status mark_written(struct execution *e)
{
    const struct vch_program *p = e->program;

    for (uint32_t i = e->begin; i < e->end; i++) {
        const struct vch_operator *o = &p->forms.graph.operators[i];
        for (uint32_t k = 0; k < o->input_count; k++)
            if (e->states[o->inputs[k]] == ABSENT)
                return vch_complain(e->complaint, VCH_CODE_USAGE,
                                    "operator %u needs value %u, which is not among the inputs",
                                    p->forms.sources[i], model_value(p, o->inputs[k]));
        if (e->states[o->output] == ABSENT) e->states[o->output] = WRITTEN;
    }
    return VCH_OK;
}

// Outputs are written in place where they are row-major. Those that are inputs as well, or asked
// for twice, are copied at the end.
static vch_status take_outputs(struct execution *e)
{
    for (uint32_t i = 0; i < e->output_count; i++) {
        const uint32_t value = e->output_values[i];
        VCH_TRY(check_tensor(e, value, &e->outputs[i], "output"));
        if (e->states[value] == ABSENT)
            return vch_complain(e->complaint, VCH_CODE_USAGE,
                                "value %u is not computed by operators %u to %u", value,
                                e->run->first, e->run->last);
        if (e->states[value] == WRITTEN && !e->program->forms.is_channel_last[value])
            e->states[value] = OUTSIDE + e->input_count + i;
    }
    return VCH_OK;
}

// Where output `i` is, if not in its own tensor: the first tensor of that value.
static const struct vch_tensor *first_of(const struct execution *e, uint32_t i)
{
    const uint32_t value = e->output_values[i];

    for (uint32_t k = 0; k < e->input_count; k++)
        if (e->input_values[k] == value) return &e->inputs[k];
    for (uint32_t k = 0; k < i; k++)
        if (e->output_values[k] == value) return &e->outputs[k];
    return &e->outputs[i];
}

static void finish_outputs(const struct execution *e)
{
    for (uint32_t i = 0; i < e->output_count; i++) {
        const struct vch_tensor *from = first_of(e, i);
        if (from->data != e->outputs[i].data)
            memcpy(e->outputs[i].data, from->data, vch_tensor_size(from) * e->run->batch);
    }
}

static vch_status check_run(const struct execution *e)
{
    const struct vch_program_run *run = e->run;
    const struct vch_program *p = e->program;

    if (run->first < p->first || run->first > run->last || run->last > p->last)
        return vch_complain(e->complaint, VCH_CODE_USAGE, "operators %u to %u of %u to %u",
                            run->first, run->last, p->first, p->last);
    if (run->batch == 0 || run->batch > VCH_BATCH_MAX)
        return vch_complain(e->complaint, VCH_CODE_LIMIT, "a batch has 1 to %u samples, not %u",
                            VCH_BATCH_MAX, run->batch);
    VCH_ASSERT(run->trace == NULL || run->batch <= p->samples);
    return VCH_OK;
}

// The first operator of the laid out graph that belongs to the model's operator `source` or a later
// one.
static uint32_t position_of(const struct vch_program *p, uint32_t source)
{
    uint32_t low = 0, high = p->forms.graph.operator_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (p->forms.sources[middle] < source)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static vch_status execute(struct execution *e)
{
    VCH_TRY(check_run(e));
    e->begin = position_of(e->program, e->run->first);
    e->end = position_of(e->program, e->run->last);
    e->chunks = chunk_count(e->program, e->run->batch);
    e->lanes = lane_count(e->chunks);
    memset(e->states, 0, states_size(e->program));
    VCH_TRY(take_inputs(e));
    VCH_TRY(mark_written(e));
    VCH_TRY(take_outputs(e));
    vch_workers_run(e->run->workers, run_lane, e, e->lanes);
    if (is_cancelled(e->run)) return VCH_FAIL(TIMEOUT);
    finish_outputs(e);
    return VCH_OK;
}

vch_status vch_program_execute(const struct vch_program_run *run, const uint32_t *input_values,
                               const struct vch_tensor *inputs, uint32_t input_count,
                               const uint32_t *output_values, const struct vch_tensor *outputs,
                               uint32_t output_count, void *memory, struct vch_complaint *complaint)
{
    const struct vch_program *p = run->program;
    struct execution e = {
        .program = p,
        .run = run,
        .input_values = input_values,
        .output_values = output_values,
        .inputs = inputs,
        .outputs = outputs,
        .input_count = input_count,
        .output_count = output_count,
        .states = memory,
        .complaint = complaint,
    };

    e.turned = (uint8_t *)memory + states_size(p);
    e.memory = e.turned + (run->trace != NULL ? round_up(p->turned_size) : 0);
    return execute(&e);
}

// One chunk of samples through the operators of a run: where each value lies for it, and what the
// caller's row-major tensors have to do with values that are channel-last.
#include "base/check.h"
#include "model/program_parts.h"
#include "model/step.h"
#include "model/turn.h"

static const struct vch_tensor *port_of(const struct vch_program_parts *e, uint32_t state)
{
    const uint32_t i = state - VCH_PROGRAM_PARTS_OUTSIDE;
    return i < e->input_count ? &e->inputs[i] : &e->outputs[i - e->input_count];
}

// Where a value of the laid out graph is, for this chunk.
static void *place_of(const struct vch_program_parts_chunk *c, uint32_t value)
{
    const struct vch_program_parts *e = c->e;
    const struct vch_layout *layout = &e->program->layout;
    const uint32_t root = layout->roots[value];
    uint32_t state = e->states[value];

    if (state < VCH_PROGRAM_PARTS_OUTSIDE && root != value &&
        e->states[root] >= VCH_PROGRAM_PARTS_OUTSIDE)
        state = e->states[root];
    if (state >= VCH_PROGRAM_PARTS_OUTSIDE) {
        const struct vch_tensor *port = port_of(e, state);
        return (uint8_t *)port->data + c->first * vch_tensor_size(port);
    }
    VCH_ASSERT(layout->offsets[root] != VCH_LAYOUT_OUTSIDE);
    return c->memory + layout->offsets[root];
}

static void turn(const struct vch_program_parts_chunk *c, const struct vch_tensor *tensor,
                 void *out, const void *x, bool to_channel_last)
{
    vch_turn_image(c->e->program->kernels, tensor->type, &tensor->shape, out, x, c->count,
                   to_channel_last);
}

// Is the value still read by an operator that is to run? Its place may be another's if not.
static bool is_alive(const struct vch_program_parts *e, uint32_t value)
{
    const struct vch_layout *layout = &e->program->layout;
    return layout->last_uses[layout->roots[value]] >= e->begin;
}

// The caller's tensors are row-major: a value that is not, or whose twin is not and was made before
// this range, gets a copy.
static void enter(const struct vch_program_parts_chunk *c)
{
    const struct vch_program_parts *e = c->e;
    const struct vch_forms *forms = &e->program->forms;

    for (uint32_t i = 0; i < e->input_count; i++) {
        const uint32_t value = e->input_values[i], twin = forms->twins[value];
        const struct vch_tensor *tensor = &e->inputs[i];
        const uint32_t turned = forms->is_channel_last[value] ? value : twin;
        if (turned == VCH_NONE || e->states[turned] != VCH_PROGRAM_PARTS_WRITTEN ||
            !is_alive(e, turned))
            continue;
        if (turned == twin && forms->makers[value] >= e->begin) continue;
        void *out = place_of(c, turned);
        const uint8_t *from = (const uint8_t *)tensor->data + c->first * vch_tensor_size(tensor);
        if (out != from) turn(c, tensor, out, from, true);
    }
}

// The caller's copy of what an operator wrote channel-last.
static void leave(const struct vch_program_parts_chunk *c, uint32_t value)
{
    const struct vch_program_parts *e = c->e;

    for (uint32_t i = 0; i < e->output_count; i++) {
        const struct vch_tensor *tensor = &e->outputs[i];
        if (e->output_values[i] != value) continue;
        turn(c, tensor, (uint8_t *)tensor->data + c->first * vch_tensor_size(tensor),
             place_of(c, value), false);
        return;
    }
}

static void trace(const struct vch_program_parts_chunk *c, uint32_t value, uint32_t source)
{
    const struct vch_program_parts *e = c->e;
    const struct vch_value *v = &e->program->graph->values[value];
    struct vch_tensor tensor = {v->type, v->shape, place_of(c, value)};

    if (e->program->forms.is_channel_last[value]) {
        turn(c, &tensor, e->turned, tensor.data, false);
        tensor.data = e->turned;
    }
    e->run->trace[source - e->run->first] = vch_tensor_digest(&tensor, c->count);
}

// Was the value handed in? Then it is the caller's, and not written.
static bool is_given(const struct vch_program_parts *e, uint32_t value)
{
    return e->states[value] >= VCH_PROGRAM_PARTS_OUTSIDE &&
           e->states[value] - VCH_PROGRAM_PARTS_OUTSIDE < e->input_count;
}

static void run_operator(const struct vch_program_parts_chunk *c, struct vch_step *step,
                         uint32_t index)
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

void vch_program_parts_run_chunk(const struct vch_program_parts_chunk *c)
{
    const struct vch_program *p = c->e->program;
    struct vch_step step;

    step.graph = &p->forms.graph;
    step.batch = c->count;
    step.kernels = p->kernels;
    step.workers = c->workers;
    step.scratch = c->memory + p->layout.scratch_offset;
    enter(c);
    for (uint32_t i = c->e->begin; i < c->e->end && !vch_program_parts_is_cancelled(c->e->run); i++)
        run_operator(c, &step, i);
}

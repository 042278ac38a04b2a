// What goes into a run and comes out of it: the caller's tensors, and which of them a value lies
// in.
#include <string.h>

#include "model/bound.h"
#include "model/program_parts.h"

static vch_status check_tensor(const struct vch_program_parts *e, uint32_t value,
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
static vch_status check_scores(const struct vch_program_parts *e, uint32_t value,
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

static void place_input(struct vch_program_parts *e, uint32_t i)
{
    const struct vch_forms *forms = &e->program->forms;
    const uint32_t value = e->input_values[i], twin = forms->twins[value];
    const uint32_t root = e->program->layout.roots[value];
    const bool is_channel_last = forms->is_channel_last[value];

    e->states[value] = is_channel_last ? VCH_PROGRAM_PARTS_WRITTEN : VCH_PROGRAM_PARTS_OUTSIDE + i;
    if (twin != VCH_NONE && forms->makers[value] < e->begin)
        e->states[twin] =
            is_channel_last ? VCH_PROGRAM_PARTS_OUTSIDE + i : VCH_PROGRAM_PARTS_WRITTEN;
    // Another name for a value from before this range: other names for it lead here.
    if (!is_channel_last && e->states[root] == VCH_PROGRAM_PARTS_ABSENT)
        e->states[root] = VCH_PROGRAM_PARTS_OUTSIDE + i;
}

static vch_status take_inputs(struct vch_program_parts *e)
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
static vch_status mark_written(struct vch_program_parts *e)
{
    const struct vch_program *p = e->program;

    for (uint32_t i = e->begin; i < e->end; i++) {
        const struct vch_operator *o = &p->forms.graph.operators[i];
        for (uint32_t k = 0; k < o->input_count; k++)
            if (e->states[o->inputs[k]] == VCH_PROGRAM_PARTS_ABSENT)
                return vch_complain(e->complaint, VCH_CODE_USAGE,
                                    "operator %u needs value %u, which is not among the inputs",
                                    p->forms.sources[i], model_value(p, o->inputs[k]));
        if (e->states[o->output] == VCH_PROGRAM_PARTS_ABSENT)
            e->states[o->output] = VCH_PROGRAM_PARTS_WRITTEN;
    }
    return VCH_OK;
}

// Outputs are written in place where they are row-major. Those that are inputs as well, or asked
// for twice, are copied at the end.
static vch_status take_outputs(struct vch_program_parts *e)
{
    for (uint32_t i = 0; i < e->output_count; i++) {
        const uint32_t value = e->output_values[i];
        VCH_TRY(check_tensor(e, value, &e->outputs[i], "output"));
        if (e->states[value] == VCH_PROGRAM_PARTS_ABSENT)
            return vch_complain(e->complaint, VCH_CODE_USAGE,
                                "value %u is not computed by operators %u to %u", value,
                                e->run->first, e->run->last);
        if (e->states[value] == VCH_PROGRAM_PARTS_WRITTEN &&
            !e->program->forms.is_channel_last[value])
            e->states[value] = VCH_PROGRAM_PARTS_OUTSIDE + e->input_count + i;
    }
    return VCH_OK;
}

vch_status vch_program_parts_take_ports(struct vch_program_parts *e)
{
    VCH_TRY(take_inputs(e));
    VCH_TRY(mark_written(e));
    return take_outputs(e);
}

// Where output `i` is, if not in its own tensor: the first tensor of that value.
static const struct vch_tensor *first_of(const struct vch_program_parts *e, uint32_t i)
{
    const uint32_t value = e->output_values[i];

    for (uint32_t k = 0; k < e->input_count; k++)
        if (e->input_values[k] == value) return &e->inputs[k];
    for (uint32_t k = 0; k < i; k++)
        if (e->output_values[k] == value) return &e->outputs[k];
    return &e->outputs[i];
}

void vch_program_parts_finish_outputs(const struct vch_program_parts *e)
{
    for (uint32_t i = 0; i < e->output_count; i++) {
        const struct vch_tensor *from = first_of(e, i);
        if (from->data != e->outputs[i].data)
            memcpy(e->outputs[i].data, from->data, vch_tensor_size(from) * e->run->batch);
    }
}

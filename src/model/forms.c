#include "model/forms.h"

#include <string.h>

#include "base/check.h"
#include "model/step.h"

enum { IMAGE_RANK = 3 };

struct chooser {
    struct vch_forms *forms;
    struct vch_prepare *prepare;
    const struct vch_graph *model;
};

// Where an axis of a row-major image goes: channels to the end, height and width before them.
static uint32_t new_axis(uint32_t rank, uint32_t axis)
{
    const uint32_t channel = rank - IMAGE_RANK;

    if (axis < channel) return axis;
    return axis == channel ? rank - 1 : axis - 1;
}

static struct vch_shape turn_shape(const struct vch_shape *shape)
{
    struct vch_shape out = {.rank = shape->rank};

    for (uint32_t axis = 0; axis < shape->rank; axis++)
        out.dims[new_axis(shape->rank, axis)] = shape->dims[axis];
    return out;
}

static bool is_image(const struct vch_shape *shape)
{
    return shape->rank == IMAGE_RANK || (shape->rank == IMAGE_RANK + 1 && shape->dims[0] == 1);
}

// Are both orders the same bytes?
static bool is_same_bytes(const struct vch_shape *shape)
{
    const uint32_t *image = shape->dims + shape->rank - IMAGE_RANK;
    return image[0] == 1 || (image[1] == 1 && image[2] == 1);
}

static void set_order(struct vch_operator *o, const struct vch_shape *row_major, bool to_last)
{
    for (uint32_t axis = 0; axis < row_major->rank; axis++) {
        const uint32_t other = new_axis(row_major->rank, axis);
        o->order[to_last ? other : axis] = to_last ? axis : other;
    }
}

// The index of a value in the wanted order; its twin is made when it is wanted first.
static vch_status value_in(uint32_t *out, struct chooser *c, uint32_t value, bool channel_last,
                           uint32_t source)
{
    struct vch_forms *f = c->forms;
    const struct vch_value *v = &c->model->values[value];

    *out = value;
    if (f->is_channel_last[value] == channel_last) return VCH_OK;
    VCH_ASSERT(is_image(&v->shape));
    *out = f->twins[value];
    if (*out != VCH_NONE) return VCH_OK;
    *out = f->twins[value] = f->graph.value_count++;
    f->graph.values[*out] =
        (struct vch_value){v->type, channel_last ? turn_shape(&v->shape) : v->shape};
    uint32_t *input = VCH_PREPARE_NEW(c->prepare, uint32_t, 1);
    if (input == NULL) return VCH_FAIL(NO_MEMORY);
    *input = value;
    struct vch_operator turn = {
        .kind = is_same_bytes(&v->shape) ? VCH_OPERATOR_RESHAPE : VCH_OPERATOR_TRANSPOSE,
        .name = c->model->operators[source].name,
        .input_count = 1,
        .inputs = input,
        .output = *out,
    };
    set_order(&turn, &v->shape, channel_last);
    f->makers[value] = f->graph.operator_count;
    f->sources[f->graph.operator_count] = source;
    f->graph.operators[f->graph.operator_count++] = turn;
    return VCH_OK;
}

// Operators that treat elements alike may keep the order of their operands, if each is an image of
// the output's rank or a single element, and one at least is channel-last already.
static bool keeps_elements(const struct chooser *c, const struct vch_operator *o)
{
    const struct vch_shape *out = &c->model->values[o->output].shape;
    bool is_any = false;

    for (uint32_t i = 0; i < o->input_count; i++) {
        const struct vch_shape *x = &c->model->values[o->inputs[i]].shape;
        is_any |= c->forms->is_channel_last[o->inputs[i]];
        if (x->rank != out->rank && vch_tensor_shape_count(x) != 1) return false;
    }
    return is_any && is_image(out);
}

static bool keeps_all(const struct chooser *c, const struct vch_operator *o)
{
    for (uint32_t i = 0; i < o->input_count; i++)
        if (!c->forms->is_channel_last[o->inputs[i]]) return false;
    return is_image(&c->model->values[o->output].shape);
}

static bool gives_channel_last(const struct chooser *c, const struct vch_operator *o)
{
    switch ((int)o->kind) {
    case VCH_OPERATOR_CONVOLUTION:
    case VCH_OPERATOR_MAX_POOL:
    case VCH_OPERATOR_AVERAGE_POOL: return true;
    case VCH_OPERATOR_ADD:
    case VCH_OPERATOR_MULTIPLY:
    case VCH_OPERATOR_RESCALE:
    case VCH_OPERATOR_TABLE: return keeps_elements(c, o);
    case VCH_OPERATOR_CONCAT:
    case VCH_OPERATOR_SLICE:
    case VCH_OPERATOR_PAD: return keeps_all(c, o);
    default: return false; // row-major, as specs/arithmetic.md has it
    }
}

// Is operand `i` wanted channel-last?
static bool wants_channel_last(const struct chooser *c, const struct vch_operator *o, uint32_t i,
                               bool gives)
{
    const uint32_t x = o->inputs[i];

    if (o->kind == VCH_OPERATOR_TRANSPOSE) return c->forms->is_channel_last[x];
    if (o->kind == VCH_OPERATOR_CONVOLUTION) // reads what there is
        return c->forms->is_channel_last[x] &&
               !vch_step_convolution_is_patched(c->model, o, c->prepare->kernels);
    return gives && is_image(&c->model->values[x].shape);
}

static void turn_axes(struct vch_operator *o, const struct vch_operator *from, uint32_t rank)
{
    o->axis = from->kind == VCH_OPERATOR_CONCAT ? new_axis(rank, from->axis) : from->axis;
    for (uint32_t axis = 0; axis < rank; axis++) {
        const uint32_t to = new_axis(rank, axis);
        o->begin[to] = from->begin[axis];
        o->end[to] = from->end[axis];
        o->step[to] = from->step[axis];
    }
}

// A model's own TRANSPOSE of a channel-last value: often the elements lie as wanted already.
static void turn_order(struct vch_operator *o, const struct vch_operator *from, uint32_t rank)
{
    bool is_in_order = true;

    for (uint32_t axis = 0; axis < rank; axis++) {
        o->order[axis] = new_axis(rank, from->order[axis]);
        is_in_order &= o->order[axis] == axis;
    }
    if (is_in_order) o->kind = VCH_OPERATOR_RESHAPE;
}

static vch_status add_operator(struct chooser *c, uint32_t index)
{
    struct vch_forms *f = c->forms;
    const struct vch_operator *from = &c->model->operators[index];
    const struct vch_shape *shape = &c->model->values[from->output].shape;
    const bool gives = gives_channel_last(c, from);
    uint32_t *inputs = VCH_PREPARE_NEW(c->prepare, uint32_t, from->input_count);
    struct vch_operator o = *from;
    bool reads = false;

    if (inputs == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < from->input_count; i++) {
        const bool wants = wants_channel_last(c, from, i, gives);
        reads |= i == 0 && wants;
        VCH_TRY(value_in(&inputs[i], c, from->inputs[i], wants, index));
    }
    o.inputs = inputs;
    if (o.kind == VCH_OPERATOR_TRANSPOSE && reads) turn_order(&o, from, shape->rank);
    if (gives) {
        turn_axes(&o, from, shape->rank);
        f->is_channel_last[from->output] = true;
        f->graph.values[from->output].shape = turn_shape(shape);
    }
    f->sources[f->graph.operator_count] = index;
    f->reads_channel_last[f->graph.operator_count] = reads;
    f->graph.operators[f->graph.operator_count++] = o;
    return VCH_OK;
}

vch_status vch_forms_choose(struct vch_forms *out, struct vch_prepare *prepare, uint32_t first,
                            uint32_t last)
{
    const struct vch_graph *model = prepare->graph;
    const size_t values = model->value_count, operators = values + (last - first);
    struct chooser c = {out, prepare, model};

    *out = (struct vch_forms){
        .graph = *model,
        .sources = VCH_PREPARE_NEW(prepare, uint32_t, operators),
        .reads_channel_last = VCH_PREPARE_NEW(prepare, bool, operators),
        .is_channel_last = VCH_PREPARE_NEW(prepare, bool, values),
        .twins = VCH_PREPARE_NEW(prepare, uint32_t, values),
        .makers = VCH_PREPARE_NEW(prepare, uint32_t, values),
    };
    out->graph.values = VCH_PREPARE_NEW(prepare, struct vch_value, 2 * values);
    out->graph.operators = VCH_PREPARE_NEW(prepare, struct vch_operator, operators);
    out->graph.operator_count = 0;
    if (out->sources == NULL || out->reads_channel_last == NULL || out->is_channel_last == NULL ||
        out->twins == NULL || out->makers == NULL || out->graph.values == NULL ||
        out->graph.operators == NULL)
        return VCH_FAIL(NO_MEMORY);
    memcpy(out->graph.values, model->values, values * sizeof *model->values);
    for (size_t i = 0; i < values; i++)
        out->twins[i] = VCH_NONE;
    for (uint32_t i = first; i < last; i++)
        VCH_TRY(add_operator(&c, i));
    return VCH_OK;
}

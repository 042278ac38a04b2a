#include "circuit/gate.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "model/bound.h"

#undef vch_gate_refuse // the analyzer's view of it

vch_status vch_gate_refuse(const struct vch_gate *gate, const char *format, ...)
{
    const struct vch_operator *o = gate->operator_;
    char text[VCH_COMPLAINT_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return vch_complain(gate->builder->complaint, VCH_CODE_UNSUPPORTED,
                        "operator %zu, \"%s\" (%s), has no proof: %s",
                        (size_t)(o - gate->graph->operators), o->name,
                        vch_graph_operator_text(o->kind), text);
}

const struct vch_value *vch_gate_input(const struct vch_gate *gate, uint32_t i)
{
    VCH_ASSERT(i < gate->operator_->input_count);
    return &gate->graph->values[gate->operator_->inputs[i]];
}

const struct vch_value *vch_gate_output(const struct vch_gate *gate)
{
    return &gate->graph->values[gate->operator_->output];
}

struct vch_view vch_gate_operand(const struct vch_gate *gate, uint32_t i)
{
    VCH_ASSERT(i < gate->operator_->input_count);
    return gate->values[gate->operator_->inputs[i]];
}

struct vch_view vch_gate_parameter(const struct vch_gate *gate, uint32_t i)
{
    VCH_ASSERT(i < gate->operator_->parameter_count);
    return gate->parameters[gate->operator_->parameters[i]];
}

uint32_t vch_gate_count(const struct vch_value *value)
{
    return (uint32_t)vch_tensor_shape_count(&value->shape);
}

// Row-major strides of an operand along the output's axes; 0 where it is repeated.
static void strides_of(uint32_t strides[VCH_RANK_MAX], const struct vch_shape *have,
                       const struct vch_shape *want)
{
    const uint32_t missing = want->rank - have->rank;
    uint32_t stride = 1;

    for (uint32_t axis = want->rank; axis-- > 0;) {
        const uint32_t dim = axis < missing ? 1 : have->dims[axis - missing];
        strides[axis] = dim == 1 ? 0 : stride;
        stride *= dim;
    }
}

vch_status vch_gate_broadcast(struct vch_cells *out, const struct vch_gate *gate, uint32_t i)
{
    const struct vch_value *x = vch_gate_input(gate, i), *y = vch_gate_output(gate);
    const uint32_t count = vch_gate_count(y), rank = y->shape.rank;
    const struct vch_view view = vch_gate_operand(gate, i);
    uint32_t strides[VCH_RANK_MAX], at[VCH_RANK_MAX] = {0}, element = 0;

    *out = vch_builder_spread(view, (struct vch_grid){count, 1});
    if (vch_gate_count(x) == count) return VCH_OK;
    uint32_t *list = vch_builder_list(gate->builder, count);
    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    strides_of(strides, &x->shape, &y->shape);
    for (uint32_t e = 0; e < count; e++) {
        list[e] = vch_builder_cell(view, element);
        for (uint32_t axis = rank; axis-- > 0;) { // the next element, in row-major order
            element += strides[axis];
            if (++at[axis] < y->shape.dims[axis]) break;
            element -= strides[axis] * y->shape.dims[axis];
            at[axis] = 0;
        }
    }
    *out = (struct vch_cells){.list = list};
    return VCH_OK;
}

uint32_t vch_gate_span_bits(const struct vch_gate *gate, uint32_t value)
{
    const uint64_t bound = vch_bound_value(gate->graph, value);

    if (gate->graph->values[value].type != VCH_TYPE_I64)
        return vch_gadgets_bits(2 * bound - 1); // 254, 65534, 2^32 - 1 and less
    return vch_gadgets_bits(2 * (bound < VCH_FP_HALF ? bound : VCH_FP_HALF));
}

// What moves elements sets its output; all others write theirs into new cells.
static bool is_mover(enum vch_operator_kind kind)
{
    switch (kind) {
    case VCH_OPERATOR_CONSTANT:
    case VCH_OPERATOR_CONCAT:
    case VCH_OPERATOR_RESHAPE:
    case VCH_OPERATOR_TRANSPOSE:
    case VCH_OPERATOR_SLICE:
    case VCH_OPERATOR_PAD: return true;
    case VCH_OPERATOR_LINEAR:
    case VCH_OPERATOR_CONVOLUTION:
    case VCH_OPERATOR_MATMUL:
    case VCH_OPERATOR_ADD:
    case VCH_OPERATOR_MULTIPLY:
    case VCH_OPERATOR_RESCALE:
    case VCH_OPERATOR_TABLE:
    case VCH_OPERATOR_MAX_POOL:
    case VCH_OPERATOR_AVERAGE_POOL:
    case VCH_OPERATOR_SOFTMAX:
    case VCH_OPERATOR_ARGMAX:
    case VCH_OPERATOR_TREES:
    case VCH_OPERATOR_NORMALISE:
    case VCH_OPERATOR_GATHER:
    case VCH_OPERATOR_DIVIDE:
    case VCH_OPERATOR_COUNT: break;
    }
    return false;
}

static void new_output(struct vch_gate *gate)
{
    gate->y = vch_builder_cells(gate->builder, vch_gate_count(vch_gate_output(gate)));
    struct vch_hint *hint =
        vch_builder_hint(gate->builder, VCH_HINT_VALUE, (struct vch_grid){gate->y.count, 1});
    hint->cells = gate->y.first;
    hint->value = gate->operator_->output;
    hint->sample = gate->sample;
}

static vch_status relate(struct vch_gate *gate)
{
    switch (gate->operator_->kind) {
    case VCH_OPERATOR_CONSTANT: return vch_gate_constant(gate);
    case VCH_OPERATOR_LINEAR: return vch_gate_linear(gate);
    case VCH_OPERATOR_CONVOLUTION: return vch_gate_convolution(gate);
    case VCH_OPERATOR_MATMUL: return vch_gate_matmul(gate);
    case VCH_OPERATOR_ADD: return vch_gate_add(gate);
    case VCH_OPERATOR_MULTIPLY: return vch_gate_multiply(gate);
    case VCH_OPERATOR_RESCALE: return vch_gate_rescale(gate);
    case VCH_OPERATOR_TABLE: return vch_gate_table(gate);
    case VCH_OPERATOR_AVERAGE_POOL: return vch_gate_average_pool(gate);
    case VCH_OPERATOR_CONCAT: return vch_gate_concat(gate);
    case VCH_OPERATOR_RESHAPE: return vch_gate_reshape(gate);
    case VCH_OPERATOR_TRANSPOSE: return vch_gate_transpose(gate);
    case VCH_OPERATOR_SLICE: return vch_gate_slice(gate);
    case VCH_OPERATOR_PAD: return vch_gate_pad(gate);
    case VCH_OPERATOR_MAX_POOL: return vch_gate_max_pool(gate);
    case VCH_OPERATOR_SOFTMAX: return vch_gate_softmax(gate);
    case VCH_OPERATOR_ARGMAX: return vch_gate_argmax(gate);
    case VCH_OPERATOR_TREES: return vch_gate_trees(gate);
    case VCH_OPERATOR_NORMALISE: return vch_gate_normalise(gate);
    case VCH_OPERATOR_GATHER: return vch_gate_gather(gate);
    case VCH_OPERATOR_DIVIDE: return vch_gate_divide(gate);
    case VCH_OPERATOR_COUNT: break;
    }
    VCH_ASSERT(gate->operator_->kind < VCH_OPERATOR_COUNT); // vch_graph_check has seen to it
    return VCH_FAIL(USAGE);
}

vch_status vch_gate_build(struct vch_gate *gate)
{
    if (!is_mover(gate->operator_->kind)) new_output(gate);
    vch_status status = relate(gate);
    if (status.code == VCH_CODE_UNSUPPORTED)
        return vch_gate_refuse(gate, "its numbers can be so large that somebody could forge it by "
                                     "wrapping around the field");
    VCH_TRY(status);
    return vch_builder_status(gate->builder);
}

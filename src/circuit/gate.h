// One operator of one sample as relations: what model/step.h is to a run.
//
// specs/circuit.md, sections 4 and 5, says what each writes, in which order.
#pragma once

#include "circuit/builder.h"
#include "circuit/gadgets.h"
#include "circuit/terms.h"
#include "model/graph.h"

struct vch_gate {
    struct vch_builder *builder;
    const struct vch_graph *graph;
    const struct vch_operator *operator_;
    uint32_t sample, batch;
    const struct vch_view *values;     // by value: filled in for all operands
    const struct vch_view *parameters; // by parameter: all that the operator has
    struct vch_view y; // the output: new cells, or what an operator that moves elements sets
};

// Writes the relations of an operator. UNSUPPORTED, with a complaint that names it, where it has
// no circuit.
vch_status vch_gate_build(struct vch_gate *gate);

// Complains in the operator's name: UNSUPPORTED.
vch_status vch_gate_refuse(const struct vch_gate *gate, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#ifdef __clang_analyzer__ // as in base/complaint.h
#define vch_gate_refuse(gate, ...) \
    ((void)(vch_gate_refuse)(gate, __VA_ARGS__), (vch_status){VCH_CODE_UNSUPPORTED})
#endif

const struct vch_value *vch_gate_input(const struct vch_gate *gate, uint32_t i);
const struct vch_value *vch_gate_output(const struct vch_gate *gate);
struct vch_view vch_gate_operand(const struct vch_gate *gate, uint32_t i);
struct vch_view vch_gate_parameter(const struct vch_gate *gate, uint32_t i);
uint32_t vch_gate_count(const struct vch_value *value); // elements of a sample
// Operand i broadcast to the output's shape: a cell for each element of the output.
vch_status vch_gate_broadcast(struct vch_cells *out, const struct vch_gate *gate, uint32_t i);
// Bits of the difference of two elements of a value: 8, 16, 32, or from the bound of trees.
// 63 and more where the value has no bound that a proof can use.
uint32_t vch_gate_span_bits(const struct vch_gate *gate, uint32_t value);

vch_status vch_gate_constant(struct vch_gate *gate);
vch_status vch_gate_linear(struct vch_gate *gate);
vch_status vch_gate_convolution(struct vch_gate *gate);
vch_status vch_gate_matmul(struct vch_gate *gate);
vch_status vch_gate_add(struct vch_gate *gate);
vch_status vch_gate_multiply(struct vch_gate *gate);
vch_status vch_gate_rescale(struct vch_gate *gate);
vch_status vch_gate_table(struct vch_gate *gate);
vch_status vch_gate_average_pool(struct vch_gate *gate);
vch_status vch_gate_concat(struct vch_gate *gate);
vch_status vch_gate_reshape(struct vch_gate *gate);
vch_status vch_gate_transpose(struct vch_gate *gate);
vch_status vch_gate_slice(struct vch_gate *gate);
vch_status vch_gate_pad(struct vch_gate *gate);
vch_status vch_gate_max_pool(struct vch_gate *gate);
vch_status vch_gate_softmax(struct vch_gate *gate);
vch_status vch_gate_argmax(struct vch_gate *gate);
vch_status vch_gate_normalise(struct vch_gate *gate);
vch_status vch_gate_divide(struct vch_gate *gate);
vch_status vch_gate_gather(struct vch_gate *gate);
vch_status vch_gate_trees(struct vch_gate *gate);

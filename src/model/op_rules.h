// What each operator demands of its operands: the part of vch_graph_check that knows operators.
//
// A rule recomputes its operator's output shape and type from the operands' and compares; a
// mismatch anywhere is the graph's fault and is refused with the operator's name.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "model/graph.h"

struct vch_op_rules {
    const struct vch_graph *graph;
    const struct vch_operator *operator_;
    struct vch_complaint *complaint;
};

// Operand and parameter counts, scaling, then the operator's own rule. All indices must be in
// range and all shapes checked before.
vch_status vch_op_rules_check(const struct vch_op_rules *at);

const struct vch_value *vch_op_rules_input(const struct vch_op_rules *at, uint32_t i);
const struct vch_value *vch_op_rules_output(const struct vch_op_rules *at);
const struct vch_parameter *vch_op_rules_parameter(const struct vch_op_rules *at, uint32_t i);

// Complains in the operator's name.
vch_status vch_op_rules_refuse(const struct vch_op_rules *at, enum vch_code code,
                               const char *format, ...) __attribute__((format(printf, 3, 4)));
#ifdef __clang_analyzer__ // as in base/complaint.h
#define vch_op_rules_refuse(at, code, ...) \
    ((void)(vch_op_rules_refuse)(at, code, __VA_ARGS__), (vch_status){code})
#endif
// The output's shape, type, or set of types (bit t stands for type t).
vch_status vch_op_rules_shape_is(const struct vch_op_rules *at, const struct vch_shape *want);
vch_status vch_op_rules_type_is(const struct vch_op_rules *at, enum vch_type want);
vch_status vch_op_rules_type_among(const struct vch_op_rules *at, const char *what,
                                   enum vch_type type, unsigned allowed);
#define VCH_OP_RULES_I8 (1u << VCH_TYPE_I8)
#define VCH_OP_RULES_I16 (1u << VCH_TYPE_I16)
#define VCH_OP_RULES_I32 (1u << VCH_TYPE_I32)
#define VCH_OP_RULES_I64 (1u << VCH_TYPE_I64)
#define VCH_OP_RULES_NARROW (VCH_OP_RULES_I8 | VCH_OP_RULES_I16)
#define VCH_OP_RULES_REQUANTISED (VCH_OP_RULES_I8 | VCH_OP_RULES_I16 | VCH_OP_RULES_I32)

// Multipliers, shifts and clamp; `count` multipliers are expected. `shift_count` likewise.
vch_status vch_op_rules_scaling(const struct vch_op_rules *at, uint32_t count,
                                uint32_t shift_count);
// Weights int8 and the optional bias int64 (outputs).
vch_status vch_op_rules_bias(const struct vch_op_rules *at, uint32_t outputs);
// Broadcasting after numpy: shapes aligned at the last axis, a 1 stretches.
vch_status vch_op_rules_broadcast(struct vch_shape *out, const struct vch_shape *a,
                                  const struct vch_shape *b);
// Output size along one axis of a window; `axis` is 0 or 1 of struct vch_window.
vch_status vch_op_rules_window(uint32_t *out, const struct vch_op_rules *at, uint32_t axis,
                               uint32_t size);
// (C, H, W) or (1, C, H, W): the axis of C.
vch_status vch_op_rules_image(uint32_t *channel_axis, const struct vch_op_rules *at);

vch_status vch_op_rules_constant(const struct vch_op_rules *at);
vch_status vch_op_rules_linear(const struct vch_op_rules *at);
vch_status vch_op_rules_convolution(const struct vch_op_rules *at);
vch_status vch_op_rules_matmul(const struct vch_op_rules *at);
vch_status vch_op_rules_add(const struct vch_op_rules *at);
vch_status vch_op_rules_multiply(const struct vch_op_rules *at);
vch_status vch_op_rules_rescale(const struct vch_op_rules *at);
vch_status vch_op_rules_table(const struct vch_op_rules *at);
vch_status vch_op_rules_max_pool(const struct vch_op_rules *at);
vch_status vch_op_rules_average_pool(const struct vch_op_rules *at);
vch_status vch_op_rules_concat(const struct vch_op_rules *at);
vch_status vch_op_rules_reshape(const struct vch_op_rules *at);
vch_status vch_op_rules_transpose(const struct vch_op_rules *at);
vch_status vch_op_rules_slice(const struct vch_op_rules *at);
vch_status vch_op_rules_pad(const struct vch_op_rules *at);
vch_status vch_op_rules_softmax(const struct vch_op_rules *at);
vch_status vch_op_rules_argmax(const struct vch_op_rules *at);
vch_status vch_op_rules_trees(const struct vch_op_rules *at);
vch_status vch_op_rules_normalise(const struct vch_op_rules *at);
vch_status vch_op_rules_gather(const struct vch_op_rules *at);
vch_status vch_op_rules_divide(const struct vch_op_rules *at);

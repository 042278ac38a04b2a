// Layers with scales to operators of the integer model.
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "import/calibrate.h"
#include "import/layers.h"
#include "import/ratio.h"
#include "model/graph.h"

// What stands for a value of the float network: real = scale * integer.
struct vch_lower_value {
    uint32_t value; // of the graph; VCH_NONE until lowered
    double scale;
    bool is_key; // no such number: the key of one
};

struct vch_lower {
    struct vch_graph *graph; // its arrays grow
    uint32_t value_capacity, operator_capacity, parameter_capacity, table_capacity;
    const struct vch_layers *layers;
    const struct vch_calibration *calibration;
    struct vch_lower_value *map;           // per value of the network
    const struct vch_layer *layer;         // being lowered
    const struct vch_lower_shared *shared; // see lower_share.h
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

// The graph, checked by vch_graph_check. `map` (per value of the network) tells the report what
// became of each value.
vch_status vch_lower_layers(struct vch_graph **out, struct vch_lower_value **map,
                            const struct vch_layers *layers,
                            const struct vch_calibration *calibration, struct vch_arena *arena,
                            struct vch_complaint *complaint);

// For lower_*.c.
bool vch_lower_is_integer(const struct vch_lower *at, uint32_t value); // of the network
// A constant of whole numbers becomes a CONSTANT operator at scale 1.
vch_status vch_lower_integer_constant(struct vch_lower *at, uint32_t index);
// Operand `i` of a layer that moves elements: constants become keys where its result is held so.
vch_status vch_lower_moved(struct vch_lower *at, uint32_t i, struct vch_lower_value *out);
// Operand `i` in int8 or int16, which products and tables take.
vch_status vch_lower_narrow(struct vch_lower *at, uint32_t i, struct vch_lower_value *out);
// factors[0] * a + factors[1] * b of whole numbers. The last sum of a layer has its type and clamp.
vch_status vch_lower_exact_sum(struct vch_lower *at, const uint32_t *values, const double *factors,
                               const struct vch_shape *shape, bool is_last, uint32_t *output);
vch_status vch_lower_integer_affine(struct vch_lower *at);
vch_status vch_lower_compare(struct vch_lower *at);
vch_status vch_lower_divide(struct vch_lower *at);
vch_status vch_lower_refuse(const struct vch_lower *at, enum vch_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
vch_status vch_lower_shape(struct vch_shape *out, const struct vch_lower *at,
                           const struct vch_network_shape *shape);
vch_status vch_lower_new_value(struct vch_lower *at, enum vch_type type,
                               const struct vch_shape *shape, uint32_t *index);
vch_status vch_lower_new_parameter(struct vch_lower *at, enum vch_type type,
                                   const struct vch_shape *shape, void **data, uint32_t *index);
vch_status vch_lower_new_table(struct vch_lower *at, enum vch_type input, enum vch_type output,
                               int32_t **entries, uint32_t *index);
// Fills in the operator's name, output value and bounds, copies its operands, and appends it.
vch_status vch_lower_append(struct vch_lower *at, struct vch_operator *operator_,
                            const uint32_t *inputs, uint32_t input_count, enum vch_type type,
                            const struct vch_shape *shape);
vch_status vch_lower_scaling(struct vch_lower *at, struct vch_scaling *scaling, uint32_t count,
                             int32_t **multipliers, uint32_t **shifts);
// The type's range, narrowed to what the layer's clamp is at this scale.
void vch_lower_clamp(struct vch_scaling *scaling, const struct vch_layer *layer, enum vch_type type,
                     double scale);
// Operand `i` of the layer; constants become CONSTANT operators here.
vch_status vch_lower_operand(struct vch_lower *at, uint32_t i, struct vch_lower_value *out);
vch_status vch_lower_reshape(struct vch_lower *at, uint32_t value, const struct vch_shape *shape,
                             uint32_t *output);
// integer times ratio, into another type.
vch_status vch_lower_rescale(struct vch_lower *at, uint32_t value, double ratio, enum vch_type type,
                             const struct vch_scaling *clamp, uint32_t *output);
// The calibrated scale and type of the layer's output.
const struct vch_calibrate_value *vch_lower_wanted(const struct vch_lower *at);
void vch_lower_done(struct vch_lower *at, uint32_t value, double scale);

vch_status vch_lower_linear(struct vch_lower *at);
vch_status vch_lower_convolution(struct vch_lower *at);
vch_status vch_lower_affine(struct vch_lower *at);
vch_status vch_lower_function(struct vch_lower *at);
int32_t vch_lower_table_half(enum vch_type type); // the index of 0
vch_status vch_lower_softmax(struct vch_lower *at);
vch_status vch_lower_normalise(struct vch_lower *at);
// Operand `i` of a sum, where it is a constant limited to what can matter; and the same for the
// offsets of an affine layer, which is replaced by a copy.
vch_status vch_lower_limit_operand(struct vch_lower *at, uint32_t i, struct vch_lower_value *out);
vch_status vch_lower_limit_offsets(struct vch_lower *at, const struct vch_lower_value *x);
// An affine layer whose weights repeat along leading axes: false where they do not.
bool vch_lower_is_periodic(uint32_t *lead, const struct vch_lower *at);
vch_status vch_lower_periodic(struct vch_lower *at, uint32_t lead);
vch_status vch_lower_gather(struct vch_lower *at);
vch_status vch_lower_operator(struct vch_lower *at); // everything else

// The float network: what an ONNX file says, decoded, bounded and checked for structure.
//
//     values   what flows: an input of the model, a constant, or the output of exactly one node
//     nodes    operators in an order in which every operand comes before its use
//
// vch_onnx_decode builds one from a file; rewriting passes replace its nodes; lowering reads it.
// Everything lives in one arena. Shapes are ONNX's own, with a batch dimension of 1 in front.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "model/graph.h"

#define VCH_NETWORK_VALUES_MAX 65536u
#define VCH_NETWORK_NODES_MAX 32768u
#define VCH_NETWORK_OPERANDS_MAX 256u
#define VCH_NETWORK_ATTRIBUTES_MAX 64u
#define VCH_NETWORK_RANK_MAX 8
#define VCH_NETWORK_COUNT_MAX (1u << 28) // elements of one tensor
#define VCH_NETWORK_DOMAIN_ML "ai.onnx.ml"
#define VCH_NETWORK_DOMAIN_MICROSOFT "com.microsoft" // quantised operators only

enum vch_network_type {
    VCH_NETWORK_REAL = 1,    // bfloat16, float16, float, double: held as float
    VCH_NETWORK_INTEGER = 2, // int8 to int64, uint8 to uint64, bool: held as int64
    VCH_NETWORK_TEXT = 3,    // class labels: a graph output only; see texts below for constants
};

struct vch_network_shape {
    uint32_t rank;
    uint32_t dims[VCH_NETWORK_RANK_MAX]; // a dimension may be 0 in constants only
};

struct vch_network_tensor {
    enum vch_network_type type; // REAL or INTEGER
    int32_t element;            // ONNX's number of the type it has in the file; 0: not known
    struct vch_network_shape shape;
    size_t count;
    float *reals;      // REAL: finite
    int64_t *integers; // INTEGER
    // A constant of text, which only class labels are: its integers are 0, 1, 2, ...
    const char *const *texts; // NULL for everything else
};

// ONNX's numbers for the kinds of attribute that are read; others are refused.
enum vch_network_attribute_kind {
    VCH_NETWORK_ATTRIBUTE_REAL = 1,
    VCH_NETWORK_ATTRIBUTE_INTEGER = 2,
    VCH_NETWORK_ATTRIBUTE_TEXT = 3,
    VCH_NETWORK_ATTRIBUTE_TENSOR = 4,
    VCH_NETWORK_ATTRIBUTE_SUBGRAPH = 5, // never in a network
    VCH_NETWORK_ATTRIBUTE_REALS = 6,
    VCH_NETWORK_ATTRIBUTE_INTEGERS = 7,
    VCH_NETWORK_ATTRIBUTE_TEXTS = 8,
};

struct vch_network_attribute {
    const char *name;
    enum vch_network_attribute_kind kind;
    float real;
    int64_t integer;
    const char *text;
    const struct vch_network_tensor *tensor;
    size_t count; // of the list in use
    const float *reals;
    const int64_t *integers;
    const char *const *texts;
};

struct vch_network_node {
    const char *operator_, *domain; // domain "" is ai.onnx
    const char *name;               // for messages; never empty: the first output stands in
    int64_t version;                // opset of its domain
    uint32_t input_count, output_count, attribute_count;
    uint32_t *inputs;  // value indices; VCH_NONE where an optional operand is left out
    uint32_t *outputs; // likewise
    const struct vch_network_attribute *attributes;
};

// What a quantised model's file says of a value.
struct vch_network_grid {
    uint32_t reals;      // of integers: the value of real numbers that they stand for; or VCH_NONE
    double step, zero;   // likewise: real = step * (integer - zero)
    const double *steps; // of constant real numbers: they are whole multiples of these, one for all
    size_t step_count;   // (count 1) or one for each index along `axis`
    uint32_t axis;
};

struct vch_network_value {
    const char *name;
    enum vch_network_type type;
    int32_t element; // as in struct vch_network_tensor
    bool has_shape;  // declared for inputs, inferred for the rest
    struct vch_network_shape shape;
    const struct vch_network_tensor *constant; // NULL unless known before the model runs
    const struct vch_network_grid *grid;       // NULL in a model of real numbers
};

struct vch_network {
    struct vch_arena *arena;
    uint32_t value_count, value_capacity, node_count, node_capacity;
    struct vch_network_value *values;
    struct vch_network_node *nodes;
    uint32_t input_count, output_count; // constants are not counted among the inputs
    uint32_t inputs[VCH_GRAPH_PORTS_MAX], outputs[VCH_GRAPH_PORTS_MAX];
    const char *name;
};

size_t vch_network_count(const struct vch_network_shape *shape);
bool vch_network_same_shape(const struct vch_network_shape *a, const struct vch_network_shape *b);

// Building. NO_MEMORY or LIMIT; the arena is the network's.
vch_status vch_network_add_value(struct vch_network *network, const char *name, uint32_t *index);
vch_status vch_network_add_constant(struct vch_network *network, const char *name,
                                    const struct vch_network_tensor *tensor, uint32_t *index);
// A tensor of zeros to fill in, in the network's arena.
vch_status vch_network_new_tensor(struct vch_network *network, enum vch_network_type type,
                                  const struct vch_network_shape *shape,
                                  struct vch_network_tensor **out);
// Appends a node of ai.onnx (latest opset we read) without attributes, one output.
vch_status vch_network_add_node(struct vch_network *network, const char *operator_,
                                const char *name, const uint32_t *inputs, uint32_t input_count,
                                uint32_t output);
// A node with all its fields given; arrays are borrowed and must live in the arena.
vch_status vch_network_append(struct vch_network *network, const struct vch_network_node *node);

// Attributes by name; the default where absent. A wrong kind is MALFORMED, with a complaint.
const struct vch_network_attribute *vch_network_find(const struct vch_network_node *node,
                                                     const char *name);
vch_status vch_network_integer(int64_t *out, const struct vch_network_node *node, const char *name,
                               int64_t otherwise, struct vch_complaint *complaint);
vch_status vch_network_real(float *out, const struct vch_network_node *node, const char *name,
                            float otherwise, struct vch_complaint *complaint);
// Lists: NULL and count 0 where absent.
vch_status vch_network_integers(const int64_t **out, size_t *count,
                                const struct vch_network_node *node, const char *name,
                                struct vch_complaint *complaint);
vch_status vch_network_reals(const float **out, size_t *count, const struct vch_network_node *node,
                             const char *name, struct vch_complaint *complaint);
vch_status vch_network_texts(const char *const **out, size_t *count,
                             const struct vch_network_node *node, const char *name,
                             struct vch_complaint *complaint);
vch_status vch_network_text(const char **out, const struct vch_network_node *node, const char *name,
                            const char *otherwise, struct vch_complaint *complaint);

bool vch_network_is(const struct vch_network_node *node, const char *operator_); // of ai.onnx
bool vch_network_is_ml(const struct vch_network_node *node, const char *operator_);

// The constant behind operand `index`, or NULL when it is absent or not constant.
const struct vch_network_tensor *vch_network_constant(const struct vch_network *network,
                                                      const struct vch_network_node *node,
                                                      uint32_t index);

// The integer model: a list of operators over integer tensors, exact on every machine.
//
//     values      what flows: one tensor per value, written by exactly one operator (or an input)
//     operators   in an order in which every operand comes before its use
//     parameters  weights, biases, trees: private tensors, public only through their Merkle roots
//     tables      non-linear functions, 256 or 65,536 entries, public
//
// specs/arithmetic.md defines what each operator computes. A graph that passed vch_graph_check is
// safe to run: shapes, types, ranges, indices and accumulator bounds have been recomputed from
// first principles and nothing in it was taken on faith.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "model/tensor.h"

#define VCH_GRAPH_VALUES_MAX 65536u
#define VCH_GRAPH_OPERATORS_MAX 65536u
#define VCH_GRAPH_PARAMETERS_MAX 65536u
#define VCH_GRAPH_TABLES_MAX 4096u
#define VCH_GRAPH_PORTS_MAX 16u
#define VCH_GRAPH_OPERANDS_MAX 64u
#define VCH_GRAPH_NAME_MAX 200u
#define VCH_GRAPH_LABELS_MAX 65536u
#define VCH_GRAPH_KERNEL_DIM_MAX 1024u
#define VCH_GRAPH_ROOT_SHIFT_MAX 30u
#define VCH_NONE UINT32_MAX

// One row per operator; every switch over them is checked by the compiler.
//   X(NAME, text, parametric)   parametric: holds weights, counts as a layer
#define VCH_OPERATORS(X) \
    X(CONSTANT, "constant", false)      /* y = parameter 0 */ \
    X(LINEAR, "linear", true)           /* rows of x times weight rows, bias, requantise */ \
    X(CONVOLUTION, "convolution", true) /* (C, H, W) or (1, C, H, W), likewise */ \
    X(MATMUL, "matmul", false)          /* product of two values, requantise */ \
    X(ADD, "add", false)                /* sum of M_i * x_i, one rounding, broadcasting */ \
    X(MULTIPLY, "multiply", false)      /* x * y, requantise, broadcasting */ \
    X(RESCALE, "rescale", false)        /* requantise; also clamps, ReLU, change of type */ \
    X(TABLE, "table", false)            /* y = T[x] */ \
    X(MAX_POOL, "max_pool", false) \
    X(AVERAGE_POOL, "average_pool", false) /* 1/n folded into the multiplier */ \
    X(CONCAT, "concat", false) \
    X(RESHAPE, "reshape", false) \
    X(TRANSPOSE, "transpose", false) \
    X(SLICE, "slice", false) \
    X(PAD, "pad", false)             /* with a constant */ \
    X(SOFTMAX, "softmax", false)     /* over the last axis */ \
    X(ARGMAX, "argmax", false)       /* over one axis, ties to the lowest index */ \
    X(TREES, "trees", true)          /* decision trees over int32 keys */ \
    X(NORMALISE, "normalise", false) /* rows of the last axis over their root mean square */ \
    X(GATHER, "gather", false)       /* picks along one axis, by indices computed on the way */ \
    X(DIVIDE, "divide", false)       /* x * M / y with one rounding, broadcasting */

enum vch_operator_kind {
#define X(name, text, parametric) VCH_OPERATOR_##name,
    VCH_OPERATORS(X)
#undef X
        VCH_OPERATOR_COUNT
};

// Which whole number a quotient becomes.
enum vch_rounding {
    VCH_ROUNDING_NEAREST = 0, // ties towards plus infinity, as in requantisation
    VCH_ROUNDING_FLOOR = 1,
    VCH_ROUNDING_TRUNCATE = 2, // towards zero
};

// multiplier and shift of requantisation: one for the tensor, or one per output channel
// (LINEAR: last axis; CONVOLUTION: channel axis). ADD: one multiplier per operand, one shift.
// DIVIDE: one multiplier, and two shifts to the left, of dividend and divisor.
// AVERAGE_POOL: entry n - 1 divides by n elements (count 1: the whole window, padding counted).
struct vch_scaling {
    uint32_t count;
    const int32_t *multipliers; // |M| < 2^15
    const uint32_t *shifts;     // 1..62; ADD: count 1
    int64_t lo, hi;             // clamp, inside the output's type
};

struct vch_window { // convolution and pooling, (height, width)
    uint32_t kernel[2], stride[2], dilation[2];
    uint32_t pad_begin[2], pad_end[2];
    uint32_t groups;         // convolution
    bool count_includes_pad; // average pooling
};

// NORMALISE: y = d * factor / sqrt(D * 4^root_shift + epsilon), with d and D of
// specs/arithmetic.md.
struct vch_norm {
    bool is_centred; // the mean is taken away first
    uint32_t root_shift;
    uint64_t epsilon; // at least 1
    uint64_t factor;  // at least 1
};

struct vch_operator {
    enum vch_operator_kind kind;
    const char *name; // of the source's node, for messages
    uint32_t input_count;
    const uint32_t *inputs; // value indices
    uint32_t output;        // value index
    uint32_t parameter_count;
    uint32_t parameters[4]; // LINEAR, CONVOLUTION: weights int8 (out, in...), bias int64 (out);
                            // CONSTANT: the tensor; TREES: see model/trees.h
    struct vch_scaling scaling;
    struct vch_window window;
    struct vch_norm norm;
    uint32_t table;               // TABLE, SOFTMAX (exponentials)
    uint32_t axis;                // CONCAT, ARGMAX, GATHER
    uint32_t order[VCH_RANK_MAX]; // TRANSPOSE: output axis i is input axis order[i]
    int32_t begin[VCH_RANK_MAX];  // SLICE: first index; PAD: elements before
    int32_t end[VCH_RANK_MAX];    // PAD: elements after
    int32_t step[VCH_RANK_MAX];   // SLICE: may be negative
    int64_t fill;                 // PAD, and nothing else
    enum vch_rounding rounding;   // DIVIDE
    uint32_t depth_max;           // TREES: longest path, which bounds the walk
    uint64_t public_bound;        // largest |accumulator|, from shapes, types and bias_bound alone
    uint64_t bias_bound;          // largest |bias| that the owner promises (a power of two)
};

struct vch_value {
    enum vch_type type;
    struct vch_shape shape; // per sample
};

struct vch_parameter {
    enum vch_type type;
    struct vch_shape shape;
    struct vch_digest root; // salted Merkle root, see model/package.h
    const void *data;       // borrowed from the package's mapping; NULL where it is not held
};

struct vch_table {
    enum vch_type input, output; // I8 (256 entries) or I16 (65,536); output I8, I16 or I32
    const int32_t *entries;      // entry i is T[i - 128] or T[i - 32768]
};

// How the outside world's numbers become a graph input, and outputs become numbers again.
enum vch_port_kind {
    VCH_PORT_REAL = 1,    // real = scale * integer
    VCH_PORT_KEYS = 2,    // order-preserving int32 keys of float32 (trees)
    VCH_PORT_INTEGER = 3, // as it is
    VCH_PORT_CLASS = 4,   // an index into labels
};

struct vch_port {
    const char *name;
    uint32_t value;
    enum vch_port_kind kind;
    uint64_t scale_bits; // VCH_PORT_REAL: IEEE 754 binary64 of the scale, as bits
    uint32_t label_count;
    const char *const *labels; // VCH_PORT_CLASS: names, or none (the index is the answer)
};

struct vch_graph {
    const char *name;
    uint32_t value_count, operator_count, parameter_count, table_count;
    struct vch_value *values;
    struct vch_operator *operators;
    struct vch_parameter *parameters;
    struct vch_table *tables;
    uint32_t input_count, output_count;
    struct vch_port inputs[VCH_GRAPH_PORTS_MAX], outputs[VCH_GRAPH_PORTS_MAX];
};

const char *vch_graph_operator_text(enum vch_operator_kind kind);
bool vch_graph_is_parametric(enum vch_operator_kind kind);

// Recomputes and checks everything that can be checked without the parameters' bytes: indices,
// order, single assignment, shapes and types of every operator, table sizes and ranges, clamps,
// public bounds (bits(public_bound) + bits(M) + 1 <= 62). MALFORMED, LIMIT or UNSUPPORTED with a
// complaint that names the operator. `scratch` is rewound.
vch_status vch_graph_check(const struct vch_graph *graph, struct vch_arena *scratch,
                           struct vch_complaint *complaint);

// The largest |accumulator| of an operator from public facts: shapes, types and bias_bound.
// LIMIT when it does not fit 62 bits.
vch_status vch_graph_public_bound(uint64_t *out, const struct vch_graph *graph,
                                  const struct vch_operator *operator_);

// For whoever holds the parameters of an operator of a checked graph: weights and constants inside
// their symmetric ranges, |bias| <= bias_bound, trees as model/trees.h demands. With these the
// public bound holds, so that no accumulator can overflow. MALFORMED with a complaint; USAGE when
// a parameter is not held. `scratch` is rewound.
vch_status vch_graph_check_parameters(const struct vch_graph *graph,
                                      const struct vch_operator *operator_,
                                      struct vch_arena *scratch, struct vch_complaint *complaint);

// Multiplications per sample: the planner's measure of work. At most 2^46, so that sums over
// operators fit 64 bits.
uint64_t vch_graph_work(const struct vch_graph *graph, const struct vch_operator *operator_);

// The float model in few, fully resolved operations: what evaluation, calibration and lowering see.
//
// Translation turns each ONNX node into layers with every attribute, default and opset difference
// decided, and computes what does not depend on the model's inputs. Values are the network's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "import/network.h"
#include "model/graph.h"

enum vch_layer_kind {
    VCH_LAYER_LINEAR,       // x (..., in) times weights (out, in), plus bias (out)
    VCH_LAYER_CONVOLUTION,  // x (1, C, H, W), weights (out, C / groups, kh, kw), bias (out)
    VCH_LAYER_MATMUL,       // a (..., m, k) times b (..., k, n), broadcasting in front, and
                            // coefficients[0]
    VCH_LAYER_ADD,          // coefficients[0] * a + coefficients[1] * b, broadcasting
    VCH_LAYER_MULTIPLY,     // coefficients[0] * a * b, broadcasting
    VCH_LAYER_COMPARE,      // -1, 0 or 1: the sign of a - b, broadcasting; a whole number
    VCH_LAYER_DIVIDE,       // a / b, broadcasting; whole with a rounding; 0 / 0 is 0
    VCH_LAYER_AFFINE,       // weights[i] * x[i] + bias[i], one of each per element
    VCH_LAYER_CLAMP,        // nothing but lo and hi
    VCH_LAYER_FUNCTION,     // one real function of each element
    VCH_LAYER_MAX_POOL,     // x (1, C, H, W)
    VCH_LAYER_AVERAGE_POOL, // likewise
    VCH_LAYER_CONCAT,
    VCH_LAYER_RESHAPE,
    VCH_LAYER_TRANSPOSE,
    VCH_LAYER_SLICE,
    VCH_LAYER_PAD,
    VCH_LAYER_SOFTMAX,   // over the last axis
    VCH_LAYER_ARGMAX,    // over `axis`, which goes away; ties to the lowest index
    VCH_LAYER_NORMALISE, // rows of the last axis: (x - mean) / sqrt(variance + alpha), or with
                         // is_centred false x / sqrt(mean of squares + alpha); 0 where 0 / 0
    VCH_LAYER_GATHER,    // slices of x along `axis`, by whole numbers: operand 1, maybe constant
};

enum vch_layer_function {
    VCH_LAYER_ABS,
    VCH_LAYER_ACOS,
    VCH_LAYER_ACOSH,
    VCH_LAYER_ASIN,
    VCH_LAYER_ASINH,
    VCH_LAYER_ATAN,
    VCH_LAYER_ATANH,
    VCH_LAYER_CEIL,
    VCH_LAYER_CELU, // alpha
    VCH_LAYER_COSH,
    VCH_LAYER_ELU, // alpha
    VCH_LAYER_ERF,
    VCH_LAYER_EXP,
    VCH_LAYER_FLOOR,
    VCH_LAYER_GELU,
    VCH_LAYER_GELU_TANH,
    VCH_LAYER_HARD_SIGMOID, // alpha, beta
    VCH_LAYER_HARD_SWISH,
    VCH_LAYER_LEAKY_RELU, // alpha
    VCH_LAYER_LINE,       // alpha * x + beta
    VCH_LAYER_LOG,        // of alpha, where x is less but not negative
    VCH_LAYER_MISH,
    VCH_LAYER_POWER,    // of x + beta, alpha
    VCH_LAYER_POWER_OF, // alpha, to the power of x
    VCH_LAYER_RECIPROCAL,
    VCH_LAYER_ROUND,       // to even
    VCH_LAYER_SCALED_TANH, // alpha * tanh(beta * x)
    VCH_LAYER_SELU,        // alpha, beta
    VCH_LAYER_SHRINK,      // alpha, beta
    VCH_LAYER_SIGMOID,
    VCH_LAYER_SIGN,
    VCH_LAYER_SIN,
    VCH_LAYER_SINH,
    VCH_LAYER_COS,
    VCH_LAYER_SOFTPLUS,
    VCH_LAYER_SOFTSIGN,
    VCH_LAYER_SQRT,
    VCH_LAYER_SWISH, // alpha
    VCH_LAYER_TAN,
    VCH_LAYER_TANH,
    VCH_LAYER_TRUNCATE,         // towards zero
    VCH_LAYER_THRESHOLDED_RELU, // alpha
};

struct vch_layer {
    enum vch_layer_kind kind;
    const char *name; // of the ONNX node
    uint32_t input_count;
    uint32_t *inputs; // values
    uint32_t output;
    enum vch_network_type result; // 0: whole numbers where they remain whole, else reals
    double lo, hi;                // applied last; infinite where nothing is cut off
    double grid;                  // then rounded to whole multiples of this; 0: not at all
    const double *weights, *bias;
    const double *scales; // per output channel, of weights that are integers in the file; or NULL
    bool has_two_rows;    // LINEAR, CONVOLUTION: weights finer than int8
    uint32_t channels;    // LINEAR, CONVOLUTION: output channels
    struct vch_window window;
    double coefficients[2];
    enum vch_rounding rounding; // DIVIDE: NEAREST between real numbers
    enum vch_layer_function function;
    double alpha, beta;
    bool is_centred;                       // NORMALISE
    const struct vch_composite *composite; // FUNCTION: several in a row; NULL for one
    uint32_t tie;    // not 0: results of all layers with this number have one scale and type
    bool is_precise; // what it reads is int16 and keeps its whole range
    uint32_t axis;
    uint32_t order[VCH_NETWORK_RANK_MAX];
    int64_t begin[VCH_NETWORK_RANK_MAX], end[VCH_NETWORK_RANK_MAX], step[VCH_NETWORK_RANK_MAX];
    double fill; // PAD
};

struct vch_layers {
    struct vch_network *network; // values, inputs and outputs; its nodes are used up
    uint32_t count, capacity;
    struct vch_layer *layers;
    uint32_t tie_count; // numbers in use
    const char *output_names[VCH_GRAPH_PORTS_MAX];
};

// Appends; the inputs are copied.
vch_status vch_layers_append(struct vch_layers *layers, const struct vch_layer *layer);

// A layer with nothing set but its kind, operands and open clamp.
struct vch_layer vch_layers_new(enum vch_layer_kind kind, const char *name, uint32_t *inputs,
                                uint32_t input_count);

const struct vch_network_shape *vch_layers_shape(const struct vch_layers *layers, uint32_t value);

// Whether an AFFINE layer multiplies everything by one positive number and does nothing else.
bool vch_layers_is_scaling(const struct vch_layers *layers, const struct vch_layer *layer);

// Multiplications of one layer, roughly: what evaluating it costs.
double vch_layers_work(const struct vch_layers *layers, const struct vch_layer *layer);

// Weights per output channel of LINEAR and CONVOLUTION.
size_t vch_layers_fan_in(const struct vch_layers *layers, const struct vch_layer *layer);

// A pool's window that covers `size` elements as height times width, both within the engine's
// limit; false where there is none.
bool vch_layers_cover(uint32_t kernel[2], size_t size);

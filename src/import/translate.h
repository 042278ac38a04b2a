// ONNX nodes to layers: attributes, defaults and opset differences decided, constants computed.
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "import/layers.h"

struct vch_translate {
    struct vch_layers *layers;
    struct vch_network *network;
    struct vch_network_node node; // inputs resolved through what stands for them
    uint32_t *alias;              // ONNX's value to the one that stands for it
    uint32_t alias_count;
    double work_constant,
        work_sample;          // multiplications so far, to compute constants and per sample
    uint64_t grown;           // elements that constants have gained over the file's own
    uint64_t elements_sample; // of all layers' results
    uint32_t tie;             // layers emitted now get this, and
    bool is_precise;          // this
    uint32_t renamed;         // what an output that is none of the file's stands for; VCH_NONE
    uint32_t *producer;       // ONNX's value to the node that computes it; NULL until asked for
    struct vch_complaint *complaint;
};

// What a model may cost: computing its constants, and evaluating one sample.
#define VCH_TRANSLATE_WORK_CONSTANT_MAX 0x1p32
#define VCH_TRANSLATE_WORK_SAMPLE_MAX 0x1p38
#define VCH_TRANSLATE_GROWN_MAX (1u << 26)
#define VCH_TRANSLATE_ELEMENTS_SAMPLE_MAX (1u << 29)
#define VCH_TRANSLATE_LAYERS_MAX 8192u

// What an infinite constant counts as where it is added or multiplied: to a softmax as good as
// infinite, and still a number beside those that it masks.
#define VCH_TRANSLATE_INFINITE 1e5
double vch_translate_tame(double x);

// Every operator that import accepts outside of ai.onnx.ml, NULL-terminated, in alphabetic order.
extern const char *const vch_translate_supported[];

// The whole network. UNSUPPORTED, MALFORMED or LIMIT with a complaint that names the node.
vch_status vch_translate_network(struct vch_layers **out, struct vch_network *network,
                                 struct vch_complaint *complaint);

// For the files translate_*.c: one function per operator or family of operators.
typedef vch_status vch_translate_function(struct vch_translate *at);

vch_translate_function vch_translate_conv, vch_translate_gemm, vch_translate_matmul,
    vch_translate_batch_normalization, vch_translate_pool, vch_translate_global_pool,
    vch_translate_reduce, vch_translate_add, vch_translate_multiply, vch_translate_divide,
    vch_translate_power, vch_translate_unary, vch_translate_relu, vch_translate_clip,
    vch_translate_prelu, vch_translate_softmax, vch_translate_argmax, vch_translate_identity,
    vch_translate_dropout, vch_translate_constant, vch_translate_constant_of_shape,
    vch_translate_shape, vch_translate_reshape, vch_translate_flatten, vch_translate_squeeze,
    vch_translate_unsqueeze, vch_translate_transpose, vch_translate_concat, vch_translate_slice,
    vch_translate_split, vch_translate_gather, vch_translate_pad, vch_translate_cast,
    vch_translate_expand, vch_translate_sum, vch_translate_log, vch_translate_reduce_log_sum;
vch_translate_function vch_translate_quantize_linear, vch_translate_dequantize_linear,
    vch_translate_qlinear_conv, vch_translate_qlinear_matmul, vch_translate_conv_integer,
    vch_translate_matmul_integer, vch_translate_dynamic_quantize_linear,
    vch_translate_qlinear_binary, vch_translate_qlinear_unary, vch_translate_qgemm,
    vch_translate_qlinear_concat;
vch_translate_function vch_translate_layer_normalization, vch_translate_rms_normalization,
    vch_translate_instance_normalization, vch_translate_group_normalization,
    vch_translate_mean_variance_normalization, vch_translate_lp_normalization,
    vch_translate_log_softmax, vch_translate_recurrent, vch_translate_attention,
    vch_translate_rotary_embedding;
vch_translate_function vch_translate_compare, vch_translate_equal, vch_translate_logic,
    vch_translate_where, vch_translate_extreme, vch_translate_sign, vch_translate_absolute,
    vch_translate_is_finite, vch_translate_mod, vch_translate_bit_shift, vch_translate_bitwise_not,
    vch_translate_cast_like, vch_translate_mean, vch_translate_size, vch_translate_range;
vch_translate_function vch_translate_gather_elements, vch_translate_gather_nd,
    vch_translate_compress, vch_translate_one_hot, vch_translate_tile, vch_translate_depth_to_space,
    vch_translate_space_to_depth, vch_translate_trilu, vch_translate_reverse_sequence,
    vch_translate_center_crop_pad, vch_translate_scatter_elements, vch_translate_scatter_nd,
    vch_translate_hardmax, vch_translate_cumsum, vch_translate_dft, vch_translate_stft,
    vch_translate_eye_like, vch_translate_window_function, vch_translate_conv_transpose,
    vch_translate_col2im, vch_translate_lrn, vch_translate_resize, vch_translate_non_zero,
    vch_translate_einsum, vch_translate_affine_grid;

// Complains in the node's name.
vch_status vch_translate_refuse(const struct vch_translate *at, enum vch_code code,
                                const char *format, ...) __attribute__((format(printf, 3, 4)));

// Operand `i`, which must be there; its shape.
vch_status vch_translate_operand(uint32_t *value, const struct vch_translate *at, uint32_t i);
const struct vch_network_shape *vch_translate_shape_of(const struct vch_translate *at,
                                                       uint32_t value);
bool vch_translate_has(const struct vch_translate *at, uint32_t i);

// What a layer's result is made of, its operands known; ONNX's type of it, 0 where it is not known.
enum vch_network_type vch_translate_type_of(const struct vch_translate *at,
                                            const struct vch_layer *layer);
int32_t vch_translate_element_of(const struct vch_translate *at, const struct vch_layer *layer);

// Constants as good as infinite among what is added, multiplied, joined or padded with, replaced.
vch_status vch_translate_tame_operands(struct vch_translate *at, struct vch_layer *layer);

// Whether a constant is better added as it is than as one offset per element of `shape`: a mask,
// which is shared along leading axes and differs along more than one other.
bool vch_translate_is_mask(const struct vch_translate *at, uint32_t value,
                           const struct vch_network_shape *shape);

// Adds the layer with an output of this shape, or computes it when its operands are constants.
// *output is VCH_NONE for a value of its own; it holds the value afterwards.
vch_status vch_translate_emit(struct vch_translate *at, struct vch_layer *layer,
                              const struct vch_network_shape *shape, uint32_t *output);
// The same into the node's first output.
vch_status vch_translate_finish(struct vch_translate *at, struct vch_layer *layer,
                                const struct vch_network_shape *shape);
// The node's output `i` is another name of a value.
vch_status vch_translate_rename(struct vch_translate *at, uint32_t i, uint32_t value);

// Before a constant is made that the file does not hold: LIMIT where a few bytes of a file would
// grow beyond all memory.
vch_status vch_translate_grow(struct vch_translate *at, const struct vch_network_shape *shape,
                              uint64_t held);

vch_status vch_translate_reshape_to(struct vch_translate *at, uint32_t value,
                                    const struct vch_network_shape *shape, uint32_t *output);
vch_status vch_translate_transpose_to(struct vch_translate *at, uint32_t value,
                                      const uint32_t *order, uint32_t *output);
// scale[i] * x[i] + offset[i]; either may be NULL, or hold one number for all (count 1).
vch_status vch_translate_affine(struct vch_translate *at, uint32_t value, const double *scale,
                                size_t scale_count, const double *offset, size_t offset_count,
                                uint32_t *output);

// With a type of its own for the result: a cast from whole to real numbers.
vch_status vch_translate_affine_as(struct vch_translate *at, uint32_t value,
                                   enum vch_network_type type, const double *scale,
                                   size_t scale_count, const double *offset, size_t offset_count,
                                   uint32_t *output);

// A constant operand stretched to `shape`, as numbers.
vch_status vch_translate_stretched(double **out, const struct vch_translate *at, uint32_t value,
                                   const struct vch_network_shape *shape);

// An output without elements, of the kind of another value.
vch_status vch_translate_nothing(struct vch_translate *at, uint32_t like,
                                 const struct vch_network_shape *shape, uint32_t output);

// Constants as lists.
vch_status vch_translate_reals(double **out, size_t *count, const struct vch_translate *at,
                               uint32_t value, const char *what);
// The nearest int64 towards zero.
int64_t vch_translate_integer(double x);
vch_status vch_translate_scalar(double *out, const struct vch_translate *at, uint32_t value,
                                const char *what);
// A list of integers that older opsets have as an attribute and newer ones as operand `i`.
// Absent: *out NULL.
vch_status vch_translate_list(const int64_t **out, size_t *count, const struct vch_translate *at,
                              const char *attribute, uint32_t i);
// An axis counted from the end where negative, checked against `rank`.
vch_status vch_translate_axis(uint32_t *out, const struct vch_translate *at, int64_t axis,
                              uint32_t rank);
// numpy's broadcasting.
vch_status vch_translate_broadcast(struct vch_network_shape *out, const struct vch_translate *at,
                                   const struct vch_network_shape *a,
                                   const struct vch_network_shape *b);

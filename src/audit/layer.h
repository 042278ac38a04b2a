// One linear operator under an audit: secret vectors drawn for it, and the equations that
// accumulators have to satisfy.
//
//     LINEAR        acc . r = x . (W' r) + bias . r                 for each row
//     CONVOLUTION   r' acc s = x . g + (bias . r)(sum of s)         for each sample
//     MATMUL        acc . r = a . (b r)                             for each row of each product
//
// r goes over the output's channels or columns, s over its pixels, and g is what x is multiplied by
// when the convolution is turned around: the sum over outputs (o, p) and taps of r_o s_p w. All of
// it but b r depends on the key and the weights alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/digits.h"
#include "audit/linear.h"
#include "crypto/hash.h"
#include "kernels/field_kernels.h"

#define VCH_LAYER_SECRET_SIZE 32

struct vch_layer {
    const struct vch_graph *graph;
    const struct vch_operator *operator_;
    bool is_wide;
    uint32_t halves;           // of an accumulator
    size_t count;              // accumulators of a sample
    size_t units;              // equations a sample, as x . v = r' acc s; LINEAR: its rows
    size_t outer, inner;       // accumulators of a unit
    struct vch_digits x;       // LINEAR, CONVOLUTION: over a unit of the operand
    struct vch_digits y;       // over `inner` accumulators, halved
    struct vch_digits b;       // MATMUL: over a row of b
    uint64_t *r;               // over `outer`, where that is above 1
    uint64_t constant;         // what biases add
    struct vch_panels scaling; // LINEAR with a scaling for each channel: what follows a sum
    size_t block;              // units that are looked at together
    struct vch_linear_matmul matmul;
};

struct vch_layer_order {
    const struct vch_graph *graph; // parameters of the operator are held and checked
    uint32_t operator_;
    const struct vch_digest *identity;
    const uint8_t *secret; // VCH_LAYER_SECRET_SIZE
    const struct vch_field_kernels *field;
};

// Draws the vectors and turns weights into what x is multiplied by. NO_MEMORY.
vch_status vch_layer_prepare(struct vch_layer *out, const struct vch_layer_order *order,
                             struct vch_arena *arena);

// Bytes of scratch that the two below take at most, for so many samples at once.
size_t vch_layer_scratch(const struct vch_layer *layer, uint32_t samples);

// Are all accumulators of so many samples within the operator's public bound? This comes first:
// what follows is exact only then.
bool vch_layer_is_bounded(const struct vch_layer *layer, const void *accumulators, uint32_t samples,
                          const struct vch_kernels *kernels);
// What the operator gives for these accumulators.
void vch_layer_requantise(void *out, const struct vch_layer *layer, const void *accumulators,
                          uint32_t samples, const struct vch_kernels *kernels);
// The equations' side of accumulators, one element for each unit of so many samples: these are read
// while they are near. `scratch` is 64-byte aligned.
void vch_layer_sums(uint64_t *sums, const struct vch_layer *layer, const void *accumulators,
                    uint32_t samples, const struct vch_kernels *kernels, void *scratch);
// Is it what the operands give? `scratch` as above.
bool vch_layer_check(const struct vch_layer *layer, const void *const operands[2],
                     const uint64_t *sums, uint32_t samples, const struct vch_kernels *kernels,
                     void *scratch);

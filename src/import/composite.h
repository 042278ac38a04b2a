// Functions of one value that are written in several operators: x * 0.5 * (1 + tanh(...)) becomes
// one table, rounded once.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "import/layers.h"

#define VCH_COMPOSITE_STEPS_MAX 64u

enum vch_composite_kind {
    VCH_COMPOSITE_FUNCTION, // of a
    VCH_COMPOSITE_LINE,     // alpha * a + beta
    VCH_COMPOSITE_SUM,      // alpha * a + beta * b
    VCH_COMPOSITE_PRODUCT,  // alpha * a * b
};

struct vch_composite_step {
    enum vch_composite_kind kind;
    enum vch_layer_function function;
    double alpha, beta, function_alpha, function_beta;
    double lo, hi;
    uint32_t a, b; // steps before this one; VCH_NONE is the argument itself
};

struct vch_composite {
    uint32_t count; // the last step is the result
    const struct vch_composite_step *steps;
};

double vch_composite_of(const struct vch_composite *composite, double x);

// What a FUNCTION layer computes of each element.
double vch_composite_layer(const struct vch_layer *layer, double x);

// Layers that are functions of one value, and made of several operators that read it more than
// once, become one FUNCTION layer each.
vch_status vch_composite_layers(struct vch_layers *layers);

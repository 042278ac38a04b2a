// What the cells of a witness hold: written down by whoever builds a statement, carried out by
// whoever makes a witness, in this order, and of no meaning for a verifier.
//
// A hint fills rows times lanes cells from `cells` on, row by row, or several such blocks one after
// the other. Whatever it reads was filled before.
#pragma once

#include <stdint.h>

#include "model/graph.h"
#include "proof/statement.h"

struct vch_grid {
    uint32_t rows, lanes;
};

//   X(NAME, name)
#define VCH_HINTS(X) \
    X(VALUE, value)           /* the elements of graph value `value` in sample `sample` */ \
    X(EXPRESSION, expression) /* the expression at (p, o) */ \
    X(LIMBS, limbs)           /* blocks: limbs 1 .. of the expression, W bits each */ \
    X(QUOTIENT, quotient)     /* floor(expression / 2^shift) */ \
    X(SIGNS, signs)           /* q = floor(expression / 2^shift): its sign, and its excess */ \
    X(FLAGS, flags)           /* likewise: is above hi, is below lo, excess */ \
    X(LARGEST, largest)       /* one lane: the largest expression (p, o) over o < `lanes_read` */ \
    X(ENTRY, entry)           /* T of the expression, for the model's table `table` */ \
    X(EXPONENTIAL, exponential) /* T of minus the expression, for the model's table `table` */ \
    X(CLAMPED, clamped)         /* the expression, clamped to lo .. hi */ \
    X(IS_ZERO, is_zero)         /* 1 where the expression is 0, else 0 */ \
    X(INVERSE, inverse)         /* 1 / expression in F; 0 where that is 0 */ \
    X(ROOT, root)               /* floor(sqrt(expression)) */ \
    X(PICKED, picked) /* `source` at place number (expression) of its own grid, counted */ \
                      /* row by row; 0 where there is no such place */

enum vch_hint_kind {
#define X(NAME, name) VCH_HINT_##NAME,
    VCH_HINTS(X)
#undef X
        VCH_HINT_COUNT
};

struct vch_hint {
    enum vch_hint_kind kind;
    struct vch_grid grid;
    uint32_t cells; // the first one
    struct vch_expression expression;
    struct vch_scalar shifts;     // QUOTIENT, SIGNS, FLAGS; LIMBS: widths
    int64_t lo, hi;               // SIGNS, FLAGS, CLAMPED
    uint32_t blocks;              // LIMBS: 0 or more
    uint32_t limb_width;          // LIMBS
    uint32_t lanes_read;          // LARGEST
    uint32_t value, sample;       // VALUE
    uint32_t table;               // ENTRY, EXPONENTIAL
    struct vch_expression source; // PICKED
    struct vch_grid source_grid;  // PICKED
};

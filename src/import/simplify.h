// Rewrites layers into fewer that compute the same: scales and offsets into weights, clamps into
// what they follow, moves that move nothing away.
#pragma once

#include "base/status.h"
#include "import/layers.h"

vch_status vch_simplify_layers(struct vch_layers *layers);

// How often each value is read, by layers and as an output.
void vch_simplify_count_uses(uint32_t *uses, const struct vch_layers *layers);

// For simplify_fold.c: one step each, false where it does not apply.
struct vch_simplify {
    struct vch_layers *layers;
    uint32_t *uses;     // of each value
    uint32_t *alias;    // what stands for each value from now on
    uint32_t *producer; // layer that writes each value; VCH_NONE
    double work;        // multiplications spent on merging weights
    vch_status status;  // the first failure
};
bool vch_simplify_after(struct vch_simplify *at, struct vch_layer *affine);
bool vch_simplify_before(struct vch_simplify *at, struct vch_layer *layer);
bool vch_simplify_merge_linear(struct vch_simplify *at, struct vch_layer *layer);
// `layer`, the one being visited, is needed no longer: whoever reads its output reads `by` instead.
void vch_simplify_replace(struct vch_simplify *at, struct vch_layer *layer, uint32_t by);
// The same where `by` now is what its output was: it takes the name, which reports will show.
void vch_simplify_absorb(struct vch_simplify *at, struct vch_layer *layer, uint32_t by);
// The layer's first operand becomes `value`.
void vch_simplify_rewire(struct vch_simplify *at, struct vch_layer *layer, uint32_t value);

// The layer before, where nothing else reads its result and no clamp stands between; or NULL.
struct vch_layer *vch_simplify_previous(const struct vch_simplify *at,
                                        const struct vch_layer *layer);

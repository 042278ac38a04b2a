// The annexes that a node holds, and what it can prove with them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "annex/annex.h"
#include "annex/annex_source.h"
#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "node/models.h"

#define VCH_PROVERS_MAX 16u
#define VCH_PROVERS_RANGES_MAX 64u // of one annex

struct vch_prover {
    struct vch_annex_source source; // asked from the thread that computes
    struct vch_annex annex;
    const struct vch_model *model;
    uint32_t range_count;
    struct {
        uint32_t first, last; // operators, both ends legal cuts, all parameters in annex and model
    } ranges[VCH_PROVERS_RANGES_MAX]; // maximal, ascending
};

struct vch_provers {
    uint32_t count;
    size_t memory; // that one proof may take
    struct vch_prover provers[VCH_PROVERS_MAX];
};

// Once the models are settled. UNSUPPORTED when the annex is of a model or of parameters that
// are not held; REFUSED when the model's owner did not sign it.
vch_status vch_provers_add(struct vch_provers *provers, const struct vch_models *models,
                           const struct vch_annex_source *source, struct vch_arena *arena,
                           struct vch_complaint *complaint);

// Who proves operators [first, last) with commitments of so many columns, or NULL.
const struct vch_prover *vch_provers_find(const struct vch_provers *provers,
                                          const struct vch_model *model, uint32_t first,
                                          uint32_t last, uint32_t log_columns);

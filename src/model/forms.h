// The same model with images channel-last where that pays: convolutions and pooling, and whatever
// lies between them that does not mind. A value that some operator needs in the other order gets a
// twin, written by a TRANSPOSE (or a RESHAPE, where both orders are the same bytes).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "kernels/kernels.h"
#include "model/graph.h"
#include "model/prepare.h"

struct vch_forms {
    // The model's values keep their indices, twins follow; shapes are as elements lie in memory.
    struct vch_graph graph;
    uint32_t *sources;        // per operator: the model's, of which it is or for which it turns
    bool *reads_channel_last; // per operator: its first operand
    bool *is_channel_last;    // per value of the model
    uint32_t *twins;          // per value of the model, or VCH_NONE
    uint32_t *makers;         // per value of the model with a twin: the operator that writes it
};

// Operators [first, last) of `prepare->graph` for the level of `prepare->kernels`. NO_MEMORY.
vch_status vch_forms_choose(struct vch_forms *out, struct vch_prepare *prepare, uint32_t first,
                            uint32_t last);

// What a state need not verify again while an entry is applied to it: a signature that a lane has
// verified, or whatever a cosigned checkpoint covered.
#pragma once

#include <stdbool.h>

#include "agreement/state.h"

struct vch_verified {
    struct vch_state_checks full;
    // Of the entry in hand.
    bool has_signature, has_proof; // proof: of its VRF
};

// What such a state is to be made with.
struct vch_state_checks vch_verified_checks(struct vch_verified *verified);

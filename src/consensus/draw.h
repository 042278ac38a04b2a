// The draw: which nodes make up a committee, by lot, weighted, and in integers alone.
//
// Every candidate's beta, the output of its own VRF over alpha, gives an exponent E = -log2(u) for
// a uniform u; its priority is E / weight, and the smallest priorities win. This is sampling
// without replacement with odds proportional to weight. specs/agreement.md, section 5, has it to
// the bit.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "crypto/vrf.h"

// What a committee is drawn for. Nobody can know alpha before the anchor.
struct vch_draw_contest {
    struct vch_digest ledger;   // the ledger id
    struct vch_digest entry;    // leaf hash of the entry that the anchor is the first to cover
    struct vch_digest anchor;   // vch_entry_anchor_seed: its size, root and cosignatures
    struct vch_digest registry; // in force at the anchor
    struct vch_digest subject;  // a job's id, or a dispute's
    uint64_t segment, round;
};

struct vch_draw_candidate {
    struct vch_public_key node;
    uint32_t operator_id; // any number; the same exactly for nodes of one operator
    uint64_t weight;      // 0 never wins
    uint64_t exponent;    // vch_draw_exponent of a beta that was verified
};

struct vch_digest vch_draw_alpha(const struct vch_draw_contest *contest);

// -log2((r + 1) / 2^128) in units of 2^-56, r being the first 16 bytes of beta, little-endian. At
// most 2^63.
uint64_t vch_draw_exponent(const struct vch_vrf_beta *beta);

// Whether a node may draw at first, where more are eligible than may all: its priority is among
// about the 4 wanted + 16 best to be expected when `total` is everybody's weight, below 2^64.
bool vch_draw_is_within(uint64_t exponent, uint64_t weight, uint64_t total, uint32_t wanted);

// Below 0, 0, above 0: whether `a` stands before, is, or stands after `b`. By priority, then key.
int vch_draw_compare(const struct vch_draw_candidate *a, const struct vch_draw_candidate *b);

// Reorders the candidates so that the winners stand first, the best in front, and returns how many
// there are: at most `wanted`, one per operator, none without weight. Fewer when there are no
// more. The winners depend on the set alone, never on its order.
uint32_t vch_draw_winners(struct vch_draw_candidate *candidates, uint32_t count, uint32_t wanted);

// The draw: which nodes make up a committee, by lot, weighted, and in integers alone.
//
// Every candidate's beta, the output of its own VRF over alpha, gives an exponent E = -log2(u) for
// a uniform u; its priority is E / weight, and the smallest priorities win. This is sampling
// without replacement with odds proportional to weight. specs/agreement.md has the algorithm to
// the bit.
#pragma once

#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "crypto/vrf.h"

enum vch_draw_purpose { VCH_DRAW_JOB = 1, VCH_DRAW_DISPUTE = 2 };

// What a committee is drawn for. Nobody can know alpha before the checkpoint that covers the job.
struct vch_draw_subject {
    struct vch_digest ledger;     // which ledger
    struct vch_digest job;        // RFC 6962 leaf of the JOB_OPEN entry
    struct vch_digest checkpoint; // root of the first anchored checkpoint that covers that entry
    struct vch_digest registry;
    uint64_t segment, round;
    enum vch_draw_purpose purpose;
};

struct vch_draw_candidate {
    struct vch_public_key node;
    uint32_t operator_id; // any number; the same exactly for nodes of one operator
    uint64_t weight;      // 0 never wins
    uint64_t exponent;    // vch_draw_exponent of a beta that was verified
};

struct vch_digest vch_draw_alpha(const struct vch_draw_subject *subject);

// -log2(u) in units of 2^-56, where u = (r + 1) / 2^128 and r is the first 16 bytes of beta,
// little-endian. In [0, 2^63].
uint64_t vch_draw_exponent(const struct vch_vrf_beta *beta);

// Below 0, 0, above 0: whether `a` stands before, is, or stands after `b`. By priority, then key.
int vch_draw_compare(const struct vch_draw_candidate *a, const struct vch_draw_candidate *b);

// Reorders the candidates so that the winners stand first, the best in front, and returns how many
// there are: at most `wanted`, one per operator, none of an operator in `excluded`, none without
// weight. Fewer when there are no more. The winners depend on the set alone, never on its order.
uint32_t vch_draw_winners(struct vch_draw_candidate *candidates, uint32_t count, uint32_t wanted,
                          const uint32_t *excluded, uint32_t excluded_count);

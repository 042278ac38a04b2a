// Whoever disputes a verdict from outside, without a seat in it: follows the ledger, opens the
// dispute, makes its moves, and opens to each referee what it needs (node/sides.h), until the
// ledger says what came of it.
//
// It keeps nothing. What is due follows from the ledger and from what the disputer computed, so
// that one that was killed goes on where it was when it is started again.
#pragma once

#include <event2/event.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/complaint.h"
#include "base/status.h"
#include "channel/asker.h"
#include "channel/attester.h"
#include "channel/parser.h"
#include "crypto/signer.h"
#include "entry/charter.h"
#include "kernels/kernels.h"
#include "model/graph.h"
#include "node/kept_record.h"

struct vch_contender;

struct vch_contender_setup {
    struct event_base *base;
    const struct vch_signer *signer; // borrowed
    struct vch_charter charter;
    const char *host; // of the ledger; copied
    uint16_t port;
    const char *peers;               // the file that says where referees listen; borrowed
    const char *const *witness_urls; // handed what the ledger does not take; borrowed
    uint32_t witness_count;
    const struct vch_kernels *kernels;
    // What referees have to show before anything is opened to them, and what they are shown; each
    // borrowed, or NULL: nothing.
    const struct vch_asker_policy *policy;
    struct vch_parser *parser; // judges what they show elsewhere; NULL: nobody does
    const struct vch_attester_setup *attest;
    // NULL, or told of how far it is, for people.
    void (*on_news)(void *context, const char *text);
    void *context;
};

// What the disputer stands by; all of it borrowed. Of the record: contest (round 0), model, first,
// last, batch, nonces, job and input; output and trace as they have to be.
struct vch_contender_case {
    struct vch_kept_record record;
    const struct vch_graph *graph;
    const struct vch_digest *leaves; // of that trace
    uint32_t leaf_count;
};

vch_status vch_contender_new(struct vch_contender **out, const struct vch_contender_setup *setup,
                             struct vch_complaint *complaint);
void vch_contender_free(struct vch_contender *contender); // turns the loop until all is closed

const struct vch_state *vch_contender_state(const struct vch_contender *contender);

// Follows the ledger until it has more than `position` entries. UNAVAILABLE: it stands still
// before that; BAD_PROOF: it lied.
vch_status vch_contender_follow(struct vch_contender *contender, uint64_t position,
                                struct vch_complaint *complaint);

// The dispute that this key has opened for that; NULL: none that the ledger remembers.
const struct vch_dispute *vch_contender_find(const struct vch_contender *contender,
                                             const struct vch_contender_case *stand);

// Opens the dispute, unless the ledger has it already, and pleads it to its end.
// REFUSED: the ledger does not take it, with its reason; UNAVAILABLE: it stands still, and whoever
// disputes may go on later; BAD_PROOF: it lied.
vch_status vch_contender_plead(struct vch_contender *contender,
                               const struct vch_contender_case *stand,
                               enum vch_dispute_result *result, struct vch_complaint *complaint);

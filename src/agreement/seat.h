// What a node has to enter: draws, commits, reveals, moves of disputes, a referee's votes. Pure: it
// looks at the followed state and at what the node has computed, and says which statement is due.
//
// Everything it ever says it must be able to say again after a crash: nonces derive from the node's
// secret and the contest, so that a node that starts anew commits to the same, never to another.
// That holds within one log: who is shown two by a clerk that keeps two, stays with the one it
// followed, as the other may name another input, and two commits to two answers are evidence
// against it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agreement/state.h"
#include "crypto/sign.h"
#include "crypto/vrf.h"
#include "entry/entry.h"

// Who draws and makes nonces for a node whose keys are elsewhere. What it cannot do now is asked
// for again.
struct vch_seat_keeper {
    vch_status (*prove)(void *context, struct vch_vrf_proof *out, const void *alpha, size_t size);
    vch_status (*nonce)(void *context, uint8_t out[static 32],
                        const struct vch_contest_id *contest);
    void *context;
};

struct vch_seat_keys {
    struct vch_public_key node;
    const struct vch_seat_keeper *keeper; // borrowed; NULL: the two below
    struct vch_vrf_secret vrf;
    uint8_t secret[32]; // nonces derive from it (crypto/derive.h)
};

// What the node has computed for a contest.
struct vch_seat_answer {
    bool is_there;
    struct vch_digest output, trace; // of a referee: output is the leaf it computed
};

// The nonce of this node's commit in that contest, where its secret is here.
void vch_seat_nonce(uint8_t out[static 32], const struct vch_seat_keys *keys,
                    const struct vch_contest_id *contest);

// The statement that this node should enter for the contest now (sortition, commit or reveal),
// unsigned. False: none is due. It is given again and again until the state shows it: whoever sends
// remembers what is under way. A sortition takes a VRF's proof each time it is asked for; where
// it is outside the limit, asking again is of use once draw_ms are over. `now_ms` is the clerk's
// clock as far as the node can tell: the last entry's time, and what has passed here since it came.
bool vch_seat_next(struct vch_entry *out, const struct vch_state *state,
                   const struct vch_contest *contest, const struct vch_seat_keys *keys,
                   const struct vch_seat_answer *answer, uint64_t now_ms);

// The next move of a dispute that this node is a side of: the children of the node in dispute, from
// the `count` leaves of the trace that it stands for. False: it is not a side, has moved already,
// or these are not the leaves of its side's trace.
bool vch_seat_next_move(struct vch_entry *out, const struct vch_state *state,
                        const struct vch_dispute *dispute, const struct vch_public_key *node,
                        const struct vch_digest *leaves, uint32_t count);

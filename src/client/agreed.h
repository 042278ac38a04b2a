// Agreed jobs: opened on a ledger, asked of whoever is drawn there, decided there.
//
// The ledger's word on who was drawn and what was decided is only acted on here; whether it is true
// is what the agreement in the voucher shows, and the client looks at that like any other reader
// before it takes an answer over.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "client/ask.h"
#include "client/pool.h"
#include "crypto/sign.h"
#include "entry/charter.h"
#include "voucher/voucher.h"

#define VCH_AGREED_EVENTS_MAX 16384u // entries that speak of one job

struct vch_agreed; // a client's connection to its ledger

struct vch_agreed_setup {
    struct vch_pool *pool;            // borrowed: its loop, and who is asked
    const struct vch_secret_key *key; // borrowed
    struct vch_charter charter;
    const char *host; // copied
    uint16_t port;
};

vch_status vch_agreed_new(struct vch_agreed **out, const struct vch_agreed_setup *setup,
                          struct vch_complaint *complaint);
void vch_agreed_free(struct vch_agreed *agreed); // before the pool is released

struct vch_agreed_job {
    const uint8_t *job; // canonical
    size_t job_size;
    struct vch_digest job_id;
    uint64_t fee;                   // for each seat
    const struct vch_digest *input; // of the first segment by nodes; NULL: that is segment 0
    uint32_t excluded_count;
    const char *const *excluded; // operators, ascending
    uint64_t deadline_us;        // monotonic
};

// Enters the job. Everything the ledger says of it from now on is kept until the next one is
// opened. REFUSED, with the ledger's reason; UNAVAILABLE; TIMEOUT.
vch_status vch_agreed_open(struct vch_agreed *agreed, const struct vch_agreed_job *job,
                           struct vch_complaint *complaint);

// What a segment by nodes gets, where a segment by the client lies between it and the one before.
vch_status vch_agreed_input(struct vch_agreed *agreed, uint32_t segment,
                            const struct vch_digest *input, struct vch_complaint *complaint);

// Waits for each draw, asks whoever has a seat, and waits for the verdict. The winner's tensor into
// `output`. Fills the ask's round and tally, and `round` with the one that decided. `ask` comes
// with its pool, registry, question, deadline, first and last; candidates are found here.
// BAD_PROOF: no majority in any round; TIMEOUT; UNAVAILABLE.
vch_status vch_agreed_ask(struct vch_agreed *agreed, struct vch_ask *ask, uint8_t *output,
                          struct vch_arena *arena, struct vch_complaint *complaint);

// What the ledger holds of a segment's contest, with proofs under a cosigned checkpoint that covers
// it all. Waits for that checkpoint. In the arena.
vch_status vch_agreed_prove(struct vch_agreed *agreed, uint32_t segment,
                            struct vch_segment_agreement *out, struct vch_arena *arena,
                            struct vch_complaint *complaint);

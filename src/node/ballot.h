// A node's part on a ledger: follows it, draws, commits, reveals, disputes (agreement/seat.h), and
// says which requests of agreed jobs may be worked on, and which answers may be shown.
//
// It lives on the node's event loop. When the ledger lies, the node takes no agreed jobs any more;
// direct votes go on.
#pragma once

#include <event2/event.h>
#include <stdint.h>

#include "agreement/seat.h"
#include "agreement/state.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/sign.h"
#include "crypto/signer.h"
#include "crypto/vrf.h"
#include "entry/charter.h"
#include "kernels/kernels.h"
#include "net/peers.h"
#include "net/tls.h"
#include "node/kept.h"
#include "node/kept_operands.h"
#include "node/models.h"
#include "node/session.h"
#include "node/task.h"

struct vch_ballot;

// What a node needs beside its signer: its seat's keys or who keeps them, and what its runs are
// sealed under on disk. A secret: wipe with vch_wipe when done.
struct vch_ballot_keys {
    struct vch_seat_keys seat;
    uint8_t runs_key[32];
};

// Of a node whose keys are in this process.
void vch_ballot_derive(struct vch_ballot_keys *out, const struct vch_secret_key *key,
                       const struct vch_vrf_secret *vrf, const struct vch_digest *ledger);

struct vch_ballot_setup {
    struct event_base *base;
    struct vch_tls *tls;
    const struct vch_signer *signer; // borrowed
    struct vch_ballot_keys keys;
    struct vch_charter charter;
    const char *host; // of the ledger; copied
    uint16_t port;
    const char *journal;             // path; runs are kept in a folder beside it, JOURNAL.runs
    uint64_t keep_max;               // bytes there; 0: VCH_KEPT_DISK_MAX
    bool disputes;                   // verdicts against what it computed
    const char *peers;               // a file that says where referees listen; borrowed, or NULL
    const char *const *witness_urls; // handed this node's drafts, too; borrowed
    uint32_t witness_count;
    uint32_t witness_after_ms; // what the log does not have by then; member/handover.h
    const struct vch_asker_policy *peer_policy; // as in node/node.h
    struct vch_attester *attester;              // what this node shows; NULL: nothing
    const struct vch_kernels *kernels;
    const struct vch_models *models;
    // Computes a kept run again; its task comes back to vch_ballot_computed.
    void (*run_again)(void *context, const struct vch_kept *kept, const struct vch_kept_run *run);
    // As in node/sides.h.
    vch_status (*operands)(void *context, struct vch_tensor *out,
                           const struct vch_kept_opening *opening, struct vch_arena *arena);
    bool (*on_statement)(void *context, const struct vch_state *state, struct vch_entry *entry);
    void *on_statement_context;         // as in node/node.h; NULL in earnest
    void (*on_progress)(void *context); // the ledger has moved
    void *context;
};

vch_status vch_ballot_new(struct vch_ballot **out, const struct vch_ballot_setup *setup,
                          struct vch_complaint *complaint);
void vch_ballot_free(struct vch_ballot *ballot); // turns the loop until all is closed

const struct vch_state *vch_ballot_state(const struct vch_ballot *ballot);
// Bytes of a job and an input, beyond which this node draws for nobody.
uint64_t vch_ballot_keep_max(const struct vch_ballot *ballot);

// See node/session.h.
enum vch_session_leave vch_ballot_may_work(const struct vch_ballot *ballot, struct vch_task *task,
                                           struct vch_complaint *complaint);
enum vch_session_leave vch_ballot_may_show(const struct vch_ballot *ballot,
                                           const struct vch_task *task,
                                           struct vch_complaint *complaint);
vch_status vch_ballot_computed(struct vch_ballot *ballot, const struct vch_task *task,
                               struct vch_complaint *complaint);
// After answers were handed over (they go to disk together, and then their commits to the ballot),
// and from time to time.
void vch_ballot_flush(struct vch_ballot *ballot);

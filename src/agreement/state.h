// The state of a ledger: what its entries up to here come to. Accounts, trust, jobs, committees,
// verdicts, disputes; a pure function of the prefix (specs/agreement.md).
//
// One entry at a time: vch_state_apply either takes it over or refuses it and changes nothing. Time
// is the entry's own. Clerk, nodes, auditors and the simulator run this same code.
//
// What costs most, signatures and VRFs, is asked of `checks`: a clerk and an auditor verify
// everything; a node that follows a cosigned log may leave to auditors what does not concern it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "consensus/registry.h"
#include "crypto/vrf.h"
#include "entry/entry.h"

struct vch_state;

// How much of the outside is checked. Every call gives VCH_OK or BAD_PROOF.
struct vch_state_checks {
    vch_status (*signature)(void *context, const struct vch_entry *entry,
                            const struct vch_digest *ledger);
    vch_status (*sortition)(void *context, struct vch_vrf_beta *out,
                            const struct vch_vrf_public *key, const struct vch_digest *alpha,
                            const struct vch_vrf_proof *proof);
    vch_status (*cosignature)(void *context, const struct vch_charter *charter,
                              const struct vch_entry_cosignature *cosignature, uint64_t size,
                              const struct vch_digest *root);
    void *context;
};
// Verifies everything.
struct vch_state_checks vch_state_full_checks(void);
// Takes signatures and proofs as they are; cosignatures are verified, as all else rests on them.
struct vch_state_checks vch_state_follower_checks(void);

// What may be remembered at once; beyond it entries are refused as BUSY. Jobs, with their contests,
// seats and disputes, are remembered until their windows are closed and their deadlines past.
struct vch_state_limits {
    uint32_t accounts, jobs, contests, seats, disputes, candidates, holdings;
    uint32_t exclusions; // operators' names that open jobs exclude
    uint32_t registries; // kept: the newest ones
};
struct vch_state_limits vch_state_default_limits(void);

struct vch_state_setup {
    struct vch_state_limits limits;
    struct vch_state_checks checks;
    // The SignedRegistry that an entry names: decoded, owned by the caller for as long as the state
    // lives. NULL: not at hand, and the entry is refused as UNAVAILABLE.
    const struct vch_registry *(*registry)(void *context, const struct vch_digest *digest);
    void *context;
    // Any random numbers, so that nobody can choose keys that fall together in a hash table. No
    // result depends on them.
    uint64_t seeds[2];
};

// All memory comes from the arena, once. NO_MEMORY.
vch_status vch_state_new(struct vch_state **out, const struct vch_state_setup *setup,
                         struct vch_arena *arena);

// The next entry, at position vch_state_size. `bytes` are its canonical bytes, for the tree.
// REFUSED, BAD_PROOF, BUSY, UNAVAILABLE, MALFORMED, with a complaint: then nothing has changed.
vch_status vch_state_apply(struct vch_state *state, const struct vch_entry *entry,
                           const uint8_t *bytes, size_t size, struct vch_complaint *complaint);

// What vch_state_apply would say to this entry now, at its time_ms. Nothing is different
// afterwards.
vch_status vch_state_judge(struct vch_state *state, const struct vch_entry *entry,
                           struct vch_complaint *complaint);

// Everything that later entries can depend on, in one digest: replicas compare it, and a test shows
// with it that a refused entry changes nothing. It takes as long as the state is large.
struct vch_digest vch_state_digest(const struct vch_state *state);
// The invariants of section 11, recounted from what is there: REFUSED, with a complaint, when one
// does not hold, which is an error of this program.
vch_status vch_state_check_invariants(const struct vch_state *state,
                                      struct vch_complaint *complaint);

// What it is.
uint64_t vch_state_size(const struct vch_state *state); // entries applied
uint64_t vch_state_time(const struct vch_state *state); // of the last one
struct vch_digest vch_state_root(const struct vch_state *state);
// The root at an earlier size, at most 65,536 back; false when it is not known any more.
bool vch_state_root_at(struct vch_digest *out, const struct vch_state *state, uint64_t size);
const struct vch_charter *vch_state_charter(const struct vch_state *state); // NULL before entry 0
uint64_t vch_state_anchored(const struct vch_state *state); // size of the latest anchor
const struct vch_registry *vch_state_registry_at(const struct vch_state *state, uint64_t time_ms);

struct vch_account {
    struct vch_public_key key;
    uint64_t balance, stake, unbonding, unbonding_free_ms, number;
    uint32_t frozen, trials;
    uint32_t correct, timely; // in 65536ths
    uint64_t successes, wrongs, silences, slashes, disputes_lost;
};
// NULL for a key that the ledger does not know.
const struct vch_account *vch_state_account(const struct vch_state *state,
                                            const struct vch_public_key *key);
uint32_t vch_state_account_count(const struct vch_state *state);
const struct vch_account *vch_state_account_at(const struct vch_state *state, uint32_t index);
uint64_t vch_state_weight(const struct vch_state *state, const struct vch_account *account);

struct vch_state_totals {
    uint64_t escrow, treasury, deposited, withdrawn, accounts; // accounts: all they hold together
};
struct vch_state_totals vch_state_totals(const struct vch_state *state);

// Contests, as clerk, nodes, clients and pages look at them.
enum vch_contest_phase {
    VCH_CONTEST_OPEN,    // waits for its anchor (and its input)
    VCH_CONTEST_DRAWING, // anchored: sortitions
    VCH_CONTEST_COMMITTING,
    VCH_CONTEST_CLOSED, // waits for the close's anchor
    VCH_CONTEST_REVEALING,
    VCH_CONTEST_DECIDED, // with a majority
    VCH_CONTEST_SPLIT,   // without; a next round may exist
    VCH_CONTEST_DROPPED, // the job or the dispute was over before
};

enum vch_seat_state { VCH_SEAT_DRAWN, VCH_SEAT_COMMITTED, VCH_SEAT_REVEALED, VCH_SEAT_FALSE };

struct vch_seat {
    struct vch_public_key node;
    uint64_t weight, exponent;
    enum vch_seat_state state;
    bool is_convicted; // by evidence of two commits
    struct vch_digest commitment, output, trace;
    const struct vch_account *account;
    const struct vch_member *member; // when it drew
};

struct vch_contest {
    struct vch_contest_id id;
    bool is_dispute, is_trial;
    enum vch_contest_phase phase;
    uint32_t wanted; // k of this round
    struct vch_digest model;
    uint32_t first, last; // operators
    bool has_input;
    struct vch_digest input; // commitment
    uint64_t fee;            // what a seat earns, or pays for silence; of a referee the latter only
    uint64_t deadline_ms;    // the job's; UINT64_MAX of a dispute's contest
    struct vch_digest alpha; // from DRAWING on
    uint32_t eligible;
    uint64_t weight;
    uint32_t drawn_count; // sortitions taken
    // Positions: of what the anchor has to cover, of that anchor, of draw and close.
    uint64_t opened, anchored, drawn, closed;
    uint64_t phase_ms; // when this phase began, or while COMMITTING the input was known, if later
    uint64_t due_ms;   // when the clerk may enter draw, close or verdict; UINT64_MAX: something
                       // else must come first
    uint32_t standing; // while DRAWING: so many of the seats, the first ones, would be drawn now
    uint32_t seat_count;
    uint32_t commits, reveals;       // taken, false ones included
    struct vch_seat *seats;          // best priority first
    struct vch_digest output, trace; // of a majority
    uint32_t agreeing;
};

// NULL when there is no such contest (any more).
const struct vch_contest *vch_state_contest(const struct vch_state *state,
                                            const struct vch_contest_id *id);
// Walks the contests that are not over, in the order of their beginning: NULL starts, NULL ends.
const struct vch_contest *vch_state_next_contest(const struct vch_state *state,
                                                 const struct vch_contest *after);
// Whether a node could draw for a contest now, and has not.
bool vch_state_may_draw(const struct vch_state *state, const struct vch_contest *contest,
                        const struct vch_public_key *node);
// Whether this beta is good enough to be entered at that time.
bool vch_state_is_within_limit(const struct vch_state *state, const struct vch_contest *contest,
                               const struct vch_public_key *node, const struct vch_vrf_beta *beta,
                               uint64_t now_ms);
// The seat of this node, or NULL.
const struct vch_seat *vch_state_seat(const struct vch_contest *contest,
                                      const struct vch_public_key *node);

// Drawn with so few seats that no majority can come of it: nobody commits, its verdict is due.
bool vch_state_is_hopeless(const struct vch_contest *contest);

// What a verdict on what was revealed so far says.
struct vch_state_tally {
    bool has_output;
    struct vch_digest output, trace;
    uint32_t agreeing; // 0 without a majority
};
struct vch_state_tally vch_state_tally(const struct vch_state *state,
                                       const struct vch_contest *contest);

enum vch_job_phase { VCH_JOB_PENDING, VCH_JOB_DECIDED, VCH_JOB_FAILED };

struct vch_job_record {
    struct vch_digest id, model;
    struct vch_public_key client;
    enum vch_job_phase phase;
    uint64_t position; // of job_open
    uint64_t opened_ms, deadline_ms, fee, escrow;
    uint32_t segment_count, quorum;
    uint32_t batch, size; // samples; bytes of the job itself
};
// NULL when the ledger does not remember it.
const struct vch_job_record *vch_state_job(const struct vch_state *state,
                                           const struct vch_digest *id);
const struct vch_job_record *vch_state_next_job(const struct vch_state *state,
                                                const struct vch_job_record *after);

// A segment by nodes.
struct vch_segment_record {
    uint32_t index, first, last; // in Job.segments; operators
    enum vch_job_phase phase;
    uint32_t round;                  // of the latest contest
    struct vch_digest output, trace; // when decided
    uint64_t decided_ms, window_ms;  // when decided (or the job failed), and its window's end
    uint32_t open_disputes;
    bool is_overturned;
    bool is_final; // its window is closed
};
// NULL when there is no such segment by nodes.
const struct vch_segment_record *vch_state_segment(const struct vch_state *state,
                                                   const struct vch_digest *job, uint32_t index);

enum vch_dispute_phase { VCH_DISPUTE_MOVING, VCH_DISPUTE_REFEREES, VCH_DISPUTE_OVER };
enum vch_dispute_result {
    VCH_DISPUTE_NONE,
    VCH_DISPUTE_OVERTURNED,
    VCH_DISPUTE_UPHELD,
    VCH_DISPUTE_BOTH_LOSE,
    VCH_DISPUTE_VOID,
};
#define VCH_DISPUTE_OUTPUT UINT32_MAX // the disputed place is the segment's output

struct vch_dispute {
    struct vch_digest id, job;
    uint32_t segment;
    struct vch_public_key by;
    bool is_seat; // the disputer's was one
    enum vch_dispute_phase phase;
    enum vch_dispute_result result;
    uint32_t step, begin, end; // of the node in dispute: operators of the segment [begin, end)
    uint64_t step_ms;
    bool has_moved[2];          // 0 the disputer, 1 the defence
    struct vch_digest nodes[2]; // in dispute, of each side
    struct vch_digest output[2], trace[2];
    uint32_t place; // the operator (of the segment), or VCH_DISPUTE_OUTPUT
    struct vch_digest claims[2];
};
const struct vch_dispute *vch_state_dispute(const struct vch_state *state,
                                            const struct vch_digest *id);
const struct vch_dispute *vch_state_next_dispute(const struct vch_state *state,
                                                 const struct vch_dispute *after);
bool vch_state_is_defence(const struct vch_state *state, const struct vch_dispute *dispute,
                          const struct vch_public_key *node);

// What an honest clerk has to enter next, and when it may: the earliest of all (section 10).
enum vch_due_kind { VCH_DUE_NOTHING, VCH_DUE_CONTEST, VCH_DUE_JOB, VCH_DUE_DISPUTE };
struct vch_due {
    enum vch_due_kind kind;
    uint64_t time_ms; // UINT64_MAX: nothing, unless something else is entered first
    const struct vch_contest *contest; // draw, close or verdict, by its phase
    const struct vch_job_record *job;  // expire
    const struct vch_dispute *dispute; // dispute_default
};
struct vch_due vch_state_due(const struct vch_state *state);

// What a state is made of. For the files of the state alone: everyone else has state.h.
//
// Every kind of entry has two functions. Its check looks, changes nothing, and leaves in the step
// what it found and the room it made sure of; its take changes the state and cannot fail. So a
// refused entry leaves no trace.
#pragma once

#include "agreement/heap.h"
#include "agreement/history.h"
#include "agreement/list.h"
#include "agreement/seats.h"
#include "agreement/slab.h"
#include "agreement/state.h"
#include "agreement/table.h"
#include "consensus/draw.h"

#define VCH_INSIDE_FIXED_ONE 65536u // trust and factors are in 65536ths
#define VCH_INSIDE_BLOCKS_MAX 16u   // as many as a job has segments by nodes

// A registry that an entry announced.
struct roster {
    const struct vch_registry *registry; // NULL: free
    uint64_t since_ms;                   // of its entry
    uint64_t generation;                 // no other roster ever had it
    uint32_t users;                      // jobs that are under it, contests that draw from it
    uint32_t *by_name;                   // members, in the order of their operators' names
    uint32_t *operators;                 // of each member: a number for its operator's name
};

struct model {
    struct vch_digest id;
    struct vch_table_node node;
    struct vch_list holdings;
};

struct account {
    struct vch_account is; // first, so that both are one
    struct vch_table_node node;
    struct vch_list holdings;
    uint32_t holding_count;
    uint64_t grown;  // the entry after which it could draw more: its position + 1; 0: none
    uint64_t marked; // by the scan with this number
    // Its membership, as last looked up.
    uint64_t generation;
    const struct vch_member *member; // NULL: none
};

struct holding {
    struct vch_list of_account, of_model;
    struct account *account;
    struct model *model;
    uint32_t first, last;
};

struct exclusion {
    struct exclusion *next;
    char name[VCH_REGISTRY_NAME_MAX + 1];
};

struct candidate { // who has drawn, for as long as a contest draws
    struct candidate *next;
    struct vch_table_node node;
    const struct contest *contest;
    const struct account *account;
};

struct contest {
    struct vch_contest is; // first
    struct vch_table_node node;
    struct vch_heap_item due;
    struct vch_list live, waiting; // among those not over; for an anchor
    struct segment *segment;       // a job's, or the one in dispute
    struct dispute *dispute;       // NULL: a job's
    struct contest *earlier;       // the round before
    struct roster *roster;         // while it draws: the job's, or of a dispute's contest in force
    struct roster *present; // and in force at its anchor: who is a node of it no more, is out
    struct candidate *candidates;
    struct vch_digest leaf; // of the entry that its anchor is to cover
    uint64_t anchored_ms;
    uint32_t operators; // of those who were eligible
    bool is_late;       // its anchor came too late to draw by
    bool is_wide;       // referees: too few are left without the operators of all seats
};

struct segment {
    struct vch_segment_record is; // first
    struct job *job;
    struct segment *next;     // by nodes
    struct segment *before;   // by nodes
    bool follows;             // its input is the output of the one before
    bool is_overdue;          // its window is over, but for open disputes
    struct contest *contests; // latest round first
    struct dispute *disputes; // latest first
    struct vch_list window;
};

enum trial_result { TRIAL_UNKNOWN, TRIAL_RIGHT, TRIAL_WRONG };

struct job {
    struct vch_job_record is; // first
    struct vch_table_node node;
    struct vch_heap_item due; // while pending: expire; when final: to be forgotten
    struct vch_list all;
    struct segment *segments;
    struct exclusion *exclusions;
    struct roster *roster;        // in force when it was opened; while it is pending
    uint32_t pending, unfinished; // segments not decided; windows not closed
    bool is_trial;
    struct account *trial_node;
    struct vch_digest trial_expected;
    enum trial_result trial_result;
};

struct dispute {
    struct vch_dispute is; // first
    struct vch_table_node node;
    struct vch_heap_item due;
    struct vch_list live;
    struct segment *segment;
    struct dispute *next; // of the segment
    struct account *by;
    uint64_t bond;            // in escrow
    struct contest *contests; // latest round first; the first is there from the beginning
    struct vch_digest left[2], right[2];
};

struct eligible { // who may be drawn for a contest, at its anchor
    uint32_t nodes, operators;
    uint64_t weight;
};

// What was counted last, for the other contests of the same anchor over the same operators.
struct eligible_memo {
    uint64_t position;   // of the anchor; 0: none
    uint64_t generation; // of the roster
    struct vch_digest model;
    uint32_t first, last;
    uint64_t fee;
    struct eligible eligible;
};

struct vch_state {
    struct vch_state_setup setup;
    bool is_founded;
    struct vch_charter charter;
    struct vch_parameters parameters; // the charter's
    struct vch_history history;
    uint64_t time_ms;
    uint64_t serial; // of the newest registry
    struct vch_state_totals totals;

    struct roster **rosters; // the newest first; places that are free, not to be told from old ones
    uint32_t roster_count;
    uint64_t generations;
    uint64_t scans;           // so many marked accounts
    uint64_t *operator_marks; // by the operators' numbers in the roster at hand
    struct eligible_memo memo;

    struct vch_slab accounts, holdings, models, exclusions, candidates, contests, segments, jobs,
        disputes;
    struct vch_seats seats;
    struct vch_table account_table, model_table, candidate_table, contest_table, job_table,
        dispute_table;
    struct account **account_list; // in the order of their coming
    struct vch_list live_contests, waiting_contests, all_jobs, live_disputes, windows;
    struct vch_heap due, forgetting;
};

// An entry on its way into the state: what the check found.
struct step {
    const struct vch_entry *entry;
    uint64_t now, position;
    struct vch_digest leaf;
    struct account *writer; // NULL: has no account yet
    struct account *account;
    struct contest *contest;
    struct vch_seat *seat;
    struct job *job;
    struct segment *segment;
    struct dispute *dispute;
    struct holding *holding;
    const struct vch_registry *registry;
    const struct vch_member *member;
    uint64_t weight, exponent;
    uint32_t side;
    struct vch_seat *blocks[VCH_INSIDE_BLOCKS_MAX]; // of seats, taken at the end of the check
    uint32_t block_count;
};

typedef vch_status vch_inside_check(struct vch_state *state, struct step *step,
                                    struct vch_complaint *complaint);
typedef void vch_inside_take(struct vch_state *state, const struct step *step);

// What a client's connection to its ledger knows of the job at hand.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/agreed.h"
#include "entry/entry.h"
#include "member/ledger_link.h"

enum {
    VCH_AGREED_PATIENCE_MS = 30000,
    VCH_AGREED_CONTESTS_MAX = 64, // check: 16 * 4: segments by nodes, rounds of each
};

// What the ledger said of the job: enough to find everything again.
struct vch_agreed_event {
    uint64_t position;
    enum vch_entry_kind kind;
    struct vch_contest_id contest; // of kinds that have one
    uint64_t size;                 // of an anchor
    bool has_output;               // of a verdict
};

// How far a contest of the job is, by the clerk's word.
struct vch_agreed_contest {
    struct vch_contest_id id;
    bool is_drawn, is_decided, has_output;
    uint32_t seat_count;
    struct vch_public_key seats[VCH_ENTRY_SEATS_MAX];
    struct vch_digest output;
    uint32_t agreeing;
};

struct vch_agreed {
    struct vch_agreed_setup setup;
    struct vch_ledger_link *link;
    struct vch_digest job_id;
    uint64_t number; // the last one used
    uint64_t deadline_us;
    bool is_watching, is_expired;
    uint32_t event_count;
    struct vch_agreed_event *events;
    uint32_t contest_count;
    struct vch_agreed_contest *contests;
    struct vch_agreed_contest *contest; // that is waited for
};

// NULL where it is none of the job's own, or one too many.
struct vch_agreed_contest *vch_agreed_parts_find(struct vch_agreed *agreed,
                                                 const struct vch_contest_id *id);
bool vch_agreed_parts_has_contest(enum vch_entry_kind kind);
// Until the job's deadline, and no longer than one wait may be.
uint32_t vch_agreed_parts_time_left_ms(const struct vch_agreed *agreed);

// What a ledger consists of, for its parts: ledger.c begins and ends it, ledger_loading.c has its
// state from the store, ledger_pipeline.c hears of drafts, ledger_requests.c of members' other
// requests, ledger_members.c shows sessions what is there, ledger_checkpoints.c has the log
// cosigned, ledger_loop.c turns; and the pages.
#pragma once

#include "entry/charter_notes.h"
#include "ledger/archive.h"
#include "ledger/cosigned.h"
#include "ledger/cosigners.h"
#include "ledger/index.h"
#include "ledger/keeper.h"
#include "ledger/lane.h"
#include "ledger/ledger.h"
#include "ledger/pages.h"
#include "ledger/pipeline.h"
#include "ledger/promises.h"
#include "ledger/replay.h"
#include "ledger/streams.h"

// The latest cosigned checkpoint, and the next.
struct vch_ledger_checkpoints {
    uint64_t size; // 0: none was cosigned
    char note[VCH_COSIGNED_NOTE_MAX];
    size_t note_size;
    bool has_anchor; // cosigned, and not entered yet
    struct vch_entry anchor;
    uint64_t not_before_ms;
};

// Many entries for many listeners come lately: what costs each of them is done less often.
struct vch_ledger_crowd {
    bool is_one;
    uint64_t durable; // when it was counted last
};

struct vch_ledger {
    struct vch_ledger_options options;
    struct vch_arena arena;
    struct vch_charter charter;
    struct vch_charter_notes notes;
    struct vch_store *store; // the keeper's, once that runs
    struct vch_archive *archive;
    struct vch_index *index;
    struct vch_state *state;
    struct vch_verified verified;
    struct vch_promises_places places; // of members' entries
    struct vch_lane *keeper, *verifiers;
    struct vch_pipeline *pipeline;
    struct vch_cosigners *cosigners;
    struct vch_ledger_checkpoints checkpoints;
    struct vch_ledger_crowd crowd;
    struct vch_tls *tls;
    struct vch_ledger_session_host host;
    struct vch_guests streams;        // the members
    struct vch_request_queue proving; // proofs that wait for a checkpoint
    struct vch_pages *pages;
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *events[8];
    uint32_t event_count, ticks;
    int control; // written to by vch_ledger_stop
    uint16_t port;
    uint64_t drain_end_ms;
    bool is_ending, has_failed;
    struct vch_complaint failure;
};

// In this order.
// The charter and what the store holds; a new store gets the charter as its first entry. `content`:
// one more than the position of the newest entry that is no anchor.
vch_status vch_ledger_parts_load(struct vch_ledger *ledger, uint64_t *content,
                                 struct vch_complaint *complaint);
vch_status vch_ledger_parts_start_pipeline(struct vch_ledger *ledger, uint64_t content);
void vch_ledger_parts_admit_members(struct vch_ledger *ledger);
vch_status vch_ledger_parts_start_witnessing(struct vch_ledger *ledger,
                                             struct vch_complaint *complaint);
vch_status vch_ledger_parts_start_loop(struct vch_ledger *ledger, struct vch_complaint *complaint);

// Is there a crowd, now?
void vch_ledger_parts_count_crowd(struct vch_ledger *ledger);

// Takes a session's request; the context is the ledger.
void vch_ledger_parts_submit(void *context, struct vch_request *request);
// Proofs that waited for a checkpoint, or for too long, or whose members are gone.
void vch_ledger_parts_look_at_proofs(struct vch_ledger *ledger);

// A cosigned one. False: its note is too long to be shown.
bool vch_ledger_parts_note_checkpoint(struct vch_ledger *ledger,
                                      const struct vch_store_checkpoint *checkpoint);
// Has the log cosigned once more, if there is something new and it is time.
void vch_ledger_parts_consider_checkpoint(struct vch_ledger *ledger);
// Enters what was cosigned, if it waits for that.
void vch_ledger_parts_enter_anchor(struct vch_ledger *ledger);

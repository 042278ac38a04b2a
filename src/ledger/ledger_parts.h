// What a ledger consists of: for ledger.c and the pages.
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
#include "net/http.h"

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
    struct vch_lane *keeper, *verifiers;
    struct vch_pipeline *pipeline;
    struct vch_cosigners *cosigners;
    struct vch_tls *tls;
    struct event_base *base;
    struct evconnlistener *listener;
    struct vch_pages *pages;
    struct event *events[8];
    uint32_t event_count, ticks;
    int control; // written to by vch_ledger_stop
    uint16_t port;
    struct vch_ledger_session_host host;
    struct vch_guests streams;   // the members
    struct vch_request *proving; // proofs that wait for a checkpoint
    // The latest cosigned checkpoint.
    uint64_t cosigned;
    char note[VCH_COSIGNED_NOTE_MAX];
    size_t note_size;
    bool has_anchor; // cosigned, and not entered yet
    struct vch_entry anchor;
    uint64_t checkpoint_retry_ms, drain_end_ms;
    // Many entries for many listeners come lately: what costs each of them is done less often.
    bool is_crowded;
    uint64_t last_durable, checkpoint_next_ms; // last: when the crowd was counted
    struct vch_promises_places places;         // of members' entries
    bool is_ending, has_failed;
    struct vch_complaint failure;
};

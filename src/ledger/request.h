// One request of a member, from its frame to its answer.
//
// It belongs to its session's event loop, except while a lane has it. What it may take of the
// ledger's memory was set aside when it was admitted.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "entry/entry.h"
#include "ledger/lane.h"
#include "ledger/store.h"
#include "tlog/tree.h"

#define VCH_REQUEST_DRAFTS_MAX 64u
#define VCH_REQUEST_POSITIONS_MAX 512u

struct vch_ledger_session;

enum vch_request_kind {
    VCH_REQUEST_APPEND,
    VCH_REQUEST_PROVE,
    VCH_REQUEST_GET_BLOB,
    VCH_REQUEST_PUT_BLOB,
    VCH_REQUEST_FOLLOW, // entries from a position on, for the session itself
    VCH_REQUEST_WATCH,  // entries at positions, likewise
};

struct vch_request_draft {
    const uint8_t *bytes; // in the arena
    size_t size;
    struct vch_entry entry; // once decoded
    vch_status status;      // OK: taken, at `position`
    uint64_t position;
    const char *text; // why not; in the arena
};

struct vch_request_proven {
    struct vch_store_entry entry;
    struct vch_tree_path path;
};

struct vch_request {
    struct vch_lane_job job; // first: a job is its request. Its status is the request's
    enum vch_request_kind kind;
    struct vch_ledger_session *session; // NULL once the stream is gone
    uint64_t id;
    struct vch_arena arena;
    size_t memory;            // of the ledger's, set aside
    struct vch_request *next; // of those that wait
    void *host;               // of whoever works on it

    // APPEND
    struct vch_request_draft *drafts;
    uint32_t count; // of drafts; or of positions
    uint32_t applied;
    bool is_verified;
    uint64_t settled_at; // it may be answered once the log has so many durable entries

    // PROVE, WATCH: at `positions`. FOLLOW: from `from` on, before `end`
    uint64_t *positions;
    uint64_t from, end, give_up_ms; // monotonic
    struct vch_store_checkpoint checkpoint;
    struct vch_request_proven *proven;
    struct vch_store_entries entries;

    // GET_BLOB, PUT_BLOB
    struct vch_digest digest;
    uint8_t *blob;
    size_t blob_size, moved; // received, or sent
    bool is_header_sent;
};

// `memory_max`: of the arena. NULL: no memory.
struct vch_request *vch_request_new(enum vch_request_kind kind, size_t memory_max);
void vch_request_free(struct vch_request *request);

// Requests that wait, in the order they came. All zero is an empty one.
struct vch_request_queue {
    struct vch_request *first, *last;
    uint64_t count;
};
void vch_request_push(struct vch_request_queue *queue, struct vch_request *request);
struct vch_request *vch_request_pop(struct vch_request_queue *queue); // NULL: none

// Runs that a node may have to open again: what its seats in agreed jobs were given and answered,
// kept on disk (node/vault.h) until nobody can dispute them any more, within a limit. Beyond it a
// node does not draw: a stake that it could not defend is not put at risk. Within it each client
// has a share (node/kept_room.h), so that none can keep a node from drawing for the others.
//
// Leaves of traces are in memory only, within a limit of their own; after a restart, or where they
// gave way, they are computed again from what is kept.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "entry/entry.h"
#include "node/kept_record.h"
#include "node/kept_room.h"
#include "node/models.h"
#include "node/task.h"
#include "node/vault.h"

#define VCH_KEPT_MAX 65536u
#define VCH_KEPT_LEAVES_MAX ((size_t)64 << 20) // bytes in memory
#define VCH_KEPT_DISK_MAX ((uint64_t)1 << 30)  // bytes, unless told otherwise

struct vch_kept_run {
    struct vch_contest_id contest;
    struct vch_digest trace;
    uint64_t seen; // the log's size when it was answered: a state that is behind knows less
    struct vch_vault_place place;
    int client; // in the room, of whose share it takes
    uint32_t leaf_count;
    struct vch_digest *leaves; // NULL: not in memory
    uint64_t asked_ms;         // when they were asked for last
    int next;                  // in its bucket, or among those that are free
    bool is_used;
};

struct vch_kept {
    struct vch_vault vault;
    struct vch_kept_room room;
    struct vch_kept_run *runs; // VCH_KEPT_MAX of them
    int *buckets, free;
    uint32_t count, high, looked_at, gives_way; // high: no run is beyond
    size_t leaves_size;
};

struct vch_kept_setup {
    const char *folder;
    const uint8_t *key; // VCH_SEAL_KEY_SIZE bytes
    uint64_t disk_max;  // 0: VCH_KEPT_DISK_MAX
    uint64_t window_ms; // how long what was answered can be disputed, or so
    struct vch_public_key self;
    void (*found)(void *context, const struct vch_kept_record *record); // of an earlier life
    void *context;
};

vch_status vch_kept_open(struct vch_kept *out, const struct vch_kept_setup *setup,
                         struct vch_arena *arena, struct vch_complaint *complaint);
void vch_kept_close(struct vch_kept *kept); // what is on disk stays there

// Bytes of a run are those of its job and its input: the most that fit where a client has nothing
// else there.
uint64_t vch_kept_size_max(const struct vch_kept *kept);
// Whether a client's run can still be kept; whether there is room enough to draw for it, too. Once
// this node has drawn, its room is booked.
bool vch_kept_fits(const struct vch_kept *kept, const struct vch_contest_id *contest,
                   const struct vch_public_key *client, uint64_t size);
bool vch_kept_has_room(const struct vch_kept *kept, const struct vch_contest_id *contest,
                       const struct vch_public_key *client, uint64_t size);
void vch_kept_book(struct vch_kept *kept, const struct vch_contest_id *contest,
                   const struct vch_public_key *client, uint64_t size);

// Keeps what the task was given and gave; it is on disk after vch_kept_sync. A run of a contest
// that is kept already stays as it is, and takes the leaves of a task that gave the same trace.
vch_status vch_kept_add(struct vch_kept *kept, const struct vch_task *task, uint64_t seen,
                        uint64_t now_ms);
vch_status vch_kept_sync(struct vch_kept *kept);

struct vch_kept_run *vch_kept_find(const struct vch_kept *kept,
                                   const struct vch_contest_id *contest);
// Of any round of that job and segment, the run whose trace this is; NULL.
struct vch_kept_run *vch_kept_find_trace(const struct vch_kept *kept, const struct vch_digest *job,
                                         uint32_t segment, const struct vch_digest *trace);
// All of it, into the arena. IO where the disk does not give it back as it was.
vch_status vch_kept_load(struct vch_kept_record *out, const struct vch_kept *kept,
                         const struct vch_kept_run *run, struct vch_arena *arena);

// Drops runs whose segments are final; looks at some of them at a time.
void vch_kept_sweep(struct vch_kept *kept, const struct vch_state *state);

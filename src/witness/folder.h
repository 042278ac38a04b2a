// Where a witness keeps what it must not forget:
//
//     FOLDER/witness                     its vkey, so that no other key goes on from here
//     FOLDER/<SHA-256 of an origin>/log  what it cosigned last, and promises that wait (wal.h)
//                                  /<SHA-256 of a draft>.refusal
//
// The others are written beside their place, synced, renamed, and their folder synced. One process
// at a time has the folder.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "tlog/vkey.h"
#include "witness/core.h"
#include "witness/wal.h"

struct vch_folder {
    const char *path; // borrowed
    int lock;
    uint32_t log_count;
    struct vch_wal logs[VCH_CORE_LOGS_MAX];
};

// Makes the folder when it is not there. BUSY: another process has it; REFUSED: another witness's.
vch_status vch_folder_open(struct vch_folder *out, const char *path, const struct vch_vkey *witness,
                           struct vch_complaint *complaint);
void vch_folder_close(struct vch_folder *folder);

// What is kept about the core's next log, which vch_core_log_init has made; a log that is new is
// kept from now on. What an interrupted write left behind is removed.
//
// Refusals of the core's day are counted.
vch_status vch_folder_load(struct vch_folder *folder, struct vch_core *core,
                           struct vch_core_log *log, struct vch_complaint *complaint);

// After a failure of these two nobody knows what is on the disk: the process must stop.
//
// Writes down what the change says, and marks in it the refusals that were kept before; then it is
// to be applied.
vch_status vch_folder_keep(struct vch_folder *folder, const struct vch_core *core,
                           struct vch_core_change *change, struct vch_complaint *complaint);
// Makes durable what was kept and applied since the last time; nothing of it may be said before.
vch_status vch_folder_sync(struct vch_folder *folder, const struct vch_core *core,
                           struct vch_complaint *complaint);

// The text of a refusal of any log; UNAVAILABLE when there is none.
vch_status vch_folder_refusal(const struct vch_folder *folder, const struct vch_core *core,
                              const char *draft_hex, uint8_t **out, size_t *size,
                              struct vch_arena *arena);

// A log's file of records (records.h) on disk: changes are added, applied, and synced together.
// Once it has grown, a sync writes what the log is now in its place, in one piece.
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "witness/core.h"
#include "witness/records.h"

#define VCH_WAL_SIZE_MAX 4194304u // bytes, beyond which it is written anew; check: 4 * 2**20
#define VCH_WAL_WAITING_MAX 64u   // records that wait to be written

struct vch_wal {
    char path[PATH_MAX];
    int file;
    size_t size;                     // bytes written
    uint8_t before[VCH_DIGEST_SIZE]; // the last 32 bytes, of what was added as well
    bool is_unsynced;
    uint32_t waiting_count;
    uint8_t waiting[VCH_WAL_WAITING_MAX * VCH_RECORDS_SIZE];
};

// Applies what the file says to the log; one that is not there is begun. The folder it is in is
// held by one process alone. MALFORMED: what is in it is not to be gone on from.
vch_status vch_wal_open(struct vch_wal *out, const char *path, struct vch_core_log *log,
                        struct vch_complaint *complaint);
void vch_wal_close(struct vch_wal *wal);

// After a failure of these two nobody knows what is on the disk: the process must stop.
vch_status vch_wal_add(struct vch_wal *wal, const struct vch_core_change *change,
                       struct vch_complaint *complaint);
// Everything added so far, all of it applied to the log, is on disk when this returns VCH_OK.
vch_status vch_wal_sync(struct vch_wal *wal, const struct vch_core_log *log,
                        struct vch_complaint *complaint);

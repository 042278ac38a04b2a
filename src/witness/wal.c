#include "witness/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "host/file.h"

enum { FILE_MAX = 2 * VCH_WAL_SIZE_MAX }; // more than a sync ever leaves

static vch_status refuse(const struct vch_wal *wal, const char *what,
                         struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_IO, "cannot %s %s: %s", what, wal->path,
                        strerror(errno));
}

// The old file, or all of the new; what was added and not written yet is in the new.
static vch_status begin_anew(struct vch_wal *wal, const struct vch_core_log *log,
                             struct vch_complaint *complaint)
{
    uint8_t *bytes = calloc(1, VCH_RECORDS_SNAPSHOT_MAX);

    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    wal->size = vch_records_snapshot(bytes, log);
    wal->waiting_count = 0;
    wal->is_unsynced = false;
    memcpy(wal->before, bytes + wal->size - sizeof wal->before, sizeof wal->before);
    vch_status status = vch_file_write(wal->path, bytes, wal->size, true, complaint);
    free(bytes);
    return status;
}

static vch_status replay(struct vch_wal *wal, struct vch_core_log *log,
                         struct vch_complaint *complaint)
{
    struct vch_arena arena;
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_arena_init(&arena, (size_t)FILE_MAX + 65536);
    vch_status status = vch_file_read(&bytes, &size, wal->path, FILE_MAX, &arena, complaint);
    if (vch_is_ok(status)) status = vch_records_replay(log, &wal->size, bytes, size, complaint);
    if (vch_is_ok(status))
        memcpy(wal->before, bytes + wal->size - sizeof wal->before, sizeof wal->before);
    vch_arena_release(&arena);
    return status;
}

static vch_status open_file(struct vch_wal *wal, struct vch_complaint *complaint)
{
    wal->file = open(wal->path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    return wal->file >= 0 ? VCH_OK : refuse(wal, "open", complaint);
}

// What was read may be a write that was never synced: it counts from now on. A torn tail must not
// stay before what is added.
static vch_status settle(struct vch_wal *wal, struct vch_complaint *complaint)
{
    VCH_TRY(open_file(wal, complaint));
    if (ftruncate(wal->file, (off_t)wal->size) != 0 || fsync(wal->file) != 0)
        return refuse(wal, "write", complaint);
    return VCH_OK;
}

vch_status vch_wal_open(struct vch_wal *out, const char *path, struct vch_core_log *log,
                        struct vch_complaint *complaint)
{
    struct stat facts;

    memset(out, 0, sizeof *out);
    out->file = -1;
    (void)snprintf(out->path, sizeof out->path, "%s", path);
    if (lstat(path, &facts) == 0)
        VCH_TRY(replay(out, log, complaint));
    else if (errno == ENOENT)
        VCH_TRY(begin_anew(out, log, complaint));
    else
        return refuse(out, "read", complaint);
    return settle(out, complaint);
}

void vch_wal_close(struct vch_wal *wal)
{
    if (wal->file >= 0) (void)close(wal->file);
    wal->file = -1;
}

static vch_status write_waiting(struct vch_wal *wal, struct vch_complaint *complaint)
{
    const uint8_t *at = wal->waiting;
    size_t size = (size_t)wal->waiting_count * VCH_RECORDS_SIZE;

    wal->size += size;
    wal->waiting_count = 0;
    while (size > 0) {
        ssize_t put = write(wal->file, at, size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return refuse(wal, "write", complaint);
        at += put;
        size -= (size_t)put;
    }
    return VCH_OK;
}

vch_status vch_wal_add(struct vch_wal *wal, const struct vch_core_change *change,
                       struct vch_complaint *complaint)
{
    if (wal->waiting_count == VCH_WAL_WAITING_MAX) VCH_TRY(write_waiting(wal, complaint));
    uint8_t *record = wal->waiting + (size_t)wal->waiting_count * VCH_RECORDS_SIZE;
    vch_records_encode(record, wal->before, change);
    memcpy(wal->before, record + VCH_RECORDS_SIZE - sizeof wal->before, sizeof wal->before);
    wal->waiting_count++;
    wal->is_unsynced = true;
    return VCH_OK;
}

vch_status vch_wal_sync(struct vch_wal *wal, const struct vch_core_log *log,
                        struct vch_complaint *complaint)
{
    if (!wal->is_unsynced) return VCH_OK;
    if (wal->size >= VCH_WAL_SIZE_MAX) {
        VCH_TRY(begin_anew(wal, log, complaint));
        vch_wal_close(wal);
        return open_file(wal, complaint);
    }
    VCH_TRY(write_waiting(wal, complaint));
    if (fdatasync(wal->file) != 0) return refuse(wal, "make durable", complaint);
    wal->is_unsynced = false;
    return VCH_OK;
}

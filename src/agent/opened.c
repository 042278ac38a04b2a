#include "agent/opened.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/file.h"
#include "host/log.h"

static vch_status refuse(const char *what, const char *path, struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_IO, "cannot %s the file of opened releases %s: %s",
                        what, path, strerror(errno));
}

// A node that was killed a moment ago may still have it; one that runs has it until it ends.
static vch_status lock(const struct vch_opened *opened, struct vch_complaint *complaint)
{
    if (flock(opened->file, LOCK_EX | LOCK_NB) == 0) return VCH_OK;
    if (errno == EWOULDBLOCK)
        vch_log_write(VCH_LOG_WARNING, "waiting for another node to end, which has %s",
                      opened->path);
    while (flock(opened->file, LOCK_EX) != 0)
        if (errno != EINTR) return refuse("lock", opened->path, complaint);
    return VCH_OK;
}

// Does the path still name this file, or was it written anew while we waited?
static bool is_current(const struct vch_opened *opened)
{
    struct stat ours, named;

    return fstat(opened->file, &ours) == 0 && stat(opened->path, &named) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static vch_status open_locked(struct vch_opened *out, struct vch_complaint *complaint)
{
    const int how = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    struct stat facts;

    for (;;) {
        out->file = open(out->path, how, 0600);
        if (out->file < 0) return refuse("open", out->path, complaint);
        VCH_TRY(lock(out, complaint));
        if (is_current(out)) break;
        vch_opened_close(out);
    }
    if (fstat(out->file, &facts) != 0 || !S_ISREG(facts.st_mode))
        return vch_complain(complaint, VCH_CODE_IO, "%s is not a regular file", out->path);
    return facts.st_size == 0 ? vch_file_sync_name(out->path, complaint) : VCH_OK;
}

// Whether the file is the shortest that says what it says; else that is written in its place.
static vch_status shorten(bool *is_short, struct vch_opened *opened, const uint8_t *bytes,
                          size_t size, struct vch_complaint *complaint)
{
    uint8_t *shortest = calloc(1, VCH_COUNTERS_SIZE_MAX);

    if (shortest == NULL) return VCH_FAIL(NO_MEMORY);
    const size_t needed = vch_counters_encode(shortest, &opened->counters);
    vch_status status = VCH_OK;
    *is_short = needed == size && memcmp(shortest, bytes, size) == 0;
    if (!*is_short) status = vch_file_write(opened->path, shortest, needed, true, complaint);
    free(shortest);
    return status;
}

static vch_status read_file(bool *is_short, struct vch_opened *opened,
                            struct vch_complaint *complaint)
{
    struct vch_arena arena;
    uint8_t *bytes = NULL;
    size_t size = 0, whole = 0;

    vch_arena_init(&arena, 2 * (size_t)VCH_COUNTERS_FILE_MAX);
    vch_status status =
        vch_file_read(&bytes, &size, opened->path, VCH_COUNTERS_FILE_MAX, &arena, complaint);
    if (vch_is_ok(status))
        status = vch_counters_decode(&opened->counters, &whole, bytes, size, complaint);
    if (vch_is_ok(status)) status = shorten(is_short, opened, bytes, size, complaint);
    vch_arena_release(&arena);
    opened->record_count = opened->counters.count;
    return status;
}

static uint64_t now_s(void *context)
{
    (void)context;
    return vch_clock_unix_ms() / 1000;
}

static vch_status raise_it(void *context, const struct vch_counters_one *seen,
                           struct vch_complaint *complaint)
{
    return vch_opened_raise(context, seen, complaint);
}

vch_status vch_opened_open(struct vch_opened *out, const char *path,
                           const struct vch_public_key *owner, struct vch_complaint *complaint)
{
    bool is_short = false;

    *out = (struct vch_opened){.path = path, .file = -1};
    out->rules = (struct vch_unsealer_rules){*owner, &out->counters, now_s, raise_it, out};
    while (!is_short) { // what was written anew is another file, and locked anew
        vch_opened_close(out);
        vch_status status = open_locked(out, complaint);
        if (vch_is_ok(status)) status = read_file(&is_short, out, complaint);
        if (!vch_is_ok(status)) {
            vch_opened_close(out);
            return status;
        }
    }
    return VCH_OK;
}

void vch_opened_close(struct vch_opened *opened)
{
    if (opened->file >= 0) (void)close(opened->file);
    opened->file = -1;
}

// Always at the place behind the last record that is known to be there: so what was written in part
// is written over, and a sync that failed says nothing of what came before.
static vch_status append(const struct vch_opened *opened, const struct vch_counters_one *seen,
                         struct vch_complaint *complaint)
{
    const off_t start = (off_t)opened->record_count * (off_t)VCH_COUNTERS_RECORD_SIZE;
    uint8_t record[VCH_COUNTERS_RECORD_SIZE];

    vch_counters_encode_record(record, seen);
    for (size_t done = 0; done < sizeof record;) {
        ssize_t put =
            pwrite(opened->file, record + done, sizeof record - done, start + (off_t)done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return refuse("write", opened->path, complaint);
        done += (size_t)put;
    }
    return fsync(opened->file) == 0 ? VCH_OK : refuse("write", opened->path, complaint);
}

vch_status vch_opened_raise(struct vch_opened *opened, const struct vch_counters_one *seen,
                            struct vch_complaint *complaint)
{
    if (seen->counter <= vch_counters_find(&opened->counters, &seen->owner, &seen->model))
        return VCH_OK;
    VCH_TRY(vch_counters_check_room(&opened->counters, seen, complaint));
    if (opened->record_count == VCH_COUNTERS_RECORDS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the file of opened releases is full: start this node anew");
    VCH_TRY(append(opened, seen, complaint));
    opened->record_count++;
    return vch_counters_raise(&opened->counters, seen, complaint);
}

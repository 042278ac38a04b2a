#include "node/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "host/file.h"

static const char MAGIC[] = "VOUCHSEATS 1\n";

enum {
    MAGIC_SIZE = sizeof MAGIC - 1,
    CHECK_SIZE = 8,
    BODY_SIZE = 3 * VCH_DIGEST_SIZE + 2 * 4,
    RECORD_SIZE = BODY_SIZE + CHECK_SIZE,
    BLOCK = 512, // records read at once
};

static void pack(uint8_t out[static RECORD_SIZE], const struct vch_journal_record *record)
{
    memcpy(out, record->contest.subject.bytes, VCH_DIGEST_SIZE);
    vch_put_u32le(out + 32, record->contest.segment);
    vch_put_u32le(out + 36, record->contest.round);
    memcpy(out + 40, record->output.bytes, VCH_DIGEST_SIZE);
    memcpy(out + 72, record->trace.bytes, VCH_DIGEST_SIZE);
    struct vch_digest check = vch_hash_bytes(out, BODY_SIZE);
    memcpy(out + BODY_SIZE, check.bytes, CHECK_SIZE);
}

static bool unpack(struct vch_journal_record *out, const uint8_t in[static RECORD_SIZE])
{
    struct vch_digest check = vch_hash_bytes(in, BODY_SIZE);

    if (memcmp(in + BODY_SIZE, check.bytes, CHECK_SIZE) != 0) return false;
    memcpy(out->contest.subject.bytes, in, VCH_DIGEST_SIZE);
    out->contest.segment = vch_get_u32le(in + 32);
    out->contest.round = vch_get_u32le(in + 36);
    memcpy(out->output.bytes, in + 40, VCH_DIGEST_SIZE);
    memcpy(out->trace.bytes, in + 72, VCH_DIGEST_SIZE);
    return true;
}

static vch_status write_all(int file, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        ssize_t written = write(file, at, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return VCH_FAIL(IO);
        at += written;
        size -= (size_t)written;
    }
    return VCH_OK;
}

// How many bytes came; less than `size` at the end of the file.
static size_t read_some(int file, uint8_t *out, size_t size)
{
    size_t have = 0;

    while (have < size) {
        ssize_t got = read(file, out + have, size - have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        have += (size_t)got;
    }
    return have;
}

static void take_records(struct vch_journal *journal,
                         void (*take)(void *context, const struct vch_journal_record *record),
                         void *context)
{
    static _Thread_local uint8_t block[BLOCK * RECORD_SIZE];

    for (;;) {
        size_t have = read_some(journal->file, block, sizeof block);
        for (size_t at = 0; at + RECORD_SIZE <= have; at += RECORD_SIZE) {
            struct vch_journal_record record;
            if (!unpack(&record, block + at)) return;
            take(context, &record);
            journal->count++;
        }
        if (have < sizeof block) return;
    }
}

static vch_status begin(struct vch_journal *journal, const char *path,
                        struct vch_complaint *complaint)
{
    char magic[MAGIC_SIZE];
    size_t have = read_some(journal->file, (uint8_t *)magic, sizeof magic);

    if (have == sizeof magic && memcmp(magic, MAGIC, sizeof magic) == 0) return VCH_OK;
    if (have == sizeof magic || memcmp(magic, MAGIC, have) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "%.200s is no journal of a node: name another file, or move it away",
                            path);
    // Empty, or cut by a crash before it held anything.
    if (ftruncate(journal->file, 0) != 0 || lseek(journal->file, 0, SEEK_SET) != 0)
        return VCH_FAIL(IO);
    VCH_TRY(write_all(journal->file, MAGIC, MAGIC_SIZE));
    return vch_file_sync_name(path, complaint); // or a crash could lose the whole of it
}

// Whoever held the lock before may have put another file in this one's place.
static bool is_named(int file, const char *path)
{
    struct stat own, named;

    return fstat(file, &own) == 0 && stat(path, &named) == 0 && own.st_dev == named.st_dev &&
           own.st_ino == named.st_ino;
}

static vch_status load(struct vch_journal *journal, const char *path,
                       void (*take)(void *context, const struct vch_journal_record *record),
                       void *context, struct vch_complaint *complaint)
{
    if (flock(journal->file, LOCK_EX | LOCK_NB) != 0)
        return vch_complain(complaint, VCH_CODE_BUSY,
                            "another process has %.200s: a node's journal serves one at a time",
                            path);
    if (!is_named(journal->file, path))
        return vch_complain(complaint, VCH_CODE_BUSY,
                            "another process has just replaced %.200s: it serves one at a time",
                            path);
    VCH_TRY(begin(journal, path, complaint));
    take_records(journal, take, context);
    off_t end = MAGIC_SIZE + (off_t)(journal->count * RECORD_SIZE);
    if (ftruncate(journal->file, end) != 0 || lseek(journal->file, end, SEEK_SET) != end ||
        fsync(journal->file) != 0)
        return vch_complain(complaint, VCH_CODE_IO, "cannot write %.200s: %s", path,
                            strerror(errno));
    return VCH_OK;
}

vch_status vch_journal_open(struct vch_journal *out, const char *path,
                            void (*take)(void *context, const struct vch_journal_record *record),
                            void *context, struct vch_complaint *complaint)
{
    *out = (struct vch_journal){.file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600),
                                .path = calloc(strlen(path) + 1, 1),
                                .max = VCH_JOURNAL_MAX};
    if (out->path == NULL) {
        vch_journal_close(out);
        return VCH_FAIL(NO_MEMORY);
    }
    memcpy(out->path, path, strlen(path));
    if (out->file < 0)
        (void)vch_complain(complaint, VCH_CODE_IO, "cannot open %.200s: %s", path, strerror(errno));
    vch_status status = out->file < 0 ? VCH_FAIL(IO) : load(out, path, take, context, complaint);
    if (!vch_is_ok(status)) vch_journal_close(out);
    return status;
}

vch_status vch_journal_note(struct vch_journal *journal, const struct vch_journal_record *record)
{
    uint8_t bytes[RECORD_SIZE];

    pack(bytes, record);
    vch_status status = write_all(journal->file, bytes, sizeof bytes);
    if (!vch_is_ok(status)) { // half a record would hide those after it
        off_t end = MAGIC_SIZE + (off_t)(journal->count * RECORD_SIZE);
        int result = ftruncate(journal->file, end);
        (void)result, (void)lseek(journal->file, end, SEEK_SET);
        return status;
    }
    journal->count++;
    return VCH_OK;
}

vch_status vch_journal_add(struct vch_journal *journal, const struct vch_journal_record *record)
{
    VCH_TRY(vch_journal_note(journal, record));
    journal->is_unsynced = 1;
    return VCH_OK;
}

// The newest records, which are on disk, behind the name of a new file. The lock goes along: nobody
// else can have the file that gets the name.
static vch_status write_newest(int new, const struct vch_journal *journal)
{
    static _Thread_local uint8_t block[BLOCK * RECORD_SIZE];
    off_t from = MAGIC_SIZE + (off_t)((journal->count - VCH_JOURNAL_KEEP) * RECORD_SIZE);

    if (flock(new, LOCK_EX | LOCK_NB) != 0 || lseek(journal->file, from, SEEK_SET) != from)
        return VCH_FAIL(IO);
    VCH_TRY(write_all(new, MAGIC, MAGIC_SIZE));
    for (uint64_t i = 0; i < VCH_JOURNAL_KEEP; i += BLOCK) { // check: a multiple of BLOCK
        if (read_some(journal->file, block, sizeof block) != sizeof block) return VCH_FAIL(IO);
        VCH_TRY(write_all(new, block, sizeof block));
    }
    return fsync(new) == 0 ? VCH_OK : VCH_FAIL(IO);
}

static vch_status replace(struct vch_journal *journal)
{
    char name[PATH_MAX];

    if (snprintf(name, sizeof name, "%s.new", journal->path) >= (int)sizeof name)
        return VCH_FAIL(LIMIT);
    int new = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (new < 0) return VCH_FAIL(IO);
    vch_status status = write_newest(new, journal);
    if (vch_is_ok(status) && rename(name, journal->path) != 0) status = VCH_FAIL(IO);
    if (!vch_is_ok(status)) {
        (void)close(new);
        (void)unlink(name);
        return status;
    }
    (void)close(journal->file);
    journal->file = new;
    journal->count = VCH_JOURNAL_KEEP;
    journal->max = VCH_JOURNAL_MAX;
    return vch_file_sync_name(journal->path, NULL);
}

vch_status vch_journal_sync(struct vch_journal *journal)
{
    if (!journal->is_unsynced && journal->count < journal->max) return VCH_OK;
    if (fdatasync(journal->file) != 0) return VCH_FAIL(IO);
    journal->is_unsynced = 0;
    if (journal->count < journal->max || vch_is_ok(replace(journal))) return VCH_OK;
    journal->max = 2 * journal->count; // what is there serves as well, and another time it may go
    const off_t end = MAGIC_SIZE + (off_t)(journal->count * RECORD_SIZE);
    return lseek(journal->file, end, SEEK_SET) == end ? VCH_OK : VCH_FAIL(IO);
}

void vch_journal_close(struct vch_journal *journal)
{
    if (journal->file >= 0) (void)close(journal->file);
    journal->file = -1;
    free(journal->path);
    journal->path = NULL;
}

// A disk that loses what was not synced: an SQLite VFS that writes down what is done to two files,
// and what a power cut may leave of them at any moment.
//
// What was written before a file's last sync is there. Of what came later, each write is there, is
// not, or is there in some of its sectors, one write independently of the next.
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "harness/test.h"

enum {
    DISK_FILES = 2, // a database and its write-ahead log
    DISK_OPERATIONS_MAX = 1 << 16,
    DISK_FILE_MAX = 8 << 20,
    DISK_SECTOR = 512,
};

enum disk_kind { DISK_WRITE, DISK_TRUNCATE, DISK_SYNC };

struct disk_operation {
    enum disk_kind kind;
    int file;
    size_t offset, size; // of a write; truncated to `size`
    uint8_t *bytes;
};

struct disk_image {
    uint8_t *bytes;
    size_t size;
};

static struct disk_operation disk_operations[DISK_OPERATIONS_MAX];
static uint32_t disk_count;
static bool disk_is_recording;

// Our file, with the default VFS's own file behind it.
struct disk_file {
    sqlite3_file base;
    int file; // -1: not one of the two
    sqlite3_file *real;
};

static inline sqlite3_file *disk_real(sqlite3_file *file)
{
    return ((struct disk_file *)file)->real;
}

static inline void disk_record(sqlite3_file *file, enum disk_kind kind, size_t offset, size_t size,
                               const void *bytes)
{
    struct disk_operation *operation = &disk_operations[disk_count];
    int number = ((struct disk_file *)file)->file;

    if (!disk_is_recording || number < 0) return;
    CHECK(disk_count + 1 < DISK_OPERATIONS_MAX && offset + size <= DISK_FILE_MAX);
    *operation = (struct disk_operation){kind, number, offset, size, NULL};
    if (bytes != NULL) {
        operation->bytes = calloc(1, size);
        CHECK(operation->bytes != NULL);
        memcpy(operation->bytes, bytes, size);
    }
    disk_count++;
}

static int disk_close(sqlite3_file *file)
{
    sqlite3_file *real = disk_real(file);
    return real->pMethods != NULL ? real->pMethods->xClose(real) : SQLITE_OK;
}

static int disk_read(sqlite3_file *file, void *out, int size, sqlite3_int64 offset)
{
    return disk_real(file)->pMethods->xRead(disk_real(file), out, size, offset);
}

static int disk_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    disk_record(file, DISK_WRITE, (size_t)offset, (size_t)size, bytes);
    return disk_real(file)->pMethods->xWrite(disk_real(file), bytes, size, offset);
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    disk_record(file, DISK_TRUNCATE, 0, (size_t)size, NULL);
    return disk_real(file)->pMethods->xTruncate(disk_real(file), size);
}

static int disk_sync(sqlite3_file *file, int flags)
{
    disk_record(file, DISK_SYNC, 0, 0, NULL);
    return disk_real(file)->pMethods->xSync(disk_real(file), flags);
}

static int disk_size(sqlite3_file *file, sqlite3_int64 *out)
{
    return disk_real(file)->pMethods->xFileSize(disk_real(file), out);
}

static int disk_lock(sqlite3_file *file, int kind)
{
    return disk_real(file)->pMethods->xLock(disk_real(file), kind);
}

static int disk_unlock(sqlite3_file *file, int kind)
{
    return disk_real(file)->pMethods->xUnlock(disk_real(file), kind);
}

static int disk_check_lock(sqlite3_file *file, int *out)
{
    return disk_real(file)->pMethods->xCheckReservedLock(disk_real(file), out);
}

static int disk_control(sqlite3_file *file, int what, void *argument)
{
    return disk_real(file)->pMethods->xFileControl(disk_real(file), what, argument);
}

static int disk_sector(sqlite3_file *file)
{
    return disk_real(file)->pMethods->xSectorSize(disk_real(file));
}

static int disk_device(sqlite3_file *file)
{
    return disk_real(file)->pMethods->xDeviceCharacteristics(disk_real(file));
}

static int disk_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    return disk_real(file)->pMethods->xShmMap(disk_real(file), region, size, extend, out);
}

static int disk_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return disk_real(file)->pMethods->xShmLock(disk_real(file), offset, count, flags);
}

static void disk_shm_barrier(sqlite3_file *file)
{
    disk_real(file)->pMethods->xShmBarrier(disk_real(file));
}

static int disk_shm_unmap(sqlite3_file *file, int is_deleted)
{
    return disk_real(file)->pMethods->xShmUnmap(disk_real(file), is_deleted);
}

static const sqlite3_io_methods DISK_METHODS = {
    2,           disk_close,   disk_read,     disk_write,       disk_truncate,  disk_sync,
    disk_size,   disk_lock,    disk_unlock,   disk_check_lock,  disk_control,   disk_sector,
    disk_device, disk_shm_map, disk_shm_lock, disk_shm_barrier, disk_shm_unmap, NULL,
    NULL,
};

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *out, int flags, int *given)
{
    struct disk_file *file = (struct disk_file *)out;
    sqlite3_vfs *real = vfs->pAppData;

    file->real = (sqlite3_file *)(file + 1);
    file->file = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? 0 : (flags & SQLITE_OPEN_WAL) != 0 ? 1 : -1;
    int result = real->xOpen(real, name, file->real, flags, given);
    file->base.pMethods = file->real->pMethods != NULL ? &DISK_METHODS : NULL;
    return result;
}

// In place of the default VFS, for the rest of the process.
static inline void disk_start(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);

    if (vfs.pAppData != NULL) return;
    CHECK(real != NULL);
    vfs = *real;
    vfs.zName = "disk";
    vfs.pNext = NULL;
    vfs.pAppData = real;
    vfs.szOsFile = (int)sizeof(struct disk_file) + real->szOsFile;
    vfs.xOpen = disk_open;
    CHECK(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

static inline void disk_forget(void)
{
    for (uint32_t i = 0; i < disk_count; i++)
        free(disk_operations[i].bytes);
    disk_count = 0;
}

static inline void disk_apply(struct disk_image *image, const struct disk_operation *operation,
                              size_t first, size_t end)
{
    if (operation->kind == DISK_TRUNCATE) {
        if (operation->size < image->size)
            memset(image->bytes + operation->size, 0, image->size - operation->size);
        image->size = operation->size;
        return;
    }
    memcpy(image->bytes + operation->offset + first, operation->bytes + first, end - first);
    if (operation->offset + end > image->size) image->size = operation->offset + end;
}

// All, nothing, or some sectors.
static inline void disk_apply_perhaps(struct disk_image *image,
                                      const struct disk_operation *operation)
{
    uint32_t how = test_below(3);

    if (how == 0) return;
    if (how == 1 || operation->kind == DISK_TRUNCATE) {
        disk_apply(image, operation, 0, operation->size);
        return;
    }
    for (size_t at = 0; at < operation->size;) {
        size_t left = operation->size - at;
        size_t size = DISK_SECTOR - (operation->offset + at) % DISK_SECTOR;
        if (size > left) size = left;
        if (test_below(2) == 0) disk_apply(image, operation, at, at + size);
        at += size;
    }
}

// What may be left of a file when the power goes after `count` operations. `image->bytes` has
// DISK_FILE_MAX room.
static inline void disk_cut(struct disk_image *image, int file, uint32_t count)
{
    uint32_t synced = 0;

    memset(image->bytes, 0, DISK_FILE_MAX);
    image->size = 0;
    for (uint32_t i = 0; i < count; i++)
        if (disk_operations[i].file == file && disk_operations[i].kind == DISK_SYNC) synced = i;
    for (uint32_t i = 0; i < count; i++) {
        const struct disk_operation *operation = &disk_operations[i];
        if (operation->file != file || operation->kind == DISK_SYNC) continue;
        if (i < synced)
            disk_apply(image, operation, 0, operation->size);
        else
            disk_apply_perhaps(image, operation);
    }
}

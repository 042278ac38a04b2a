#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/random.h"
#include "host/target.h"

static vch_status write_temporary(const struct vch_target *target, const void *bytes, size_t size,
                                  int is_private, bool syncs, struct vch_complaint *complaint)
{
    int file = -1;

    VCH_TRY(vch_target_create(&file, target, is_private, complaint));
    vch_status status = vch_target_write(file, bytes, size, target, complaint);
    if (syncs && vch_is_ok(status) && fsync(file) != 0)
        status = vch_target_refuse(target, "write", complaint);
    if (close(file) != 0 && vch_is_ok(status))
        status = vch_target_refuse(target, "write", complaint);
    return status;
}

static vch_status write_target(const struct vch_target *target, const void *bytes, size_t size,
                               int is_private, bool may_replace, struct vch_complaint *complaint)
{
    if (may_replace) VCH_TRY(vch_target_check_kind(target, complaint));
    vch_status status = write_temporary(target, bytes, size, is_private, true, complaint);
    if (vch_is_ok(status)) status = vch_target_put(target, may_replace, complaint);
    if (!vch_is_ok(status)) (void)unlinkat(target->folder, target->temporary, 0);
    return status;
}

static vch_status write_file(const char *path, const void *bytes, size_t size, int is_private,
                             bool may_replace, struct vch_complaint *complaint)
{
    struct vch_target target;

    VCH_TRY(vch_target_open(&target, path, complaint));
    vch_status status = write_target(&target, bytes, size, is_private, may_replace, complaint);
    (void)close(target.folder);
    return status;
}

vch_status vch_file_write(const char *path, const void *bytes, size_t size, int is_private,
                          struct vch_complaint *complaint)
{
    return write_file(path, bytes, size, is_private, true, complaint);
}

vch_status vch_file_write_new(const char *path, const void *bytes, size_t size, int is_private,
                              struct vch_complaint *complaint)
{
    return write_file(path, bytes, size, is_private, false, complaint);
}

// The target of one of several, under a temporary name of its own.
static struct vch_target one_of(const struct vch_target *folder, uint64_t first, size_t i,
                                const char *name)
{
    struct vch_target out = {.path = folder->path, .name = name, .folder = folder->folder};

    (void)snprintf(out.temporary, sizeof out.temporary, ".vouch-%016" PRIx64, first + i);
    return out;
}

static vch_status sync_temporary(const struct vch_target *target, struct vch_complaint *complaint)
{
    int file = openat(target->folder, target->temporary, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (file < 0) return vch_target_refuse(target, "open a file beside", complaint);
    int failed = fsync(file);
    (void)close(file);
    return failed == 0 ? VCH_OK : vch_target_refuse(target, "write", complaint);
}

// Everything goes to the disk at one go; then each file is asked about, which costs little.
static vch_status write_targets(const struct vch_target *folder, uint64_t first,
                                const struct vch_file_one *files, size_t count, int is_private,
                                struct vch_complaint *complaint)
{
    for (size_t i = 0; i < count; i++) {
        const struct vch_target target = one_of(folder, first, i, files[i].name);
        VCH_TRY(vch_target_check_kind(&target, complaint));
        VCH_TRY(
            write_temporary(&target, files[i].bytes, files[i].size, is_private, false, complaint));
    }
    if (syncfs(folder->folder) != 0) return vch_target_refuse(folder, "write files of", complaint);
    for (size_t i = 0; i < count; i++) {
        const struct vch_target target = one_of(folder, first, i, files[i].name);
        VCH_TRY(sync_temporary(&target, complaint));
        if (renameat(target.folder, target.temporary, target.folder, target.name) != 0)
            return vch_target_refuse(&target, "write", complaint);
    }
    return fsync(folder->folder) == 0 ? VCH_OK
                                      : vch_target_refuse(folder, "make durable", complaint);
}

vch_status vch_file_write_all(const char *folder, const struct vch_file_one *files, size_t count,
                              int is_private, struct vch_complaint *complaint)
{
    struct vch_target target = {.path = folder, .name = folder};
    uint64_t first = 0;

    if (count == 0) return VCH_OK;
    target.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (target.folder < 0) return vch_target_refuse(&target, "open", complaint);
    vch_random_bytes(&first, sizeof first);
    vch_status status = write_targets(&target, first, files, count, is_private, complaint);
    for (size_t i = 0; !vch_is_ok(status) && i < count; i++) {
        const struct vch_target one = one_of(&target, first, i, files[i].name);
        (void)unlinkat(one.folder, one.temporary, 0);
    }
    (void)close(target.folder);
    return status;
}

vch_status vch_file_sync_name(const char *path, struct vch_complaint *complaint)
{
    struct vch_target target;

    VCH_TRY(vch_target_open(&target, path, complaint));
    vch_status status =
        fsync(target.folder) == 0 ? VCH_OK : vch_target_refuse(&target, "make durable", complaint);
    (void)close(target.folder);
    return status;
}

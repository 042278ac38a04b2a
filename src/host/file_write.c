#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/random.h"

struct target {
    const char *path;
    const char *name; // last part of the path
    int folder;       // open descriptor
    char temporary[32];
};

// Where the folder ends and the name begins.
static vch_status open_target(struct target *out, const char *path, struct vch_complaint *complaint)
{
    char folder[PATH_MAX], tail[17];
    uint64_t random = 0;
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path) + 1;

    *out = (struct target){.path = path, .name = path + size};
    if (out->name[0] == '\0' || strlen(path) >= sizeof folder)
        return vch_complain(complaint, VCH_CODE_USAGE, "\"%s\" does not name a file", path);
    memcpy(folder, size > 0 ? path : "./", size > 0 ? size : 2);
    folder[size > 0 ? size : 2] = '\0';
    out->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->folder < 0)
        return vch_complain(complaint, VCH_CODE_IO, "cannot open the folder %s: %s", folder,
                            strerror(errno));
    vch_random_bytes(&random, sizeof random);
    vch_hex_encode(tail, &random, sizeof random);
    (void)snprintf(out->temporary, sizeof out->temporary, ".vouch-%s", tail);
    return VCH_OK;
}

// A device or a folder in this place is a mistake, and for root a costly one.
static vch_status check_kind(const struct target *target, struct vch_complaint *complaint)
{
    struct stat facts;

    if (fstatat(target->folder, target->name, &facts, 0) != 0 || S_ISREG(facts.st_mode))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE, "%s is not a regular file: choose another name",
                        target->path);
}

static vch_status refuse(const struct target *target, const char *what,
                         struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_IO, "cannot %s %s: %s", what, target->path,
                        strerror(errno));
}

static vch_status write_bytes(int file, const uint8_t *bytes, size_t size,
                              const struct target *target, struct vch_complaint *complaint)
{
    while (size > 0) {
        ssize_t put = write(file, bytes, size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return refuse(target, "write", complaint);
        bytes += put;
        size -= (size_t)put;
    }
    return VCH_OK;
}

static vch_status write_temporary(const struct target *target, const void *bytes, size_t size,
                                  int is_private, bool syncs, struct vch_complaint *complaint)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int file = openat(target->folder, target->temporary, flags, is_private ? 0600 : 0644);

    if (file < 0) return refuse(target, "create a file beside", complaint);
    vch_status status = write_bytes(file, bytes, size, target, complaint);
    if (syncs && vch_is_ok(status) && fsync(file) != 0) status = refuse(target, "write", complaint);
    if (close(file) != 0 && vch_is_ok(status)) status = refuse(target, "write", complaint);
    return status;
}

// Not every file system renames without replacing; linking under the new name asks the same.
static int rename_new(const struct target *target)
{
    int folder = target->folder;
    int failed = renameat2(folder, target->temporary, folder, target->name, RENAME_NOREPLACE);

    if (failed == 0 || (errno != EINVAL && errno != ENOSYS)) return failed;
    if (linkat(folder, target->temporary, folder, target->name, 0) != 0) return -1;
    return unlinkat(folder, target->temporary, 0);
}

static vch_status put_in_place(const struct target *target, bool may_replace,
                               struct vch_complaint *complaint)
{
    int folder = target->folder;
    int failed = may_replace ? renameat(folder, target->temporary, folder, target->name)
                             : rename_new(target);

    if (failed != 0 && errno == EEXIST)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "%s exists and will not be replaced: choose another name, or remove "
                            "it first",
                            target->path);
    if (failed != 0) return refuse(target, "write", complaint);
    if (fsync(folder) != 0) return refuse(target, "make durable", complaint);
    return VCH_OK;
}

static vch_status write_target(const struct target *target, const void *bytes, size_t size,
                               int is_private, bool may_replace, struct vch_complaint *complaint)
{
    if (may_replace) VCH_TRY(check_kind(target, complaint));
    vch_status status = write_temporary(target, bytes, size, is_private, true, complaint);
    if (vch_is_ok(status)) status = put_in_place(target, may_replace, complaint);
    if (!vch_is_ok(status)) (void)unlinkat(target->folder, target->temporary, 0);
    return status;
}

static vch_status write_file(const char *path, const void *bytes, size_t size, int is_private,
                             bool may_replace, struct vch_complaint *complaint)
{
    struct target target;

    VCH_TRY(open_target(&target, path, complaint));
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
static struct target one_of(const struct target *folder, uint64_t first, size_t i, const char *name)
{
    struct target out = {.path = folder->path, .name = name, .folder = folder->folder};

    (void)snprintf(out.temporary, sizeof out.temporary, ".vouch-%016" PRIx64, first + i);
    return out;
}

static vch_status sync_temporary(const struct target *target, struct vch_complaint *complaint)
{
    int file = openat(target->folder, target->temporary, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (file < 0) return refuse(target, "open a file beside", complaint);
    int failed = fsync(file);
    (void)close(file);
    return failed == 0 ? VCH_OK : refuse(target, "write", complaint);
}

// Everything goes to the disk at one go; then each file is asked about, which costs little.
static vch_status write_targets(const struct target *folder, uint64_t first,
                                const struct vch_file_one *files, size_t count, int is_private,
                                struct vch_complaint *complaint)
{
    for (size_t i = 0; i < count; i++) {
        const struct target target = one_of(folder, first, i, files[i].name);
        VCH_TRY(check_kind(&target, complaint));
        VCH_TRY(
            write_temporary(&target, files[i].bytes, files[i].size, is_private, false, complaint));
    }
    if (syncfs(folder->folder) != 0) return refuse(folder, "write files of", complaint);
    for (size_t i = 0; i < count; i++) {
        const struct target target = one_of(folder, first, i, files[i].name);
        VCH_TRY(sync_temporary(&target, complaint));
        if (renameat(target.folder, target.temporary, target.folder, target.name) != 0)
            return refuse(&target, "write", complaint);
    }
    return fsync(folder->folder) == 0 ? VCH_OK : refuse(folder, "make durable", complaint);
}

vch_status vch_file_write_all(const char *folder, const struct vch_file_one *files, size_t count,
                              int is_private, struct vch_complaint *complaint)
{
    struct target target = {.path = folder, .name = folder};
    uint64_t first = 0;

    if (count == 0) return VCH_OK;
    target.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (target.folder < 0) return refuse(&target, "open", complaint);
    vch_random_bytes(&first, sizeof first);
    vch_status status = write_targets(&target, first, files, count, is_private, complaint);
    for (size_t i = 0; !vch_is_ok(status) && i < count; i++) {
        const struct target one = one_of(&target, first, i, files[i].name);
        (void)unlinkat(one.folder, one.temporary, 0);
    }
    (void)close(target.folder);
    return status;
}

vch_status vch_file_sync_name(const char *path, struct vch_complaint *complaint)
{
    struct target target;

    VCH_TRY(open_target(&target, path, complaint));
    vch_status status =
        fsync(target.folder) == 0 ? VCH_OK : refuse(&target, "make durable", complaint);
    (void)close(target.folder);
    return status;
}

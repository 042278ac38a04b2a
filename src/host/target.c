#include "host/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/random.h"

vch_status vch_target_open(struct vch_target *out, const char *path,
                           struct vch_complaint *complaint)
{
    char folder[PATH_MAX], tail[17];
    uint64_t random = 0;
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path) + 1;

    *out = (struct vch_target){.path = path, .name = path + size};
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

vch_status vch_target_check_kind(const struct vch_target *target, struct vch_complaint *complaint)
{
    struct stat facts;

    if (fstatat(target->folder, target->name, &facts, 0) != 0 || S_ISREG(facts.st_mode))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE, "%s is not a regular file: choose another name",
                        target->path);
}

vch_status vch_target_refuse(const struct vch_target *target, const char *what,
                             struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_IO, "cannot %s %s: %s", what, target->path,
                        strerror(errno));
}

vch_status vch_target_create(int *file, const struct vch_target *target, int is_private,
                             struct vch_complaint *complaint)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

    *file = openat(target->folder, target->temporary, flags, is_private ? 0600 : 0644);
    return *file >= 0 ? VCH_OK : vch_target_refuse(target, "create a file beside", complaint);
}

vch_status vch_target_write(int file, const void *bytes, size_t size,
                            const struct vch_target *target, struct vch_complaint *complaint)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        ssize_t put = write(file, at, size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return vch_target_refuse(target, "write", complaint);
        at += put;
        size -= (size_t)put;
    }
    return VCH_OK;
}

// Not every file system renames without replacing; linking under the new name asks the same.
static int rename_new(const struct vch_target *target)
{
    int folder = target->folder;
    int failed = renameat2(folder, target->temporary, folder, target->name, RENAME_NOREPLACE);

    if (failed == 0 || (errno != EINVAL && errno != ENOSYS)) return failed;
    if (linkat(folder, target->temporary, folder, target->name, 0) != 0) return -1;
    return unlinkat(folder, target->temporary, 0);
}

vch_status vch_target_put(const struct vch_target *target, bool may_replace,
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
    if (failed != 0) return vch_target_refuse(target, "write", complaint);
    if (fsync(folder) != 0) return vch_target_refuse(target, "make durable", complaint);
    return VCH_OK;
}

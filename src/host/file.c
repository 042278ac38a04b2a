#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// Not blocking: opening a pipe must not hang, and the kind is checked before anything is read.
enum { FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK };

// Closes what is no regular file, and tells the size of what is.
static vch_status check_regular(int file, size_t *size, const char *path,
                                struct vch_complaint *complaint)
{
    struct stat facts;

    if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        (void)close(file);
        return vch_complain(complaint, VCH_CODE_IO, "%s is not a regular file", path);
    }
    *size = (size_t)facts.st_size;
    return VCH_OK;
}

static vch_status open_regular(int *out, size_t *size, const char *path,
                               struct vch_complaint *complaint)
{
    *out = open(path, FLAGS);
    if (*out < 0)
        return vch_complain(complaint, VCH_CODE_IO, "cannot open %s: %s", path, strerror(errno));
    return check_regular(*out, size, path, complaint);
}

// What the component `name` of a path is, now that it could not be opened as it should be.
static vch_status refuse_component(int folder, const char *name, int why, const char *path,
                                   struct vch_complaint *complaint)
{
    struct stat facts;

    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(facts.st_mode))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "%s: \"%s\" is a symbolic link, which could lead anywhere: put the "
                            "file itself there",
                            path, name);
    return vch_complain(complaint, VCH_CODE_IO, "cannot open %s: %s", path, strerror(why));
}

// Opens `path`, one component after another, each in the folder that the last one opened, so that
// nothing that changes meanwhile leads elsewhere. `*at` is the folder, and becomes the file.
static vch_status open_components(int *at, const char *path, struct vch_complaint *complaint)
{
    char name[NAME_MAX + 1];

    for (const char *rest = path; *rest != '\0';) {
        size_t size = strcspn(rest, "/");
        bool is_last = rest[size] == '\0';
        bool is_parent = size == 2 && memcmp(rest, "..", 2) == 0;
        if (size == 0 || size > NAME_MAX || is_parent)
            return vch_complain(complaint, VCH_CODE_REFUSED, "%s is not a path inside its folder",
                                path);
        memcpy(name, rest, size);
        name[size] = '\0';
        int next = openat(*at, name, FLAGS | O_NOFOLLOW | (is_last ? 0 : O_DIRECTORY));
        if (next < 0) return refuse_component(*at, name, errno, path, complaint);
        (void)close(*at);
        *at = next;
        rest += size + !is_last;
    }
    return VCH_OK;
}

static vch_status read_all(int file, uint8_t *bytes, size_t size, const char *path,
                           struct vch_complaint *complaint)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(file, bytes + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return vch_complain(complaint, VCH_CODE_IO, "cannot read %s: %s", path,
                                strerror(errno));
        if (got == 0)
            return vch_complain(complaint, VCH_CODE_IO, "%s was cut off while it was read", path);
        done += (size_t)got;
    }
    uint8_t more = 0;
    if (read(file, &more, 1) == 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_IO, "%s grew beyond its %zu bytes while it was read",
                        path, size);
}

static vch_status read_open(uint8_t **out, int file, size_t size, size_t size_max, const char *path,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    if (size > size_max)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "%s has %zu bytes; at most %zu are expected here", path, size,
                            size_max);
    uint8_t *bytes = vch_arena_alloc(arena, size, 1);
    if (bytes == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY,
                            "not enough memory for the %zu bytes of %s", size, path);
    VCH_TRY(read_all(file, bytes, size, path, complaint));
    *out = bytes;
    return VCH_OK;
}

vch_status vch_file_read(uint8_t **out, size_t *size, const char *path, size_t size_max,
                         struct vch_arena *arena, struct vch_complaint *complaint)
{
    int file = -1;
    size_t found = 0;

    VCH_TRY(open_regular(&file, &found, path, complaint));
    vch_status status = read_open(out, file, found, size_max, path, arena, complaint);
    (void)close(file);
    if (vch_is_ok(status)) *size = found;
    return status;
}

vch_status vch_file_read_beneath(uint8_t **out, size_t *size, const char *folder, const char *path,
                                 size_t size_max, struct vch_arena *arena,
                                 struct vch_complaint *complaint)
{
    int file = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    size_t found = 0;

    if (file < 0)
        return vch_complain(complaint, VCH_CODE_IO, "cannot open %s: %s", folder, strerror(errno));
    vch_status status = open_components(&file, path, complaint);
    if (!vch_is_ok(status)) {
        (void)close(file);
        return status;
    }
    VCH_TRY(check_regular(file, &found, path, complaint));
    status = read_open(out, file, found, size_max, path, arena, complaint);
    (void)close(file);
    if (vch_is_ok(status)) *size = found;
    return status;
}

vch_status vch_file_map(struct vch_file_map *out, const char *path, struct vch_complaint *complaint)
{
    static const uint8_t empty[1];
    int file = -1;
    size_t size = 0;

    VCH_TRY(open_regular(&file, &size, path, complaint));
    if (size == 0) { // which the kernel does not map
        (void)close(file);
        *out = (struct vch_file_map){.bytes = empty};
        return VCH_OK;
    }
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    int why = errno;
    (void)close(file);
    if (bytes == MAP_FAILED)
        return vch_complain(complaint, VCH_CODE_IO, "cannot map %s: %s", path, strerror(why));
    *out = (struct vch_file_map){.bytes = bytes, .size = size};
    return VCH_OK;
}

void vch_file_unmap(struct vch_file_map *map)
{
    if (map->size > 0) (void)munmap((void *)(uintptr_t)map->bytes, map->size);
    *map = (struct vch_file_map){0};
}

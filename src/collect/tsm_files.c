#include "collect/tsm_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MS = 50 };

// folder/entry, and /file behind it where there is one.
static bool make_path(char out[static PATH_MAX], const char *folder, const char *entry,
                      const char *file)
{
    int size = snprintf(out, PATH_MAX, "%s/%s%s%s", folder, entry, file != NULL ? "/" : "",
                        file != NULL ? file : "");

    return size > 0 && size < PATH_MAX;
}

static int make(void *context, const char *entry)
{
    char path[PATH_MAX];

    if (!make_path(path, context, entry, NULL)) return ENAMETOOLONG;
    return mkdir(path, 0700) == 0 ? 0 : errno;
}

static int drop(void *context, const char *entry)
{
    char path[PATH_MAX];

    if (!make_path(path, context, entry, NULL)) return ENAMETOOLONG;
    return rmdir(path) == 0 ? 0 : errno;
}

static int read_all(int from, uint8_t *out, size_t room, size_t *size)
{
    uint8_t more;

    *size = 0;
    for (;;) {
        bool is_full = *size == room;
        ssize_t got = is_full ? read(from, &more, 1) : read(from, out + *size, room - *size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno;
        if (got == 0) return 0;
        if (is_full) return EFBIG;
        *size += (size_t)got;
    }
}

static int read_file(void *context, const char *entry, const char *file, uint8_t *out, size_t room,
                     size_t *size)
{
    char path[PATH_MAX];

    *size = 0;
    if (!make_path(path, context, entry, file)) return ENAMETOOLONG;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0) return errno;
    int error = read_all(from, out, room, size);
    (void)close(from);
    return error;
}

static int write_file(void *context, const char *entry, const char *file, const void *bytes,
                      size_t size)
{
    char path[PATH_MAX];

    if (!make_path(path, context, entry, file)) return ENAMETOOLONG;
    int to = open(path, O_WRONLY | O_CLOEXEC);
    if (to < 0) return errno;
    ssize_t put = write(to, bytes, size);
    int error = put < 0 ? errno : put == (ssize_t)size ? 0 : EIO;
    if (close(to) != 0 && error == 0) error = errno; // not that configfs would say
    return error;
}

static void pause_a_moment(void *context)
{
    (void)context;
    (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
}

struct vch_tsm_calls vch_tsm_files_calls(const char *folder)
{
    return (struct vch_tsm_calls){
        .make = make,
        .drop = drop,
        .read = read_file,
        .write = write_file,
        .pause = pause_a_moment,
        .context = (void *)(uintptr_t)folder, // only read
    };
}

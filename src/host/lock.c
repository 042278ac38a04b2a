#include "host/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static vch_status refuse(const char *path, int why, struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_IO, "cannot lock %s: %s", path, strerror(why));
}

static int wait_for(int file)
{
    int failed = 0;

    do
        failed = flock(file, LOCK_EX);
    while (failed != 0 && errno == EINTR);
    return failed;
}

// Does the path still name this file, or was it replaced while we waited?
static bool is_current(int file, const char *path)
{
    struct stat ours, named;

    return fstat(file, &ours) == 0 && stat(path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

vch_status vch_lock_take(struct vch_lock *out, const char *path, struct vch_complaint *complaint)
{
    for (;;) {
        int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (file < 0) return refuse(path, errno, complaint);
        if (wait_for(file) != 0) {
            int why = errno;
            (void)close(file);
            return refuse(path, why, complaint);
        }
        if (is_current(file, path)) {
            out->file = file;
            return VCH_OK;
        }
        (void)close(file);
    }
}

void vch_lock_release(struct vch_lock *lock)
{
    (void)close(lock->file);
    lock->file = -1;
}

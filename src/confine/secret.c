#include "confine/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"

enum { SIZE_MAX_HERE = 1 << 20 };

static const struct {
    const char *name, *notice;
} HOMES[] = {
    [VCH_SECRET_MEMFD] = {"memfd_secret", NULL},
    [VCH_SECRET_LOCKED] = {"locked memory",
                           "this kernel has no memfd_secret (or it is turned off): keys lie in "
                           "locked memory, never on disk and in no core dump, but root can read "
                           "them out of this process"},
};

const char *vch_secret_home_name(enum vch_secret_home home)
{
    return HOMES[home].name;
}

const char *vch_secret_notice(enum vch_secret_home home)
{
    return HOMES[home].notice;
}

// A file in memory that the kernel itself does not map. No child gets the mapping.
static bool settle_memfd(uint8_t *place, size_t size)
{
    int file = (int)syscall(SYS_memfd_secret, (unsigned)O_CLOEXEC);

    if (file < 0) return false;
    bool is_there =
        ftruncate(file, (off_t)size) == 0 &&
        mmap(place, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == place &&
        madvise(place, size, MADV_DONTFORK) == 0;
    int error = errno;
    (void)close(file);
    errno = error;
    return is_there;
}

static bool settle_locked(uint8_t *place, size_t size)
{
    return mprotect(place, size, PROT_READ | PROT_WRITE) == 0 && mlock(place, size) == 0 &&
           madvise(place, size, MADV_DONTDUMP) == 0 && madvise(place, size, MADV_WIPEONFORK) == 0;
}

vch_status vch_secret_new_in(struct vch_secret *out, size_t size, enum vch_secret_home home,
                             struct vch_complaint *complaint)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t whole = (size + page - 1) / page * page;

    *out = (struct vch_secret){0};
    VCH_ASSERT(size > 0 && size <= SIZE_MAX_HERE);
    uint8_t *base = mmap(NULL, whole + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return VCH_FAIL(NO_MEMORY);
    bool is_there = (home == VCH_SECRET_MEMFD ? settle_memfd : settle_locked)(base + page, whole);
    int error = errno;
    if (!is_there) {
        (void)munmap(base, whole + 2 * page);
        bool is_lacking = home == VCH_SECRET_MEMFD && error == ENOSYS;
        return vch_complain(complaint, is_lacking ? VCH_CODE_UNSUPPORTED : VCH_CODE_IO,
                            "cannot have %zu bytes of %s for keys: %s (at most `ulimit -l` may be "
                            "locked)",
                            whole, HOMES[home].name, strerror(error));
    }
    *out = (struct vch_secret){base + page, size, whole + 2 * page, home};
    return VCH_OK;
}

vch_status vch_secret_new(struct vch_secret *out, size_t size, struct vch_complaint *complaint)
{
    if (vch_is_ok(vch_secret_new_in(out, size, VCH_SECRET_MEMFD, NULL))) return VCH_OK;
    return vch_secret_new_in(out, size, VCH_SECRET_LOCKED, complaint);
}

void vch_secret_free(struct vch_secret *secret)
{
    if (secret->bytes == NULL) return;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    vch_wipe(secret->bytes, secret->size);
    (void)munmap(secret->bytes - page, secret->mapped);
    *secret = (struct vch_secret){0};
}

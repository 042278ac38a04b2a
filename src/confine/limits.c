#include "confine/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static bool lower(int which, uint64_t most)
{
    struct rlimit now;

    if (most == VCH_PROFILE_ANY) return true;
    if (getrlimit((__rlimit_resource_t)which, &now) != 0) return false;
    rlim_t value = now.rlim_cur < most ? now.rlim_cur : most;
    const struct rlimit both = {value, value};
    return setrlimit((__rlimit_resource_t)which, &both) == 0;
}

// What `now` becomes with `more`; VCH_PROFILE_ANY is never reached by adding.
static uint64_t beyond(uint64_t now, uint64_t more)
{
    uint64_t sum = 0;

    return __builtin_add_overflow(now, more, &sum) ? VCH_PROFILE_ANY : sum;
}

uint64_t vch_limits_mapped(void)
{
    char text[32] = "";
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (file < 0) return 0;
    if (read(file, text, sizeof text - 1) <= 0) text[0] = '\0';
    (void)close(file);
    return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

#ifdef VCH_SANITIZED

// A sanitizer maps terabytes beside what it looks after: no limit would leave it its own.
static bool limit_memory(const struct vch_profile *profile)
{
    (void)profile;
    return true;
}

#else

// Of address space: RLIMIT_DATA does not count memory that is shared. What is there already,
// packages and what a forked process inherits, is no more than its parent has.
static bool limit_memory(const struct vch_profile *profile)
{
    const uint64_t more = profile->limits.memory;

    if (more == VCH_PROFILE_ANY) return true;
    const uint64_t mapped = profile->mapped != 0 ? profile->mapped : vch_limits_mapped();
    if (mapped == 0) {
        errno = ENOENT;
        return false;
    }
    return lower(RLIMIT_AS, beyond(mapped, more));
}

#endif

// The log may be a file, which others write to as well.
static bool limit_files_written(uint64_t more)
{
    struct stat log = {0};
    uint64_t size = 0;

    if (more == VCH_PROFILE_ANY) return true;
    if (fstat(STDERR_FILENO, &log) == 0 && S_ISREG(log.st_mode)) size = (uint64_t)log.st_size;
    return lower(RLIMIT_FSIZE, beyond(size, more));
}

void vch_limits_enter(struct vch_fence_result *out, const struct vch_profile *profile)
{
    const struct vch_profile_limits *limits = &profile->limits;

    out->outcome = VCH_FENCE_GRANTED;
    if (!lower(RLIMIT_CORE, 0) || !lower(RLIMIT_NOFILE, limits->files) ||
        !lower(RLIMIT_MEMLOCK, limits->locked) || !limit_files_written(limits->written))
        (void)vch_fence_refuse(out, "setrlimit");
    else if (!limit_memory(profile))
        (void)vch_fence_refuse(out, "limit of memory, by /proc/self/statm");
}

#include "host/clock.h"

#include <time.h>

#include "base/check.h"

static struct timespec now(clockid_t clock)
{
    struct timespec time;

    VCH_ASSERT(clock_gettime(clock, &time) == 0);
    return time;
}

uint64_t vch_clock_unix_ms(void)
{
    struct timespec time = now(CLOCK_REALTIME);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

uint64_t vch_clock_monotonic_us(void)
{
    struct timespec time = now(CLOCK_MONOTONIC);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

uint64_t vch_clock_monotonic_ms(void)
{
    return vch_clock_monotonic_us() / 1000;
}

uint64_t vch_clock_thread_us(void)
{
    struct timespec time = now(CLOCK_THREAD_CPUTIME_ID);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

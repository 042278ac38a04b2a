#include "host/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/check.h"

void vch_random_bytes(void *out, size_t size)
{
    uint8_t *bytes = out;

    while (size > 0) {
        ssize_t got = getrandom(bytes, size, 0);
        if (got < 0 && errno == EINTR) continue;
        VCH_ASSERT(got > 0); // a process without randomness must not go on
        bytes += got;
        size -= (size_t)got;
    }
}

// A folder that is there for one test.
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/test.h"

static inline void folder_make(char *out, size_t size)
{
    const char *base = getenv("TMPDIR");

    (void)snprintf(out, size, "%s/vouch-test-XXXXXX", base != NULL ? base : "/tmp");
    CHECK(mkdtemp(out) != NULL);
}

// In memory where there is such a file system, for tests that sync a thousand times.
static inline void folder_make_quick(char *out, size_t size)
{
    (void)snprintf(out, size, "/dev/shm/vouch-test-XXXXXX");
    if (mkdtemp(out) == NULL) folder_make(out, size);
}

static inline int folder_remove_one(const char *path, const struct stat *facts, int kind,
                                    struct FTW *place)
{
    (void)facts, (void)kind, (void)place;
    return remove(path);
}

static inline void folder_remove(const char *path)
{
    (void)nftw(path, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

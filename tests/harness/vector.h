// Evidence from real machines, which is not part of the project: ../shared/data beside it, or the
// folder in VOUCH_DATA.
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "harness/test.h"

enum { VECTOR_MAX = 1 << 16 };

struct vector {
    uint8_t bytes[VECTOR_MAX];
    size_t size;
};

// Reads `name`, below the folder; skips the test where the folder is not here.
static inline void vector_read(struct vector *out, const char *name)
{
    static const char here[] = "tests/harness/vector.h", file[] = __FILE__;
    const char *folder = getenv("VOUCH_DATA");
    char path[4096];

    if (folder != NULL)
        (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    else
        (void)snprintf(path, sizeof path, "%.*s../shared/data/%s", (int)(sizeof file - sizeof here),
                       file, name);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) test_skip("the evidence is not here (VOUCH_DATA names its folder)");
    out->size = fread(out->bytes, 1, sizeof out->bytes, stream);
    (void)fclose(stream);
    CHECK(out->size > 0 && out->size < sizeof out->bytes);
}

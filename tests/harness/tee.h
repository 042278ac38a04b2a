// Evidence of real hardware, which is no part of the project: ../shared/data/tee, or the folder tee
// in VOUCH_DATA.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/test.h"

enum { TEE_FILE_MAX = 1 << 16 };

struct tee_file {
    uint8_t bytes[TEE_FILE_MAX];
    size_t size;
};

// False: no such file.
static inline bool tee_read(struct tee_file *out, const char *folder, const char *name)
{
    static const char here[] = "tests/harness/tee.h", file[] = __FILE__;
    const char *data = getenv("VOUCH_DATA");
    int root = (int)(sizeof file - sizeof here);
    char path[4096];

    if (data != NULL)
        (void)snprintf(path, sizeof path, "%s/tee/%s/%s", data, folder, name);
    else
        (void)snprintf(path, sizeof path, "%.*s../shared/data/tee/%s/%s", root, file, folder, name);
    FILE *stream = fopen(path, "rb");
    out->size = 0;
    if (stream == NULL) return false;
    out->size = fread(out->bytes, 1, sizeof out->bytes, stream);
    (void)fclose(stream);
    CHECK(out->size < sizeof out->bytes);
    return true;
}

static inline void tee_need(struct tee_file *out, const char *folder, const char *name)
{
    if (!tee_read(out, folder, name))
        test_skip("no such file in tee/ of ../shared/data or $VOUCH_DATA");
}

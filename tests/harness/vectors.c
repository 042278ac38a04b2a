#include "harness/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "harness/test.h"

enum { FILES = 8, FILE_MAX = 1 << 18 };

static const char *folder(void)
{
    static const char here[] = "tests/harness/vectors.c", file[] = __FILE__;
    static char path[4096];
    const char *data = getenv("VOUCH_DATA");
    struct stat status;

    if (data != NULL)
        (void)snprintf(path, sizeof path, "%s/tee", data);
    else
        (void)snprintf(path, sizeof path, "%.*s../shared/data/tee",
                       (int)(sizeof file - sizeof here), file);
    if (stat(path, &status) != 0) test_skip("no tee in ../shared/data or $VOUCH_DATA");
    return path;
}

const uint8_t *vectors_read(const char *name, size_t *size)
{
    static uint8_t bytes[FILES][FILE_MAX];
    static unsigned next;
    uint8_t *out = bytes[next++ % FILES];
    char path[4096 + 256];

    (void)snprintf(path, sizeof path, "%s/%s", folder(), name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) test_fail(__FILE__, __LINE__, "%s cannot be read", path);
    *size = fread(out, 1, FILE_MAX, file);
    (void)fclose(file);
    CHECK(*size < FILE_MAX);
    return out;
}

// A file of evidence (vectors.h) in memory of the test's own, to lie with.
#pragma once

#include <string.h>

#include "harness/test.h"
#include "harness/vectors.h"

enum { VECTOR_MAX = 1 << 16 };

struct vector {
    uint8_t bytes[VECTOR_MAX];
    size_t size;
};

static inline void vector_read(struct vector *out, const char *name)
{
    const uint8_t *bytes = vectors_read(name, &out->size);

    CHECK(out->size > 0 && out->size < sizeof out->bytes);
    memcpy(out->bytes, bytes, out->size);
}

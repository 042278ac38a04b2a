// Logs for tests: leaves, and the nodes above them computed each time they are asked for.
#pragma once

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "crypto/merkle.h"
#include "harness/test.h"
#include "tlog/tree.h"

enum { LOG_SIZE_MAX = 700 };

struct log {
    uint64_t size;
    struct vch_digest leaves[LOG_SIZE_MAX];
};

static inline void log_fill(struct log *log, uint64_t size, const char *name)
{
    char text[64];

    log->size = size;
    for (uint64_t i = 0; i < size; i++) {
        int length = snprintf(text, sizeof text, "%s/%llu", name, (unsigned long long)i);
        log->leaves[i] = vch_merkle_leaf(text, (size_t)length);
    }
}

static inline struct vch_digest log_root(const struct log *log, uint64_t size)
{
    struct vch_digest scratch[LOG_SIZE_MAX];

    memcpy(scratch, log->leaves, size * sizeof *scratch);
    return vch_merkle_root_in_place(scratch, size);
}

static inline vch_status log_read(void *context, unsigned level, uint64_t index,
                                  struct vch_digest *out)
{
    const struct log *log = context;
    struct vch_digest scratch[LOG_SIZE_MAX];
    uint64_t first = index << level, count = (uint64_t)1 << level;

    VCH_ASSERT(first + count <= log->size); // only what is complete is asked for
    memcpy(scratch, log->leaves + first, count * sizeof *scratch);
    *out = vch_merkle_root_in_place(scratch, count);
    return VCH_OK;
}

static inline struct vch_tree_nodes log_nodes(struct log *log)
{
    return (struct vch_tree_nodes){log_read, log};
}

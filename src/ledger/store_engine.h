// What an engine does for store.c, which checks everything it hands out.
//
// An engine keeps groups, moves the head if it is where it should be, and finds things again. It
// decodes its own bytes and refuses what it cannot; whether digests fit is store.c's business.
#pragma once

#include "ledger/store.h"
#include "ledger/store_cache.h"

// One append: entries, the nodes they complete (store_order.h), and the ends before and after.
struct vch_store_group {
    struct vch_store_head before, after;
    const struct vch_store_entry *entries;
    uint32_t count;
    const struct vch_digest *nodes;
    uint32_t node_count;
};

// Entries from `first` on, with their leaf digests as they were stored.
struct vch_store_slice {
    uint64_t first;
    uint32_t count;
    struct vch_store_entry *entries;
    struct vch_digest *leaves;
};

// The nodes that the leaves first .. first + count - 1 complete.
struct vch_store_completed {
    uint64_t first;
    uint32_t count;
    const struct vch_digest *nodes; // vch_store_order_between(first, count)
};

struct vch_store_engine {
    const struct vch_store_engine_calls *calls; // an engine's own struct begins with this one
    struct vch_store_cache *cache;              // store.c's
};

struct vch_store_engine_calls {
    void (*close)(struct vch_store_engine *engine);
    vch_status (*head)(struct vch_store_engine *engine, struct vch_store_head *out,
                       struct vch_complaint *complaint);
    // REFUSED, without a complaint, when the end is not group->before.
    vch_status (*append)(struct vch_store_engine *engine, const struct vch_store_group *group,
                         struct vch_complaint *complaint);
    // At least the entry `from`, which exists, and no more than `count`, nor more than `size_max`
    // bytes after the first.
    vch_status (*read)(struct vch_store_engine *engine, uint64_t from, uint32_t count,
                       size_t size_max, struct vch_store_slice *out, struct vch_arena *arena,
                       struct vch_complaint *complaint);
    // What `leaf`, which exists, and perhaps some before it and after it complete: up to `wanted`
    // after it are of use.
    vch_status (*completed)(struct vch_store_engine *engine, uint64_t leaf, uint32_t wanted,
                            struct vch_store_completed *out, struct vch_arena *arena,
                            struct vch_complaint *complaint);
    vch_status (*put_checkpoint)(struct vch_store_engine *engine,
                                 const struct vch_store_checkpoint *checkpoint,
                                 struct vch_complaint *complaint);
    // The one of exactly this size; the latest when `size` is UINT64_MAX.
    vch_status (*checkpoint)(struct vch_store_engine *engine, uint64_t size,
                             struct vch_store_checkpoint *out, struct vch_arena *arena,
                             struct vch_complaint *complaint);
    // `digest` is of the bytes, and found again with them.
    vch_status (*put_blob)(struct vch_store_engine *engine, const struct vch_digest *name,
                           const struct vch_digest *digest, const void *bytes, size_t size,
                           struct vch_complaint *complaint);
    vch_status (*blob)(struct vch_store_engine *engine, const struct vch_digest *name,
                       struct vch_digest *digest, uint8_t **out, size_t *size,
                       struct vch_arena *arena, struct vch_complaint *complaint);
    // What is read from now on, until it is let go, is read in one transaction; NULL: each for
    // itself.
    vch_status (*hold)(struct vch_store_engine *engine, struct vch_complaint *complaint);
    void (*let_go)(struct vch_store_engine *engine);
    // What only the engine can check of itself; NULL: nothing.
    vch_status (*audit)(struct vch_store_engine *engine, uint64_t size,
                        struct vch_complaint *complaint);
};

// What the two halves of the store share: store.c appends, store_read.c reads and keeps.
#pragma once

#include "ledger/store_engine.h"
#include "tlog/tree.h"

// An append that may have happened: what the log was before, and what it would be.
struct vch_store_undecided {
    bool is_one;
    struct vch_tree before;
    struct vch_store_head after;
};

struct vch_store {
    struct vch_store_engine *engine;
    struct vch_store_cache cache;
    struct vch_tree tree; // at the end that this store saw last
    struct vch_store_head head;
    struct vch_store_undecided undecided;
    struct vch_arena scratch;
    struct vch_digest nodes[2 * VCH_STORE_GROUP_MAX + VCH_TREE_LEVELS_MAX + 1];
};

// Brings the store to the end of the log, which must extend the one it saw before.
vch_status vch_store_parts_refresh(struct vch_store *store, struct vch_complaint *complaint);

// The latest checkpoint must speak of a prefix of this log.
vch_status vch_store_parts_check_checkpoint(struct vch_store *store,
                                            struct vch_complaint *complaint);

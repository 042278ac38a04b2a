// The tree of a ledger as its state needs it: the root now, and at each size up to some time back.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "tlog/tree.h"

#define VCH_HISTORY_WINDOW 65536u // ledger.md: an anchor looks back no further
#define VCH_HISTORY_NONE UINT64_MAX

struct vch_history {
    struct vch_tree tree;
    struct vch_digest *rings[VCH_TREE_LEVELS_MAX]; // the latest nodes of each level
    uint64_t *is_anchor;                           // a bit for each position of the window
    uint64_t anchored;                             // size of the latest anchor
    uint64_t uncovered; // the first entry other than an anchor from there on, or NONE
};

// NO_MEMORY.
vch_status vch_history_init(struct vch_history *history, struct vch_arena *arena);
void vch_history_append(struct vch_history *history, const struct vch_digest *leaf, bool is_anchor);
// False when that size is above what there is, or too far back.
bool vch_history_root_at(struct vch_digest *out, const struct vch_history *history, uint64_t size);
// An anchor of that size was entered.
void vch_history_anchor(struct vch_history *history, uint64_t size);

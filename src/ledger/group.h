// Entries that go to the store together; and the latest groups that are durable, in memory for
// those who follow closely.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "ledger/lane.h"
#include "ledger/store.h"

#define VCH_GROUP_MEMORY_MAX (4u << 20)       // entries, and the largest while it is in the making
#define VCH_GROUP_RECENT_MAX 64u              // groups kept once they are durable,
#define VCH_GROUP_RECENT_SIZE_MAX (16u << 20) // and their bytes together

struct vch_group {
    struct vch_lane_job job; // first: a job is its group
    struct vch_group *newer; // of the recent ones
    struct vch_arena arena;  // of the entries' bytes
    uint64_t first;          // position
    uint64_t content;        // one more than the position of the last that is no anchor; 0: none
    uint32_t count;
    size_t size;
    struct vch_store_entry entries[VCH_STORE_GROUP_MAX];
};

// NULL: no memory.
struct vch_group *vch_group_new(uint64_t first);
void vch_group_free(struct vch_group *group);
// For one more entry of any size.
bool vch_group_has_room(const struct vch_group *group);
void vch_group_add(struct vch_group *group, const uint8_t *bytes, size_t size, bool is_content);

struct vch_group_recent {
    struct vch_group *oldest, *newest;
    uint32_t count;
    size_t size;
};

// Takes a group, which follows the one before, and lets go of the oldest.
void vch_group_keep(struct vch_group_recent *recent, struct vch_group *group);
void vch_group_forget(struct vch_group_recent *recent); // all of them
// Entries from a position on, borrowed until the next group is kept: 0 to `count`.
uint32_t vch_group_find(const struct vch_group_recent *recent, uint64_t from, uint32_t count,
                        struct vch_store_entry *out);

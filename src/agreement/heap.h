// What comes first: a binary heap of things with a time each, which can change at any moment.
// Among equal times the smaller subject comes first, then the smaller segment.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "crypto/hash.h"

#define VCH_HEAP_NEVER UINT64_MAX

struct vch_heap_item {
    uint64_t time_ms;
    const struct vch_digest *subject;
    uint32_t segment;
    uint32_t slot; // where it is, from 1; 0: not in the heap
    uint32_t kind; // the owner's
};

struct vch_heap {
    struct vch_heap_item **items; // from 1
    uint32_t count, room;
};

// NO_MEMORY.
vch_status vch_heap_init(struct vch_heap *heap, uint32_t room, struct vch_arena *arena);
// Puts it there, moves it, or with VCH_HEAP_NEVER takes it out. There is room for every item.
void vch_heap_set(struct vch_heap *heap, struct vch_heap_item *item, uint64_t time_ms);
struct vch_heap_item *vch_heap_first(const struct vch_heap *heap); // NULL: empty

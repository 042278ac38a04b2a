// Room for a fixed number of things of one size: taken and given back in any order, in no time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

struct vch_slab {
    uint8_t *things;
    size_t size;             // of one
    uint32_t room, used;     // things
    uint32_t untouched_from; // from here on nothing was ever taken, and the memory is zero
    void *given;             // list of those given back, through their first bytes
};

// NO_MEMORY.
vch_status vch_slab_init(struct vch_slab *slab, uint32_t room, size_t size,
                         struct vch_arena *arena);
// Zeroed; NULL when all are taken.
void *vch_slab_take(struct vch_slab *slab);
void vch_slab_give(struct vch_slab *slab, void *thing);

static inline uint32_t vch_slab_left(const struct vch_slab *slab)
{
    return slab->room - slab->used;
}

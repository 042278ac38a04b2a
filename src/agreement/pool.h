// Room for a fixed number of things of one size: taken and given back in any order, in no time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

struct vch_pool {
    uint8_t *things;
    size_t size;             // of one
    uint32_t room, used;     // things
    uint32_t untouched_from; // from here on nothing was ever taken, and the memory is zero
    void *given;             // list of those given back, through their first bytes
};

// NO_MEMORY.
vch_status vch_pool_init(struct vch_pool *pool, uint32_t room, size_t size,
                         struct vch_arena *arena);
// Zeroed; NULL when all are taken.
void *vch_pool_take(struct vch_pool *pool);
void vch_pool_give(struct vch_pool *pool, void *thing);

static inline uint32_t vch_pool_left(const struct vch_pool *pool)
{
    return pool->room - pool->used;
}

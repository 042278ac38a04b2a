#include "agreement/pool.h"

#include <string.h>

#include "base/check.h"

enum { ALIGNMENT = 16 };

vch_status vch_pool_init(struct vch_pool *pool, uint32_t room, size_t size, struct vch_arena *arena)
{
    const size_t aligned = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    *pool = (struct vch_pool){.size = aligned, .room = room};
    pool->things = vch_arena_alloc(arena, room, aligned);
    return pool->things != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

void *vch_pool_take(struct vch_pool *pool)
{
    void *thing = pool->given;

    if (thing != NULL) {
        memcpy(&pool->given, thing, sizeof pool->given);
        memset(thing, 0, pool->size);
    } else if (pool->untouched_from < pool->room) {
        thing = pool->things + pool->size * pool->untouched_from++;
    } else {
        return NULL;
    }
    pool->used++;
    return thing;
}

void vch_pool_give(struct vch_pool *pool, void *thing)
{
    VCH_ASSERT(pool->used > 0);
    memcpy(thing, &pool->given, sizeof pool->given);
    pool->given = thing;
    pool->used--;
}

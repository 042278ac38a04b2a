#include "agreement/slab.h"

#include <string.h>

#include "base/check.h"

enum { ALIGNMENT = 16 };

vch_status vch_slab_init(struct vch_slab *slab, uint32_t room, size_t size, struct vch_arena *arena)
{
    const size_t aligned = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    *slab = (struct vch_slab){.size = aligned, .room = room};
    slab->things = vch_arena_alloc(arena, room, aligned);
    return slab->things != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

void *vch_slab_take(struct vch_slab *slab)
{
    void *thing = slab->given;

    if (thing != NULL) {
        memcpy(&slab->given, thing, sizeof slab->given);
        memset(thing, 0, slab->size);
    } else if (slab->untouched_from < slab->room) {
        thing = slab->things + slab->size * slab->untouched_from++;
    } else {
        return NULL;
    }
    slab->used++;
    return thing;
}

void vch_slab_give(struct vch_slab *slab, void *thing)
{
    VCH_ASSERT(slab->used > 0);
    memcpy(thing, &slab->given, sizeof slab->given);
    slab->given = thing;
    slab->used--;
}

#include "ledger/store_cache.h"

// Neighbours, which come together, never contend for a slot.
static uint64_t slot_of(uint64_t number)
{
    return number % VCH_STORE_CACHE_SLOTS;
}

bool vch_store_cache_get(const struct vch_store_cache *cache, uint64_t number,
                         struct vch_digest *out)
{
    uint64_t slot = slot_of(number);

    if (cache->slots[slot].number != number + 1) return false;
    *out = cache->slots[slot].node;
    return true;
}

void vch_store_cache_put(struct vch_store_cache *cache, uint64_t number,
                         const struct vch_digest *nodes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t slot = slot_of(number + i);
        cache->slots[slot].number = number + i + 1;
        cache->slots[slot].node = nodes[i];
    }
}

#include "agreement/heap.h"

#include <string.h>

#include "base/check.h"

vch_status vch_heap_init(struct vch_heap *heap, uint32_t room, struct vch_arena *arena)
{
    *heap = (struct vch_heap){.room = room};
    heap->items = VCH_ARENA_NEW(arena, struct vch_heap_item *, (size_t)room + 1);
    return heap->items != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static bool is_before(const struct vch_heap_item *a, const struct vch_heap_item *b)
{
    if (a->time_ms != b->time_ms) return a->time_ms < b->time_ms;
    int order = memcmp(a->subject->bytes, b->subject->bytes, sizeof a->subject->bytes);
    return order != 0 ? order < 0 : a->segment < b->segment;
}

static void put(struct vch_heap *heap, uint32_t slot, struct vch_heap_item *item)
{
    heap->items[slot] = item;
    item->slot = slot;
}

static void rise(struct vch_heap *heap, struct vch_heap_item *item)
{
    uint32_t slot = item->slot;

    for (; slot > 1 && is_before(item, heap->items[slot / 2]); slot /= 2)
        put(heap, slot, heap->items[slot / 2]);
    put(heap, slot, item);
}

static void sink(struct vch_heap *heap, struct vch_heap_item *item)
{
    uint32_t slot = item->slot;

    for (uint32_t child = 2 * slot; child <= heap->count; child = 2 * slot) {
        if (child < heap->count && is_before(heap->items[child + 1], heap->items[child])) child++;
        if (!is_before(heap->items[child], item)) break;
        put(heap, slot, heap->items[child]);
        slot = child;
    }
    put(heap, slot, item);
}

static void take_out(struct vch_heap *heap, struct vch_heap_item *item)
{
    struct vch_heap_item *last = heap->items[heap->count--];

    if (last != item) {
        put(heap, item->slot, last);
        rise(heap, last);
        sink(heap, last);
    }
    item->slot = 0;
}

void vch_heap_set(struct vch_heap *heap, struct vch_heap_item *item, uint64_t time_ms)
{
    if (item->slot != 0 && item->time_ms == time_ms) return;
    if (time_ms == VCH_HEAP_NEVER) {
        if (item->slot != 0) take_out(heap, item);
        item->time_ms = time_ms;
        return;
    }
    if (item->slot == 0) {
        VCH_ASSERT(heap->count < heap->room);
        put(heap, ++heap->count, item);
    }
    item->time_ms = time_ms;
    rise(heap, item);
    sink(heap, item);
}

struct vch_heap_item *vch_heap_first(const struct vch_heap *heap)
{
    return heap->count > 0 ? heap->items[1] : NULL;
}

#include "agreement/seats.h"

#include <string.h>

#include "base/check.h"

enum { IS_FREE = 0x80 };

// In front of the others: what was used last is used next, while it is in the caches.
static void free_block(struct vch_seats *seats, uint32_t at, uint32_t order)
{
    seats->orders[at] = (uint8_t)(IS_FREE | order);
    vch_list_append(seats->free[order].next, &seats->links[at]);
}

vch_status vch_seats_init(struct vch_seats *seats, uint32_t room, struct vch_arena *arena)
{
    const uint32_t largest = 1u << VCH_SEATS_ORDER_MAX;

    *seats = (struct vch_seats){.room = (room + largest - 1) / largest * largest};
    seats->seats = VCH_ARENA_NEW(arena, struct vch_seat, seats->room);
    seats->orders = VCH_ARENA_NEW(arena, uint8_t, seats->room);
    seats->links = VCH_ARENA_NEW(arena, struct vch_list, seats->room);
    if (seats->seats == NULL || seats->orders == NULL || seats->links == NULL)
        return VCH_FAIL(NO_MEMORY);
    for (uint32_t order = 0; order <= VCH_SEATS_ORDER_MAX; order++)
        vch_list_init(&seats->free[order]);
    for (uint32_t at = 0; at < seats->room; at += largest)
        free_block(seats, at, VCH_SEATS_ORDER_MAX);
    return VCH_OK;
}

static uint32_t order_for(uint32_t count)
{
    uint32_t order = 0;

    while ((1u << order) < count)
        order++;
    return order;
}

struct vch_seat *vch_seats_take(struct vch_seats *seats, uint32_t count)
{
    const uint32_t wanted = order_for(count);
    uint32_t order = wanted;

    VCH_ASSERT(wanted <= VCH_SEATS_ORDER_MAX);
    while (order <= VCH_SEATS_ORDER_MAX && vch_list_is_empty(&seats->free[order]))
        order++;
    if (order > VCH_SEATS_ORDER_MAX) return NULL;

    struct vch_list *link = seats->free[order].next;
    const uint32_t at = (uint32_t)(link - seats->links);
    vch_list_remove(link);
    while (order > wanted) { // what is too large keeps its first half, again and again
        order--;
        free_block(seats, at + (1u << order), order);
    }
    seats->orders[at] = (uint8_t)wanted;
    seats->used += 1u << wanted;
    memset(&seats->seats[at], 0, sizeof *seats->seats << wanted);
    return &seats->seats[at];
}

void vch_seats_give(struct vch_seats *seats, struct vch_seat *block)
{
    uint32_t at = (uint32_t)(block - seats->seats), order = seats->orders[at];

    VCH_ASSERT(order <= VCH_SEATS_ORDER_MAX);
    seats->used -= 1u << order;
    for (; order < VCH_SEATS_ORDER_MAX; order++) {
        const uint32_t buddy = at ^ (1u << order);
        if (seats->orders[buddy] != (IS_FREE | order)) break;
        vch_list_remove(&seats->links[buddy]);
        at &= buddy;
    }
    free_block(seats, at, order);
}

// Room for committees: arrays of seats, each of a power of two, after the buddy system. What is
// given back joins its neighbours again, so that small committees never use up what large ones
// need.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agreement/list.h"
#include "agreement/state.h"
#include "base/arena.h"
#include "base/status.h"

#define VCH_SEATS_ORDER_MAX 9u // 512 seats: more than any committee has

struct vch_seats {
    struct vch_seat *seats;
    uint8_t *orders;        // of the block that begins at a seat; its high bit: it is free
    struct vch_list *links; // of free blocks, by their first seat
    struct vch_list free[VCH_SEATS_ORDER_MAX + 1];
    uint32_t room, used;
};

// At least `room` seats. NO_MEMORY.
vch_status vch_seats_init(struct vch_seats *seats, uint32_t room, struct vch_arena *arena);
// `count` zeroed seats, at most 2^VCH_SEATS_ORDER_MAX; NULL: no room.
struct vch_seat *vch_seats_take(struct vch_seats *seats, uint32_t count);
void vch_seats_give(struct vch_seats *seats, struct vch_seat *block);

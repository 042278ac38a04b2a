// Whose runs take the room that a node has for them (node/kept.h), and whose will.
//
// Bytes cost a client nothing: its fee is for a seat. So a client has a share, and whoever has
// filled it gets no more seats of this node until runs of its go; all others still do. What a
// client may send counts from the draw on: nobody is drawn for what would not fit any more.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/arena.h"
#include "base/status.h"
#include "crypto/sign.h"
#include "entry/entry.h"

#define VCH_KEPT_ROOM_SHARE 8u      // a client's bytes: one in so many of the room
#define VCH_KEPT_ROOM_RUNS_SHARE 2u // a client's runs, each of which it pays for: likewise
#define VCH_KEPT_ROOM_BOOKED 16384u // seats drawn for whose input is not there

struct vch_kept_room_client {
    struct vch_public_key key;
    uint64_t size; // bytes of its runs, and of those that are booked
    uint32_t runs; // 0: nobody is here
    int next;      // in its bucket, or among those that are free
};

struct vch_kept_room_booking {
    struct vch_contest_id contest;
    uint64_t size;
    int client; // an index; -1: nothing is booked here
    int next;
};

struct vch_kept_room {
    uint64_t size_max; // of all clients together
    uint32_t runs_max;
    struct vch_public_key self;           // whose seats they are
    struct vch_kept_room_client *clients; // each has a run at least, or a booking
    struct vch_kept_room_booking *booked; // VCH_KEPT_ROOM_BOOKED of them
    int *client_buckets, *booked_buckets;
    int free_client, free_booking;
    uint64_t booked_size;
    uint32_t booked_count, looked_at;
};

vch_status vch_kept_room_init(struct vch_kept_room *out, uint64_t size_max, uint32_t runs_max,
                              const struct vch_public_key *self, struct vch_arena *arena);

uint64_t vch_kept_room_share(const struct vch_kept_room *room); // bytes
// Whether one more run of so many bytes is within the client's share. What is booked for that
// contest already is not counted twice.
bool vch_kept_room_has(const struct vch_kept_room *room, const struct vch_contest_id *contest,
                       const struct vch_public_key *client, uint64_t size);
// This node draws for it. Once for each contest; without a place for it nothing is booked.
bool vch_kept_room_can_book(const struct vch_kept_room *room);
void vch_kept_room_book(struct vch_kept_room *room, const struct vch_contest_id *contest,
                        const struct vch_public_key *client, uint64_t size);
// Its run is kept, and what was booked for it is over. Whom to give it back to; -1: there is
// no place for another client.
int vch_kept_room_take(struct vch_kept_room *room, const struct vch_contest_id *contest,
                       const struct vch_public_key *client, uint64_t size);
void vch_kept_room_give_back(struct vch_kept_room *room, int client, uint64_t size);

// Forgets what was booked for contests that are over, or drew others. Looks at some at a time.
void vch_kept_room_sweep(struct vch_kept_room *room, const struct vch_state *state);

#include "node/kept_room.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

enum { CLIENT_BUCKETS = 4096, BOOKED_BUCKETS = 4096, NONE = -1, SWEEP = 64 };

static void clear(int *buckets, int count)
{
    for (int i = 0; i < count; i++)
        buckets[i] = NONE;
}

vch_status vch_kept_room_init(struct vch_kept_room *out, uint64_t size_max, uint32_t runs_max,
                              const struct vch_public_key *self, struct vch_arena *arena)
{
    const uint32_t clients_max = runs_max + VCH_KEPT_ROOM_BOOKED;

    *out = (struct vch_kept_room){
        .size_max = size_max,
        .runs_max = runs_max,
        .self = *self,
        .clients = VCH_ARENA_NEW(arena, struct vch_kept_room_client, clients_max),
        .booked = VCH_ARENA_NEW(arena, struct vch_kept_room_booking, VCH_KEPT_ROOM_BOOKED),
        .client_buckets = VCH_ARENA_NEW(arena, int, CLIENT_BUCKETS),
        .booked_buckets = VCH_ARENA_NEW(arena, int, BOOKED_BUCKETS)};
    if (out->clients == NULL || out->booked == NULL || out->client_buckets == NULL ||
        out->booked_buckets == NULL)
        return VCH_FAIL(NO_MEMORY);
    clear(out->client_buckets, CLIENT_BUCKETS);
    clear(out->booked_buckets, BOOKED_BUCKETS);
    for (uint32_t i = 0; i < clients_max; i++)
        out->clients[i].next = i + 1 < clients_max ? (int)i + 1 : NONE;
    for (int i = 0; i < (int)VCH_KEPT_ROOM_BOOKED; i++)
        out->booked[i] = (struct vch_kept_room_booking){
            .client = NONE, .next = i + 1 < (int)VCH_KEPT_ROOM_BOOKED ? i + 1 : NONE};
    return VCH_OK;
}

static int *client_bucket(const struct vch_kept_room *room, const struct vch_public_key *key)
{
    return &room->client_buckets[vch_get_u32le(key->bytes) % CLIENT_BUCKETS];
}

static int find_client(const struct vch_kept_room *room, const struct vch_public_key *key)
{
    int i = *client_bucket(room, key);

    while (i != NONE && memcmp(&room->clients[i].key, key, sizeof *key) != 0)
        i = room->clients[i].next;
    return i;
}

static int find_or_add_client(struct vch_kept_room *room, const struct vch_public_key *key)
{
    int i = find_client(room, key), *bucket = client_bucket(room, key);

    if (i != NONE || room->free_client == NONE) return i;
    i = room->free_client;
    room->free_client = room->clients[i].next;
    room->clients[i] = (struct vch_kept_room_client){.key = *key, .next = *bucket};
    *bucket = i;
    return i;
}

static int charge(struct vch_kept_room *room, const struct vch_public_key *key, uint64_t size)
{
    int i = find_or_add_client(room, key);

    if (i == NONE) return NONE;
    room->clients[i].size += size;
    room->clients[i].runs++;
    return i;
}

static void forget_client(struct vch_kept_room *room, int index)
{
    int *at = client_bucket(room, &room->clients[index].key);

    while (*at != index)
        at = &room->clients[*at].next;
    *at = room->clients[index].next;
    room->clients[index] = (struct vch_kept_room_client){.next = room->free_client};
    room->free_client = index;
}

void vch_kept_room_give_back(struct vch_kept_room *room, int client, uint64_t size)
{
    struct vch_kept_room_client *from = &room->clients[client];

    VCH_ASSERT(from->runs > 0 && from->size >= size);
    from->size -= size;
    if (--from->runs == 0) forget_client(room, client);
}

// A subject is a digest already.
static int *booked_bucket(const struct vch_kept_room *room, const struct vch_contest_id *contest)
{
    return &room->booked_buckets[(vch_get_u32le(contest->subject.bytes) + 31 * contest->segment +
                                  contest->round) %
                                 BOOKED_BUCKETS];
}

static int find_booked(const struct vch_kept_room *room, const struct vch_contest_id *contest)
{
    for (int i = *booked_bucket(room, contest); i != NONE; i = room->booked[i].next) {
        const struct vch_contest_id *other = &room->booked[i].contest;
        if (other->segment == contest->segment && other->round == contest->round &&
            vch_hash_is_equal(&other->subject, &contest->subject))
            return i;
    }
    return NONE;
}

uint64_t vch_kept_room_share(const struct vch_kept_room *room)
{
    return room->size_max / VCH_KEPT_ROOM_SHARE;
}

bool vch_kept_room_has(const struct vch_kept_room *room, const struct vch_contest_id *contest,
                       const struct vch_public_key *client, uint64_t size)
{
    const uint64_t share = vch_kept_room_share(room);
    const int holder = find_client(room, client), booked = find_booked(room, contest);
    uint64_t held = holder != NONE ? room->clients[holder].size : 0;
    uint32_t runs = holder != NONE ? room->clients[holder].runs : 0;

    if (booked != NONE && room->booked[booked].client == holder) {
        held -= room->booked[booked].size;
        runs--;
    }
    return runs < room->runs_max / VCH_KEPT_ROOM_RUNS_SHARE && held <= share &&
           size <= share - held;
}

bool vch_kept_room_can_book(const struct vch_kept_room *room)
{
    return room->free_booking != NONE;
}

void vch_kept_room_book(struct vch_kept_room *room, const struct vch_contest_id *contest,
                        const struct vch_public_key *client, uint64_t size)
{
    const int index = room->free_booking;
    int *bucket = booked_bucket(room, contest);

    if (index == NONE || find_booked(room, contest) != NONE) return;
    const int next = room->booked[index].next, holder = charge(room, client, size);
    if (holder == NONE) return;
    room->free_booking = next;
    room->booked[index] = (struct vch_kept_room_booking){
        .contest = *contest, .size = size, .client = holder, .next = *bucket};
    *bucket = index;
    room->booked_size += size;
    room->booked_count++;
}

static void unbook(struct vch_kept_room *room, int index)
{
    struct vch_kept_room_booking *booking = &room->booked[index];
    int *at = booked_bucket(room, &booking->contest);

    while (*at != index)
        at = &room->booked[*at].next;
    *at = booking->next;
    room->booked_size -= booking->size;
    room->booked_count--;
    vch_kept_room_give_back(room, booking->client, booking->size);
    *booking = (struct vch_kept_room_booking){.client = NONE, .next = room->free_booking};
    room->free_booking = index;
}

int vch_kept_room_take(struct vch_kept_room *room, const struct vch_contest_id *contest,
                       const struct vch_public_key *client, uint64_t size)
{
    const int booked = find_booked(room, contest);

    if (booked != NONE) unbook(room, booked);
    return charge(room, client, size);
}

// Its input may still come to this node.
static bool is_awaited(const struct vch_kept_room *room, const struct vch_kept_room_booking *of,
                       const struct vch_state *state)
{
    const struct vch_contest *contest = vch_state_contest(state, &of->contest);

    if (contest == NULL || contest->phase > VCH_CONTEST_COMMITTING) return false;
    return contest->phase < VCH_CONTEST_COMMITTING || vch_state_seat(contest, &room->self) != NULL;
}

void vch_kept_room_sweep(struct vch_kept_room *room, const struct vch_state *state)
{
    for (uint32_t i = 0; i < SWEEP && room->booked_count > 0; i++) {
        const uint32_t index = room->looked_at++ % VCH_KEPT_ROOM_BOOKED;
        const struct vch_kept_room_booking *booking = &room->booked[index];
        if (booking->client != NONE && !is_awaited(room, booking, state)) unbook(room, (int)index);
    }
}

#include "crypto/known.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/ristretto.h"

// A point may be in any of the places of its set.
enum { SETS = 64, WAYS = 4, CLOSED = 1 << 30 };

struct vch_known {
    // How many hold it; CLOSED while it changes. All the rest is read by whoever holds it, and
    // written by whoever closed it.
    atomic_int gate;
    atomic_uint_fast64_t tag; // of its point: what to look at before holding anything
    enum vch_known_kind kind;
    uint8_t point[VCH_EDWARDS_SIZE];
    enum { SEEN, TABULATED, HOPELESS } state;
    struct vch_edwards_table table;
};

static struct vch_known places[SETS][WAYS];
static atomic_uint victim;

static atomic_bool is_started;
static struct vch_edwards_table base;
static atomic_int base_state; // 0, then 1 while it is made, then 2

void vch_known_start(void)
{
    atomic_store(&is_started, true);
}

// Never 0, which is the tag of an empty place.
static uint64_t tag_of(enum vch_known_kind kind, const uint8_t *point)
{
    return (vch_get_u64le(point) ^ (uint64_t)kind << 8) | 1;
}

static bool hold(struct vch_known *known)
{
    int gate = atomic_load(&known->gate);

    while (gate != CLOSED)
        if (atomic_compare_exchange_weak(&known->gate, &gate, gate + 1)) return true;
    return false;
}

void vch_known_let_go(const struct vch_known *known)
{
    // Only the gate of what is held changes.
    if (known != NULL) (void)atomic_fetch_sub(&((struct vch_known *)(uintptr_t)known)->gate, 1);
}

static bool close_place(struct vch_known *known)
{
    int nobody = 0;

    return atomic_compare_exchange_strong(&known->gate, &nobody, CLOSED);
}

static void open_place(struct vch_known *known)
{
    atomic_store(&known->gate, 0);
}

static bool is_of(const struct vch_known *known, enum vch_known_kind kind, const uint8_t *point)
{
    return known->kind == kind && memcmp(known->point, point, VCH_EDWARDS_SIZE) == 0;
}

static void tabulate(struct vch_known *known)
{
    struct vch_edwards_point point;
    const bool is_point =
        known->kind == VCH_KNOWN_SIGNER
            ? vch_edwards_decode(&point, known->point) && !vch_edwards_has_small_order(&point)
            : vch_ristretto_decode(&point, known->point);

    known->state = is_point ? TABULATED : HOPELESS;
    if (!is_point) return;
    point = vch_edwards_negate(&point);
    vch_edwards_tabulate(&known->table, &point);
}

// The place that has a point of that tag, if any: who is there is known when it is held.
static struct vch_known *find(uint64_t tag)
{
    struct vch_known *set = places[tag >> 1 & (SETS - 1)];

    for (int i = 0; i < WAYS; i++)
        if (atomic_load(&set[i].tag) == tag) return &set[i];
    return NULL;
}

// An empty place of its set; or one that somebody has to leave.
static struct vch_known *find_room(uint64_t tag)
{
    struct vch_known *set = places[tag >> 1 & (SETS - 1)];

    for (int i = 0; i < WAYS; i++)
        if (atomic_load(&set[i].tag) == 0) return &set[i];
    return &set[atomic_fetch_add(&victim, 1) % WAYS];
}

const struct vch_known *vch_known_hold(enum vch_known_kind kind,
                                       const uint8_t point[static VCH_EDWARDS_SIZE])
{
    struct vch_known *place = atomic_load(&is_started) ? find(tag_of(kind, point)) : NULL;

    if (place == NULL || !hold(place)) return NULL; // it is about to change
    if (is_of(place, kind, point) && place->state == TABULATED) return place;
    vch_known_let_go(place);
    return NULL;
}

static bool is_settled(struct vch_known *place, enum vch_known_kind kind, const uint8_t *point)
{
    if (!hold(place)) return true; // somebody else is about to
    bool is = is_of(place, kind, point) && place->state != SEEN;
    vch_known_let_go(place);
    return is;
}

void vch_known_remember(enum vch_known_kind kind, const uint8_t point[static VCH_EDWARDS_SIZE])
{
    const uint64_t tag = tag_of(kind, point);
    struct vch_known *place = NULL;

    if (!atomic_load(&is_started)) return;
    place = find(tag);
    if (place == NULL) place = find_room(tag);
    if (is_settled(place, kind, point) || !close_place(place)) return;
    if (is_of(place, kind, point)) {
        if (place->state == SEEN) tabulate(place);
    } else {
        place->kind = kind;
        memcpy(place->point, point, sizeof place->point);
        place->state = SEEN;
        atomic_store(&place->tag, tag);
    }
    open_place(place);
}

const struct vch_edwards_table *vch_known_table(const struct vch_known *known)
{
    return &known->table;
}

const struct vch_edwards_table *vch_known_base(void)
{
    int none = 0;

    if (!atomic_load(&is_started)) return NULL;
    if (atomic_load(&base_state) == 2) return &base;
    if (!atomic_compare_exchange_strong(&base_state, &none, 1)) return NULL;
    const struct vch_edwards_point point = vch_edwards_base();
    vch_edwards_tabulate(&base, &point);
    atomic_store(&base_state, 2);
    return &base;
}

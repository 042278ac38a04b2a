// What the simulator remembers of contests, disputes and messages, by their names.
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cluster/cluster.h"

static uint64_t first_word(const void *bytes)
{
    return vch_get_u64le(bytes);
}

uint64_t cluster_hash_contest(const struct vch_contest_id *id)
{
    return cluster_mix(first_word(id->subject.bytes), (uint64_t)id->segment << 8 | id->round);
}

uint32_t cluster_find_node(const struct cluster *world, const struct vch_public_key *key)
{
    uint32_t at = (uint32_t)first_word(key->bytes) & world->by_key_mask;

    for (;; at = (at + 1) & world->by_key_mask) {
        const uint32_t node = world->by_key[at];
        if (node == UINT32_MAX) return UINT32_MAX;
        if (memcmp(&world->nodes[node].key.public_key, key, sizeof *key) == 0) return node;
    }
}

// Tables with open addressing that double when half full; a table's slots know whether they are
// used.
#define TABLE_FIND(slot, table, mask, hash, is_mine, is_free) \
    for (size_t at_ = (size_t)(hash) & (mask);; at_ = (at_ + 1) & (mask)) { \
        (slot) = &(table)[at_]; \
        if ((is_free) || (is_mine)) break; \
    }

static bool is_contest(const struct vch_contest_id *a, const struct vch_contest_id *b)
{
    return a->segment == b->segment && a->round == b->round &&
           memcmp(&a->subject, &b->subject, sizeof a->subject) == 0;
}

static void rehash_contests(struct cluster *world)
{
    struct cluster_contest *old = world->contests, *slot = NULL;
    const size_t count = old == NULL ? 0 : world->contest_mask + 1;

    world->contest_mask = count == 0 ? 1023 : 2 * count - 1;
    world->contests = calloc(world->contest_mask + 1, sizeof *old);
    if (world->contests == NULL) abort();
    for (size_t i = 0; i < count; i++) {
        if (!old[i].is_used) continue;
        TABLE_FIND(slot, world->contests, world->contest_mask, cluster_hash_contest(&old[i].id),
                   false, !slot->is_used)
        *slot = old[i];
    }
    free(old);
}

struct cluster_contest *cluster_contest_of(struct cluster *world, const struct vch_contest_id *id)
{
    struct cluster_contest *slot = NULL;

    if (world->contests == NULL || 2 * world->contest_count > world->contest_mask)
        rehash_contests(world);
    TABLE_FIND(slot, world->contests, world->contest_mask, cluster_hash_contest(id),
               is_contest(&slot->id, id), !slot->is_used)
    if (!slot->is_used) {
        *slot = (struct cluster_contest){.id = *id, .is_used = true};
        world->contest_count++;
    }
    return slot;
}

static void rehash_disputes(struct cluster *world)
{
    struct cluster_dispute *old = world->disputes, *slot = NULL;
    const size_t count = old == NULL ? 0 : world->dispute_mask + 1;

    world->dispute_mask = count == 0 ? 63 : 2 * count - 1;
    world->disputes = calloc(world->dispute_mask + 1, sizeof *old);
    if (world->disputes == NULL) abort();
    for (size_t i = 0; i < count; i++) {
        if (!old[i].is_used) continue;
        TABLE_FIND(slot, world->disputes, world->dispute_mask, first_word(old[i].id.bytes), false,
                   !slot->is_used)
        *slot = old[i];
    }
    free(old);
}

struct cluster_dispute *cluster_dispute_of(struct cluster *world, const struct vch_digest *id)
{
    struct cluster_dispute *slot = NULL;

    if (world->disputes == NULL || 2 * world->dispute_count > world->dispute_mask)
        rehash_disputes(world);
    TABLE_FIND(slot, world->disputes, world->dispute_mask, first_word(id->bytes),
               memcmp(&slot->id, id, sizeof *id) == 0, !slot->is_used)
    if (!slot->is_used) {
        slot->id = *id;
        slot->is_used = true;
        slot->disputer = UINT32_MAX;
        world->dispute_count++;
    }
    return slot;
}

static void rehash_sent(struct cluster *world)
{
    uint64_t *old = world->sent, *slot = NULL;
    const size_t count = old == NULL ? 0 : world->sent_mask + 1;

    world->sent_mask = count == 0 ? 4095 : 2 * count - 1;
    world->sent = calloc(2 * (world->sent_mask + 1), sizeof *old);
    if (world->sent == NULL) abort();
    for (size_t i = 0; i < count; i++) {
        if (old[2 * i] == 0) continue;
        for (size_t at = old[2 * i] & world->sent_mask;; at = (at + 1) & world->sent_mask) {
            slot = &world->sent[2 * at];
            if (*slot == 0) break;
        }
        slot[0] = old[2 * i];
        slot[1] = old[2 * i + 1];
    }
    free(old);
}

bool cluster_sent(const struct cluster *world, uint64_t what, uint64_t again_ms)
{
    what |= 1;
    if (world->sent == NULL) return false;
    for (size_t at = what & world->sent_mask;; at = (at + 1) & world->sent_mask) {
        const uint64_t *slot = &world->sent[2 * at];
        if (slot[0] == 0) return false;
        if (slot[0] == what) return world->now_ms < slot[1] + again_ms;
    }
}

bool cluster_sends(struct cluster *world, uint64_t what, uint64_t again_ms)
{
    uint64_t *slot = NULL;

    if (world->sent == NULL || 2 * world->sent_count > world->sent_mask) rehash_sent(world);
    what |= 1; // none is 0
    for (size_t at = what & world->sent_mask;; at = (at + 1) & world->sent_mask) {
        slot = &world->sent[2 * at];
        if (slot[0] == 0 || slot[0] == what) break;
    }
    if (slot[0] == what && world->now_ms < slot[1] + again_ms) return false;
    world->sent_count += slot[0] == 0;
    slot[0] = what;
    slot[1] = world->now_ms;
    return true;
}

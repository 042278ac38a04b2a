#include "agreement/table.h"

#include "base/bytes.h"
#include "base/check.h"

__extension__ typedef unsigned __int128 u128;

vch_status vch_table_init(struct vch_table *table, uint32_t count, const uint64_t seeds[static 2],
                          struct vch_arena *arena)
{
    uint64_t buckets = 16;

    while (buckets < count)
        buckets *= 2;
    // Odd, and never zero: a product then depends on all of a key.
    *table = (struct vch_table){.mask = buckets - 1, .seeds = {seeds[0] | 1, seeds[1] | 1}};
    table->buckets = VCH_ARENA_NEW(arena, struct vch_table_node *, buckets);
    return table->buckets != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    u128 product = (u128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t vch_table_hash(const struct vch_table *table, const uint8_t key[static 32], uint64_t more)
{
    // check: the first 64 binary digits of the fractions of the square roots of 2 and 3
    static const uint64_t odd = UINT64_C(0x6a09e667f3bcc909), even = UINT64_C(0xbb67ae8584caa73b);
    const uint64_t *seeds = table->seeds;
    uint64_t hash = mix(vch_get_u64le(key) ^ seeds[0], vch_get_u64le(key + 8) ^ seeds[1]);

    hash = mix(hash ^ vch_get_u64le(key + 16) ^ odd, vch_get_u64le(key + 24) ^ seeds[0]);
    return mix(hash ^ more ^ even, seeds[1] ^ odd);
}

void vch_table_add(struct vch_table *table, struct vch_table_node *node, uint64_t hash)
{
    struct vch_table_node **bucket = &table->buckets[hash & table->mask];

    *node = (struct vch_table_node){.next = *bucket, .hash = hash};
    *bucket = node;
}

void vch_table_remove(struct vch_table *table, struct vch_table_node *node)
{
    struct vch_table_node **link = &table->buckets[node->hash & table->mask];

    while (*link != node) {
        VCH_ASSERT(*link != NULL);
        link = &(*link)->next;
    }
    *link = node->next;
}

static struct vch_table_node *with_hash(struct vch_table_node *node, uint64_t hash)
{
    while (node != NULL && node->hash != hash)
        node = node->next;
    return node;
}

struct vch_table_node *vch_table_first(const struct vch_table *table, uint64_t hash)
{
    return with_hash(table->buckets[hash & table->mask], hash);
}

struct vch_table_node *vch_table_next(const struct vch_table_node *node)
{
    return with_hash(node->next, node->hash);
}

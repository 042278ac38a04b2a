#include "client/machines.h"

#include "base/bytes.h"

// Zeroes: it has shown none.
static const struct vch_digest *machine_of(const struct vch_pool_node *node)
{
    static const struct vch_digest none;
    const struct vch_asker_kept *kept = &node->link.evidence;
    bool is_shown = node->is_member && node->link.state == VCH_LINK_READY && kept->bytes != NULL;

    return is_shown ? &kept->verdict.machine : &none;
}

static void count_in(struct vch_pool *pool, uint32_t one, uint32_t other)
{
    const uint32_t first = one < other ? one : other, second = one < other ? other : one;

    for (uint32_t i = 0; i < pool->count; i++)
        if (pool->nodes[i].operator_index == second) pool->nodes[i].operator_index = first;
}

uint32_t vch_machines_merge(struct vch_pool *pool)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < pool->count; i++)
        pool->nodes[i].operator_index = pool->nodes[i].own_operator;
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct vch_digest *machine = machine_of(&pool->nodes[i]);
        if (vch_is_zero(machine->bytes, sizeof machine->bytes)) continue;
        for (uint32_t j = 0; j < i; j++) {
            const uint32_t own = pool->nodes[i].operator_index;
            const uint32_t other = pool->nodes[j].operator_index;
            if (own == other || !vch_hash_is_equal(machine, machine_of(&pool->nodes[j]))) continue;
            count_in(pool, own, other);
            count++;
        }
    }
    return count;
}

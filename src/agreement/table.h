// Hash tables of things that carry their own link: found by a key whose hash the caller makes with
// vch_table_hash, under seeds, so that nobody can choose keys that all fall together.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "crypto/hash.h"

struct vch_table_node {
    struct vch_table_node *next;
    uint64_t hash;
};

struct vch_table {
    struct vch_table_node **buckets;
    uint64_t mask, seeds[2];
};

// For about `count` things. NO_MEMORY.
vch_status vch_table_init(struct vch_table *table, uint32_t count, const uint64_t seeds[static 2],
                          struct vch_arena *arena);
uint64_t vch_table_hash(const struct vch_table *table, const uint8_t key[static 32], uint64_t more);
void vch_table_add(struct vch_table *table, struct vch_table_node *node, uint64_t hash);
void vch_table_remove(struct vch_table *table, struct vch_table_node *node);

// Those with this hash, one after the other; NULL: no more. The caller compares their keys.
struct vch_table_node *vch_table_first(const struct vch_table *table, uint64_t hash);
struct vch_table_node *vch_table_next(const struct vch_table_node *node);

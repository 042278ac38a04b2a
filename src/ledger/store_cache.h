// Nodes that were asked for lately. Nodes never change, and every proof asks for the same ones high
// up in the tree, which on another machine cost a question each.
//
// A node's number is its place in the order of storing (store_order.h).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "crypto/hash.h"

#define VCH_STORE_CACHE_SLOTS 8192u // check: 2**13

struct vch_store_cache {
    struct {
        uint64_t number; // one more than the node's; 0: empty
        struct vch_digest node;
    } slots[VCH_STORE_CACHE_SLOTS];
};

bool vch_store_cache_get(const struct vch_store_cache *cache, uint64_t number,
                         struct vch_digest *out);
// `count` nodes from `number` on.
void vch_store_cache_put(struct vch_store_cache *cache, uint64_t number,
                         const struct vch_digest *nodes, uint64_t count);

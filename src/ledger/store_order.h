// The order in which a log's nodes (tlog/tree.h) are stored: leaf after leaf, and with each leaf
// the nodes that it completes, from the leaf's own upwards.
#pragma once

#include <stdint.h>

// How many nodes the first `size` leaves complete: one a leaf, and one for each merging of two.
static inline uint64_t vch_store_order_count(uint64_t size)
{
    return 2 * size - (uint64_t)__builtin_popcountll(size);
}

// How many the leaves first .. first + count - 1 complete.
static inline uint64_t vch_store_order_between(uint64_t first, uint64_t count)
{
    return vch_store_order_count(first + count) - vch_store_order_count(first);
}

// The leaf that completes a node.
static inline uint64_t vch_store_order_last(unsigned level, uint64_t index)
{
    return ((index + 1) << level) - 1;
}

// A node's place.
static inline uint64_t vch_store_order_number(unsigned level, uint64_t index)
{
    return vch_store_order_count(vch_store_order_last(level, index)) + level;
}

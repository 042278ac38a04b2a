// Entries that can be told apart, and how to open stores: for tests of engines.
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "crypto/merkle.h"
#include "harness/test.h"
#include "ledger/store.h"

enum { STORES_ENTRY_MAX = 700, STORES_GROUP_MAX = VCH_STORE_GROUP_MAX };

// Entries whose bytes follow from a seed and a number.
struct stores_group {
    struct vch_store_entry entries[STORES_GROUP_MAX];
    uint8_t bytes[STORES_GROUP_MAX][STORES_ENTRY_MAX];
    uint32_t count;
};

static inline size_t stores_entry(uint8_t *out, uint32_t seed, uint64_t number)
{
    uint64_t state = seed * 0x9e3779b97f4a7c15u + number * 0xbf58476d1ce4e5b9u + 1;
    size_t size = (size_t)(state >> 40) % STORES_ENTRY_MAX;

    for (size_t i = 0; i < size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(state >> 56);
    }
    return size;
}

static inline void stores_fill(struct stores_group *group, uint32_t seed, uint64_t first,
                               uint32_t count)
{
    group->count = count;
    for (uint32_t i = 0; i < count; i++)
        group->entries[i] = (struct vch_store_entry){
            group->bytes[i], stores_entry(group->bytes[i], seed, first + i)};
}

static inline void stores_must(vch_status status, const struct vch_complaint *complaint)
{
    if (!vch_is_ok(status))
        test_fail(__FILE__, __LINE__, "%s: %s", vch_code_text(status.code), complaint->text);
}

static inline struct vch_store *stores_open(const char *where, bool create)
{
    struct vch_store_options options = {.create = create, .patience_ms = 60000};
    struct vch_complaint complaint = {0};
    struct vch_store *store = NULL;

    stores_must(vch_store_open(&store, where, &options, &complaint), &complaint);
    return store;
}

// Appends entries of this seed until the log has `size`, in groups of at most `group_max`.
static inline void stores_grow(struct vch_store *store, uint32_t seed, uint64_t size,
                               uint32_t group_max)
{
    static struct stores_group group;
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};

    stores_must(vch_store_head(store, &head, &complaint), &complaint);
    while (head.size < size) {
        uint64_t left = size - head.size;
        stores_fill(&group, seed, head.size, left < group_max ? (uint32_t)left : group_max);
        stores_must(
            vch_store_append(store, head.size, group.entries, group.count, &head, &complaint),
            &complaint);
    }
    CHECK_EQ(head.size, size);
}

// How many entries from `from` on a store gives before it ends or refuses; each is compared with
// what was appended. A refusal has to say why.
static inline uint64_t stores_read(struct vch_store *store, uint32_t seed, uint64_t from,
                                   vch_status *how)
{
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    struct vch_store_entries read = {0};
    uint8_t want[STORES_ENTRY_MAX];

    vch_arena_init(&arena, 16 << 20);
    do {
        vch_arena_release(&arena);
        *how = vch_store_read(store, from, 500, 100000, &read, &arena, &complaint);
        if (!vch_is_ok(*how)) CHECK(complaint.text[0] != '\0');
        for (uint32_t i = 0; vch_is_ok(*how) && i < read.count; i++, from++) {
            size_t size = stores_entry(want, seed, from);
            CHECK_EQ(read.entries[i].size, size);
            CHECK(memcmp(read.entries[i].bytes, want, size) == 0);
        }
    } while (vch_is_ok(*how) && read.count > 0);
    vch_arena_release(&arena);
    return from;
}

static inline struct vch_digest stores_leaf(uint32_t seed, uint64_t number)
{
    uint8_t bytes[STORES_ENTRY_MAX];
    size_t size = stores_entry(bytes, seed, number);

    return vch_merkle_leaf(bytes, size);
}

// The root over `count` entries from `first` on, as the definition has it.
static inline struct vch_digest stores_root(uint32_t seed, uint64_t first, uint32_t count)
{
    static struct vch_digest leaves[1 << 13];

    CHECK(count <= 1 << 13);
    for (uint32_t i = 0; i < count; i++)
        leaves[i] = stores_leaf(seed, first + i);
    return vch_merkle_root_in_place(leaves, count);
}

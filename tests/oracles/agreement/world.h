// A network for the second implementation of agreement to follow: keys, what nodes compute, and the
// one door through which entries reach the state. All of it follows from one seed.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "agreement/seat.h"
#include "agreement/state.h"
#include "entry/entry.h"

enum {
    WORLD_NODES = 12,   // the last has no VRF key
    WORLD_PARTIES = 10, // that run them: the last one runs three
    WORLD_CLIENTS = 2,
    WORLD_WITNESSES = 4,
    WORLD_REGISTRIES = 3,
    WORLD_OPERATORS = 7, // of the model
    WORLD_ENTRIES_MAX = 20000,
};

struct world_actor {
    struct vch_secret_key key;
    struct vch_seat_keys seat;
    uint64_t number; // of its last counted statement
};

struct world {
    struct vch_arena arena, scratch; // scratch: for one entry
    struct vch_state *state;
    struct vch_charter charter;
    struct vch_secret_key founder, clerk, witnesses[WORLD_WITNESSES];
    struct world_actor nodes[WORLD_NODES], clients[WORLD_CLIENTS];
    uint64_t founder_number, now_ms;
    struct vch_registry registries[WORLD_REGISTRIES];
    struct vch_digest model;
    uint32_t honest_percent, taken, refused, kinds[25];
    struct {
        uint8_t *bytes;
        size_t size;
    } log[WORLD_ENTRIES_MAX]; // what was taken, to replay it
    FILE *out;
};

void world_init(struct world *world, FILE *out);
void world_release(struct world *world);

// A digest that follows from the seed, a word and three numbers.
struct vch_digest world_digest(const char *word, uint64_t a, uint64_t b, uint64_t c);

// Signs, stamps with the present time and offers; returns whether it was taken.
bool world_enter(struct world *world, struct vch_entry *entry, const struct vch_secret_key *writer);
// Offers these bytes as the next entry and writes down what came of it.
bool world_offer(struct world *world, const uint8_t *bytes, size_t size);

// A checkpoint of that size, cosigned by `count` witnesses.
bool world_anchor(struct world *world, uint64_t size, uint32_t count);

struct world_actor *world_node(struct world *world, const struct vch_public_key *key);

// What a node says in a contest: right, wrong in one of some ways, or nothing; always the same.
struct vch_seat_answer world_answer(struct world *world, const struct vch_contest *contest,
                                    uint32_t node);
enum { WORLD_LEAVES_MAX = WORLD_OPERATORS };
// The leaves of the trace that belongs to a root which world_answer gave; false: none.
bool world_leaves(struct vch_digest leaves[static WORLD_LEAVES_MAX], const struct vch_digest *job,
                  uint32_t segment, uint32_t count, const struct vch_digest *root);

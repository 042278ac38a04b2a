// Numbers that look random and follow from a seed: the same everywhere, and no secret. SplitMix64.
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline uint64_t vch_seeded_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

// In [-bound, bound), from 24 bits, so that float32 holds it exactly before it is scaled.
static inline float vch_seeded_uniform(uint64_t *state, float bound)
{
    return bound * ((float)(int32_t)(vch_seeded_next(state) >> 40) / 8388608.0F - 1.0F);
}

// `order` becomes 0 .. count - 1, shuffled (Fisher and Yates). The bias of the remainder is below
// count / 2^64.
static inline void vch_seeded_shuffle(uint32_t *order, uint32_t count, uint64_t *state)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = (uint32_t)(vch_seeded_next(state) % i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

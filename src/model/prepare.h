// What an operator needs to be run many times: packed weights, scaling per channel, places. Made
// once for a level, then only read.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "kernels/kernels.h"
#include "model/graph.h"

// Preparing goes over the graph twice: a dry pass that plans without the parameters' bytes and
// packs nothing, which tells how much memory it takes, and one that does it in memory of that size.
struct vch_prepare {
    const struct vch_graph *graph;
    const struct vch_kernels *kernels;
    struct vch_arena *scratch; // dry: what is planned
    uint8_t *memory;           // zeroed, 64-byte aligned; NULL: dry
    size_t memory_size;
    size_t size; // taken so far, or counted
};

// `count` objects of `size` bytes, zeroed; NULL only in a dry pass.
void *vch_prepare_alloc(struct vch_prepare *prepare, size_t count, size_t size);
// The same for what a dry pass only counts, however much a hostile graph claims: NULL then.
void *vch_prepare_alloc_packed(struct vch_prepare *prepare, size_t count, size_t size);
// Counts what was taken since `before` so many times more.
void vch_prepare_repeat(struct vch_prepare *prepare, size_t before, size_t times);
static inline bool vch_prepare_is_dry(const struct vch_prepare *prepare)
{
    return prepare->memory == NULL;
}

#define VCH_PREPARE_NEW(prepare, type, count) \
    ((type *)vch_prepare_alloc(prepare, count, sizeof(type)))
#define VCH_PREPARE_PACKED(prepare, type, count) \
    ((type *)vch_prepare_alloc_packed(prepare, count, sizeof(type)))

// Some channels of an operator, as sums of terms.
struct vch_prepare_sums {
    const struct vch_operator *operator_;
    uint32_t first, channels;
    bool is_depthwise;     // weights are turned, not packed
    const uint32_t *terms; // else: run_count * run_steps * group indices into one channel's
                           // weights, or VCH_PACKING_ABSENT; not read in a dry pass
    const uint32_t *runs;  // byte offsets, kept
    uint32_t run_count, run_steps;
    bool is_wide; // int16 activations, or sums that int32 does not hold
};

// Fills `panels`, ready for the level's kernels; nothing in a dry pass.
void vch_prepare_panels(struct vch_panels *panels, struct vch_prepare *prepare,
                        const struct vch_prepare_sums *sums);

// How `depth` terms that lie together are divided into runs: several where int16 sums must be
// widened in between.
struct vch_prepare_runs {
    uint32_t count, steps; // steps of the packing's group
};
struct vch_prepare_runs vch_prepare_runs(const struct vch_packing *packing, size_t depth,
                                         bool is_wide);
// Bytes that the last of these runs reads beyond the terms, a whole number of cache lines: runs are
// alike, so that many of them may end far behind.
size_t vch_prepare_beyond(const struct vch_packing *packing, size_t depth, bool is_wide);
// How sums of so many terms over that type are formed: int8 up to VCH_DOT_I8_COUNT_MAX, else wide.
bool vch_prepare_is_wide(enum vch_type type, size_t depth);
const struct vch_packing *vch_prepare_packing(const struct vch_kernels *kernels, bool is_wide);

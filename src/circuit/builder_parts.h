// What the files of the builder share among themselves.
#pragma once

#include "circuit/builder.h"

// Table 0, for limbs of that width; false: no memory.
bool vch_builder_parts_range(struct vch_builder *builder, struct vch_builder_table *out,
                             uint32_t limb_width);

// Room for one more of the builder's `count` things of `size` bytes; false: no memory.
bool vch_builder_parts_grow(struct vch_builder *builder, void **things, uint32_t *room,
                            uint32_t count, size_t size);
#define VCH_BUILDER_PARTS_GROW(builder, things, count, room) \
    vch_builder_parts_grow(builder, (void **)&(builder)->things, &(builder)->room, \
                           (builder)->count, sizeof *(builder)->things)

// Two tables hold the same where, and only where, their digests are the same.
struct vch_digest vch_builder_parts_digest(const struct vch_builder_table *table);
// The number of the table with this digest; 0: there is none, as RANGE is never looked for.
uint32_t vch_builder_parts_find(const struct vch_builder *builder, const struct vch_digest *digest);
// The last table, with its digest, is found from now on; false: no memory.
bool vch_builder_parts_enter(struct vch_builder *builder, uint32_t number);

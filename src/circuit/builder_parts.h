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

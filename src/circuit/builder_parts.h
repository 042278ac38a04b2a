// What the files of the builder share among themselves.
#pragma once

#include "circuit/builder.h"

// Table 0, for limbs of that width; false: no memory.
bool vch_builder_parts_range(struct vch_builder *builder, struct vch_builder_table *out,
                             uint32_t limb_width);

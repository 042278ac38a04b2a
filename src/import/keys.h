// Real inputs that are only compared: order is all that matters of them, and their float32 bits
// keep it. They enter as the int32 keys of model/trees.h, so that comparisons are exact.
#pragma once

#include <stdbool.h>

#include "base/status.h"
#include "import/layers.h"

// For every value of the network whether it is held as keys: real inputs, and what moves alone make
// of them, all of whose readers are comparisons with each other or with constants.
vch_status vch_keys_find(bool **out, const struct vch_layers *layers, struct vch_arena *arena);

// The key of a constant that such a value is compared or joined with.
int32_t vch_keys_of(double real);

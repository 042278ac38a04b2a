// The manifest as protobuf-c's structs: what encoding packs.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "model/graph.h"
#include "schema/model.pb-c.h"

// Fills in `out` from the graph, whose counts must be inside the limits of model/graph.h. Arrays
// and strings are borrowed from the graph, messages are in the arena. NO_MEMORY when the arena is
// too small.
vch_status vch_manifest_message_make(Vouch__Manifest *out, const struct vch_graph *graph,
                                     struct vch_arena *arena);

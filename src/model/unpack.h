// Protobuf-c's memory from an arena, and its canonical form enforced.
//
// A message from outside is unpacked into an arena whose limit decides what a hostile one may
// cost. Nothing is freed one by one: the message lives as long as the arena does.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

struct vch_unpack {
    ProtobufCAllocator allocator;
    struct vch_arena *arena; // borrowed
    uint8_t *slab;           // small objects share blocks of the arena
    size_t slab_left;
    bool is_exhausted; // the arena said no
};

// The message, or NULL with `status` MALFORMED or LIMIT. Strings and arrays of the message are in
// the arena, never borrowed from `bytes`.
ProtobufCMessage *vch_unpack_message(vch_status *status, const ProtobufCMessageDescriptor *type,
                                     const uint8_t *bytes, size_t size, struct vch_arena *arena);

// VCH_OK when packing `message` writes exactly `bytes`; MALFORMED otherwise. This refuses unknown
// fields, fields out of order or twice, written defaults, long varints and NULs inside strings.
vch_status vch_unpack_check_canonical(const ProtobufCMessage *message, const uint8_t *bytes,
                                      size_t size);

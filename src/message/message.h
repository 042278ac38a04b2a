// Protobuf messages with memory from an arena and their canonical form enforced.
//
// A message from outside is unpacked into an arena whose limit decides what a hostile one may
// cost. What is unpacked lives as long as the arena does and borrows nothing from the bytes.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"

// The message in whichever spelling; MALFORMED, or LIMIT when the arena is too small.
vch_status vch_message_read(ProtobufCMessage **out, const ProtobufCMessageDescriptor *type,
                            const uint8_t *bytes, size_t size, struct vch_arena *arena);

// MALFORMED unless packing `message` writes exactly `bytes`. This refuses unknown fields at any
// depth, fields out of order or twice, written defaults, long varints and NULs in strings.
vch_status vch_message_check_canonical(const ProtobufCMessage *message, const uint8_t *bytes,
                                       size_t size);

// Both of these. `what` names the message in complaints. TRUNCATED for no bytes at all.
vch_status vch_message_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *type,
                              const uint8_t *bytes, size_t size, const char *what,
                              struct vch_arena *arena, struct vch_complaint *complaint);

// Canonical bytes in the arena; NO_MEMORY when it is too small.
vch_status vch_message_pack(uint8_t **out, size_t *size, const ProtobufCMessage *message,
                            struct vch_arena *arena);

// A field that borrows `bytes`: packing reads it and changes nothing.
ProtobufCBinaryData vch_message_borrow(const void *bytes, size_t size);

// Copies a field that must have exactly `size` bytes; MALFORMED otherwise. `what` names it.
vch_status vch_message_copy(void *out, size_t size, const ProtobufCBinaryData *field,
                            const char *what, struct vch_complaint *complaint);

// LIMIT: what was read of `what` does not fit the arena.
vch_status vch_message_no_room(const char *what, const struct vch_arena *arena,
                               struct vch_complaint *complaint);

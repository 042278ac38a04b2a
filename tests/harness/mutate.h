// Mutation of protobuf messages by their structure, for fuzz targets: fields change by their type,
// elements of lists are doubled, dropped and swapped, and parts of other messages are grafted in.
// What comes out is a message again, so that mutants get past the outermost parser.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct mutate {
    struct vch_arena *arena; // mutants live here
    uint64_t random;
    const char *const *words; // texts worth trying, NULL-terminated; NULL for none
};

uint32_t mutate_below(struct mutate *at, uint32_t bound); // random, in [0, bound)
bool mutate_chance(struct mutate *at, uint32_t one_in);
// A number that parsers may get wrong.
int64_t mutate_integer(struct mutate *at, int64_t old);

// The message in the arena; NULL where the bytes are none.
ProtobufCMessage *mutate_read(struct mutate *at, const ProtobufCMessageDescriptor *type,
                              const uint8_t *bytes, size_t size);
// Its size in `out`; 0 where it takes more than `size_max`.
size_t mutate_write(uint8_t *out, size_t size_max, const ProtobufCMessage *message);
// A copy that shares nothing; NULL where there is no memory.
ProtobufCMessage *mutate_copy(struct mutate *at, const ProtobufCMessage *message);

// Changes one field somewhere in the message.
void mutate_message(struct mutate *at, ProtobufCMessage *message);
// Takes a part of `other`, of the same type, into the message.
void mutate_graft(struct mutate *at, ProtobufCMessage *message, const ProtobufCMessage *other);

// Room for one more element at `index` of a list, moving those behind it; NULL without memory.
void *mutate_insert(struct mutate *at, ProtobufCMessage *message,
                    const ProtobufCFieldDescriptor *field, size_t index);

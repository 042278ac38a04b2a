// Frames: u32be size, then one protobuf Frame of that size (specs/wire.md).
//
// Frames come from peers that may be hostile. The size is checked before anything is read, the
// message is unpacked into an arena with a limit, and only the canonical bytes of a message are
// accepted: packing it again must give what was received, which also refuses unknown fields.
#pragma once

#include <event2/buffer.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "schema/wire.pb-c.h"

#define VCH_FRAME_VERSION 1u
#define VCH_FRAME_PREFIX_SIZE 4u
#define VCH_FRAME_SIZE_MAX (1u << 20)    // of the message, without its prefix
#define VCH_FRAME_CHUNK_MAX (256u << 10) // tensor bytes in one Chunk
#define VCH_FRAME_MEMORY_MAX (4u << 20)  // what unpacking one frame may take

// Prefix and message appended to `out`. NO_MEMORY; a frame over the limit is our own bug.
vch_status vch_frame_write(struct evbuffer *out, const Vouch__Frame *frame);

// Takes the frame at the front of `in` when all of it is there; `*frame` is NULL while it is not.
// The frame lives in the arena. LIMIT for a size over the limit, as soon as the prefix is there;
// MALFORMED for empty frames, bytes that do not unpack, a missing body or another spelling of the
// same message. After a failure the stream has no meaning any more.
vch_status vch_frame_take(Vouch__Frame **frame, struct evbuffer *in, struct vch_arena *arena,
                          struct vch_complaint *complaint);

// "run_request", "chunk", ...
const char *vch_frame_name(const Vouch__Frame *frame);

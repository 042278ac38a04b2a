// What whoever connects says, whatever it has come for: which protocol and which software it
// speaks, and now and then whether anybody is there.
//
// Each as vch_stream_send: what a stream does not take is told by its end.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "net/stream.h"

#define VCH_GREETING_SOFTWARE "vouch " VCH_VERSION

// The first frame on a stream.
vch_status vch_greeting_send_hello(struct vch_stream *stream);
// The answer has the same token.
vch_status vch_greeting_send_ping(struct vch_stream *stream, uint64_t token);
// Nothing while there is no room: a peer that pings and reads nothing is answered no more.
vch_status vch_greeting_send_pong(struct vch_stream *stream, const Vouch__Ping *ping);

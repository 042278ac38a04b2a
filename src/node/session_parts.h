// What the parts of a session share.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "node/session.h"

// The peer broke the protocol, or cannot be served any longer. The first that is said counts.
__attribute__((format(printf, 3, 4))) void
vch_session_parts_end(struct vch_session *session, enum vch_code code, const char *format, ...);
void vch_session_parts_send(struct vch_session *session, const Vouch__Frame *frame);
// A Refusal, and its like, is cheap for the peer to ask for: one that asks for many and reads none
// is ended.
bool vch_session_parts_may_refuse(struct vch_session *session);
void vch_session_parts_refuse(struct vch_session *session, uint64_t id, enum vch_code code,
                              const char *text);
void vch_session_parts_refuse_status(struct vch_session *session, uint64_t id, vch_status status,
                                     const struct vch_complaint *complaint);

void vch_session_parts_receive_hello(struct vch_session *session, const Vouch__Hello *hello);

// Evidence, of either side.
struct vch_transport_time vch_session_parts_now(const struct vch_session *session);
// May anything private be said to this client, or heard of it?
bool vch_session_parts_is_trusted(const struct vch_session *session);
void vch_session_parts_settle_channel(struct vch_session *session);
// A pong says that requests may come: it waits for the verdict.
void vch_session_parts_receive_ping(struct vch_session *session, const Vouch__Ping *ping);

// Tasks, and their places in a session. NULL: there is none.
struct vch_task **vch_session_parts_find_task(struct vch_session *session, uint64_t id);
struct vch_task **vch_session_parts_find_free(struct vch_session *session);
// Tells the stream whether the peer owes tensors.
void vch_session_parts_note_owed(struct vch_session *session);
// Takes a task out of the session. One that the worker has is left to finish alone.
void vch_session_parts_drop_task(struct vch_session *session, struct vch_task **slot);
void vch_session_parts_drop_tasks(struct vch_session *session);

void vch_session_parts_receive_request(struct vch_session *session,
                                       const Vouch__RunRequest *request);
void vch_session_parts_receive_referee(struct vch_session *session,
                                       const Vouch__RefereeRequest *request);
void vch_session_parts_receive_chunk(struct vch_session *session, const Vouch__Chunk *chunk);
void vch_session_parts_receive_cancel(struct vch_session *session, const Vouch__Cancel *cancel);
// The tensor is complete. An agreed job waits for its seat.
void vch_session_parts_begin(struct vch_session *session, struct vch_task **slot);
// An answer that is there, until it may be shown.
void vch_session_parts_hold(struct vch_session *session, struct vch_task *task);

// Whoever sends one may send it: what is released opens for the key that this node attested on this
// stream alone, and only if it is what the owner's manifest names.
void vch_session_parts_receive_grant(struct vch_session *session, const Vouch__Grant *grant);
// How the release stands that is being opened for this session.
void vch_session_parts_follow_grant(struct vch_session *session);

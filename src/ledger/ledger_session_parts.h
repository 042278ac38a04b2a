// What the parts of a member's session share: ledger_session.c is the protocol, the others one
// thing each that a member may ask for, over ledger_session_requests.c.
#pragma once

#include "ledger/ledger_answer.h"
#include "ledger/ledger_session.h"

// The peer broke the protocol.
__attribute__((format(printf, 3, 4))) void
vch_ledger_session_parts_end(struct vch_ledger_session *session, enum vch_code code,
                             const char *format, ...);
// What an answer could not be sent for ends the stream.
void vch_ledger_session_parts_note_sent(struct vch_ledger_session *session, vch_status status);
bool vch_ledger_session_parts_has_room(const struct vch_ledger_session *session);

// The session's requests.
// Identifiers grow, so that none is used twice on a stream. False: the session ends.
bool vch_ledger_session_parts_is_new_id(struct vch_ledger_session *session, uint64_t id);
bool vch_ledger_session_parts_is_roomy(const struct vch_ledger_session_host *host, size_t memory);
uint32_t vch_ledger_session_parts_count(const struct vch_ledger_session *session,
                                        enum vch_request_kind kind);
// Sets memory of the ledger's aside. NULL: there is none to be had, and the session ends.
struct vch_request *vch_ledger_session_parts_new_request(struct vch_ledger_session *session,
                                                         enum vch_request_kind kind, uint64_t id,
                                                         size_t memory);
// To the ledger; one that is not whole found no memory, and the session ends.
void vch_ledger_session_parts_submit(struct vch_ledger_session *session,
                                     struct vch_request *request, bool is_whole);
void vch_ledger_session_parts_drop(struct vch_ledger_session *session, struct vch_request *request);

void vch_ledger_session_parts_receive_append(struct vch_ledger_session *session,
                                             const Vouch__LedgerAppend *append);
void vch_ledger_session_parts_receive_prove(struct vch_ledger_session *session,
                                            const Vouch__LedgerProve *prove);

// Blobs. Pump: as much as there is room for.
void vch_ledger_session_parts_receive_get(struct vch_ledger_session *session,
                                          const Vouch__LedgerBlobGet *get);
void vch_ledger_session_parts_receive_put(struct vch_ledger_session *session,
                                          const Vouch__LedgerBlobPut *put);
void vch_ledger_session_parts_receive_chunk(struct vch_ledger_session *session,
                                            const Vouch__Chunk *chunk);
void vch_ledger_session_parts_pump_blob(struct vch_ledger_session *session);
void vch_ledger_session_parts_finish_get(struct vch_ledger_session *session,
                                         struct vch_request *request);

// The log, entry after entry. Finish: entries that had to be read.
void vch_ledger_session_parts_receive_follow(struct vch_ledger_session *session,
                                             const Vouch__LedgerFollow *follow);
void vch_ledger_session_parts_pump_follow(struct vch_ledger_session *session);
void vch_ledger_session_parts_finish_follow(struct vch_ledger_session *session,
                                            const struct vch_request *request);
// How many entries fit one frame, but one at least.
uint32_t vch_ledger_session_parts_fit(const struct vch_store_entry *entries, uint32_t count);

// Entries about a subject. Finish: likewise.
void vch_ledger_session_parts_receive_watch(struct vch_ledger_session *session,
                                            const Vouch__LedgerWatch *watch);
void vch_ledger_session_parts_pump_watches(struct vch_ledger_session *session);
void vch_ledger_session_parts_finish_watch(struct vch_ledger_session *session,
                                           const struct vch_request *request);

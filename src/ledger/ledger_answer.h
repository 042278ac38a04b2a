// What a ledger says to its members, frame by frame. For ledger_session.c and its parts.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "ledger/ledger_session.h"
#include "ledger/request.h"

#define VCH_LEDGER_ANSWER_ENTRIES_MAX 256u // in one frame

vch_status vch_ledger_answer_welcome(struct vch_ledger_session *session);
vch_status vch_ledger_answer_goodbye(struct vch_ledger_session *session);
vch_status vch_ledger_answer_pong(struct vch_ledger_session *session, uint64_t token);
vch_status vch_ledger_answer_appended(struct vch_ledger_session *session,
                                      const struct vch_request *request);
vch_status vch_ledger_answer_entries(struct vch_ledger_session *session, uint64_t from,
                                     const struct vch_store_entry *entries, uint32_t count);
vch_status vch_ledger_answer_events(struct vch_ledger_session *session,
                                    const struct vch_digest *subject, const uint64_t *positions,
                                    const struct vch_store_entry *entries, uint32_t count);
// Also says that a proof is too large for a frame.
vch_status vch_ledger_answer_proof(struct vch_ledger_session *session,
                                   const struct vch_request *request);
vch_status vch_ledger_answer_no_proof(struct vch_ledger_session *session, uint64_t id,
                                      enum vch_code code, const char *text);
vch_status vch_ledger_answer_put(struct vch_ledger_session *session, uint64_t id,
                                 enum vch_code code, const char *text);
// The header, and the next chunk after it; they move the request on.
vch_status vch_ledger_answer_blob(struct vch_ledger_session *session, struct vch_request *request);
vch_status vch_ledger_answer_chunk(struct vch_ledger_session *session, struct vch_request *request);

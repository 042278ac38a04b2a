// What the parts of a link share.
#pragma once

#include <stdbool.h>

#include "client/link.h"

// The node broke the protocol: nothing more is heard from it on this stream.
void vch_link_parts_break_off(struct vch_link *link, enum vch_fault_kind kind, const char *why);
// We refuse the node, or it is right to refuse us: it is told why.
void vch_link_parts_refuse(struct vch_link *link, enum vch_code code, const char *why);

void vch_link_parts_send_hello(struct vch_link *link);
void vch_link_parts_receive_welcome(struct vch_link *link, const Vouch__Welcome *welcome);

// May anything private be sent now?
bool vch_link_parts_is_trusted(const struct vch_link *link);
// Something has come of the channel, or time has passed.
void vch_link_parts_settle_channel(struct vch_link *link);

void vch_link_parts_send_ping(struct vch_link *link);
void vch_link_parts_receive_ping(struct vch_link *link, const Vouch__Ping *ping);
void vch_link_parts_receive_pong(struct vch_link *link, const Vouch__Pong *pong);

// As much of the question's tensor as there is room for.
void vch_link_parts_send_chunks(struct vch_link *link);
void vch_link_parts_forget_question(struct vch_link *link);
// Tells the owner what became of its question, if there is one.
void vch_link_parts_report_fault(struct vch_link *link, enum vch_fault_kind kind, const char *why);

void vch_link_parts_receive_result(struct vch_link *link, const Vouch__RunResult *result);
void vch_link_parts_receive_proof_result(struct vch_link *link, const Vouch__ProofResult *result);
void vch_link_parts_receive_chunk(struct vch_link *link, const Vouch__Chunk *chunk);
void vch_link_parts_receive_refusal(struct vch_link *link, const Vouch__Refusal *refusal);

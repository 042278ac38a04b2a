// The attested side: answers the other end's questions with this process' statement and, where it
// has any, evidence that is bound to the connection (specs/wire.md, section 9).
//
// Collecting evidence blocks, so it is done on a thread of its own, one question after another; the
// answers come on the event loop that the attester was made for. A question whose connection is
// gone is cancelled, and nothing is heard of it.
#pragma once

#include <event2/event.h>
#include <stdint.h>

#include "attest/binder.h"
#include "attest/facts.h"
#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "channel/transport.h"
#include "crypto/sign.h"
#include "evidence/cmw.h"

// Questions that wait, of all connections: one of each that a node may have, and those that were
// cancelled.
#define VCH_ATTESTER_QUEUE_MAX 1024u

struct vch_attester;
struct vch_attester_question;

struct vch_attester_setup {
    struct event_base *base;
    enum vch_binder_kind kind; // of what `collect` brings; NONE: nothing but a statement
    struct vch_facts facts;
    uint8_t sealing_key[32];    // X25519, public
    struct vch_public_key node; // this process' identity in the network
    // Evidence for that block. Blocks for a bounded time, on the attester's thread, for one block
    // at a time; what it makes lies in the arena, or is static. NULL for kind NONE.
    vch_status (*collect)(void *context, const uint8_t binder[static VCH_BINDER_SIZE],
                          struct vch_cmw *evidence, struct vch_cmw *endorsements,
                          struct vch_arena *arena, struct vch_complaint *complaint);
    void *context; // of collect
};

// USAGE: a statement that has no encoding, no sealing key, evidence without a collector.
vch_status vch_attester_new(struct vch_attester **out, const struct vch_attester_setup *setup,
                            struct vch_complaint *complaint);
void vch_attester_free(struct vch_attester *attester); // no question is heard of any more

// Of what is answered from now on: models come while a node runs.
vch_status vch_attester_set_facts(struct vch_attester *attester, const struct vch_facts *facts);

// What a question comes to; void after the call.
struct vch_attester_answer {
    vch_status status;
    const uint8_t *bytes; // a response (specs/attest.md, section 2)
    size_t size;
    const uint8_t *binder; // VCH_BINDER_SIZE bytes: the block that it is evidence for
    const char *why;       // there is no response
};
typedef void (*vch_attester_answered)(void *context, const struct vch_attester_answer *answer);

// A request that came over a connection of which this end has that role. `answered` is called once,
// later, from the event loop; or the question is cancelled. MALFORMED or LIMIT: no request.
// UNSUPPORTED: for evidence that is not at hand. BUSY: too many wait. Others: no such connection.
vch_status vch_attester_ask(struct vch_attester_question **out, struct vch_attester *attester,
                            const void *request, size_t request_size, enum vch_binder_role role,
                            const struct vch_transport *transport, vch_attester_answered answered,
                            void *context, struct vch_complaint *complaint);
// The block that its answer is bound to, for as long as `answered` takes: what is sealed for this
// end (sealing/grant.h) is opened with it. USAGE: there is none such.
vch_status vch_attester_block(uint8_t out[static VCH_BINDER_SIZE],
                              const struct vch_attester_question *question);
void vch_attester_cancel(struct vch_attester_question *question); // NULL is nothing to cancel

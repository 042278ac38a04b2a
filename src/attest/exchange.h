// What the two ends of a connection say to each other to attest: a request, a response
// (specs/attest.md, section 2). Neither is trusted for what it says; what counts is whether the
// evidence holds and is bound to what the verifier knows itself (attest/binder.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attest/binder.h"
#include "attest/facts.h"
#include "base/complaint.h"
#include "base/status.h"
#include "evidence/appraisal.h"
#include "evidence/cmw.h"

#define VCH_EXCHANGE_SIZE_MAX 262144u // check: 256 << 10
#define VCH_EXCHANGE_REQUEST_SIZE_MAX 96

struct vch_exchange_request {
    uint8_t nonce[32];
    bool accepts[VCH_BINDER_KIND_END]; // by kind; one at least
    struct vch_digest policy;
    enum vch_binder_role role; // of the end that is asked
};

struct vch_exchange_response {
    enum vch_binder_kind kind;
    const uint8_t *statement; // borrowed: vch_facts_decode takes it
    size_t statement_size;
    struct vch_cmw evidence;     // borrowed; empty for VCH_BINDER_NONE, and for it alone
    struct vch_cmw endorsements; // borrowed; may be empty
    uint8_t sealing_key[32];
};

// USAGE: what decode would refuse. LIMIT: too little room.
vch_status vch_exchange_encode_request(uint8_t out[static VCH_EXCHANGE_REQUEST_SIZE_MAX],
                                       size_t *size, const struct vch_exchange_request *request);
vch_status vch_exchange_encode_response(uint8_t *out, size_t room, size_t *size,
                                        const struct vch_exchange_response *response);

// The one encoding: TRUNCATED, MALFORMED, UNSUPPORTED (another version) or LIMIT.
vch_status vch_exchange_decode_request(struct vch_exchange_request *out, const void *bytes,
                                       size_t size, struct vch_complaint *complaint);
vch_status vch_exchange_decode_response(struct vch_exchange_response *out, const void *bytes,
                                        size_t size, struct vch_complaint *complaint);

// What the verifier of a channel knows itself, with what the response says, as a binding block.
struct vch_exchange_channel {
    uint8_t exporter[32];
    struct vch_digest own;  // of the attested end's SubjectPublicKeyInfo, as TLS showed it
    struct vch_digest peer; // of the verifier's; zero where it shows none
    uint8_t node[32];       // whom the verifier means to talk to
};

// Enters "exchange.kind": that the kind is one that was asked for; and makes the block. False: the
// check failed, or there is no such block (then "exchange.block" failed).
bool vch_exchange_bind(uint8_t out[static VCH_BINDER_SIZE], struct vch_appraisal *appraisal,
                       const struct vch_exchange_request *request,
                       const struct vch_exchange_response *response,
                       const struct vch_exchange_channel *channel);

// An owner's release of a data key to one node: connect, have its evidence judged, write the
// release down, send it, hear what became of it.
//
// Nothing but a greeting and a question leaves before the verdict, and the release not before it is
// durable. A node that hides something, or is not what the rules want, gets neither.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attest/rules.h"
#include "base/complaint.h"
#include "base/status.h"
#include "channel/asker.h"
#include "channel/attester.h"
#include "channel/parser.h"
#include "crypto/sign.h"
#include "net/peers.h"
#include "net/stream.h"
#include "sealing/release.h"
#include "sealing/sealed.h"

struct vch_releasing_setup {
    const struct vch_secret_key *key; // whom the node admits; borrowed
    struct vch_peer node;
    const struct vch_rules *rules; // borrowed
    // Who judges by them, for weights:private; and where, as its policy says. NULL: it is done
    // here.
    const struct vch_asker_policy *policy;
    struct vch_parser *parser;
    const struct vch_sealed *sealed;
    const uint8_t *data_key; // VCH_SEALED_KEY_SIZE bytes
    // Names of checks that may be only warned about (sealing/grant.h).
    const char *const *accepted;
    size_t accepted_count;
    uint64_t lifetime_s;                       // of the release, within the policy and its verdict
    uint32_t timeout_ms;                       // for everything; 0: ten minutes
    struct vch_stream_limits limits;           // all zero: vch_stream_default_limits
    const struct vch_attester_setup *attester; // what we show where the node asks; NULL: nothing
    // Makes the release durable. What fails here is not sent.
    vch_status (*record)(void *context, const struct vch_release *release,
                         struct vch_complaint *complaint);
    void *context;
};

// What came of it, as far as it got.
struct vch_releasing {
    bool is_recorded, is_sent, is_open;
    struct vch_release release;
    struct vch_asker_kept evidence; // what was accepted, and the verdict on it; free its bytes
};

// OK: the node serves the weights. Else the complaint says how far it went. REFUSED: the node is
// not what the rules want, or refuses the release; UNAVAILABLE, TIMEOUT; whatever the node says.
vch_status vch_releasing_run(struct vch_releasing *out, const struct vch_releasing_setup *setup,
                             struct vch_complaint *complaint);

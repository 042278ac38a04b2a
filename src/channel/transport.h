// How the two sides of an attestation reach the connection that they are on.
#pragma once

#include <stdint.h>

#include "attest/binder.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "net/stream.h"

struct vch_transport_time {
    uint64_t unix_ms, monotonic_ms;
};

// What ties an attestation to one connection, as this end sees it.
struct vch_transport_ties {
    uint8_t exporter[VCH_TLS_EXPORT_SIZE]; // of VCH_BINDER_EXPORTER_LABEL, for the nonce
    struct vch_digest own, peer;           // of the certificates' SubjectPublicKeyInfo
};

struct vch_transport {
    void *context; // borrowed
    vch_status (*send)(void *context, const Vouch__Frame *frame);
    vch_status (*tie)(void *context, struct vch_transport_ties *out,
                      const uint8_t nonce[static 32]);
};

// Over a stream, which outlives the use of it.
struct vch_transport vch_transport_of(struct vch_stream *stream);

// By this process' clocks.
struct vch_transport_time vch_transport_now(void);

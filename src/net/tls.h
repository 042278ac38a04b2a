// TLS 1.3 between two identity keys, and nothing else.
//
// Each side shows a self-signed certificate of its Ed25519 identity key (crypto/identity.h). The
// public key inside is the peer: no names, no authorities, no dates count. TLS itself proves that
// the peer holds the key. The side that connects names the one key it wants; the side that accepts
// asks `admit`. Anyone else fails the handshake, before a single frame. TLS 1.3 only, no
// resumption, no tickets, no early data; both sides must speak the protocol "vouch/1" (ALPN).
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "crypto/signer.h"

#define VCH_TLS_EXPORT_SIZE 32

struct vch_tls; // one identity; serves any number of connections of one thread

struct vch_tls_admission {
    bool (*admit)(void *context, const struct vch_public_key *key);
    void *context; // borrowed for the life of the connection
};

// The key itself may be elsewhere (crypto/signer.h): `signer` is copied, and whatever stands behind
// it must outlive this. UNAVAILABLE: it does not sign.
vch_status vch_tls_new(struct vch_tls **out, const struct vch_signer *signer,
                       struct vch_complaint *complaint);
void vch_tls_free(struct vch_tls *tls);

// One connection's state, to be handed to a bufferevent, which frees it. NULL: no memory.
SSL *vch_tls_new_accepting(struct vch_tls *tls, const struct vch_tls_admission *admission);
SSL *vch_tls_new_connecting(struct vch_tls *tls, const struct vch_public_key *expected);

// Who the peer proved to be. BAD_PROOF before the handshake has succeeded.
vch_status vch_tls_peer(struct vch_public_key *out, const SSL *ssl);

// What only the two ends of this connection know (RFC 8446, section 7.5): the same at both, another
// for each label, each context and each handshake. BAD_PROOF before the handshake has succeeded.
vch_status vch_tls_export(uint8_t out[static VCH_TLS_EXPORT_SIZE], SSL *ssl, const char *label,
                          const void *context, size_t context_size);

// SHA-256 of the SubjectPublicKeyInfo (DER) of the two certificates. BAD_PROOF likewise.
vch_status vch_tls_keys(struct vch_digest *own, struct vch_digest *peer, const SSL *ssl);

// Who signs for an identity: the key may lie here, or with somebody who only answers requests.
//
// What is signed is shown, never a digest alone: a transcript's protocol and items, or one of the
// messages that TLS has an identity sign. So whoever holds the key knows what it signs, and refuses
// what is none of its business.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

// An item of a transcript (crypto/transcript.h).
struct vch_signer_item {
    const char *label;
    const void *bytes;
    size_t size;
};

#define VCH_SIGNER_ITEMS_MAX 8u

// May be copied. It is called from any thread.
struct vch_signer {
    struct vch_public_key public_key;
    // UNAVAILABLE: whoever holds the key is gone. REFUSED: it signs no such thing.
    vch_status (*sign)(void *context, struct vch_signature *out, const char *protocol,
                       const struct vch_signer_item *items, uint32_t count);
    vch_status (*sign_tls)(void *context, struct vch_signature *out, const void *message,
                           size_t size);
    void *context;
};

// By a key in this process, which is borrowed.
struct vch_signer vch_signer_local(const struct vch_secret_key *key);

// The digest of the transcript of these items.
struct vch_digest vch_signer_digest(const char *protocol, const struct vch_signer_item *items,
                                    uint32_t count);

// As vch_sign_digest over that digest.
vch_status vch_signer_sign(const struct vch_signer *signer, struct vch_signature *out,
                           const char *protocol, const struct vch_signer_item *items,
                           uint32_t count);

// Of the messages that crypto/identity.h knows; REFUSED for any other.
vch_status vch_signer_sign_tls(const struct vch_signer *signer, struct vch_signature *out,
                               const void *message, size_t size);

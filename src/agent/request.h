// Requests to the key agent, and what may be signed (specs/confinement.md, section 9). The node
// that asks may have been taken over: whatever it sends is read as a stranger's.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/signer.h"

enum vch_request_kind {
    VCH_REQUEST_LOAD = 1,
    VCH_REQUEST_LOAD_VRF,
    VCH_REQUEST_SIGN,
    VCH_REQUEST_SIGN_TLS,
    VCH_REQUEST_PROVE,
    VCH_REQUEST_NONCE,
    VCH_REQUEST_RUNS_KEY,
    VCH_REQUEST_TAKE,
    VCH_REQUEST_BEGIN,
    VCH_REQUEST_OPEN,
    VCH_REQUEST_END,
    VCH_REQUEST_KINDS, // how many there are, and one
};

// Before each request: kind, size of what follows. Before each answer: code, size of what follows;
// where the code is not NONE, a text follows.
#define VCH_REQUEST_HEAD_SIZE 8u

#define VCH_REQUEST_PASSPHRASE_MAX 1023u
#define VCH_REQUEST_STATEMENT_MAX 16384u // of a ledger; as VCH_ENTRY_SIZE_MAX
#define VCH_REQUEST_TEXT_MAX 16512u      // of a transcript: that, and 128 bytes for what is around
#define VCH_REQUEST_NONCE_SIZE 80u       // check: 32 + 32 + 8 + 8
#define VCH_REQUEST_GRANT_SIZE 788u      // check: 216 + 276 + 296

// The bytes that a transcript hashes (crypto/transcript.h). LIMIT: more than VCH_REQUEST_TEXT_MAX.
vch_status vch_request_encode_text(uint8_t out[static VCH_REQUEST_TEXT_MAX], size_t *size,
                                   const char *protocol, const struct vch_signer_item *items,
                                   uint32_t count);

// What a transcript says, if it is one that a node signs.
struct vch_request_text {
    const char *protocol;
    uint32_t count;
    struct vch_signer_item items[VCH_SIGNER_ITEMS_MAX]; // bytes borrowed
};

// Whose transcripts are signed.
struct vch_request_signer {
    const struct vch_public_key *identity;
    const struct vch_digest *ledger; // on which it has a seat; NULL: none
};

// MALFORMED: no transcript. REFUSED: none that this node signs: other names, another order, other
// sizes, another node's, for another ledger, a statement that its operator makes.
vch_status vch_request_decode_text(struct vch_request_text *out, const uint8_t *bytes, size_t size,
                                   const struct vch_request_signer *signer,
                                   struct vch_complaint *complaint);

#include "crypto/commitment.h"

#include "base/bytes.h"
#include "crypto/transcript.h"

_Static_assert(sizeof(struct vch_digest) == sizeof(struct vch_nonce), "a nonce is a digest");

struct vch_digest vch_commitment_make(enum vch_commitment_kind kind, const struct vch_nonce *nonce,
                                      const struct vch_digest *message)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/commitment/v1");
    vch_transcript_absorb_u64(&transcript, "kind", (uint64_t)kind);
    vch_transcript_absorb(&transcript, "nonce", nonce->bytes, sizeof nonce->bytes);
    vch_transcript_absorb_digest(&transcript, "message", message);
    return vch_transcript_final(&transcript);
}

vch_status vch_commitment_verify(const struct vch_digest *commitment, enum vch_commitment_kind kind,
                                 const struct vch_nonce *nonce, const struct vch_digest *message)
{
    if (kind != VCH_COMMITMENT_SHA256) return VCH_FAIL(BAD_PROOF); // no other kind opens so
    struct vch_digest made = vch_commitment_make(kind, nonce, message);
    return vch_hash_is_equal(&made, commitment) ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

// A hash as pseudo-random function: the secret comes first and every input has the same length,
// so that no nonce can be extended into another.
void vch_commitment_nonce(struct vch_nonce *out, const uint8_t secret[static 32], uint64_t index)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/nonce/v1");
    vch_transcript_absorb(&transcript, "secret", secret, 32);
    vch_transcript_absorb_u64(&transcript, "index", index);
    struct vch_digest digest = vch_transcript_final(&transcript);
    for (size_t i = 0; i < sizeof out->bytes; i++)
        out->bytes[i] = digest.bytes[i];
    vch_wipe(&digest, sizeof digest);
}

struct vch_digest vch_commitment_pin(const struct vch_nonce *nonce)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/nonce-pin/v1");
    vch_transcript_absorb(&transcript, "nonce", nonce->bytes, sizeof nonce->bytes);
    return vch_transcript_final(&transcript);
}

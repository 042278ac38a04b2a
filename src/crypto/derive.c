#include "crypto/derive.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/transcript.h"

static void settle(uint8_t out[static 32], struct vch_transcript *transcript)
{
    struct vch_digest digest = vch_transcript_final(transcript);

    memcpy(out, digest.bytes, sizeof digest.bytes);
    vch_wipe(&digest, sizeof digest);
    vch_wipe(transcript, sizeof *transcript);
}

static void derive(uint8_t out[static 32], const char *what, const struct vch_secret_key *key,
                   const struct vch_digest *ledger)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, what);
    vch_transcript_absorb(&transcript, "seed", key->seed, sizeof key->seed);
    vch_transcript_absorb_digest(&transcript, "ledger", ledger);
    settle(out, &transcript);
}

void vch_derive_seat_secret(uint8_t out[static 32], const struct vch_secret_key *key,
                            const struct vch_digest *ledger)
{
    derive(out, "vouch/seat-secret/v1", key, ledger);
}

void vch_derive_runs_key(uint8_t out[static 32], const struct vch_secret_key *key,
                         const struct vch_digest *ledger)
{
    derive(out, "vouch/runs-key/v1", key, ledger);
}

void vch_derive_seat_nonce(uint8_t out[static 32], const uint8_t seat_secret[static 32],
                           const struct vch_digest *subject, uint32_t segment, uint32_t round)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/seat-nonce/v1");
    vch_transcript_absorb(&transcript, "secret", seat_secret, 32);
    vch_transcript_absorb_digest(&transcript, "subject", subject);
    vch_transcript_absorb_u64(&transcript, "segment", segment);
    vch_transcript_absorb_u64(&transcript, "round", round);
    settle(out, &transcript);
}

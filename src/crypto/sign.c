#include "crypto/sign.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

_Static_assert(VCH_SIGN_SEED_SIZE == crypto_sign_ed25519_SEEDBYTES, "libsodium's sizes");
_Static_assert(VCH_SIGN_PUBLIC_SIZE == crypto_sign_ed25519_PUBLICKEYBYTES, "libsodium's sizes");
_Static_assert(VCH_SIGN_SIGNATURE_SIZE == crypto_sign_ed25519_BYTES, "libsodium's sizes");

void vch_sign_key(struct vch_secret_key *out, const uint8_t seed[static VCH_SIGN_SEED_SIZE])
{
    uint8_t expanded[crypto_sign_ed25519_SECRETKEYBYTES];

    (void)crypto_sign_ed25519_seed_keypair(out->public_key.bytes, expanded, seed);
    memmove(out->seed, seed, VCH_SIGN_SEED_SIZE);
    vch_wipe(expanded, sizeof expanded);
}

void vch_sign_digest(struct vch_signature *out, const struct vch_secret_key *key,
                     const struct vch_digest *digest)
{
    uint8_t expanded[crypto_sign_ed25519_SECRETKEYBYTES]; // libsodium's form: seed, public key

    memcpy(expanded, key->seed, VCH_SIGN_SEED_SIZE);
    memcpy(expanded + VCH_SIGN_SEED_SIZE, key->public_key.bytes, VCH_SIGN_PUBLIC_SIZE);
    (void)crypto_sign_ed25519_detached(out->bytes, NULL, digest->bytes, VCH_DIGEST_SIZE, expanded);
    vch_wipe(expanded, sizeof expanded);
}

// libsodium refuses S >= L, a public key that is not canonical or of small order, and an R of
// small order: what makes a signature valid for everyone or for several messages.
vch_status vch_sign_verify(const struct vch_public_key *key, const struct vch_digest *digest,
                           const struct vch_signature *signature)
{
    int refused = crypto_sign_ed25519_verify_detached(signature->bytes, digest->bytes,
                                                      VCH_DIGEST_SIZE, key->bytes);
    return refused == 0 ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

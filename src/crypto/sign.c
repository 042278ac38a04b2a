#include "crypto/sign.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

_Static_assert(VCH_SIGN_MESSAGE_MIN > VCH_DIGEST_SIZE, "no message is as long as a digest");
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

static void sign(struct vch_signature *out, const struct vch_secret_key *key, const void *message,
                 size_t size)
{
    uint8_t expanded[crypto_sign_ed25519_SECRETKEYBYTES]; // libsodium's form: seed, public key

    memcpy(expanded, key->seed, VCH_SIGN_SEED_SIZE);
    memcpy(expanded + VCH_SIGN_SEED_SIZE, key->public_key.bytes, VCH_SIGN_PUBLIC_SIZE);
    (void)crypto_sign_ed25519_detached(out->bytes, NULL, message, size, expanded);
    vch_wipe(expanded, sizeof expanded);
}

// libsodium refuses S >= L, a public key that is not canonical or of small order, and an R of
// small order: what makes a signature valid for everyone or for several messages.
static vch_status verify(const struct vch_public_key *key, const void *message, size_t size,
                         const struct vch_signature *signature)
{
    int refused = crypto_sign_ed25519_verify_detached(signature->bytes, message, size, key->bytes);
    return refused == 0 ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

void vch_sign_digest(struct vch_signature *out, const struct vch_secret_key *key,
                     const struct vch_digest *digest)
{
    sign(out, key, digest->bytes, VCH_DIGEST_SIZE);
}

vch_status vch_sign_verify(const struct vch_public_key *key, const struct vch_digest *digest,
                           const struct vch_signature *signature)
{
    return verify(key, digest->bytes, VCH_DIGEST_SIZE, signature);
}

void vch_sign_bare_message(struct vch_signature *out, const struct vch_secret_key *key,
                           const void *message, size_t size)
{
    VCH_ASSERT(size >= VCH_SIGN_MESSAGE_MIN);
    sign(out, key, message, size);
}

vch_status vch_sign_verify_bare_message(const struct vch_public_key *key, const void *message,
                                        size_t size, const struct vch_signature *signature)
{
    if (size < VCH_SIGN_MESSAGE_MIN) return VCH_FAIL(BAD_PROOF);
    return verify(key, message, size, signature);
}

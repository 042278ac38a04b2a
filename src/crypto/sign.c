#include "crypto/sign.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/edwards.h"
#include "crypto/known.h"

enum {
    SCALAR_SIZE = crypto_core_ed25519_SCALARBYTES,
    WIDE_SIZE = crypto_core_ed25519_NONREDUCEDSCALARBYTES,
};

_Static_assert(VCH_SIGN_MESSAGE_MIN > VCH_DIGEST_SIZE, "no message is as long as a digest");
_Static_assert(VCH_SIGN_SEED_SIZE == crypto_sign_ed25519_SEEDBYTES, "libsodium's sizes");
_Static_assert(VCH_SIGN_PUBLIC_SIZE == crypto_sign_ed25519_PUBLICKEYBYTES, "libsodium's sizes");
_Static_assert(VCH_EDWARDS_SIZE + SCALAR_SIZE == VCH_SIGN_SIGNATURE_SIZE, "a signature's parts");
_Static_assert(WIDE_SIZE == crypto_hash_sha512_BYTES, "libsodium's sizes");
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

static bool is_reduced(const uint8_t scalar[static SCALAR_SIZE])
{
    uint8_t wide[WIDE_SIZE] = {0}, reduced[SCALAR_SIZE];

    memcpy(wide, scalar, SCALAR_SIZE);
    crypto_core_ed25519_scalar_reduce(reduced, wide);
    return memcmp(reduced, scalar, SCALAR_SIZE) == 0;
}

// Of one signature everything: R, the key and the message are inside the hash.
struct claim {
    uint8_t hash[WIDE_SIZE], s[SCALAR_SIZE];
};

// Signatures that this thread has found right lately. Members of a ledger meet the same ones again:
// a clerk's entries as they come and as a voucher's leaves, a checkpoint's with every proof.
enum { CLAIMS = 256 };

static _Thread_local struct claim claims[CLAIMS];

static struct claim claim_of(const struct vch_public_key *key, const void *message, size_t size,
                             const struct vch_signature *signature)
{
    crypto_hash_sha512_state hash;
    struct claim claim;

    memcpy(claim.s, signature->bytes + VCH_EDWARDS_SIZE, SCALAR_SIZE);
    (void)crypto_hash_sha512_init(&hash);
    (void)crypto_hash_sha512_update(&hash, signature->bytes, VCH_EDWARDS_SIZE);
    (void)crypto_hash_sha512_update(&hash, key->bytes, sizeof key->bytes);
    (void)crypto_hash_sha512_update(&hash, message, size);
    (void)crypto_hash_sha512_final(&hash, claim.hash);
    return claim;
}

// R' = S B - h A.
static struct vch_edwards_point commitment_of(const struct claim *claim,
                                              const struct vch_edwards_table *minus_key,
                                              const struct vch_edwards_table *base)
{
    uint8_t h[SCALAR_SIZE];

    crypto_core_ed25519_scalar_reduce(h, claim->hash);
    return vch_edwards_combine(claim->s, base, h, minus_key);
}

// The same of a key that has no table. False for what is no key.
static bool find_commitment(struct vch_edwards_point *out, const struct claim *claim,
                            const struct vch_public_key *key)
{
    const struct vch_edwards_point base = vch_edwards_base();
    struct vch_edwards_point point;
    uint8_t h[SCALAR_SIZE];

    if (!vch_edwards_decode(&point, key->bytes) || vch_edwards_has_small_order(&point))
        return false;
    point = vch_edwards_negate(&point);
    crypto_core_ed25519_scalar_reduce(h, claim->hash);
    *out = vch_edwards_combine_new(claim->s, &base, h, &point);
    return true;
}

static bool recompute(struct vch_edwards_point *out, const struct claim *claim,
                      const struct vch_public_key *key)
{
    const struct vch_edwards_table *base = vch_known_base();
    const struct vch_known *known =
        base != NULL ? vch_known_hold(VCH_KNOWN_SIGNER, key->bytes) : NULL;

    if (known == NULL) return find_commitment(out, claim, key);
    *out = commitment_of(claim, vch_known_table(known), base);
    vch_known_let_go(known);
    return true;
}

// RFC 8032, section 5.1.7, without the cofactor: R = S B - h A, to the byte. Refused are S >= L, a
// public key that is not canonical or of small order, and an R of small order: what makes a
// signature valid for everyone or for several messages. libsodium's word alone is not
// enough: 1.0.18 has this rule, and later ones may take what differs by a part of small order.
static bool is_right(const struct vch_public_key *key, const struct claim *claim,
                     const struct vch_signature *signature)
{
    struct vch_edwards_point point;
    uint8_t r[VCH_EDWARDS_SIZE];

    if (!is_reduced(claim->s) || !recompute(&point, claim, key)) return false;
    vch_edwards_encode(r, &point);
    return memcmp(r, signature->bytes, sizeof r) == 0 && !vch_edwards_has_small_order(&point);
}

static vch_status verify(const struct vch_public_key *key, const void *message, size_t size,
                         const struct vch_signature *signature)
{
    const struct claim claim = claim_of(key, message, size, signature);
    struct claim *known = &claims[vch_get_u32le(claim.hash) % CLAIMS];

    if (memcmp(known, &claim, sizeof claim) == 0) return VCH_OK;
    // Where no tables are kept nobody is in a hurry, and nothing is taken without the library's
    // yes.
    if (vch_known_base() == NULL &&
        crypto_sign_ed25519_verify_detached(signature->bytes, message, size, key->bytes) != 0)
        return VCH_FAIL(BAD_PROOF);
    if (!is_right(key, &claim, signature)) return VCH_FAIL(BAD_PROOF);
    vch_known_remember(VCH_KNOWN_SIGNER, key->bytes);
    *known = claim;
    return VCH_OK;
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

#include "crypto/vrf.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/known.h"
#include "crypto/ristretto.h"

enum {
    POINT_SIZE = crypto_core_ristretto255_BYTES,
    SCALAR_SIZE = crypto_core_ristretto255_SCALARBYTES,
    WIDE_SIZE = crypto_core_ristretto255_NONREDUCEDSCALARBYTES,
    CHALLENGE_SIZE = 16,
    // What a hash is for: the byte that follows the suite's name.
    FOR_CHALLENGE = 0x02,
    FOR_BETA = 0x03,
    FOR_NONCE = 0x81,
    FOR_POINT = 0x82,
};

_Static_assert(VCH_VRF_BETA_SIZE == crypto_hash_sha512_BYTES, "libsodium's sizes");
_Static_assert(VCH_VRF_PUBLIC_SIZE == POINT_SIZE, "libsodium's sizes");
_Static_assert(WIDE_SIZE == crypto_hash_sha512_BYTES, "libsodium's sizes");
_Static_assert(VCH_RISTRETTO_HASH_SIZE == crypto_hash_sha512_BYTES, "libsodium's sizes");
_Static_assert(POINT_SIZE + CHALLENGE_SIZE + SCALAR_SIZE == VCH_VRF_PROOF_SIZE, "a proof's parts");

typedef crypto_hash_sha512_state sha512;

struct point {
    uint8_t bytes[POINT_SIZE];
};

struct scalar {
    uint8_t bytes[SCALAR_SIZE];
};

static void hash_init(sha512 *hash, uint8_t purpose)
{
    static const uint8_t suite[] = "\xff"
                                   "c2sp.org/vrf-r255";

    (void)crypto_hash_sha512_init(hash);
    (void)crypto_hash_sha512_update(hash, suite, sizeof suite - 1);
    (void)crypto_hash_sha512_update(hash, &purpose, 1);
}

static void hash_point(sha512 *hash, const struct point *point)
{
    (void)crypto_hash_sha512_update(hash, point->bytes, sizeof point->bytes);
}

static void hash_final(uint8_t out[static crypto_hash_sha512_BYTES], sha512 *hash)
{
    (void)crypto_hash_sha512_final(hash, out);
    vch_wipe(hash, sizeof *hash);
}

// The rows of RFC 9381 end their hashes with a zero byte, which the suite's own do not.
static void hash_final_zero(uint8_t out[static crypto_hash_sha512_BYTES], sha512 *hash)
{
    static const uint8_t zero = 0;

    (void)crypto_hash_sha512_update(hash, &zero, 1);
    hash_final(out, hash);
}

// The seed's transcript ("vouch/vrf-key/v1", "seed") under SHA-512, modulo the group's order.
static void grow_scalar(struct scalar *out, const uint8_t seed[static VCH_VRF_SEED_SIZE])
{
    static const uint8_t head[] = "\x10"
                                  "vouch/vrf-key/v1"
                                  "\x04"
                                  "seed"
                                  "\x20\0\0\0\0\0\0\0";
    uint8_t wide[WIDE_SIZE];
    sha512 hash;

    (void)crypto_hash_sha512_init(&hash);
    (void)crypto_hash_sha512_update(&hash, head, sizeof head - 1);
    (void)crypto_hash_sha512_update(&hash, seed, VCH_VRF_SEED_SIZE);
    hash_final(wide, &hash);
    crypto_core_ristretto255_scalar_reduce(out->bytes, wide);
    vch_wipe(wide, sizeof wide);
}

void vch_vrf_key(struct vch_vrf_secret *out, const uint8_t seed[static VCH_VRF_SEED_SIZE])
{
    struct scalar scalar;

    memmove(out->seed, seed, VCH_VRF_SEED_SIZE);
    grow_scalar(&scalar, out->seed);
    memcpy(out->scalar, scalar.bytes, sizeof out->scalar);
    vch_wipe(&scalar, sizeof scalar);
    // It fails for the scalar 0 alone, which nobody will ever hash to.
    VCH_ASSERT(crypto_scalarmult_ristretto255_base(out->public_key.bytes, out->scalar) == 0);
}

// Not libsodium's word: version 1.0.18 takes every point in two encodings, one with the highest bit
// set, and whoever made such a proof would have two betas to choose from.
static bool is_point(const uint8_t bytes[static POINT_SIZE])
{
    struct vch_edwards_point point;

    return vch_ristretto_decode(&point, bytes) && !vch_is_zero(bytes, POINT_SIZE);
}

vch_status vch_vrf_check_public(const struct vch_vrf_public *key)
{
    return is_point(key->bytes) ? VCH_OK : VCH_FAIL(MALFORMED);
}

// H: alpha as a group element, another one for every key. Both are public, and so is this.
static struct vch_edwards_point hash_to_point(struct point *out, const struct vch_vrf_public *key,
                                              const void *alpha, size_t size)
{
    uint8_t uniform[VCH_RISTRETTO_HASH_SIZE];
    sha512 hash;

    hash_init(&hash, FOR_POINT);
    (void)crypto_hash_sha512_update(&hash, key->bytes, sizeof key->bytes);
    if (size > 0) (void)crypto_hash_sha512_update(&hash, alpha, size);
    hash_final(uniform, &hash);
    const struct vch_edwards_point point = vch_ristretto_from_hash(uniform);
    vch_ristretto_encode(out->bytes, &point);
    return point;
}

static void make_nonce(struct scalar *out, const struct vch_vrf_secret *key, const struct point *h)
{
    uint8_t wide[WIDE_SIZE];
    sha512 hash;

    hash_init(&hash, FOR_NONCE);
    (void)crypto_hash_sha512_update(&hash, key->scalar, sizeof key->scalar);
    hash_point(&hash, h);
    hash_final(wide, &hash);
    crypto_core_ristretto255_scalar_reduce(out->bytes, wide);
    vch_wipe(wide, sizeof wide);
}

// The first 16 bytes of the hash of five points, as a scalar.
static void make_challenge(struct scalar *out, const struct vch_vrf_public *key,
                           const struct point *h, const struct point *gamma, const struct point *u,
                           const struct point *v)
{
    const struct point *const rest[4] = {h, gamma, u, v};
    uint8_t digest[crypto_hash_sha512_BYTES];
    sha512 hash;

    hash_init(&hash, FOR_CHALLENGE);
    (void)crypto_hash_sha512_update(&hash, key->bytes, sizeof key->bytes);
    for (size_t i = 0; i < 4; i++)
        hash_point(&hash, rest[i]);
    hash_final_zero(digest, &hash);
    memset(out, 0, sizeof *out);
    memcpy(out->bytes, digest, CHALLENGE_SIZE);
}

// The products below fail for a zero scalar or the identity alone; neither comes out of a hash.
static void multiply(struct point *out, const uint8_t scalar[static SCALAR_SIZE],
                     const struct point *point)
{
    VCH_ASSERT(crypto_scalarmult_ristretto255(out->bytes, scalar, point->bytes) == 0);
}

void vch_vrf_prove(struct vch_vrf_proof *out, const struct vch_vrf_secret *key, const void *alpha,
                   size_t size)
{
    struct point h, gamma, u, v;
    struct scalar nonce, challenge, s;

    (void)hash_to_point(&h, &key->public_key, alpha, size);
    multiply(&gamma, key->scalar, &h);
    make_nonce(&nonce, key, &h);
    VCH_ASSERT(crypto_scalarmult_ristretto255_base(u.bytes, nonce.bytes) == 0);
    multiply(&v, nonce.bytes, &h);
    make_challenge(&challenge, &key->public_key, &h, &gamma, &u, &v);
    crypto_core_ristretto255_scalar_mul(s.bytes, challenge.bytes, key->scalar);
    crypto_core_ristretto255_scalar_add(s.bytes, s.bytes, nonce.bytes);
    vch_wipe(&nonce, sizeof nonce);

    memcpy(out->bytes, gamma.bytes, POINT_SIZE);
    memcpy(out->bytes + POINT_SIZE, challenge.bytes, CHALLENGE_SIZE);
    memcpy(out->bytes + POINT_SIZE + CHALLENGE_SIZE, s.bytes, SCALAR_SIZE);
}

static bool is_reduced(const struct scalar *scalar)
{
    uint8_t wide[WIDE_SIZE] = {0}, reduced[SCALAR_SIZE];

    memcpy(wide, scalar->bytes, SCALAR_SIZE);
    crypto_core_ristretto255_scalar_reduce(reduced, wide);
    return memcmp(reduced, scalar->bytes, SCALAR_SIZE) == 0;
}

// The two points that an honest proof's challenge was hashed from: u = s B - c Y, v = s H - c
// Gamma. False when Y or Gamma is no point.
static bool recompute(struct point *u, struct point *v, const struct point *y,
                      const struct vch_edwards_point *h, const struct point *gamma,
                      const struct scalar *s, const struct scalar *c)
{
    const struct vch_edwards_table *base = vch_known_base();
    struct vch_edwards_point key, of_gamma, left;

    if (!vch_ristretto_decode(&of_gamma, gamma->bytes)) return false;
    of_gamma = vch_edwards_negate(&of_gamma);
    const struct vch_known *known = base != NULL ? vch_known_hold(VCH_KNOWN_VRF, y->bytes) : NULL;
    if (known != NULL) {
        left = vch_edwards_combine(s->bytes, base, c->bytes, vch_known_table(known));
        vch_known_let_go(known);
    } else {
        const struct vch_edwards_point generator = vch_edwards_base();
        if (!vch_ristretto_decode(&key, y->bytes)) return false;
        key = vch_edwards_negate(&key);
        left = vch_edwards_combine_new(s->bytes, &generator, c->bytes, &key);
    }
    const struct vch_edwards_point right =
        vch_edwards_combine_new(s->bytes, h, c->bytes, &of_gamma);
    vch_ristretto_encode(u->bytes, &left);
    vch_ristretto_encode(v->bytes, &right);
    return true;
}

vch_status vch_vrf_verify(struct vch_vrf_beta *beta, const struct vch_vrf_public *key,
                          const void *alpha, size_t size, const struct vch_vrf_proof *proof)
{
    struct point h, gamma, u, v, y;
    struct scalar c = {0}, s, again;

    memcpy(y.bytes, key->bytes, sizeof y.bytes);
    memcpy(gamma.bytes, proof->bytes, POINT_SIZE);
    memcpy(c.bytes, proof->bytes + POINT_SIZE, CHALLENGE_SIZE);
    memcpy(s.bytes, proof->bytes + POINT_SIZE + CHALLENGE_SIZE, SCALAR_SIZE);
    // The identity fits every challenge; nothing honest has a product that is the identity.
    const uint8_t *const parts[4] = {y.bytes, gamma.bytes, c.bytes, s.bytes};
    for (size_t i = 0; i < 4; i++)
        if (vch_is_zero(parts[i], POINT_SIZE)) return VCH_FAIL(BAD_PROOF);
    if (!is_reduced(&s)) return VCH_FAIL(BAD_PROOF);

    const struct vch_edwards_point point = hash_to_point(&h, key, alpha, size);
    if (vch_is_zero(h.bytes, POINT_SIZE) || !recompute(&u, &v, &y, &point, &gamma, &s, &c))
        return VCH_FAIL(BAD_PROOF);
    make_challenge(&again, key, &h, &gamma, &u, &v);
    if (memcmp(again.bytes, c.bytes, sizeof c.bytes) != 0) return VCH_FAIL(BAD_PROOF);
    *beta = vch_vrf_beta(proof);
    return VCH_OK;
}

struct vch_vrf_beta vch_vrf_beta(const struct vch_vrf_proof *proof)
{
    struct vch_vrf_beta beta;
    struct point gamma;
    sha512 hash;

    memcpy(gamma.bytes, proof->bytes, POINT_SIZE);
    hash_init(&hash, FOR_BETA);
    hash_point(&hash, &gamma);
    hash_final_zero(beta.bytes, &hash);
    return beta;
}

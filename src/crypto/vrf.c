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
_Static_assert(SCALAR_SIZE == POINT_SIZE, "all parts of a proof are read alike");
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

// An element other than the identity, in its one encoding. libsodium 1.0.18 ignores the highest
// bit, and whoever made a proof could choose between the betas of two encodings of gamma.
static bool is_point(const struct point *point)
{
    return point->bytes[POINT_SIZE - 1] >> 7 == 0 && !vch_is_zero(point->bytes, POINT_SIZE) &&
           crypto_core_ristretto255_is_valid_point(point->bytes) == 1;
}

vch_status vch_vrf_check_public(const struct vch_vrf_public *key)
{
    struct point point;

    memcpy(point.bytes, key->bytes, sizeof point.bytes);
    return is_point(&point) ? VCH_OK : VCH_FAIL(MALFORMED);
}

// What H is made from: alpha as a group element, another one for every key. Both are public.
static void hash_alpha(uint8_t uniform[static VCH_RISTRETTO_HASH_SIZE],
                       const struct vch_vrf_public *key, const void *alpha, size_t size)
{
    sha512 hash;

    hash_init(&hash, FOR_POINT);
    (void)crypto_hash_sha512_update(&hash, key->bytes, sizeof key->bytes);
    if (size > 0) (void)crypto_hash_sha512_update(&hash, alpha, size);
    hash_final(uniform, &hash);
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
    uint8_t uniform[VCH_RISTRETTO_HASH_SIZE];
    struct point h, gamma, u, v;
    struct scalar nonce, challenge, s;

    hash_alpha(uniform, &key->public_key, alpha, size);
    (void)crypto_core_ristretto255_from_hash(h.bytes, uniform);
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

// What a proof says, and the two points that an honest one's challenge was hashed from:
// u = s B - c Y, v = s H - c Gamma.
struct claim {
    uint8_t uniform[VCH_RISTRETTO_HASH_SIZE]; // becomes H
    struct point y, gamma;
    struct scalar c, s;
    struct point h, u, v;
};

static void difference(struct point *out, const struct point *left, const struct scalar *scalar,
                       const struct point *of)
{
    struct point right;

    multiply(&right, scalar->bytes, of);
    VCH_ASSERT(crypto_core_ristretto255_sub(out->bytes, left->bytes, right.bytes) == 0);
}

// False where Y or Gamma is no point.
static bool recompute(struct claim *claim)
{
    struct point s_b, s_h;

    if (!is_point(&claim->y) || !is_point(&claim->gamma)) return false;
    (void)crypto_core_ristretto255_from_hash(claim->h.bytes, claim->uniform);
    VCH_ASSERT(crypto_scalarmult_ristretto255_base(s_b.bytes, claim->s.bytes) == 0);
    multiply(&s_h, claim->s.bytes, &claim->h);
    difference(&claim->u, &s_b, &claim->c, &claim->y);
    difference(&claim->v, &s_h, &claim->c, &claim->gamma);
    return true;
}

static bool decode_minus(struct vch_edwards_point *out, const struct point *point)
{
    if (!vch_ristretto_decode(out, point->bytes)) return false;
    *out = vch_edwards_negate(out);
    return true;
}

// The same where tables are kept (known.h), in less than half the time. A key that has one was
// decoded when it was made.
static bool recompute_known(struct claim *claim, const struct vch_edwards_table *base)
{
    const uint8_t *s = claim->s.bytes, *c = claim->c.bytes;
    struct vch_edwards_point minus_key, minus_gamma, u;

    if (!decode_minus(&minus_gamma, &claim->gamma)) return false;
    const struct vch_known *known = vch_known_hold(VCH_KNOWN_VRF, claim->y.bytes);
    if (known != NULL) {
        u = vch_edwards_combine(s, base, c, vch_known_table(known));
        vch_known_let_go(known);
    } else {
        const struct vch_edwards_point generator = vch_edwards_base();
        if (!decode_minus(&minus_key, &claim->y)) return false;
        u = vch_edwards_combine_new(s, &generator, c, &minus_key);
    }
    const struct vch_edwards_point h = vch_ristretto_from_hash(claim->uniform);
    const struct vch_edwards_point v = vch_edwards_combine_new(s, &h, c, &minus_gamma);
    vch_ristretto_encode(claim->h.bytes, &h);
    vch_ristretto_encode(claim->u.bytes, &u);
    vch_ristretto_encode(claim->v.bytes, &v);
    return true;
}

// The identity fits every challenge; nothing honest has a product that is the identity.
static bool is_claim(const struct claim *claim)
{
    const uint8_t *const parts[4] = {claim->y.bytes, claim->gamma.bytes, claim->c.bytes,
                                     claim->s.bytes};

    for (size_t i = 0; i < 4; i++)
        if (vch_is_zero(parts[i], POINT_SIZE)) return false;
    return is_reduced(&claim->s);
}

vch_status vch_vrf_verify(struct vch_vrf_beta *beta, const struct vch_vrf_public *key,
                          const void *alpha, size_t size, const struct vch_vrf_proof *proof)
{
    const struct vch_edwards_table *base = vch_known_base();
    const uint8_t *rest = proof->bytes + POINT_SIZE;
    struct claim claim = {.c = {{0}}};
    struct scalar again;

    memcpy(claim.y.bytes, key->bytes, POINT_SIZE);
    memcpy(claim.gamma.bytes, proof->bytes, POINT_SIZE);
    memcpy(claim.c.bytes, rest, CHALLENGE_SIZE);
    memcpy(claim.s.bytes, rest + CHALLENGE_SIZE, SCALAR_SIZE);
    if (!is_claim(&claim)) return VCH_FAIL(BAD_PROOF);

    hash_alpha(claim.uniform, key, alpha, size);
    if (!(base != NULL ? recompute_known(&claim, base) : recompute(&claim)))
        return VCH_FAIL(BAD_PROOF);
    make_challenge(&again, key, &claim.h, &claim.gamma, &claim.u, &claim.v);
    if (memcmp(again.bytes, claim.c.bytes, sizeof again.bytes) != 0) return VCH_FAIL(BAD_PROOF);
    vch_known_remember(VCH_KNOWN_VRF, key->bytes);
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

#include "evidence/tpm_credential.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

enum { SEED_SIZE = VCH_DIGEST_SIZE, RSA_SIZE = 256, COORDINATE_SIZE = 32, AES_KEY_SIZE = 16 };
enum { LABEL_MAX = 16 };

static void put_u16(uint8_t *out, size_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

// HMAC-SHA-256 of up to three parts, of which the last may be missing.
struct part {
    const void *bytes;
    size_t size;
};

static vch_status hmac(uint8_t out[VCH_DIGEST_SIZE], const uint8_t *key, size_t key_size,
                       const struct part *parts, size_t count)
{
    uint8_t message[256];
    size_t size = 0;
    unsigned out_size = 0;

    for (size_t i = 0; i < count; i++) {
        if (parts[i].size == 0) continue;
        VCH_ASSERT(parts[i].size <= sizeof message - size);
        memcpy(message + size, parts[i].bytes, parts[i].size);
        size += parts[i].size;
    }
    const unsigned char *done =
        HMAC(EVP_sha256(), key, (int)key_size, message, size, out, &out_size);
    vch_wipe(message, sizeof message);
    return done != NULL && out_size == VCH_DIGEST_SIZE ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

// KDFa (Part 1, 11.4.10.2) for up to one block: counter 1, label with its NUL, context, bits.
static vch_status derive(uint8_t out[VCH_DIGEST_SIZE], const uint8_t seed[SEED_SIZE],
                         const char *label, const uint8_t *context, size_t context_size,
                         uint32_t bits)
{
    uint8_t counter[4], length[4];
    const struct part parts[] = {{counter, sizeof counter},
                                 {label, strlen(label) + 1},
                                 {context, context_size},
                                 {length, sizeof length}};

    vch_put_u32be(counter, 1);
    vch_put_u32be(length, bits);
    return hmac(out, seed, SEED_SIZE, parts, sizeof parts / sizeof *parts);
}

// AES-128-CFB, from a vector of zeroes, since every key is used once.
static vch_status encrypt(uint8_t *bytes, size_t size, const uint8_t key[AES_KEY_SIZE])
{
    static const uint8_t zeroes[16];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = 0;

    bool is_done = context != NULL &&
                   EVP_EncryptInit_ex(context, EVP_aes_128_cfb128(), NULL, key, zeroes) == 1 &&
                   EVP_EncryptUpdate(context, bytes, &done, bytes, (int)size) == 1 &&
                   (size_t)done == size;
    EVP_CIPHER_CTX_free(context);
    return is_done ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

// The credential behind its length, encrypted; before it, behind its length, the HMAC over that and
// the name (Part 1, section 24).
static vch_status make_blob(struct vch_tpm_credential *out, const uint8_t seed[SEED_SIZE],
                            const uint8_t *name, const uint8_t *secret, size_t secret_size)
{
    uint8_t key[VCH_DIGEST_SIZE], *mac = out->blob + 4, *inner = mac + VCH_DIGEST_SIZE;
    size_t inner_size = 2 + secret_size, size = 2 + VCH_DIGEST_SIZE + inner_size;
    const struct part parts[] = {{inner, inner_size}, {name, VCH_TPM_PUBLIC_NAME_SIZE}};

    put_u16(out->blob, size);
    put_u16(out->blob + 2, VCH_DIGEST_SIZE);
    put_u16(inner, secret_size);
    memcpy(inner + 2, secret, secret_size);
    out->blob_size = (uint16_t)(2 + size);
    vch_status status = derive(key, seed, "STORAGE", name, VCH_TPM_PUBLIC_NAME_SIZE, 128);
    if (vch_is_ok(status)) status = encrypt(inner, inner_size, key);
    if (vch_is_ok(status)) status = derive(key, seed, "INTEGRITY", NULL, 0, 256);
    if (vch_is_ok(status)) status = hmac(mac, key, sizeof key, parts, 2);
    vch_wipe(key, sizeof key);
    if (!vch_is_ok(status)) vch_wipe(out, sizeof *out); // the secret may still lie in it
    return status;
}

// MGF1 with SHA-256 (RFC 8017, B.2.1), over `bytes`.
static void mask(uint8_t *bytes, size_t size, const uint8_t *seed, size_t seed_size)
{
    for (size_t at = 0; at < size; at++) {
        struct vch_hash hash;
        uint8_t counter[4];
        struct vch_digest block;

        if (at % VCH_DIGEST_SIZE != 0) continue;
        vch_put_u32be(counter, (uint32_t)(at / VCH_DIGEST_SIZE));
        vch_hash_init(&hash);
        vch_hash_update(&hash, seed, seed_size);
        vch_hash_update(&hash, counter, sizeof counter);
        block = vch_hash_final(&hash);
        for (size_t i = 0; i < VCH_DIGEST_SIZE && at + i < size; i++)
            bytes[at + i] ^= block.bytes[i];
        vch_wipe(&block, sizeof block);
        vch_wipe(&hash, sizeof hash);
    }
}

// OAEP (RFC 8017, 7.1.1) with the label "IDENTITY", by hand, because OpenSSL draws its own padding
// and nothing here may draw.
static void pad(uint8_t out[RSA_SIZE], const uint8_t seed[SEED_SIZE], const uint8_t padding[32])
{
    static const char label[] = "IDENTITY"; // its NUL belongs to it
    uint8_t *masked = out + 1, *block = masked + VCH_DIGEST_SIZE;
    size_t block_size = RSA_SIZE - 1 - VCH_DIGEST_SIZE;
    struct vch_digest digest = vch_hash_bytes(label, sizeof label);

    memset(out, 0, RSA_SIZE);
    memcpy(masked, padding, VCH_DIGEST_SIZE);
    memcpy(block, digest.bytes, sizeof digest.bytes);
    block[block_size - SEED_SIZE - 1] = 1;
    memcpy(block + block_size - SEED_SIZE, seed, SEED_SIZE);
    mask(block, block_size, masked, VCH_DIGEST_SIZE);
    mask(masked, VCH_DIGEST_SIZE, block, block_size);
}

static vch_status wrap_rsa(struct vch_tpm_credential *out, EVP_PKEY *ek,
                           const uint8_t seed[SEED_SIZE], const uint8_t padding[32])
{
    uint8_t block[RSA_SIZE];
    size_t size = RSA_SIZE;

    if (EVP_PKEY_get_size(ek) != RSA_SIZE) return VCH_FAIL(UNSUPPORTED);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(ek, NULL);
    pad(block, seed, padding);
    bool is_done = context != NULL && EVP_PKEY_encrypt_init(context) == 1 &&
                   EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
                   EVP_PKEY_encrypt(context, out->seed + 2, &size, block, sizeof block) == 1 &&
                   size == RSA_SIZE;
    EVP_PKEY_CTX_free(context);
    vch_wipe(block, sizeof block);
    put_u16(out->seed, RSA_SIZE);
    out->seed_size = 2 + RSA_SIZE;
    return is_done ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

// KDFe (Part 1, 11.4.10.3): the seed out of the shared point, for both keys' x.
static void agree_seed(uint8_t seed[SEED_SIZE], const uint8_t *shared, const uint8_t *ephemeral_x,
                       const uint8_t *ek_x)
{
    static const char label[] = "IDENTITY";
    struct vch_hash hash;
    uint8_t counter[4];

    vch_put_u32be(counter, 1);
    vch_hash_init(&hash);
    vch_hash_update(&hash, counter, sizeof counter);
    vch_hash_update(&hash, shared, COORDINATE_SIZE);
    vch_hash_update(&hash, label, sizeof label);
    vch_hash_update(&hash, ephemeral_x, COORDINATE_SIZE);
    vch_hash_update(&hash, ek_x, COORDINATE_SIZE);
    struct vch_digest digest = vch_hash_final(&hash);
    memcpy(seed, digest.bytes, SEED_SIZE);
    vch_wipe(&digest, sizeof digest);
    vch_wipe(&hash, sizeof hash);
}

// What the arithmetic on the curve needs, together, to be freed together.
struct curve {
    EC_GROUP *group;
    BN_CTX *numbers;
    BIGNUM *scalar, *x, *y;
    EC_POINT *ek, *point;
};

static bool curve_new(struct curve *curve)
{
    curve->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    curve->numbers = BN_CTX_secure_new();
    curve->scalar = BN_secure_new();
    curve->x = BN_secure_new();
    curve->y = BN_secure_new();
    if (curve->group == NULL || curve->numbers == NULL || curve->scalar == NULL ||
        curve->x == NULL || curve->y == NULL)
        return false;
    curve->ek = EC_POINT_new(curve->group);
    curve->point = EC_POINT_new(curve->group);
    return curve->ek != NULL && curve->point != NULL;
}

static void curve_free(struct curve *curve)
{
    EC_POINT_free(curve->ek);
    EC_POINT_clear_free(curve->point);
    BN_clear_free(curve->scalar);
    BN_clear_free(curve->x);
    BN_clear_free(curve->y);
    BN_CTX_free(curve->numbers);
    EC_GROUP_free(curve->group);
}

// x and y of `curve->point`.
static bool put_point(struct curve *curve, uint8_t x_y[2 * COORDINATE_SIZE])
{
    return EC_POINT_get_affine_coordinates(curve->group, curve->point, curve->x, curve->y,
                                           curve->numbers) == 1 &&
           BN_bn2binpad(curve->x, x_y, COORDINATE_SIZE) == COORDINATE_SIZE &&
           BN_bn2binpad(curve->y, x_y + COORDINATE_SIZE, COORDINATE_SIZE) == COORDINATE_SIZE;
}

// The ephemeral key's point, and the one shared with the endorsement key.
static bool agree(struct curve *curve, const uint8_t ek[1 + 2 * COORDINATE_SIZE],
                  const uint8_t ephemeral[40], uint8_t point[2 * COORDINATE_SIZE],
                  uint8_t shared[2 * COORDINATE_SIZE])
{
    return BN_bin2bn(ephemeral, 40, curve->scalar) != NULL &&
           BN_mod(curve->scalar, curve->scalar, EC_GROUP_get0_order(curve->group),
                  curve->numbers) == 1 &&
           !BN_is_zero(curve->scalar) &&
           EC_POINT_mul(curve->group, curve->point, curve->scalar, NULL, NULL, curve->numbers) ==
               1 &&
           put_point(curve, point) &&
           EC_POINT_oct2point(curve->group, curve->ek, ek, 1 + 2 * COORDINATE_SIZE,
                              curve->numbers) == 1 &&
           EC_POINT_mul(curve->group, curve->point, NULL, curve->ek, curve->scalar,
                        curve->numbers) == 1 &&
           put_point(curve, shared);
}

static vch_status wrap_ecc(struct vch_tpm_credential *out, EVP_PKEY *ek, uint8_t seed[SEED_SIZE],
                           const uint8_t ephemeral[40])
{
    uint8_t encoded[1 + 2 * COORDINATE_SIZE], point[2 * COORDINATE_SIZE];
    uint8_t shared[2 * COORDINATE_SIZE], *to = out->seed + 2;
    size_t size = 0;
    struct curve curve = {0};

    if (EVP_PKEY_get_octet_string_param(ek, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, encoded,
                                        sizeof encoded, &size) != 1 ||
        size != sizeof encoded)
        return VCH_FAIL(UNSUPPORTED);
    bool is_done = curve_new(&curve) && agree(&curve, encoded, ephemeral, point, shared);
    curve_free(&curve);
    if (is_done) {
        agree_seed(seed, shared, point, encoded + 1);
        for (size_t i = 0; i < 2; i++, to += 2 + COORDINATE_SIZE) { // TPMS_ECC_POINT
            put_u16(to, COORDINATE_SIZE);
            memcpy(to + 2, point + i * COORDINATE_SIZE, COORDINATE_SIZE);
        }
        out->seed_size = (uint16_t)(to - out->seed);
        put_u16(out->seed, out->seed_size - 2u);
    }
    vch_wipe(shared, sizeof shared);
    return is_done ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

vch_status vch_tpm_credential_make(struct vch_tpm_credential *out, const struct vch_spki *ek,
                                   const uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE],
                                   const uint8_t *secret, size_t secret_size,
                                   const struct vch_tpm_credential_random *random,
                                   struct vch_complaint *complaint)
{
    const uint8_t *der = ek->bytes;
    uint8_t seed[SEED_SIZE];

    if (secret_size == 0 || secret_size > VCH_TPM_CREDENTIAL_SECRET_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "expected a secret of 1 to %d bytes, found %zu",
                            VCH_TPM_CREDENTIAL_SECRET_MAX, secret_size);
    *out = (struct vch_tpm_credential){0};
    memcpy(seed, random->seed, sizeof seed);
    EVP_PKEY *key = d2i_PUBKEY(NULL, &der, (long)ek->size);
    vch_status status = VCH_FAIL(UNSUPPORTED);
    if (key != NULL && ek->kind == VCH_SPKI_RSA) status = wrap_rsa(out, key, seed, random->padding);
    if (key != NULL && ek->kind == VCH_SPKI_P256)
        status = wrap_ecc(out, key, seed, random->ephemeral);
    EVP_PKEY_free(key);
    if (vch_is_ok(status)) status = make_blob(out, seed, name, secret, secret_size);
    vch_wipe(seed, sizeof seed);
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "expected an endorsement key of RSA with 2048 bits or on the curve "
                            "P-256, and memory; no credential was made");
    return VCH_OK;
}

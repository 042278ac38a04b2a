#include "certificate/spki.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/check.h"

enum { COORDINATE_MAX = 48, NUMBER_MAX = 72, RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096 };
enum { ECDSA_DER_MAX = 2 * (COORDINATE_MAX + 3) + 3, PREFIX_MAX = 27 };

// What differs between the curves. The prefix is all of the SubjectPublicKeyInfo before x, which
// leaves no other way to write a key: not by explicit parameters, not compressed.
static const struct curve {
    size_t coordinate, prefix_size;
    uint8_t prefix[PREFIX_MAX];
    uint8_t order[COORDINATE_MAX]; // SEC 2, sections 2.4.2 and 2.5.1
} CURVES[] = {
    [VCH_SPKI_P256] = {32,
                       27,
                       {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                        0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                        0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04},
                       {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                        0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51}},
    [VCH_SPKI_P384] = {48,
                       24,
                       {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                        0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04},
                       {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                        0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2,
                        0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73}},
};

static bool is_ec(enum vch_spki_kind kind)
{
    return kind == VCH_SPKI_P256 || kind == VCH_SPKI_P384;
}

static bool is_rsa_allowed(const EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);
    BIGNUM *exponent = NULL;
    bool is_allowed = EVP_PKEY_get_id(key) == EVP_PKEY_RSA && bits >= RSA_BITS_MIN &&
                      bits <= RSA_BITS_MAX &&
                      EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
                      BN_is_odd(exponent) && !BN_is_one(exponent) && BN_num_bits(exponent) <= 32;

    BN_free(exponent);
    return is_allowed;
}

static vch_status kind_of(const EVP_PKEY *key, const uint8_t *bytes, size_t size,
                          enum vch_spki_kind *kind)
{
    for (unsigned k = VCH_SPKI_P256; k <= VCH_SPKI_P384; k++) {
        const struct curve *curve = &CURVES[k];
        *kind = (enum vch_spki_kind)k;
        if (size == curve->prefix_size + 2 * curve->coordinate &&
            memcmp(bytes, curve->prefix, curve->prefix_size) == 0)
            return VCH_OK;
    }
    *kind = VCH_SPKI_RSA;
    return is_rsa_allowed(key) ? VCH_OK : VCH_FAIL(UNSUPPORTED);
}

// OpenSSL's own reading, which checks that a point is on its curve, and nothing but canonical DER.
static EVP_PKEY *decode(const uint8_t *bytes, size_t size)
{
    const unsigned char *end = bytes;
    unsigned char *again = NULL;

    ERR_set_mark();
    EVP_PKEY *key = d2i_PUBKEY(NULL, &end, (long)size);
    int again_size = key == NULL ? -1 : i2d_PUBKEY(key, &again);
    bool is_canonical = key != NULL && end == bytes + size && again_size == (int)size &&
                        memcmp(again, bytes, size) == 0;
    OPENSSL_free(again);
    ERR_pop_to_mark();
    if (is_canonical) return key;
    EVP_PKEY_free(key);
    return NULL;
}

vch_status vch_spki_decode(struct vch_spki *out, const uint8_t *bytes, size_t size)
{
    if (size == 0) return VCH_FAIL(TRUNCATED);
    if (size > sizeof out->bytes) return VCH_FAIL(UNSUPPORTED);
    EVP_PKEY *key = decode(bytes, size);
    if (key == NULL) return VCH_FAIL(MALFORMED);
    vch_status status = kind_of(key, bytes, size, &out->kind);
    EVP_PKEY_free(key);
    memcpy(out->bytes, bytes, size);
    out->size = size;
    return status;
}

vch_status vch_spki_of_point(struct vch_spki *out, enum vch_spki_kind kind, const uint8_t *x_y)
{
    uint8_t bytes[PREFIX_MAX + 2 * COORDINATE_MAX];

    if (!is_ec(kind)) return VCH_FAIL(USAGE);
    const struct curve *curve = &CURVES[kind];
    memcpy(bytes, curve->prefix, curve->prefix_size);
    memcpy(bytes + curve->prefix_size, x_y, 2 * curve->coordinate);
    return vch_spki_decode(out, bytes, curve->prefix_size + 2 * curve->coordinate);
}

static size_t put_head(uint8_t *out, uint8_t tag, size_t size)
{
    size_t head = 0;

    out[head++] = tag;
    if (size >= 0x100) {
        out[head++] = 0x82;
        out[head++] = (uint8_t)(size >> 8);
    } else if (size >= 0x80) {
        out[head++] = 0x81;
    }
    out[head++] = (uint8_t)size;
    return head;
}

static size_t put_integer(uint8_t *out, const uint8_t *bytes, size_t size)
{
    size_t zero = bytes[0] >> 7; // else it would be a negative number
    size_t head = put_head(out, 0x02, size + zero);

    if (zero == 1) out[head++] = 0;
    memcpy(out + head, bytes, size);
    return head + size;
}

vch_status vch_spki_of_rsa(struct vch_spki *out, const uint8_t *modulus, size_t modulus_size,
                           uint32_t exponent)
{
    static const uint8_t RSA[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                  0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00}; // rsaEncryption, NULL
    enum { NUMBERS_MAX = RSA_BITS_MAX / 8 + 16 };
    uint8_t numbers[NUMBERS_MAX], key[NUMBERS_MAX + 8], bytes[NUMBERS_MAX + 40], e[4];
    size_t zeroes = 0, size = 0, key_size = 0;

    if (modulus_size < RSA_BITS_MIN / 8 || modulus_size > RSA_BITS_MAX / 8 || exponent == 0)
        return VCH_FAIL(UNSUPPORTED);
    if (modulus[0] == 0) return VCH_FAIL(MALFORMED);
    for (int i = 0; i < 4; i++)
        e[i] = (uint8_t)(exponent >> (24 - 8 * i));
    while (e[zeroes] == 0)
        zeroes++;
    size = put_integer(numbers, modulus, modulus_size);
    size += put_integer(numbers + size, e + zeroes, 4 - zeroes);
    key[key_size++] = 0; // no bits are unused
    key_size += put_head(key + key_size, 0x30, size);
    memcpy(key + key_size, numbers, size);
    key_size += size;

    uint8_t head[4];
    size_t head_size = put_head(head, 0x03, key_size);
    size = put_head(bytes, 0x30, sizeof RSA + head_size + key_size);
    memcpy(bytes + size, RSA, sizeof RSA);
    memcpy(bytes + size + sizeof RSA, head, head_size);
    memcpy(bytes + size + sizeof RSA + head_size, key, key_size);
    return vch_spki_decode(out, bytes, size + sizeof RSA + head_size + key_size);
}

static vch_status verify(const struct vch_spki *key, const EVP_MD *hash, bool is_pss,
                         const uint8_t *signature, size_t signature_size, const uint8_t *message,
                         size_t size)
{
    EVP_PKEY_CTX *padding = NULL; // the context's
    EVP_PKEY *public = key->size > sizeof key->bytes ? NULL : decode(key->bytes, key->size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    ERR_set_mark();
    bool is_good =
        public != NULL && context != NULL &&
        EVP_DigestVerifyInit(context, &padding, hash, NULL, public) == 1 &&
        (!is_pss || (EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, EVP_MD_get_size(hash)) == 1 &&
                     EVP_PKEY_CTX_set_rsa_mgf1_md(padding, hash) == 1)) &&
        EVP_DigestVerify(context, signature, signature_size, message, size) == 1;
    ERR_pop_to_mark();
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    return is_good ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

// Big-endian, without leading zeroes, from either order. False: not in [1, order).
static bool number_of(uint8_t out[NUMBER_MAX], size_t *first, const uint8_t *bytes, size_t size,
                      bool is_little_endian, const struct curve *curve)
{
    if (size < curve->coordinate || size > NUMBER_MAX) return false;
    for (size_t i = 0; i < size; i++)
        out[i] = bytes[is_little_endian ? size - 1 - i : i];
    *first = 0;
    while (*first < size && out[*first] == 0)
        ++*first;
    if (*first == size || size - *first > curve->coordinate) return false;
    return memcmp(out + size - curve->coordinate, curve->order, curve->coordinate) < 0;
}

vch_status vch_spki_verify_ecdsa(const struct vch_spki *key, const struct vch_spki_ecdsa *signature,
                                 const uint8_t *message, size_t size)
{
    uint8_t r[NUMBER_MAX], s[NUMBER_MAX], numbers[ECDSA_DER_MAX], der[ECDSA_DER_MAX];
    size_t r_first = 0, s_first = 0, total = signature->size;

    if (!is_ec(key->kind)) return VCH_FAIL(BAD_PROOF);
    const struct curve *curve = &CURVES[key->kind];
    if (!number_of(r, &r_first, signature->r, total, signature->is_little_endian, curve) ||
        !number_of(s, &s_first, signature->s, total, signature->is_little_endian, curve))
        return VCH_FAIL(BAD_PROOF);
    size_t used = put_integer(numbers, r + r_first, total - r_first);
    used += put_integer(numbers + used, s + s_first, total - s_first);
    size_t head = put_head(der, 0x30, used);
    memcpy(der + head, numbers, used);
    return verify(key, key->kind == VCH_SPKI_P256 ? EVP_sha256() : EVP_sha384(), false, der,
                  head + used, message, size);
}

vch_status vch_spki_verify_ecdsa_der(const struct vch_spki *key, const uint8_t *signature,
                                     size_t signature_size, const uint8_t *message, size_t size)
{
    const unsigned char *end = signature;
    uint8_t r[COORDINATE_MAX], s[COORDINATE_MAX];
    unsigned char *again = NULL;

    if (!is_ec(key->kind) || signature_size > ECDSA_DER_MAX) return VCH_FAIL(BAD_PROOF);
    int coordinate = (int)CURVES[key->kind].coordinate;
    ERR_set_mark();
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &end, (long)signature_size);
    bool is_canonical = numbers != NULL && end == signature + signature_size &&
                        i2d_ECDSA_SIG(numbers, &again) == (int)signature_size &&
                        memcmp(again, signature, signature_size) == 0 &&
                        !BN_is_negative(ECDSA_SIG_get0_r(numbers)) &&
                        !BN_is_negative(ECDSA_SIG_get0_s(numbers)) &&
                        BN_bn2binpad(ECDSA_SIG_get0_r(numbers), r, coordinate) == coordinate &&
                        BN_bn2binpad(ECDSA_SIG_get0_s(numbers), s, coordinate) == coordinate;
    ERR_pop_to_mark();
    OPENSSL_free(again);
    ECDSA_SIG_free(numbers);
    if (!is_canonical) return VCH_FAIL(BAD_PROOF);
    return vch_spki_verify_ecdsa(key, &(struct vch_spki_ecdsa){r, s, (size_t)coordinate, false},
                                 message, size);
}

vch_status vch_spki_verify_pss(const struct vch_spki *key, const uint8_t *signature,
                               size_t signature_size, const uint8_t *message, size_t size)
{
    if (key->kind != VCH_SPKI_RSA) return VCH_FAIL(BAD_PROOF);
    return verify(key, EVP_sha384(), true, signature, signature_size, message, size);
}

vch_status vch_spki_verify_pkcs1(const struct vch_spki *key, const uint8_t *signature,
                                 size_t signature_size, const uint8_t *message, size_t size)
{
    if (key->kind != VCH_SPKI_RSA) return VCH_FAIL(BAD_PROOF);
    return verify(key, EVP_sha256(), false, signature, signature_size, message, size);
}

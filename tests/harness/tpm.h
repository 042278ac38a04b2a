// A key that signs whatever quote a test makes up, as a TPM that lies would.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/bytes.h"
#include "evidence/tpm_quote.h"
#include "harness/test.h"

enum { TPM_SELECTED = 0x000091 }; // PCRs 0, 4 and 7

struct tpm {
    EVP_PKEY *secret;
    struct vch_spki ak;
    uint8_t nonce[32];
    struct vch_digest pcrs[VCH_TPM_QUOTE_PCRS];
    uint8_t attest[256], signature[256];
    size_t size, signature_size;
};

static inline void tpm_init(struct tpm *tpm)
{
    unsigned char *der = NULL;

    memset(tpm, 0, sizeof *tpm);
    tpm->secret = EVP_EC_gen("P-256");
    CHECK(tpm->secret != NULL);
    int size = i2d_PUBKEY(tpm->secret, &der);
    CHECK(size > 0);
    CHECK_OK(vch_spki_decode(&tpm->ak, der, (size_t)size));
    OPENSSL_free(der);
    for (size_t i = 0; i < sizeof tpm->nonce; i++)
        tpm->nonce[i] = (uint8_t)test_below(256);
    for (uint32_t i = 0; i < VCH_TPM_QUOTE_PCRS; i++)
        memset(tpm->pcrs[i].bytes, (int)i + 1, VCH_DIGEST_SIZE);
}

static inline void tpm_release(struct tpm *tpm)
{
    EVP_PKEY_free(tpm->secret);
}

static inline void tpm_put(struct tpm *tpm, const void *bytes, size_t size)
{
    CHECK(size <= sizeof tpm->attest - tpm->size);
    memcpy(tpm->attest + tpm->size, bytes, size);
    tpm->size += size;
}

static inline void tpm_put_number(struct tpm *tpm, uint64_t value, size_t size)
{
    uint8_t bytes[8];

    vch_put_u64be(bytes, value);
    tpm_put(tpm, bytes + 8 - size, size);
}

static inline void tpm_put_sized(struct tpm *tpm, const void *bytes, size_t size)
{
    tpm_put_number(tpm, size, 2);
    tpm_put(tpm, bytes, size);
}

// All of an attestation up to the PCRs: the clock is at 1000 ms.
static inline void tpm_begin(struct tpm *tpm, uint32_t magic, uint16_t type, uint32_t resets,
                             uint32_t restarts)
{
    static const uint8_t signer[34] = {0, 0x0b};

    tpm->size = 0;
    tpm_put_number(tpm, magic, 4);
    tpm_put_number(tpm, type, 2);
    tpm_put_sized(tpm, signer, sizeof signer);
    tpm_put_sized(tpm, tpm->nonce, sizeof tpm->nonce);
    tpm_put_number(tpm, 1000, 8);
    tpm_put_number(tpm, resets, 4);
    tpm_put_number(tpm, restarts, 4);
    tpm_put_number(tpm, 1, 1);
    tpm_put_number(tpm, 0x2019102300163636, 8);
}

static inline void tpm_put_bank(struct tpm *tpm, uint16_t algorithm, uint32_t selected)
{
    tpm_put_number(tpm, algorithm, 2);
    tpm_put_number(tpm, 3, 1);
    for (int i = 0; i < 3; i++)
        tpm_put_number(tpm, selected >> 8 * i & 0xff, 1);
}

static inline void tpm_put_digest(struct tpm *tpm, uint32_t selected)
{
    struct vch_hash hash;

    vch_hash_init(&hash);
    for (uint32_t i = 0; i < VCH_TPM_QUOTE_PCRS; i++)
        if ((selected >> i & 1) != 0) vch_hash_update(&hash, tpm->pcrs[i].bytes, VCH_DIGEST_SIZE);
    struct vch_digest digest = vch_hash_final(&hash);
    tpm_put_sized(tpm, digest.bytes, sizeof digest.bytes);
}

static inline void tpm_sign(struct tpm *tpm)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    tpm->signature_size = sizeof tpm->signature;
    CHECK(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, tpm->secret) == 1);
    CHECK(EVP_DigestSign(context, tpm->signature, &tpm->signature_size, tpm->attest, tpm->size) ==
          1);
    EVP_MD_CTX_free(context);
}

static inline void tpm_quote(struct tpm *tpm, uint32_t resets, uint32_t restarts)
{
    tpm_begin(tpm, 0xff544347, 0x8018, resets, restarts);
    tpm_put_number(tpm, 1, 4);
    tpm_put_bank(tpm, 0x000b, TPM_SELECTED);
    tpm_put_digest(tpm, TPM_SELECTED);
    tpm_sign(tpm);
}

static inline struct vch_tpm_quote_evidence tpm_evidence(const struct tpm *tpm)
{
    return (struct vch_tpm_quote_evidence){
        .attest = tpm->attest,
        .attest_size = tpm->size,
        .signature = {VCH_TPM_SIGNATURE_PLAIN, tpm->signature, tpm->signature_size},
        .pcrs = tpm->pcrs};
}

#include "sealing/hpke.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

_Static_assert(VCH_HPKE_KEY_SIZE == crypto_scalarmult_curve25519_BYTES &&
                   VCH_HPKE_TAG_SIZE == crypto_aead_chacha20poly1305_ietf_ABYTES,
               "libsodium's sizes");

enum { HASH = crypto_auth_hmacsha256_BYTES, NONCE = crypto_aead_chacha20poly1305_ietf_NPUBBYTES };

// A suite's name in front of every label: RFC 9180, sections 4.1 and 5.1. Numbers are of section 7:
// KEM 0x0020, KDF 0x0001, AEAD 0x0003.
struct suite {
    uint8_t id[10];
    size_t size;
};
static const struct suite kem_suite = {"KEM\x00\x20", 5};
static const struct suite hpke_suite = {"HPKE\x00\x20\x00\x01\x00\x03", 10};

static const char version[] = "HPKE-v1";
#define MODE_BASE 0x00

static void update_text(crypto_auth_hmacsha256_state *state, const char *text)
{
    (void)crypto_auth_hmacsha256_update(state, (const uint8_t *)text, strlen(text));
}

// LabeledExtract of section 4. An empty salt is HMAC's key of zeroes.
static void extract(uint8_t out[static HASH], const struct suite *suite, const void *salt,
                    size_t salt_size, const char *label, const void *bytes, size_t size)
{
    crypto_auth_hmacsha256_state state;

    (void)crypto_auth_hmacsha256_init(&state, salt, salt_size);
    update_text(&state, version);
    (void)crypto_auth_hmacsha256_update(&state, suite->id, suite->size);
    update_text(&state, label);
    (void)crypto_auth_hmacsha256_update(&state, bytes, size);
    (void)crypto_auth_hmacsha256_final(&state, out);
    vch_wipe(&state, sizeof state);
}

struct info {
    const uint8_t *bytes;
    size_t size;
};

// One block of HKDF-Expand under LabeledExpand's info: `size` is what is expanded in all.
static void expand_block(uint8_t block[static HASH], const uint8_t key[static HASH],
                         const struct suite *suite, const char *label, struct info info,
                         size_t size, uint8_t index)
{
    crypto_auth_hmacsha256_state state;
    const uint8_t length[2] = {(uint8_t)(size >> 8), (uint8_t)size};

    (void)crypto_auth_hmacsha256_init(&state, key, HASH);
    if (index > 1) (void)crypto_auth_hmacsha256_update(&state, block, HASH);
    (void)crypto_auth_hmacsha256_update(&state, length, sizeof length);
    update_text(&state, version);
    (void)crypto_auth_hmacsha256_update(&state, suite->id, suite->size);
    update_text(&state, label);
    (void)crypto_auth_hmacsha256_update(&state, info.bytes, info.size);
    (void)crypto_auth_hmacsha256_update(&state, &index, 1);
    (void)crypto_auth_hmacsha256_final(&state, block);
    vch_wipe(&state, sizeof state);
}

// LabeledExpand of section 4; `size` is at most VCH_HPKE_EXPORT_SIZE_MAX.
static void expand(uint8_t *out, size_t size, const uint8_t key[static HASH],
                   const struct suite *suite, const char *label, struct info info)
{
    uint8_t block[HASH];

    for (size_t done = 0; done < size; done += HASH) {
        size_t part = size - done < HASH ? size - done : HASH;
        expand_block(block, key, suite, label, info, size, (uint8_t)(done / HASH + 1));
        memcpy(out + done, block, part);
    }
    vch_wipe(block, sizeof block);
}

void vch_hpke_key(struct vch_hpke_secret *out, const uint8_t seed[static VCH_HPKE_SEED_SIZE])
{
    uint8_t prk[HASH];

    extract(prk, &kem_suite, "", 0, "dkp_prk", seed, VCH_HPKE_SEED_SIZE);
    expand(out->bytes, sizeof out->bytes, prk, &kem_suite, "sk", (struct info){NULL, 0});
    (void)crypto_scalarmult_curve25519_base(out->public_key.bytes, out->bytes);
    vch_wipe(prk, sizeof prk);
}

// ExtractAndExpand of section 4.1, over the product of one side's secret and the other's public
// key.
static vch_status share(uint8_t out[static HASH], const struct vch_hpke_secret *key,
                        const uint8_t other[static VCH_HPKE_KEY_SIZE],
                        const uint8_t encapsulated[static VCH_HPKE_KEY_SIZE],
                        const struct vch_hpke_public *recipient)
{
    uint8_t product[VCH_HPKE_KEY_SIZE], prk[HASH], context[2 * VCH_HPKE_KEY_SIZE];

    // Libsodium says so of every point of small order, and of a product of zeroes.
    if (crypto_scalarmult_curve25519(product, key->bytes, other) != 0) {
        vch_wipe(product, sizeof product);
        return VCH_FAIL(REFUSED);
    }
    memcpy(context, encapsulated, VCH_HPKE_KEY_SIZE);
    memcpy(context + VCH_HPKE_KEY_SIZE, recipient->bytes, VCH_HPKE_KEY_SIZE);
    extract(prk, &kem_suite, "", 0, "eae_prk", product, sizeof product);
    expand(out, HASH, prk, &kem_suite, "shared_secret", (struct info){context, sizeof context});
    vch_wipe(product, sizeof product);
    vch_wipe(prk, sizeof prk);
    return VCH_OK;
}

// KeySchedule of section 5.1, without a shared key.
static void schedule(struct vch_hpke *out, const uint8_t shared[static HASH], const void *info,
                     size_t info_size)
{
    uint8_t secret[HASH], context[1 + 2 * HASH] = {MODE_BASE};
    const struct info all = {context, sizeof context};

    extract(context + 1, &hpke_suite, "", 0, "psk_id_hash", NULL, 0);
    extract(context + 1 + HASH, &hpke_suite, "", 0, "info_hash", info, info_size);
    extract(secret, &hpke_suite, shared, HASH, "secret", NULL, 0);
    expand(out->key, sizeof out->key, secret, &hpke_suite, "key", all);
    expand(out->base_nonce, sizeof out->base_nonce, secret, &hpke_suite, "base_nonce", all);
    expand(out->exporter_secret, sizeof out->exporter_secret, secret, &hpke_suite, "exp", all);
    out->sequence = 0;
    vch_wipe(secret, sizeof secret);
}

vch_status vch_hpke_init_sender(struct vch_hpke *out,
                                uint8_t encapsulated[static VCH_HPKE_KEY_SIZE],
                                const struct vch_hpke_public *recipient, const void *info,
                                size_t info_size, const uint8_t seed[static VCH_HPKE_SEED_SIZE])
{
    struct vch_hpke_secret ephemeral;
    uint8_t shared[HASH];

    vch_hpke_key(&ephemeral, seed);
    memcpy(encapsulated, ephemeral.public_key.bytes, VCH_HPKE_KEY_SIZE);
    vch_status status = share(shared, &ephemeral, recipient->bytes, encapsulated, recipient);
    if (vch_is_ok(status)) schedule(out, shared, info, info_size);
    vch_wipe(&ephemeral, sizeof ephemeral);
    vch_wipe(shared, sizeof shared);
    return status;
}

vch_status vch_hpke_init_recipient(struct vch_hpke *out,
                                   const uint8_t encapsulated[static VCH_HPKE_KEY_SIZE],
                                   const struct vch_hpke_secret *key, const void *info,
                                   size_t info_size)
{
    uint8_t shared[HASH];

    vch_status status = share(shared, key, encapsulated, encapsulated, &key->public_key);
    if (vch_is_ok(status)) schedule(out, shared, info, info_size);
    vch_wipe(shared, sizeof shared);
    return status;
}

// ComputeNonce of section 5.2.
static void nonce_of(uint8_t out[static NONCE], const struct vch_hpke *hpke)
{
    uint8_t sequence[8];

    vch_put_u64be(sequence, hpke->sequence);
    memcpy(out, hpke->base_nonce, NONCE);
    for (size_t i = 0; i < sizeof sequence; i++)
        out[NONCE - sizeof sequence + i] ^= sequence[i];
}

vch_status vch_hpke_seal(struct vch_hpke *hpke, uint8_t *out, const uint8_t *bytes, size_t size,
                         const void *aad, size_t aad_size)
{
    uint8_t nonce[NONCE];

    if (hpke->sequence == UINT64_MAX) return VCH_FAIL(LIMIT);
    nonce_of(nonce, hpke);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, bytes, size, aad, aad_size, NULL,
                                                    nonce, hpke->key);
    hpke->sequence++;
    return VCH_OK;
}

vch_status vch_hpke_open(struct vch_hpke *hpke, uint8_t *out, const uint8_t *sealed, size_t size,
                         const void *aad, size_t aad_size)
{
    uint8_t nonce[NONCE];

    if (hpke->sequence == UINT64_MAX) return VCH_FAIL(LIMIT);
    if (size < VCH_HPKE_TAG_SIZE) return VCH_FAIL(REFUSED);
    nonce_of(nonce, hpke);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, size, aad, aad_size,
                                                  nonce, hpke->key) != 0)
        return VCH_FAIL(REFUSED);
    hpke->sequence++;
    return VCH_OK;
}

vch_status vch_hpke_export(const struct vch_hpke *hpke, uint8_t *out, size_t size,
                           const void *purpose, size_t purpose_size)
{
    if (size > VCH_HPKE_EXPORT_SIZE_MAX) return VCH_FAIL(USAGE);
    expand(out, size, hpke->exporter_secret, &hpke_suite, "sec",
           (struct info){purpose, purpose_size});
    return VCH_OK;
}

#include "crypto/seal.h"

#include <sodium.h>

_Static_assert(VCH_SEAL_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES &&
                   VCH_SEAL_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES &&
                   VCH_SEAL_TAG_SIZE == crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "libsodium's sizes");

void vch_seal_close(uint8_t *out, const uint8_t *bytes, size_t size, const void *place,
                    size_t place_size, const uint8_t nonce[static VCH_SEAL_NONCE_SIZE],
                    const uint8_t key[static VCH_SEAL_KEY_SIZE])
{
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, bytes, size, place, place_size,
                                                     NULL, nonce, key);
}

vch_status vch_seal_open(uint8_t *out, const uint8_t *sealed, size_t size, const void *place,
                         size_t place_size, const uint8_t nonce[static VCH_SEAL_NONCE_SIZE],
                         const uint8_t key[static VCH_SEAL_KEY_SIZE])
{
    if (size < VCH_SEAL_TAG_SIZE) return VCH_FAIL(REFUSED);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, size, place, place_size,
                                                   nonce, key) != 0)
        return VCH_FAIL(REFUSED);
    return VCH_OK;
}

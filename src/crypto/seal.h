// Bytes at rest: whoever lacks the key learns how many they are, and changes none of them unseen.
//
// XChaCha20-Poly1305. A nonce serves once under a key; random ones never meet. What the bytes
// belong to (`place`) is sealed with them and not kept: bytes that were moved do not open.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define VCH_SEAL_KEY_SIZE 32
#define VCH_SEAL_NONCE_SIZE 24
#define VCH_SEAL_TAG_SIZE 16 // sealed bytes are so many more

// `out` may be where `bytes` are.
void vch_seal_close(uint8_t *out, const uint8_t *bytes, size_t size, const void *place,
                    size_t place_size, const uint8_t nonce[static VCH_SEAL_NONCE_SIZE],
                    const uint8_t key[static VCH_SEAL_KEY_SIZE]);

// `size` is that of the sealed bytes, tag and all. REFUSED, with nothing written: another key,
// another place, or another byte.
vch_status vch_seal_open(uint8_t *out, const uint8_t *sealed, size_t size, const void *place,
                         size_t place_size, const uint8_t nonce[static VCH_SEAL_NONCE_SIZE],
                         const uint8_t key[static VCH_SEAL_KEY_SIZE]);

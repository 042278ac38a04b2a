#include "crypto/stream.h"

#ifdef VCH_FREESTANDING
#include "crypto/stream_portable.h"

void vch_stream_bytes(void *out, size_t size, const uint8_t key[static VCH_STREAM_KEY_SIZE],
                      uint32_t block)
{
    vch_stream_portable_bytes(out, size, key, block);
}
#else
#include <sodium.h>
#include <string.h>

_Static_assert(VCH_STREAM_KEY_SIZE == crypto_stream_chacha20_ietf_KEYBYTES, "libsodium's sizes");

void vch_stream_bytes(void *out, size_t size, const uint8_t key[static VCH_STREAM_KEY_SIZE],
                      uint32_t block)
{
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];

    memset(out, 0, size);
    (void)crypto_stream_chacha20_ietf_xor_ic(out, out, size, nonce, block, key);
}
#endif

// The key stream of ChaCha20 (RFC 8439) under a 32-byte key, nonce 0: random bytes out of a seed.
//
// A key serves one stream. It holds 2^38 bytes; nobody here reads so many.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define VCH_STREAM_KEY_SIZE 32
#define VCH_STREAM_BLOCK_SIZE 64

// Bytes [64 * block, 64 * block + size) of the stream.
void vch_stream_bytes(void *out, size_t size, const uint8_t key[static VCH_STREAM_KEY_SIZE],
                      uint32_t block);

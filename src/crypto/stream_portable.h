// The key stream of crypto/stream.h in plain C: what libsodium's must equal, and what takes its
// place in a verifier that stands alone.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "crypto/stream.h"

void vch_stream_portable_bytes(void *out, size_t size,
                               const uint8_t key[static VCH_STREAM_KEY_SIZE], uint32_t block);

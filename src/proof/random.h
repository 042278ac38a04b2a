// Uniformly random elements out of a secret key.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "crypto/stream.h"

// The first `count` words below p of ChaCha20's key stream, read as u64le. A key serves one call.
void vch_random_elements(uint64_t *out, size_t count,
                         const uint8_t key[static VCH_STREAM_KEY_SIZE]);

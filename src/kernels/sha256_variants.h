// Names every variant of SHA-256's loops that exists. Private to this folder.
#pragma once

#include "kernels/sha256.h"

#define VCH_SHA256_DECLARE(isa) \
    void vch_sha256_blocks_##isa(uint32_t state[8], const uint8_t *blocks, size_t count); \
    void vch_sha256_blocks_of_two_##isa(uint32_t a_state[8], const uint8_t *a, \
                                        uint32_t b_state[8], const uint8_t *b, size_t count);

VCH_SHA256_DECLARE(portable)
VCH_SHA256_DECLARE(shani)
VCH_SHA256_DECLARE(neonsha)

extern const uint32_t vch_sha256_constants[64];

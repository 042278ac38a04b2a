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

#define VCH_SHA256_DECLARE_SIXTEEN(isa) \
    void vch_sha256_sixteen_columns_##isa(struct vch_sha256_column *columns, \
                                          const uint64_t *matrix, size_t stride, size_t rows, \
                                          size_t total); \
    void vch_sha256_sixteen_parents_##isa(uint8_t(*digests)[VCH_SHA256_SIZE], \
                                          const uint8_t(*children)[VCH_SHA256_SIZE]);

VCH_SHA256_DECLARE_SIXTEEN(avx512vnni)

extern const uint32_t vch_sha256_start[8], vch_sha256_constants[64];

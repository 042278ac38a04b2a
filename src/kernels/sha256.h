// SHA-256, for whoever hashes much or must do without a library: the proofs and their verifier.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

enum { VCH_SHA256_SIZE = 32, VCH_SHA256_BLOCK = 64, VCH_SHA256_SALT = 32 };

#define VCH_SHA256_MORE SIZE_MAX // rows to come

// A message that begins with 33 bytes and goes on in values of eight: after every eight of these
// there are 33 bytes that are not in the state yet.
struct vch_sha256_column {
    uint32_t state[8];
    uint8_t tail[1 + VCH_SHA256_SALT];
};

struct vch_sha256_kernels {
    // `count` blocks of 64 bytes into a state; and the same for two messages at once.
    void (*blocks)(uint32_t state[8], const uint8_t *blocks, size_t count);
    void (*blocks_of_two)(uint32_t a_state[8], const uint8_t *a, uint32_t b_state[8],
                          const uint8_t *b, size_t count);
    // For sixteen at once what vch_sha256_columns_update does (total is VCH_SHA256_MORE), or what
    // vch_sha256_columns_final does up to the last state; and vch_sha256_parents. NULL where two
    // at once are as fast.
    void (*sixteen_columns)(struct vch_sha256_column *columns, const uint64_t *matrix,
                            size_t stride, size_t rows, size_t total);
    void (*sixteen_parents)(uint8_t (*digests)[VCH_SHA256_SIZE],
                            const uint8_t (*children)[VCH_SHA256_SIZE]);
};

// Plain loops for VCH_CPU_PORTABLE; above it, the processor's instructions for SHA-256 if it has
// them, which no level promises. Asking the processor takes a while: select once, not for a hash.
struct vch_sha256_kernels vch_sha256_kernels_select(enum vch_cpu_level level);

struct vch_sha256 {
    const struct vch_sha256_kernels *kernels;
    uint64_t size; // bytes so far
    uint32_t state[8];
    uint8_t block[VCH_SHA256_BLOCK]; // its first size % 64 bytes are what is not in the state yet
};

void vch_sha256_init(struct vch_sha256 *hash, const struct vch_sha256_kernels *kernels);
void vch_sha256_update(struct vch_sha256 *hash, const void *bytes, size_t size);
// Wipes the hash.
void vch_sha256_final(struct vch_sha256 *hash, uint8_t digest[VCH_SHA256_SIZE]);
// All in one.
void vch_sha256(const struct vch_sha256_kernels *kernels, uint8_t digest[VCH_SHA256_SIZE],
                const void *bytes, size_t size);

// Leaves of a tree over the columns of a row-major matrix: for the columns first <= j < last,
// digests[j] = SHA-256(0x00, salts[j], matrix[j], matrix[stride + j] ... `rows` values), each value
// in eight bytes, the lowest first.
void vch_sha256_columns(const struct vch_sha256_kernels *kernels,
                        uint8_t (*digests)[VCH_SHA256_SIZE], const uint64_t *matrix, size_t stride,
                        size_t rows, const uint8_t (*salts)[VCH_SHA256_SALT], size_t first,
                        size_t last);

// The same for `count` columns, some rows at a time: a multiple of eight each time, at least eight,
// and then any number, with which there are `total` rows.
void vch_sha256_columns_init(struct vch_sha256_column *columns,
                             const uint8_t (*salts)[VCH_SHA256_SALT], size_t count);
void vch_sha256_columns_update(const struct vch_sha256_kernels *kernels,
                               struct vch_sha256_column *columns, const uint64_t *matrix,
                               size_t stride, size_t rows, size_t count);
// Wipes the columns.
void vch_sha256_columns_final(const struct vch_sha256_kernels *kernels,
                              uint8_t (*digests)[VCH_SHA256_SIZE],
                              struct vch_sha256_column *columns, const uint64_t *matrix,
                              size_t stride, size_t rows, size_t total, size_t count);

// Nodes of a tree over its next lower level: for i < count,
// digests[i] = SHA-256(0x01, children[2i], children[2i + 1]).
void vch_sha256_parents(const struct vch_sha256_kernels *kernels,
                        uint8_t (*digests)[VCH_SHA256_SIZE],
                        const uint8_t (*children)[VCH_SHA256_SIZE], size_t count);

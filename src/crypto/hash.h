// SHA-256 (FIPS 180-4), whole or in pieces, and the 32-byte digest used everywhere.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/sha256.h"

#define VCH_DIGEST_SIZE 32

struct vch_digest {
    uint8_t bytes[VCH_DIGEST_SIZE];
};

struct vch_hash {
    struct vch_sha256 sha256;
};

struct vch_digest vch_hash_bytes(const void *bytes, size_t size);

void vch_hash_init(struct vch_hash *hash);
void vch_hash_update(struct vch_hash *hash, const void *bytes, size_t size);
struct vch_digest vch_hash_final(struct vch_hash *hash);

// Equality in constant time.
bool vch_hash_is_equal(const struct vch_digest *a, const struct vch_digest *b);

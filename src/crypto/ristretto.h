// ristretto255 (RFC 9496) on the points of edwards.h, for public values alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "crypto/edwards.h"

// False for what is no encoding. Zeros encode the identity.
bool vch_ristretto_decode(struct vch_edwards_point *out,
                          const uint8_t bytes[static VCH_EDWARDS_SIZE]);
void vch_ristretto_encode(uint8_t out[static VCH_EDWARDS_SIZE],
                          const struct vch_edwards_point *point);

#define VCH_RISTRETTO_HASH_SIZE 64

// The point that uniform bytes stand for.
struct vch_edwards_point
vch_ristretto_from_hash(const uint8_t bytes[static VCH_RISTRETTO_HASH_SIZE]);

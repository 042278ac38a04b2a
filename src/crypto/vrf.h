// A verifiable random function: ECVRF-RISTRETTO255-SHA512 (C2SP vrf-r255, RFC 9381).
//
// Whoever holds the secret turns any bytes, alpha, into 64 random-looking bytes, beta, and proves
// that there was no choice in it. A proof's own bytes can be varied by its maker; beta cannot. So
// nothing ever draws from, names or orders by a proof: only by beta.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define VCH_VRF_SEED_SIZE 32
#define VCH_VRF_PUBLIC_SIZE 32
#define VCH_VRF_PROOF_SIZE 80 // check: 32 + 16 + 32
#define VCH_VRF_BETA_SIZE 64

struct vch_vrf_public {
    uint8_t bytes[VCH_VRF_PUBLIC_SIZE];
};

// A secret: wipe with vch_wipe when done.
struct vch_vrf_secret {
    uint8_t seed[VCH_VRF_SEED_SIZE];
    uint8_t scalar[32]; // grown from the seed
    struct vch_vrf_public public_key;
};

struct vch_vrf_proof {
    uint8_t bytes[VCH_VRF_PROOF_SIZE];
};

struct vch_vrf_beta {
    uint8_t bytes[VCH_VRF_BETA_SIZE];
};

// The pair that grows from 32 random bytes, which serve nothing else: never a signing key's seed.
void vch_vrf_key(struct vch_vrf_secret *out, const uint8_t seed[static VCH_VRF_SEED_SIZE]);

// VCH_OK when the bytes are a group element other than the identity; MALFORMED otherwise.
vch_status vch_vrf_check_public(const struct vch_vrf_public *key);

// Takes time that depends on `size` alone. `alpha` is public.
void vch_vrf_prove(struct vch_vrf_proof *out, const struct vch_vrf_secret *key, const void *alpha,
                   size_t size);

// VCH_OK and `beta`, or BAD_PROOF. Refuses a key or a point that is not canonically encoded or is
// the identity, and s not below the group's order.
vch_status vch_vrf_verify(struct vch_vrf_beta *beta, const struct vch_vrf_public *key,
                          const void *alpha, size_t size, const struct vch_vrf_proof *proof);

// The beta of a proof that somebody verified: two blocks of SHA-512. It checks nothing.
struct vch_vrf_beta vch_vrf_beta(const struct vch_vrf_proof *proof);

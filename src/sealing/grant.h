// The release of a data key: sealed to the one key that an attested end of a connection showed, for
// one manifest, under one policy, for a time (specs/sealing.md, section 4).
//
// Who releases needs the verdict on that end and the binding block it was about; the recipient's
// key is taken out of that block, so there is no other it could be sealed to.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attest/binder.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "evidence/appraisal.h"
#include "sealing/hpke.h"
#include "sealing/sealed.h"

#define VCH_GRANT_SIZE 216 // check: 16 + 8 + 3 * 32 + 8 + 8 + 32 + 32 + 16

// What a release says beside the key.
struct vch_grant_terms {
    struct vch_digest manifest; // vch_sealed_digest
    struct vch_digest policy;
    uint64_t time_s;   // when it was released
    uint64_t expiry_s; // when the recipient may no longer begin to use it
};

// What a release rests on.
struct vch_grant_basis {
    const struct vch_appraisal *verdict;
    const uint8_t *binder; // VCH_BINDER_SIZE: the block that the verdict is about
    uint64_t
        policy_end_s; // when the policy that it was reached under ends: a release ends no later
    // Names of checks that may be only warned about, by the word of who releases.
    const char *const *accepted;
    size_t accepted_count;
};

// `seed` is 32 random bytes that serve this once. REFUSED: the verdict is not affirming (something
// failed, was only warned about and not accepted, or "binding.evidence" was not checked), the
// block is of another policy, the policy is over, or what `key` is of is not this manifest.
vch_status vch_grant_make(uint8_t out[static VCH_GRANT_SIZE], const struct vch_grant_basis *basis,
                          const struct vch_sealed *sealed, const struct vch_grant_terms *terms,
                          const uint8_t key[static VCH_SEALED_KEY_SIZE],
                          const uint8_t seed[static VCH_HPKE_SEED_SIZE],
                          struct vch_complaint *complaint);

// The recipient's side: `binder` is its own block, `sealed` the manifest that it has decoded and
// checked. `key` is a secret: wipe with vch_wipe when done. TRUNCATED, MALFORMED, or REFUSED:
// released to another block or for another manifest or policy, expired, or not what it claims.
vch_status vch_grant_open(uint8_t key[static VCH_SEALED_KEY_SIZE], struct vch_grant_terms *terms,
                          const void *grant, size_t size, const struct vch_hpke_secret *secret,
                          const uint8_t binder[static VCH_BINDER_SIZE],
                          const struct vch_sealed *sealed, uint64_t time_s,
                          struct vch_complaint *complaint);

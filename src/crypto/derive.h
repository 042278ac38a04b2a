// What a member of a ledger derives from its identity's seed: nobody else can foresee it, and the
// member can make it again after it has lost everything but its key.
#pragma once

#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/sign.h"

// From which the nonces of this key's commits on that ledger derive. A secret.
void vch_derive_seat_secret(uint8_t out[static 32], const struct vch_secret_key *key,
                            const struct vch_digest *ledger);

// Under which it seals, on its own disk, the runs that it may have to open. A secret.
void vch_derive_runs_key(uint8_t out[static 32], const struct vch_secret_key *key,
                         const struct vch_digest *ledger);

// The nonce of a commit in the contest over that subject, segment and round.
void vch_derive_seat_nonce(uint8_t out[static 32], const uint8_t seat_secret[static 32],
                           const struct vch_digest *subject, uint32_t segment, uint32_t round);

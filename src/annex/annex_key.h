// M.annex.key: the secret half of an annex, and the count of how often its root was opened.
//
// Each proof shows 150 columns of the same matrix, and its blinds hide no more than `openings`
// times as many: so the count must outlive whatever happens. Whoever wants an opening writes the
// file with the raised count durably and under a lock (host/lock.h) before the proof is begun.
//
// The last opening is kept for the link to the next root, which is always the same proof: however
// often a rotation is interrupted, it takes one.
//
// The seed of the next epoch follows from this one's and not the other way round: if the new annex
// is on disk and the new key is not, the key can be made again, and an old root stays hidden from
// whoever finds a later key. Never copy this file: two counts of one root are none.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"

#define VCH_ANNEX_KEY_MAGIC "VOUCHAKY"
#define VCH_ANNEX_KEY_SIZE 120 // check: 24 + 32 + 32 + 32
#define VCH_ANNEX_SEED_SIZE 32

// A secret: wipe with vch_wipe when done.
struct vch_annex_key {
    struct vch_digest model; // identity
    uint32_t epoch;
    uint32_t used, openings; // of this epoch's root: so many of so many
    uint8_t seed[VCH_ANNEX_SEED_SIZE];
};

void vch_annex_key_encode(uint8_t out[static VCH_ANNEX_KEY_SIZE], const struct vch_annex_key *key);

// MALFORMED, TRUNCATED, UNSUPPORTED, each with a complaint.
vch_status vch_annex_key_decode(struct vch_annex_key *out, const uint8_t *bytes, size_t size,
                                struct vch_complaint *complaint);

// One opening more, for a proof of a run; REFUSED, with what to do, when there is none left but the
// link's. The caller makes it durable.
vch_status vch_annex_key_take(struct vch_annex_key *key, struct vch_complaint *complaint);

// Proofs of runs that are left.
uint32_t vch_annex_key_left(const struct vch_annex_key *key);

// The key of the next epoch, with `used` openings already spoken for.
void vch_annex_key_next(struct vch_annex_key *out, const struct vch_annex_key *key, uint32_t used);

// The charter: what a ledger is founded on, and the parameters of its agreement. specs/ledger.md,
// section 2, and specs/agreement.md, section 3, which says what each parameter makes an attacker
// pay.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#define VCH_CHARTER_WITNESSES_MAX 16u
#define VCH_CHARTER_ORIGIN_MAX 128u
#define VCH_CHARTER_NAME_MAX 64u
#define VCH_CHARTER_SKEW_LEAST_MS 1000u // as cosignatures have whole seconds
#define VCH_CHARTER_SKEW_MOST_MS 2000u  // of what a witness grants (specs/witness.md, 1 and 3)
#define VCH_CHARTER_WINDOW_SKEWS 4u     // so many times skew_ms lasts each window at least

// X(field, number, default, least, most)
#define VCH_PARAMETERS(X) \
    X(epoch_ms, 2, 60000, 1, UINT64_C(1) << 32) \
    X(draw_ms, 3, 4000, 1, UINT64_C(1) << 32) \
    X(commit_ms, 4, 60000, 1, UINT64_C(1) << 32) \
    X(reveal_ms, 5, 10000, 1, UINT64_C(1) << 32) \
    X(dispute_ms, 6, 600000, 1, UINT64_C(1) << 40) \
    X(move_ms, 7, 30000, 1, UINT64_C(1) << 32) \
    X(unbonding_ms, 8, 86400000, 1, UINT64_C(1) << 42) \
    X(skew_ms, 9, 1000, VCH_CHARTER_SKEW_LEAST_MS, VCH_CHARTER_SKEW_MOST_MS) \
    X(job_ms_max, 10, 3600000, 1, UINT64_C(1) << 40) \
    X(rounds, 11, 3, 1, 4) \
    X(draw_all, 12, 64, 1, 4096) \
    X(referees, 13, 5, 3, 31) \
    X(trials, 14, 3, 0, 1000) \
    X(stake_min, 15, 1000, 1, UINT64_C(1) << 50) \
    X(fee_min, 16, 1, 0, UINT64_C(1) << 40) \
    X(dispute_bond, 17, 500, 1, UINT64_C(1) << 50) \
    X(slash_permille, 18, 500, 1, 1000) \
    X(bounty_permille, 19, 500, 0, 1000) \
    X(fault_factor, 20, 52429, 1, 65535) \
    X(success_factor, 21, 66191, 65536, 131072) \
    X(trust_min, 22, 6554, 1, 65536) \
    X(trust_max, 23, 131072, 65536, 1 << 24)

struct vch_parameters { // version 1
#define X(field, number, value, least, most) uint64_t field;
    VCH_PARAMETERS(X)
#undef X
};

struct vch_charter_witness {
    char name[VCH_CHARTER_NAME_MAX + 1];
    struct vch_public_key key;
};

struct vch_charter {
    char origin[VCH_CHARTER_ORIGIN_MAX + 1];
    struct vch_public_key founder, clerk;
    uint32_t witness_count;
    struct vch_charter_witness witnesses[VCH_CHARTER_WITNESSES_MAX]; // ascending by key
    struct vch_parameters parameters;
    uint8_t nonce[32];
    struct vch_digest id; // the ledger's: of the canonical Charter bytes
};

struct vch_parameters vch_charter_default_parameters(void);

// Every rule of the charter, the parameters' ranges included: MALFORMED, LIMIT or UNSUPPORTED.
vch_status vch_charter_check(const struct vch_charter *charter, struct vch_complaint *complaint);

// Canonical Charter bytes in the arena; fills the id. Complaints as above, or NO_MEMORY.
vch_status vch_charter_encode(uint8_t **out, size_t *size, struct vch_charter *charter,
                              struct vch_arena *arena, struct vch_complaint *complaint);
// Canonical form and every rule. Who signed it is the entry's matter.
vch_status vch_charter_decode(struct vch_charter *out, const uint8_t *bytes, size_t size,
                              struct vch_arena *arena, struct vch_complaint *complaint);

uint32_t vch_charter_quorum(const struct vch_charter *charter); // cosignatures needed
// How long after what it covers an anchor may come that a job's committee is drawn by.
uint64_t vch_charter_anchor_ms(const struct vch_charter *charter);
// Whether a cosignature of that second is near enough to a time of the clerk's.
bool vch_charter_is_within_skew(const struct vch_charter *charter, uint64_t cosigned_s,
                                uint64_t time_ms);

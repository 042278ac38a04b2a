// Drafts: ledger entries without their time, of the kinds that members write before something is
// over (specs/witness.md, section 2). Read with as little understanding as a witness needs: who
// signed them, for which ledger, and that they are what they say.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#define VCH_DRAFT_SIZE_MAX 512u  // evidence, which holds two drafts, takes 481
#define VCH_DRAFT_ENTRY_MAX 523u // check: 512 + 1 + 10

struct vch_draft {
    const uint8_t *statement; // borrowed
    size_t statement_size;
    struct vch_public_key writer;
    struct vch_signature signature;
};

// The canonical Entry of a SegmentInput, Sortition, Commit, Reveal, TrialResult, Evidence,
// DisputeOpen or DisputeMove with time_ms 0 and number 0; MALFORMED otherwise.
vch_status vch_draft_decode(struct vch_draft *out, const uint8_t *bytes, size_t size);

// VCH_OK exactly when the writer signed it for this ledger; BAD_PROOF otherwise.
vch_status vch_draft_verify(const struct vch_draft *draft, const struct vch_digest *ledger);

// Whether `entry` is an entry with a time; what follows its time is then its draft.
bool vch_draft_of_entry(const uint8_t **draft, size_t *size, const uint8_t *entry,
                        size_t entry_size);

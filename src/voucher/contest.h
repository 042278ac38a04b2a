// Is a segment's agreement right? specs/voucher.md, section 6: drawn by lot, committed to before
// anybody could know another's answer, revealed, and decided, all of it in one cosigned log.
//
// Everything in an agreement may come from an adversary. What is taken from outside it: the
// voucher's job, registry and client.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "consensus/draw.h"
#include "crypto/hash.h"
#include "entry/charter.h"
#include "entry/entry.h"
#include "voucher/voucher.h"

struct vch_contest_finding {
    char origin[VCH_CHARTER_ORIGIN_MAX + 1]; // of the ledger
    struct vch_digest ledger;                // its id
    uint64_t size;                           // of the cosigned tree
    uint32_t cosigned, witnesses;
    uint32_t round, wanted, seats, agreeing; // of the round that decided; rounds count from 0
    uint32_t eligible;                       // that its seats were drawn from, by the draw's word
    uint32_t excluded;                       // operators that the client wanted none of
    uint32_t operators;              // that the registry has nodes of for draws, without these
    uint64_t opened;                 // position of job_open
    uint64_t disputable_ms;          // when the window for disputes ends, by the ledger's clock
    bool has_input;                  // the ledger says it; otherwise it follows from the job
    struct vch_digest input, output; // commitments
    // Seats of that round whose answers count, as members of the registry.
    uint32_t answer_count;
    uint16_t answers[VCH_ENTRY_SEATS_MAX];
};

// VCH_OK exactly when the agreement on the segment of `result` is right. BAD_PROOF with a complaint
// that says what is not; MALFORMED or LIMIT where an entry cannot be read; NO_MEMORY. `scratch` is
// rewound.
vch_status vch_contest_verify(struct vch_contest_finding *out, const struct vch_voucher *voucher,
                              const struct vch_segment_result *result, struct vch_arena *scratch,
                              struct vch_complaint *complaint);

// What a log lacks, as far as it shows: draws of nodes that could have drawn, and seats that said
// nothing. A node that is away leaves such gaps, and so does a clerk that enters nothing of it.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/status.h"
#include "entry/entry.h"

struct vch_audit_gaps {
    json_t *draws, *seats; // lists of what is missing; NULL where they are not wanted
    uint64_t contests;     // drawn
    uint64_t sparse;       // contests in which fewer drew than could
    uint64_t missing;      // draws, in all of them
    uint64_t uncommitted;  // seats that did not commit,
    uint64_t unrevealed;   // or committed and did not reveal
};

vch_status vch_audit_gaps_init(struct vch_audit_gaps *out, bool lists);
void vch_audit_gaps_release(struct vch_audit_gaps *gaps);

// After each entry, with the state that it left.
void vch_audit_gaps_note(struct vch_audit_gaps *gaps, const struct vch_state *state,
                         uint64_t position, const struct vch_entry *entry);

void vch_audit_gaps_print(const struct vch_audit_gaps *gaps);
json_t *vch_audit_gaps_json(const struct vch_audit_gaps *gaps);

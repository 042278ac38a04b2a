// What came of the verdicts that were disputed, from a log that is being replayed: which of them
// were overturned. A state forgets its jobs, and a voucher made at the verdict cannot know.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/arena.h"
#include "base/status.h"

// Of a dispute: one that was lost, or void, leaves the verdict as it was.
enum vch_audit_outcome { VCH_AUDIT_OPEN, VCH_AUDIT_NOTHING, VCH_AUDIT_OVERTURNED };

struct vch_audit_disputes {
    struct vch_arena *arena;
    uint32_t count, room;
    struct vch_audit_dispute *rows; // as they were opened
    bool lacks_memory;              // some are missing
};

// After each entry that the state took.
void vch_audit_disputes_note(struct vch_audit_disputes *disputes, const struct vch_state *state,
                             uint64_t position, const struct vch_entry *entry);
// NO_MEMORY where the list is not whole.
vch_status vch_audit_disputes_print(const struct vch_audit_disputes *disputes);
vch_status vch_audit_disputes_json(json_t **out, const struct vch_audit_disputes *disputes);

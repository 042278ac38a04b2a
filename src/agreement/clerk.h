// What the clerk of a ledger has to enter now: specs/agreement.md, section 10. Pure: it looks at
// the state and the time, and says which statement is due.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agreement/state.h"
#include "entry/entry.h"

// Fills number, kind and fields of the next due entry (draw, close, verdict, expire or
// dispute_default), unsigned; seats are in the arena. False: nothing is due at `now_ms`. Call again
// after it was applied.
bool vch_clerk_next(struct vch_entry *out, const struct vch_state *state, uint64_t now_ms,
                    struct vch_arena *arena);

// When something may be due at the earliest without any further entry; UINT64_MAX: never.
uint64_t vch_clerk_wake_ms(const struct vch_state *state);

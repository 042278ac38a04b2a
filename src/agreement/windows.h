// Windows: how long a segment can be disputed, and what happens when that is over. agreement.md,
// section 7. It is also how a ledger forgets.
#pragma once

#include "agreement/inside.h"

// The segment is decided, or its job has failed.
void vch_windows_open(struct vch_state *state, struct segment *segment, uint64_t now);
// A dispute about it ended: closes it if that was what it waited for.
void vch_windows_recall(struct vch_state *state, struct segment *segment, uint64_t now);
// Closes what is over, in the order of the ends, and forgets finished jobs whose deadline is past.
void vch_windows_close(struct vch_state *state, uint64_t now);

// How many of the account's seats are in windows that are over and close with the next entry.
uint32_t vch_windows_due_of(const struct vch_state *state, const struct account *account,
                            uint64_t now);
// Whether it can still be disputed, or is being disputed.
bool vch_windows_is_open(const struct segment *segment, uint64_t now);

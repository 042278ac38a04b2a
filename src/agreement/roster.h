// Registries on the ledger: which is in force, who is in it, whose node each is. agreement.md,
// section 1.
#pragma once

#include "agreement/inside.h"

vch_status vch_roster_init(struct vch_state *state, struct vch_arena *arena);
// In force at that time; NULL: none.
struct roster *vch_roster_at(const struct vch_state *state, uint64_t time_ms);
struct roster *vch_roster_newest(const struct vch_state *state); // NULL: none

// The account's member in that roster, or NULL. Remembered, so that asking again costs nothing.
const struct vch_member *vch_roster_member(const struct roster *roster, struct account *account);
// A number for its operator, below the roster's members.
uint32_t vch_roster_operator(const struct roster *roster, const struct vch_member *member);
// The number of an operator of that name; false: it has no member.
bool vch_roster_find_operator(uint32_t *out, const struct roster *roster, const char *name);

// REFUSED unless the step's writer is a node of the newest registry.
vch_status vch_roster_check_node(const struct vch_state *state, const struct step *step,
                                 struct vch_complaint *complaint);

vch_inside_check vch_roster_check;
vch_inside_take vch_roster_take;

// Who may be drawn: agreement.md, sections 2 and 5, and for referees 8.
#pragma once

#include "agreement/inside.h"

// All of them, at this moment: a walk over the holders of the contest's model.
struct eligible vch_eligible_count(struct vch_state *state, const struct contest *contest,
                                   const struct roster *roster);
// Whether the registry in force at the contest's anchor still has it as a node.
bool vch_eligible_is_present(const struct contest *contest, const struct account *account);
// Whether this one may draw now. REFUSED, saying why not.
vch_status vch_eligible_check(const struct vch_state *state, const struct contest *contest,
                              struct account *account, struct vch_complaint *complaint);

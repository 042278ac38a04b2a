// The pieces of evidence and endorsements by their labels (specs/attest.md, section 5).
#pragma once

#include <stdbool.h>

#include "base/complaint.h"
#include "evidence/cmw.h"

// Adds a piece, which stays the caller's; one without bytes is left out, and so is one whose label
// is there already. USAGE: no such label. LIMIT: too many.
vch_status vch_items_add(struct vch_cmw *collection, const char *label, const void *bytes,
                         size_t size, struct vch_complaint *complaint);

// Whether endorsements have such a label.
bool vch_items_is_endorsement(const char *label);

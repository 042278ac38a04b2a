// A draft that a ledger did not take, handed to witnesses by hand (specs/witness.md, section 2).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cli/tool.h"
#include "entry/charter.h"

// To each --witness URL. Prints who promised it, and keeps the promises as files --promises
// PREFIX.NAME, to be shown to auditors. UNAVAILABLE when nobody did.
vch_status vch_handing_give(struct vch_tool *tool, const struct vch_charter *charter,
                            const uint8_t *draft, size_t size);

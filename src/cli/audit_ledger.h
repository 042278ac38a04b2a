// `vouch audit --charter C --founder KEY --from WHERE`: replays a ledger from nothing.
#pragma once

#include "base/status.h"
#include "cli/tool.h"

// Every entry up to the latest cosigned checkpoint is checked and applied; accounts, verdicts and
// disputes are printed. --seen FILE: the checkpoint of last time is compared, then replaced. A log
// that contradicts it: BAD_PROOF, and --evidence FILE is what shows it to others.
vch_status vch_audit_ledger_replay(struct vch_tool *tool);

// `vouch audit --charter C --founder KEY --equivocation FILE`: does that file convict the clerk?
vch_status vch_audit_ledger_equivocation(struct vch_tool *tool);

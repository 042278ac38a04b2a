// Agreed tasks whose client has gone while they waited for their seat. Whoever has the seat pays
// for silence, so they go on without it: until the ledger says go, or that nothing is owed.
//
// What the ledger does not know to be owed is held for some seconds, as its entry may be on its
// way; and there are never more than a few, as anybody may ask and leave.
#pragma once

#include "node/session.h"
#include "node/task.h"

#define VCH_ORPHANS_MAX 64u
#define VCH_ORPHANS_PATIENCE_MS 10000u

// Takes over a task that no session has; beyond the limit it is freed.
void vch_orphans_adopt(struct vch_session_host *host, struct vch_task *task);
// The ledger has moved, or time has passed: submits what may be worked on, frees what is not owed.
void vch_orphans_advance(struct vch_session_host *host, struct vch_session_time now);
void vch_orphans_release(struct vch_session_host *host);

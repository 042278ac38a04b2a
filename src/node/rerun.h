// A run that was kept, run again by the worker: after a restart a node has to have the leaves of
// its trace before it can move in a dispute. Nobody waits for the answer; it comes back to the host
// as that of an agreed task.
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "node/kept.h"
#include "node/session.h"

// Asks for what an operator of it read, as far as that was computed; the task comes back to
// `host->opened`. As below.
vch_status vch_rerun_open(struct vch_session_host *host, const struct vch_kept_record *record,
                          uint32_t operator_, struct vch_complaint *complaint);

// BUSY: another time. UNSUPPORTED: the node does not hold that segment any more.
vch_status vch_rerun_submit(struct vch_session_host *host, const struct vch_kept *kept,
                            const struct vch_kept_run *run, struct vch_complaint *complaint);
